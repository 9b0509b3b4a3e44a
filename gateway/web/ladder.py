"""The T.30 ladder of a call: who said what, ours on one side, theirs on the other, with the time.

Read from the live `call.trace` events while the call stands and from its log once it ended; both are lines
of `gateway.lines.trace`. What the modem was told (AT commands) is kept apart: it is for engineers.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from gateway.language import N_

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gateway.store.models import Event

MEANINGS: Final[dict[str, str]] = {
    "CNG": N_("calling tone of a fax machine"),
    "CED": N_("answering tone of a fax machine"),
    "NSF": N_("the maker's own abilities"),
    "CSI": N_("the name of the machine that was called"),
    "DIS": N_("what the machine that was called can do"),
    "TSI": N_("the name of the machine that calls"),
    "DCS": N_("what the sender chose for the next pages"),
    "TCF": N_("a test pattern, to try the line at this speed"),
    "CFR": N_("the test pattern came through well"),
    "FTT": N_("the test pattern came through badly"),
    "MPS": N_("end of page, another one follows"),
    "EOM": N_("end of page, something else follows"),
    "EOP": N_("end of page, it was the last"),
    "MCF": N_("the page arrived well"),
    "RTP": N_("the page arrived, but train again"),
    "RTN": N_("the page arrived badly"),
    "DCN": N_("hang up"),
    "CRP": N_("say that again"),
    "PPS": N_("this part of the page is out"),
    "PPR": N_("some of it came damaged: send that again"),
    "CTC": N_("go on with this part at a lower speed"),
    "CTR": N_("go on, then"),
    "EOR": N_("give this part up"),
    "ERR": N_("given up"),
    "RNR": N_("wait, not ready yet"),
    "RR": N_("ready now?"),
}


@dataclass(frozen=True, slots=True)
class Rung:
    """One signal. `at`: seconds since the call began; `name`: its short name or ""; `meaning`: a msgid."""

    at: float
    ours: bool
    kind: str
    text: str
    name: str = ""
    meaning: str = ""
    raw: str = ""


def rungs(entries: Iterable[dict[str, Any]]) -> list[Rung]:
    """Return the ladder of trace entries (`at`, `dir` or `direction`, `kind`, `text`), in their order."""
    return [rung(entry) for entry in entries]


def rung(entry: dict[str, Any]) -> Rung:
    """Return one entry as a rung."""
    text = str(entry.get("text", ""))
    kind = str(entry.get("kind", ""))
    name, said = named(text) if kind in ("frame", "training") else ("", text)
    return Rung(
        at=float(entry.get("at", 0.0)),
        ours=(entry.get("dir") or entry.get("direction")) == ">",
        kind=kind,
        text=said,
        name=name,
        meaning=MEANINGS.get(name, ""),
        raw=str(entry.get("raw", "")),
    )


def named(text: str) -> tuple[str, str]:
    """Split "DCS: 14400 bit/s" or "TCF 14400 bit/s" into the signal's name and what it says."""
    name, _, said = text.partition(" ")
    return (name.rstrip(":"), said) if name.rstrip(":").isupper() else ("", text)


def of_log(log: bytes) -> list[Rung]:
    """Return the ladder of a call's log, JSON lines; what is not JSON, and the recording, is passed over."""
    entries = []
    for line in log.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and "now" not in entry:
            entries.append(entry)
    return rungs(entries)


def of_events(events: Sequence[Event], attempt: int | None) -> list[Rung]:
    """Return the ladder so far of one attempt, or of a reception (None), from its live events."""
    batches = (event.data for event in events if event.data.get("attempt") == attempt)
    return rungs(line for batch in batches for line in batch.get("lines", ()))
