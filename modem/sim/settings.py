"""The simulated exchange's configuration: lines, far machines, speed. JSON in, frozen records out.

Unknown keys and values are refused with a sentence; nothing is guessed.
"""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  (pydantic reads annotations at run time)
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, ValidationError, model_validator

from modem.sim.line_settings import Copper, Record

if TYPE_CHECKING:
    from typing import Self

Answers = Literal["fax", "busy", "no-answer", "no-dialtone", "voice"]
ModemName = Literal["V.27ter", "V.29", "V.17"]
CompressionName = Literal["MH", "MR", "MMR"]
ResolutionName = Literal["standard", "fine", "superfine", "r300", "ultrafine"]
SizeName = Literal["A4", "B4", "A3"]
LengthName = Literal["A4", "B4", "unlimited"]
How = Literal["hang-up", "dcn", "silence"]
Recovers = Literal["reset", "never"]
Moment = Literal["DIS", "CFR", "page", "MPS", "EOM", "EOP", "MCF"]


class BadSettingsError(ValueError):
    """The configuration cannot mean anything; the text says what and where."""


class Drop(Record):
    """Cut the call `after_s` line seconds into page `page`, or `answer_s` seconds after the answer.

    Only the first `times` calls, 0 = every one.
    """

    page: int = Field(default=1, ge=1)
    after_s: float = Field(default=3.0, ge=0)
    answer_s: float | None = Field(default=None, ge=0)
    times: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _one_moment(self) -> Self:
        if self.answer_s is not None and self.model_fields_set & {"page", "after_s"}:
            raise ValueError("say either answer_s or page and after_s")
        return self


class Leaves(Record):
    """The far machine leaves a call rudely, once `after` was on the line: a frame of either side, or a page.

    With `page` only that page's frames count. It hangs up, says DCN first, or falls silent with the line up.
    """

    after: Moment
    page: int | None = Field(default=None, ge=1)
    how: How = "hang-up"
    times: int = Field(default=0, ge=0)


class Hangs(Record):
    """Our own line's modem stops answering its host `after_s` seconds after the answer.

    It "recovers" by a reset (DTR dropped, port closed) or never: until the exchange's `hang` says so.
    """

    after_s: float = Field(default=0.0, ge=0)
    recovers: Recovers = "reset"
    times: int = Field(default=0, ge=0)


class LineSettings(Record):
    """A line with a port of this name and this telephone number."""

    name: str = Field(pattern=r"^[\w.-]+$")
    number: str


class FarSettings(Copper):
    """A far number, how it behaves, and the line to it (`Copper`). Empty tuples: everything usual.

    `reject_pages`: these pages get RTN (with ECM they are asked for again); `reject_times` limits that over
    all calls, 0 = always. `slow_answer_s`: line seconds of ringing. `min_scan_ms`: minimum scan line time.
    `not_ready`: how often it says receiver not ready (ECM). `voice_s`: how long a person waits.
    """

    number: str
    answers: Answers = "fax"
    ident: str = Field(default="", max_length=20)
    ecm: bool = True
    modems: tuple[ModemName, ...] = ()
    compressions: tuple[CompressionName, ...] = ()
    resolutions: tuple[ResolutionName, ...] = ()
    sizes: tuple[SizeName, ...] = ()
    lengths: tuple[LengthName, ...] = ()
    min_scan_ms: Literal[0, 5, 10, 20, 40] = 0
    not_ready: int = Field(default=0, ge=0)
    reject_pages: tuple[int, ...] = ()
    reject_times: int = Field(default=0, ge=0)
    drop: Drop | None = None
    leaves: Leaves | None = None
    hangs: Hangs | None = None
    slow_answer_s: float = Field(default=1.0, ge=0)
    voice_s: float = Field(default=20.0, ge=0)


class Settings(Record):
    """The whole exchange. `unlisted` says how a number behaves that is nobody's."""

    speed: Literal[1, "max"] = 1
    lines: tuple[LineSettings, ...] = ()
    far: tuple[FarSettings, ...] = ()
    unlisted: Answers = "no-answer"

    @property
    def fast(self) -> bool:
        """True at speed "max"."""
        return self.speed == "max"


def _sentence(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, slip['loc']))}: {slip['msg']}" for slip in error.errors())


def far_settings(values: dict[str, Any], base: FarSettings | None = None) -> FarSettings:
    """Read a far machine, or change `base` by the keys given; None unsets. Raises BadSettingsError."""
    try:
        known = base.model_dump(exclude_unset=True) if base else {}
        return FarSettings.model_validate(
            {key: value for key, value in {**known, **values}.items() if value is not None}
        )
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
