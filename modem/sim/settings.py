"""The simulated exchange's configuration: lines, far machines, speed. JSON in, frozen records out.

Unknown keys and values are refused with a sentence; nothing is guessed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any, TypeVar

from modem.sim.spandsp import Abilities, Compressions, Modems, Resolutions

if TYPE_CHECKING:
    from enum import IntFlag
    from pathlib import Path

ANSWERS = ("fax", "busy", "no-answer", "no-dialtone", "voice")
_MODEMS = {"V.27ter": Modems.V27TER, "V.29": Modems.V29, "V.17": Modems.V17}
_COMPRESSIONS = {"MH": Compressions.MH, "MR": Compressions.MR, "MMR": Compressions.MMR}
_RESOLUTIONS = {
    "standard": Resolutions.STANDARD,
    "fine": Resolutions.FINE,
    "superfine": Resolutions.SUPERFINE,
}
Flag = TypeVar("Flag", bound="IntFlag")


class BadSettingsError(ValueError):
    """The configuration cannot mean anything; the text says what and where."""


@dataclass(frozen=True, slots=True)
class Drop:
    """Cut the call `after_s` seconds into page `page`; only the first `times` calls, 0 = every one."""

    page: int
    after_s: float = 0.0
    times: int = 0


@dataclass(frozen=True, slots=True)
class LineSettings:
    """A line with a port of this name and this telephone number."""

    name: str
    number: str


@dataclass(frozen=True, slots=True)
class FarSettings:
    """A far number and how it behaves. Empty tuples mean everything the fax machine knows.

    `reject_pages` answers RTN to these pages (ECM: asks again), `reject_times` limits how often over all
    calls, 0 = always. `slow_answer_s` line seconds of ringing; `noise_dbm0` both ways; `delay_ms` each way.
    """

    number: str
    answers: str = "fax"
    ident: str = ""
    ecm: bool = True
    modems: tuple[str, ...] = ()
    compressions: tuple[str, ...] = ()
    resolutions: tuple[str, ...] = ()
    scan_ms: int = 0
    rnr: int = 0
    reject_pages: tuple[int, ...] = ()
    reject_times: int = 0
    drop: Drop | None = None
    noise_dbm0: float | None = None
    delay_ms: float = 0.0
    slow_answer_s: float = 1.0
    voice_s: float = 20.0

    @property
    def abilities(self) -> Abilities:
        """The same for the fax machine."""
        return Abilities(
            ecm=self.ecm,
            modems=_flags(self.modems, _MODEMS, Abilities.modems),
            compressions=_flags(self.compressions, _COMPRESSIONS, Abilities.compressions),
            resolutions=_flags(self.resolutions, _RESOLUTIONS, Abilities.resolutions),
            scan_ms=self.scan_ms,
            not_ready=self.rnr,
        )


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole exchange. `fast` is speed "max"; `unlisted` says how unknown numbers behave."""

    fast: bool = False
    lines: tuple[LineSettings, ...] = ()
    far: tuple[FarSettings, ...] = ()
    unlisted: str = "no-answer"


def _flags(names: tuple[str, ...], table: dict[str, Flag], everything: Flag) -> Flag:
    return reduce(or_, (table[name] for name in names)) if names else everything


def _known(record: type, values: dict[str, Any], where: str) -> None:
    names = {field.name for field in fields(record)}
    if unknown := sorted(values.keys() - names):
        raise BadSettingsError(f"{where}: unknown {', '.join(unknown)}; known are {', '.join(sorted(names))}")


def _among(names: tuple[str, ...], table: dict[str, Any], where: str) -> None:
    if unknown := [name for name in names if name not in table]:
        raise BadSettingsError(f"{where}: {', '.join(unknown)} is none of {', '.join(table)}")


def far_settings(values: dict[str, Any], base: FarSettings | None = None) -> FarSettings:
    """Read one far machine, or change `base` by the keys given; raises BadSettingsError."""
    where = f"far machine {values.get('number', '')}"
    _known(FarSettings, values, where)
    if "number" not in values:
        raise BadSettingsError("a far machine needs a number")
    given = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
    if drop := given.get("drop"):
        _known(Drop, drop, f"{where}, drop")
        given["drop"] = Drop(**drop)
    far = replace(base, **given) if base else FarSettings(**given)
    if far.answers not in ANSWERS:
        raise BadSettingsError(f"{where}: answers {far.answers!r} is none of {', '.join(ANSWERS)}")
    _among(far.modems, _MODEMS, where)
    _among(far.compressions, _COMPRESSIONS, where)
    _among(far.resolutions, _RESOLUTIONS, where)
    return far


def settings(values: dict[str, Any]) -> Settings:
    """Read a whole configuration; raises BadSettingsError."""
    known = {"speed", "lines", "far", "unlisted"}
    if unknown := sorted(values.keys() - known):
        raise BadSettingsError(f"unknown {', '.join(unknown)}; known are {', '.join(sorted(known))}")
    speed = values.get("speed", 1.0)
    if speed not in (1, "max"):
        raise BadSettingsError(f'speed {speed!r}: only 1.0 and "max" train at every rate')
    unlisted = values.get("unlisted", "no-answer")
    if unlisted not in ANSWERS:
        raise BadSettingsError(f"unlisted {unlisted!r} is none of {', '.join(ANSWERS)}")
    for line in values.get("lines", ()):
        _known(LineSettings, line, f"line {line.get('name', '')}")
    return Settings(
        fast=speed == "max",
        lines=tuple(LineSettings(**line) for line in values.get("lines", ())),
        far=tuple(far_settings(far) for far in values.get("far", ())),
        unlisted=unlisted,
    )


def read_settings(path: Path) -> Settings:
    """Read a configuration file; raises BadSettingsError, OSError."""
    try:
        return settings(json.loads(path.read_text(encoding="utf-8")))
    except json.JSONDecodeError as error:
        raise BadSettingsError(f"{path}: {error}") from error
