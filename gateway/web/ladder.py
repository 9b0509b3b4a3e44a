"""The T.30 ladder of a call: who said what, ours on one side, theirs on the other, with the time.

Read from the live `call.trace` events while the call stands and from its log once it ended; both are lines
of `gateway.lines.trace`. What the modem was told (AT commands) is kept apart: it is for engineers. With error
correction a page goes out in blocks, each with its PPS and MCF; blocks in a row that arrived at once are one
rung here (the log has them all).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
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
    "PPS-NULL": N_("this part of the page is out, and the page goes on"),
    "PPS-MPS": N_("the page is out, another one follows"),
    "PPS-EOM": N_("the page is out, something else follows"),
    "PPS-EOP": N_("the page is out, it was the last"),
    "PPR": N_("some of it came damaged: send that again"),
    "CTC": N_("go on with this part at a lower speed"),
    "CTR": N_("go on, then"),
    "EOR": N_("give this part up"),
    "ERR": N_("given up"),
    "RNR": N_("wait, not ready yet"),
    "RR": N_("ready now?"),
}


PART_ARRIVED: Final = N_("this part arrived well")
SMOOTH: Final = N_("parts of the page, each of which arrived at once")
COMMANDS: Final = {0x00: "NULL", 0x2E: "EOP", 0x4E: "MPS", 0x8E: "EOM"}
"""Post-page commands inside a PPS, as octets with the first bit lowest."""
PPS: Final = re.compile("ff(?:03|13)b[ef](..)(..)(..)(..)")
BLOCK: Final = re.compile(r"block \d+ of \d+: (\d+) of (\d+) frames")


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
    return folded(parts_told([rung(entry) for entry in entries]))


def parts_told(told: list[Rung]) -> list[Rung]:
    """Say of an MCF behind a PPS-NULL that it confirms a part, not a page."""
    before, result = "", []
    for one in told:
        if one.name == "MCF" and before == "PPS-NULL":
            one = replace(one, meaning=PART_ARRIVED)  # noqa: PLW2901  (the same rung, told better)
        before = one.name or before
        result.append(one)
    return result


def folded(told: list[Rung]) -> list[Rung]:
    """Put blocks in a row that arrived at the first try into one rung each; AT lines stay where they are."""
    shown = [n for n, one in enumerate(told) if one.kind != "at"]
    gone: set[int] = set()
    k = 0
    while k < len(shown):
        run, blocks = k, 0
        while length := smooth(
            told[shown[run - 1]] if run else None, [told[n] for n in shown[run : run + 3]]
        ):
            run, blocks = run + length, blocks + 1
        if blocks > 1:
            first = told[shown[k]]
            told[shown[k]] = Rung(first.at, first.ours, "page", f"{blocks} blocks", meaning=SMOOTH)
            gone |= set(shown[k + 1 : run])
        k = max(run, k + 1)
    return [one for n, one in enumerate(told) if n not in gone]


def smooth(before: Rung | None, next_three: list[Rung]) -> int:
    """Return how many of these rungs are one block that arrived at once; 0 if none, or its page's last."""
    if before is not None and (before.name == "PPR" or is_whole(before) is False):
        return 0
    block = bool(next_three) and is_whole(next_three[0]) is True
    names = [one.name for one in next_three[block : block + 2]]
    return 2 + block if names == ["PPS-NULL", "MCF"] else 0


def is_whole(rung: Rung) -> bool | None:
    """Say whether a block goes out with all its frames or with some again; None where no block goes out."""
    found = BLOCK.search(rung.text)
    return found[1] == found[2] if found else None


def rung(entry: dict[str, Any]) -> Rung:
    """Return one entry as a rung."""
    text = str(entry.get("text", ""))
    kind = str(entry.get("kind", ""))
    name, said = named(text) if kind in ("frame", "training") else ("", text)
    if name == "PPS" and not said:
        name, said = partial_page(str(entry.get("raw", "")))
    return Rung(
        at=float(entry.get("at", 0.0)),
        ours=(entry.get("dir") or entry.get("direction")) == ">",
        kind=kind,
        text=said,
        name=name,
        meaning=MEANINGS.get(name, ""),
        raw=str(entry.get("raw", "")),
    )


def partial_page(raw: str) -> tuple[str, str]:
    """Return the name of a PPS with its post-page command, and its frames, from its octets (T.30 A.4.3)."""
    found = PPS.fullmatch(raw)
    command = COMMANDS.get(int(found[1], 16) & 0xFE) if found else None
    if found is None or command is None:
        return "PPS", ""
    page, block, last = (int(found[n], 16) for n in (2, 3, 4))
    return f"PPS-{command}", f"page {page + 1}, block {block + 1}: {last + 1} frames"


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
