"""Line seconds of the four reference pages, ours beside HylaFAX's, off-hook to on-hook in audio samples.

Same exchange, same far machine (libspandsp, V.17, no minimum scan time), HylaFAX's page chop off. Every row
of fixed coding and ECM, then what each would choose by itself, what lies beside the image bits, and two
documents joined in one call. "Least" is the coded bits at 14400 bit/s and the shortest exchange T.30 allows.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import least
from reference_pages import NAMES, document
from sides import Called, Sides, sides

from modem import t4
from modem.coding import Coding, Compression, Resolution
from modem.tiff import PreparedPages, read_document

CODINGS = {True: ("MMR", "MR", "MH"), False: ("MR", "MH")}
RATE = 14400
ANSWERED = 2.0
"""Line seconds before the answer: a second of dialling and one of ringing, for everybody."""


@dataclass(frozen=True, slots=True)
class Row:
    """One coding of one set, both senders."""

    resolution: str
    ecm: bool
    coding: str
    ours: Called
    theirs: Called
    least: float

    @property
    def name(self) -> str:
        """How the row is called in the table."""
        return f"{self.resolution} {'ECM' if self.ecm else 'no ECM'} {self.coding}"


class Set:
    """The reference pages at one resolution: their file and their streams."""

    def __init__(self, resolution: str, folder: Path) -> None:
        self.resolution = resolution
        self.file = document(folder / f"{resolution}.tif", resolution)
        self._pages = PreparedPages(read_document(self.file), tuple(Compression))

    def streams(self, coding: str) -> list[bytes]:
        """Return what the pages are on the line, RTC or EOFB included."""
        kind = Compression(coding)
        wanted = Coding(kind, 1728, Resolution(self.resolution))
        pages = [self._pages.page(n, wanted) for n in range(1, len(NAMES) + 1)]
        return pages if kind is Compression.MMR else [t4.finish(page, kind) for page in pages]

    def least(self, coding: str, *, ecm: bool) -> float:
        """Return the least seconds of a call with these pages."""
        streams = self.streams(coding)
        each = [least.ecm_page(one, RATE) if ecm else least.page(len(one), RATE) for one in streams]
        return ANSWERED + least.set_up() + sum(each) + least.tail()


def rows(bench: Sides, pages: Set) -> list[Row]:
    """Send the set in every coding, by both."""
    made = []
    for ecm in (True, False):
        for coding in CODINGS[ecm]:
            ours = bench.ours(pages.file, ecm=ecm, compressions=[coding])
            theirs = bench.hylafax(pages.file, ecm=ecm, compressions=["MH", coding])
            made.append(Row(pages.resolution, ecm, coding, ours, theirs, pages.least(coding, ecm=ecm)))
            show(made[-1])
    return made


def show(row: Row) -> None:
    """Print one row."""
    good = row.ours.end["confirmed"] == row.theirs.end["confirmed"] == len(NAMES)
    ours, theirs = row.ours.seconds, row.theirs.seconds
    print(
        f"{row.name:22} {ours:8.2f} {theirs:8.2f} {ours / theirs:7.3f} {row.least:8.2f} "
        f"{100 * (ours / row.least - 1):6.1f} %  {'' if good else 'PAGES MISSING'}"
    )


def choices(bench: Sides, sets: list[Set], table: list[Row]) -> list[dict[str, Any]]:
    """Let us choose, and compare with HylaFAX's own choice: MMR where there is ECM."""
    default = {row.resolution: row.theirs.seconds for row in table if row.ecm and row.coding == "MMR"}
    goals = {("standard", True): 0.78, ("fine", True): 0.985, ("fine", False): 0.95}
    made = []
    for pages in sets:
        for ecm in (True, False):
            call = bench.ours(pages.file, ecm=ecm)
            ratio = call.seconds / default[pages.resolution]
            goal = goals.get((pages.resolution, ecm))
            chosen = call.end.get("compression")
            made.append(
                {
                    "what": f"free choice, {pages.resolution}, {'ECM' if ecm else 'no ECM'}: {chosen}",
                    "seconds": call.seconds,
                    "of_hylafax_ecm_default": round(ratio, 3),
                    "goal": goal,
                }
            )
    return made


def beside(table: list[Row], sets: list[Set]) -> dict[str, Any]:
    """Seconds of set-up, and beside the image bits of a page or a block, for both."""
    streams = {pages.resolution: pages for pages in sets}
    told: dict[str, Any] = {}
    for side in ("ours", "theirs"):
        plain, blocks = [], []
        for row in table:
            call: Called = getattr(row, side)
            for data, seconds in zip(
                streams[row.resolution].streams(row.coding), call.end["page_s"], strict=False
            ):
                if row.ecm:
                    count = -(-len(data) // (least.FRAME * least.FRAMES))
                    blocks.append((seconds - least.framed(data) / RATE) / count)
                else:
                    plain.append(seconds - len(data) * 8 / RATE)
        told[side] = {
            "set_up_s": max(getattr(row, side).end["setup_s"] for row in table),
            "page_s": round(sum(plain) / len(plain), 2),
            "block_s": round(sum(blocks) / len(blocks), 2),
            "tail_s": max(getattr(row, side).end["tail_s"] for row in table),
        }
    told["least"] = {
        "set_up_s": round(least.set_up(), 2),
        "page_s": round(least.page(0), 2),
        "block_s": round(least.ecm_page(b"x") - least.framed(b"x") / RATE, 2),
        "tail_s": round(least.tail(), 2),
    }
    told["goal"] = {"set_up_s": 10.5, "page_s": 2.3, "block_s": 2.8}
    return told


def joined(bench: Sides, folder: Path) -> dict[str, Any]:
    """Two letters, one document each, in one call."""
    one = document(folder / "one.tif", "standard", ("letter",))
    two = document(folder / "two.tif", "standard", ("letter",))
    call = bench.ours(one, two)
    return {
        "what": "two documents of one format in one call",
        "seconds": call.seconds,
        "negotiations": call.end["dcs"],
        "page_s": call.end["page_s"],
        "goal": "1 negotiation",
    }


def line_time() -> dict[str, Any]:
    """Print the table; return its figures."""
    print(f"{'line seconds':22} {'ours':>8} {'HylaFAX':>8} {'ratio':>7} {'least':>8}  above least")
    with tempfile.TemporaryDirectory() as name, sides() as bench:
        folder = Path(name)
        sets = [Set(resolution, folder) for resolution in ("standard", "fine")]
        table = [row for pages in sets for row in rows(bench, pages)]
        free = choices(bench, sets, table)
        both = joined(bench, folder)
    for line in (*free, both):
        print("  ".join(f"{key} {value}" if key != "what" else f"{value}:" for key, value in line.items()))
    overhead = beside(table, sets)
    for side, figures in overhead.items():
        print(f"beside the image bits, {side:8}", "  ".join(f"{k} {v}" for k, v in figures.items()))
    return {
        "what": "line time of the four reference pages",
        "rows": {
            row.name: {
                "ours": row.ours.seconds,
                "hylafax": row.theirs.seconds,
                "least": round(row.least, 2),
                "confirmed": [row.ours.end["confirmed"], row.theirs.end["confirmed"]],
                "page_s": [row.ours.end["page_s"], row.theirs.end["page_s"]],
            }
            for row in table
        },
        "choices": free,
        "joined": both,
        "beside": overhead,
        "goal": "ours <= HylaFAX in every row",
    }


if __name__ == "__main__":
    line_time()
