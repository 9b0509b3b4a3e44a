"""Reads calls with scripted far ends from files: what the far machine does, and what must come of it.

One file holds the cases of one subject; `#` begins a comment line. Words of a case, all but `ends` optional:

    == NAME                          the promise, as a sentence
    ends REASON [N or STATES]        sender: pages confirmed; receiver: c(onfirmed) a(waiting) r(ejected) each
    says TEXT                        words of the result's t30
    lasts LEAST-MOST                 seconds from answer to on-hook
    stores SECONDS                   what our owner takes to store a notice
    said WORD HEX                    the field of the last frame of this name that we sent
    pages N [ROWS] | mixed | none           sender: the document, `mixed` one whose second page needs EOM
    job KEY=VALUE ...                other than usual in our job, values as TOML
    dis KEY=VALUE ...                the far machine's DIS, as `modem.capabilities.offer` makes it
    frame WORD FCF [FIF in hex]      a frame of one's own making
    dcs KEY=VALUE ...                what our last DCS must say (sender), or theirs says (receiver)

Everything else is a step of `t30_script.Script`; `*` is short for the usual opening, `* 0-3` for one in ECM
whose first block has these frames.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from modem.capabilities import Dis, negotiate, offer
from modem.coding import Coding, Compression, Length, Resolution
from modem.fcf import Fcf, Frame
from modem.rates import Modulation, Rate

if TYPE_CHECKING:
    from pathlib import Path

EVERYTHING: dict[str, Any] = {
    "rates": Rate,
    "compressions": (Compression.MH, Compression.MR),
    "resolutions": tuple(Resolution),
    "widths": (1728, 2048, 2432),
}
KINDS: dict[str, Any] = {
    "rates": lambda names: tuple(Rate[name] for name in names),
    "rate": lambda name: Rate[name],
    "compressions": lambda names: tuple(map(Compression, names)),
    "compression": Compression,
    "resolutions": lambda names: tuple(map(Resolution, names)),
    "receive_resolutions": lambda names: tuple(map(Resolution, names)),
    "resolution": Resolution,
    "length": Length,
    "widths": tuple,
    "receive_widths": tuple,
    "modulations": lambda names: tuple(map(Modulation, names)),
}


@dataclass
class ScriptCase:
    """One case of a file."""

    name: str
    reason: str = ""
    outcome: str = ""
    says: str = ""
    lasts: tuple[float, float] = (0.0, 3600.0)
    stores: float = 0.0
    said: dict[str, bytes] = field(default_factory=dict)
    document: str = "pages 1"
    steps: list[str] = field(default_factory=list)
    job: dict[str, Any] = field(default_factory=dict)
    dcs: dict[str, Any] = field(default_factory=dict)
    frames: dict[str, Frame] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name

    @property
    def text(self) -> str:
        """The far end's steps."""
        return "\n".join(self.steps)


def read_cases(folder: Path, opening: str, *, receiving: bool = False) -> list[ScriptCase]:
    """Return the cases of every file of a folder; `opening` stands for `*`."""
    paths = sorted(folder.glob("*.script"))
    return [case for path in paths for case in read_file(path, opening, receiving=receiving)]


def read_file(path: Path, opening: str, *, receiving: bool = False) -> list[ScriptCase]:
    """Return the cases of one file."""
    cases: list[ScriptCase] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        statement = line.strip()
        if statement.startswith("== "):
            cases.append(ScriptCase(statement[3:]))
        elif statement and not statement.startswith("#"):
            _take(cases[-1], statement, opening, receiving=receiving)
    return cases


def _take(case: ScriptCase, statement: str, opening: str, *, receiving: bool) -> None:
    verb, _, rest = statement.partition(" ")
    match verb:
        case "ends":
            case.reason, _, case.outcome = rest.partition(" ")
        case "says" | "lasts" | "stores" | "said":
            _measure(case, verb, rest)
        case "pages" | "mixed" | "none":
            case.document = statement
        case "job":
            case.job |= _values(rest)
        case "dis":
            case.frames["DIS"] = Frame(Fcf.DIS, fif=offer(**(EVERYTHING | _values(rest))).fif)
        case "dcs" if receiving:
            case.frames["DCS"] = Frame(Fcf.DCS, x=True, fif=_dcs(_values(rest)))
        case "dcs":
            case.dcs = _values(rest)
        case "frame":
            word, name, *fif = rest.split()
            case.frames[word] = Frame(Fcf[name], x=receiving, fif=bytes.fromhex("".join(fif)))
        case "*":
            *start, page = opening.splitlines()
            case.steps += [*start, f"< block 14400 {rest}" if rest else page]
        case _:
            case.steps.append(statement)


def _measure(case: ScriptCase, verb: str, rest: str) -> None:
    match verb:
        case "says":
            case.says = rest
        case "stores":
            case.stores = float(rest)
        case "lasts":
            least, _, most = rest.partition("-")
            case.lasts = float(least), float(most)
        case _:
            word, *fif = rest.split()
            case.said[word] = bytes.fromhex("".join(fif))


def _values(text: str) -> dict[str, Any]:
    raw = tomllib.loads("\n".join(text.split()))
    return {key: KINDS.get(key, lambda value: value)(value) for key, value in raw.items()}


def _dcs(values: dict[str, Any]) -> bytes:
    """Return the field of a caller that takes the best offer but for these parts."""
    everything = Dis(offer(**(EVERYTHING | {"compressions": tuple(Compression), "ecm": True})).fif)
    rate, ecm_octets = values.pop("rate", Rate.V17_14400), values.pop("ecm_octets", 0)
    values.setdefault("compression", Compression.MH)
    return negotiate(everything, Coding(**values), rate, ecm_octets=ecm_octets).fif
