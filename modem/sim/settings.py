"""The simulated exchange's configuration: lines, far machines, speed. JSON in, frozen records out.

Unknown keys and values are refused with a sentence; nothing is guessed.
"""

from __future__ import annotations

from functools import reduce
from operator import or_
from pathlib import Path  # noqa: TC003  (pydantic reads annotations at run time)
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from modem.sim.spandsp import Abilities, Compressions, Modems, Resolutions

if TYPE_CHECKING:
    from enum import IntFlag

Answers = Literal["fax", "busy", "no-answer", "no-dialtone", "voice"]
ModemName = Literal["V.27ter", "V.29", "V.17"]
CompressionName = Literal["MH", "MR", "MMR"]
ResolutionName = Literal["standard", "fine", "superfine"]

_MODEMS: dict[str, Modems] = {"V.27ter": Modems.V27TER, "V.29": Modems.V29, "V.17": Modems.V17}
_COMPRESSIONS: dict[str, Compressions] = {
    "MH": Compressions.MH,
    "MR": Compressions.MR,
    "MMR": Compressions.MMR,
}
_RESOLUTIONS: dict[str, Resolutions] = {
    "standard": Resolutions.STANDARD,
    "fine": Resolutions.FINE,
    "superfine": Resolutions.SUPERFINE,
}
Flag = TypeVar("Flag", bound="IntFlag")


class BadSettingsError(ValueError):
    """The configuration cannot mean anything; the text says what and where."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Drop(_Record):
    """Cut the call `after_s` line seconds into page `page`; only the first `times` calls, 0 = every one."""

    page: int = Field(ge=1)
    after_s: float = Field(default=0.0, ge=0)
    times: int = Field(default=0, ge=0)


class LineSettings(_Record):
    """A line with a port of this name and this telephone number."""

    name: str = Field(pattern=r"^[\w.-]+$")
    number: str


class FarSettings(_Record):
    """A far number and how it behaves. Empty tuples mean everything the fax machine knows.

    `reject_pages`: these pages get RTN (with ECM they are asked for again); `reject_times` limits that over
    all calls, 0 = always.
    `slow_answer_s`: line seconds of ringing. `noise_dbm0` both ways, `delay_ms` each way. `scan_ms`: minimum
    scan line time. `rnr`: how often it says receiver not ready (ECM).
    """

    number: str
    answers: Answers = "fax"
    ident: str = Field(default="", max_length=20)
    ecm: bool = True
    modems: tuple[ModemName, ...] = ()
    compressions: tuple[CompressionName, ...] = ()
    resolutions: tuple[ResolutionName, ...] = ()
    scan_ms: Literal[0, 5, 10, 20, 40] = 0
    rnr: int = Field(default=0, ge=0)
    reject_pages: tuple[int, ...] = ()
    reject_times: int = Field(default=0, ge=0)
    drop: Drop | None = None
    noise_dbm0: float | None = Field(default=None, le=0)
    delay_ms: float = Field(default=0.0, ge=0, le=5000)
    slow_answer_s: float = Field(default=1.0, ge=0)
    voice_s: float = Field(default=20.0, ge=0)

    @property
    def abilities(self) -> Abilities:
        """The same for the fax machine."""
        return Abilities(
            ecm=self.ecm,
            modems=_flags(self.modems, _MODEMS),
            compressions=_flags(self.compressions, _COMPRESSIONS),
            resolutions=_flags(self.resolutions, _RESOLUTIONS),
            scan_ms=self.scan_ms,
            not_ready=self.rnr,
        )


class Settings(_Record):
    """The whole exchange. `unlisted` says how a number behaves that is nobody's."""

    speed: Literal[1, "max"] = 1
    lines: tuple[LineSettings, ...] = ()
    far: tuple[FarSettings, ...] = ()
    unlisted: Answers = "no-answer"

    @property
    def fast(self) -> bool:
        """True at speed "max"."""
        return self.speed == "max"


def _flags(names: tuple[str, ...], table: dict[str, Flag]) -> Flag:
    return reduce(or_, (table[name] for name in names or table))


def _sentence(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, slip['loc']))}: {slip['msg']}" for slip in error.errors())


def far_settings(values: dict[str, Any], base: FarSettings | None = None) -> FarSettings:
    """Read one far machine, or change `base` by the keys given; raises BadSettingsError."""
    try:
        return FarSettings.model_validate({**(base.model_dump() if base else {}), **values})
    except ValidationError as error:
        raise BadSettingsError(_sentence(error)) from error


def settings(values: dict[str, Any]) -> Settings:
    """Read a whole configuration; raises BadSettingsError."""
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise BadSettingsError(_sentence(error)) from error


def read_settings(path: Path) -> Settings:
    """Read a configuration file; raises BadSettingsError, OSError."""
    try:
        return Settings.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise BadSettingsError(f"{path}: {_sentence(error)}") from error
