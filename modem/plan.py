"""How a document goes to one machine: the coding of each page, the command behind it, the speed.

Pure functions over a DIS and a `PageSource`. Among the compressions the far end permits and the source has
prepared, the one that takes the least time on the line over the whole document wins: a change inside a call
costs a new DCS and some fifteen seconds. Resolution is the finest both know; a document is never scaled here.
Pages of one format share the paper of the longest, so that paper alone never asks for an EOM. The fallback
order is that of T.30 table 2 as `modem.rates` lists it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from modem.coding import Coding, Compression, Length, Resolution
from modem.fcf import Fcf
from modem.rates import Modulation, Rate

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from modem.capabilities import Dis
    from modem.coding import PageSource

FINEST_FIRST = (
    Resolution.ULTRAFINE,
    Resolution.R300,
    Resolution.SUPERFINE,
    Resolution.FINE,
    Resolution.STANDARD,
)

# Paper in mm (T.30 table 2), with 1 % for machines that count in inches, and lines a mm.
_PAPER_MM = {Length.A4: 300.3, Length.LEGAL: 359.5, Length.B4: 368.0}
_LINES_PER_MM = {
    Resolution.STANDARD: 3.85,
    Resolution.FINE: 7.7,
    Resolution.SUPERFINE: 15.4,
    Resolution.R300: 11.811,
    Resolution.ULTRAFINE: 15.4,
}

V17_ENOUGH = frozenset({Rate.V17_14400, Rate.V17_12000, Rate.V17_9600})

FRAME_OVERHEAD = 7  # octets: address, control, FCF, number, FCS, flag
FRAMES_A_BLOCK = 256
BLOCK_SECONDS = 2.8  # what a block takes beside its frames


@dataclass(frozen=True, slots=True)
class Carriage:
    """What carries the pages, as far as it decides which coding is the quickest.

    `bits` a second; `ecm_octets` a frame, 0 without ECM.
    """

    bits: int = 14400
    ecm_octets: int = 0

    def octets(self, size: int, rows: int, scan_ms: int) -> float:
        """Return what `size` octets of page come to on the line, fill or framing and questions included."""
        if not self.ecm_octets:
            return max(size, rows * scan_ms * self.bits / 8000)
        frames = -(-size // self.ecm_octets)
        blocks = -(-frames // FRAMES_A_BLOCK)
        return frames * (self.ecm_octets + FRAME_OVERHEAD) + blocks * BLOCK_SECONDS * self.bits / 8


def codings(
    dis: Dis,
    pages: PageSource,
    compressions: Collection[Compression],
    first: int = 1,
    carriage: Carriage = Carriage(),
) -> tuple[Coding, ...]:
    """Return the coding of every page from `first` on; empty where the far end can take none prepared.

    MMR is considered only with ECM.
    """
    found = []
    for compression in compressions:
        usable = compression is not Compression.MMR or carriage.ecm_octets
        if usable and compression in dis.compressions:
            found.append(_document(dis, pages, compression, first))
    whole = (document for document in found if document)
    return min(whole, key=lambda document: _cost(dis, pages, document, first, carriage), default=())


def _cost(
    dis: Dis, pages: PageSource, document: Sequence[Coding], first: int, carriage: Carriage
) -> tuple[int, float]:
    """Return what to make small: lost fineness before octets on the line."""
    coarse = sum(FINEST_FIRST.index(coding.resolution) for coding in document)
    octets = sum(
        carriage.octets(
            pages.size(n, coding), pages.shape(n).rows[coding.resolution], dis.min_scan_ms(coding.resolution)
        )
        for n, coding in enumerate(document, first)
    )
    return coarse, octets


def _document(dis: Dis, pages: PageSource, compression: Compression, first: int) -> tuple[Coding, ...]:
    """Return the coding of every page in one compression, () where a page has none."""
    found = tuple(_finest(dis, pages, n, compression) for n in range(first, pages.count + 1))
    document = tuple(coding for coding in found if coding)
    if not document or len(document) < len(found):
        return ()
    longest = max((coding.length for coding in document), key=list(Length).index)
    alike = tuple(replace(coding, length=longest) for coding in document)
    return alike if all(_prepared(pages, n, one) for n, one in enumerate(alike, first)) else document


def _finest(dis: Dis, pages: PageSource, n: int, compression: Compression) -> Coding | None:
    shape = pages.shape(n)
    for resolution in FINEST_FIRST:
        if resolution not in dis.resolutions or resolution not in shape.rows:
            continue
        length = paper(shape.rows[resolution], resolution, dis.lengths)
        offered = set(shape.widths) & set(dis.widths_at(resolution))
        for width in sorted(offered, reverse=True) if length else ():
            coding = Coding(compression, width, resolution, length or Length.A4)
            if _prepared(pages, n, coding):
                return coding
    return None


def _prepared(pages: PageSource, n: int, coding: Coding) -> bool:
    try:
        pages.size(n, coding)
    except KeyError:
        return False
    return True


def paper(rows: int, resolution: Resolution, offered: Collection[Length]) -> Length | None:
    """Return the paper to announce for a page of so many lines; None where none on offer holds it.

    Unlimited where it is on offer, so that no page of another length ever asks for an EOM; else the shortest.
    """
    if Length.UNLIMITED in offered:
        return Length.UNLIMITED
    for length in Length:
        most = _PAPER_MM.get(length, float("inf"))
        if length in offered and rows <= most * _LINES_PER_MM[resolution]:
            return length
    return None


def command(document: Sequence[Coding], index: int) -> Fcf:
    """Return the post-page command of the page at `index`: EOM before a page of another format."""
    if index + 1 == len(document):
        return Fcf.EOP
    return Fcf.MPS if document[index + 1] == document[index] else Fcf.EOM


def first_rate(ours: Collection[Rate], theirs: Collection[Rate]) -> Rate | None:
    """Return the best rate both know."""
    return next((rate for rate in Rate if rate in ours and rate in theirs), None)


def next_rate(rate: Rate, ours: Collection[Rate], theirs: Collection[Rate], failed: set[Rate]) -> Rate | None:
    """Return the rate to fall back to, None below the last.

    Where V.17 failed at three rates its lowest is passed over: V.29 comes through where V.17 does not
    (docs/adr/0011).
    """
    order = list(Rate)
    for lower in order[order.index(rate) + 1 :]:
        hopeless = lower.modulation is Modulation.V17 and failed >= V17_ENOUGH
        if lower in ours and lower in theirs and not hopeless:
            return lower
    return None
