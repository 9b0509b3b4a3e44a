"""How a document goes to one machine: the coding of each page, the command behind it, the speed.

Pure functions over a DIS and a `PageSource`. Among the compressions the far end permits and the source has
prepared, the one with the smallest total over the document wins: a change inside a call costs a new DCS.
Resolution is the finest both know; a document is never scaled here. The fallback order is that of
T.30 table 2 as `modem.rates` lists it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modem.coding import Coding, Compression, Length, Resolution
from modem.fcf import Fcf
from modem.rates import Modulation, Rate

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from modem.capabilities import Dis
    from modem.coding import PageSource

FINEST_FIRST = (Resolution.SUPERFINE, Resolution.FINE, Resolution.STANDARD)

# Lines of A4 (297 mm) and B4 (364 mm) paper at standard resolution, with 1 % for inch-based machines.
_LENGTH_ROWS = ((Length.A4, 1156), (Length.B4, 1416))
_SCALE = {Resolution.STANDARD: 1, Resolution.FINE: 2, Resolution.SUPERFINE: 4}

V17_ENOUGH = frozenset({Rate.V17_14400, Rate.V17_12000})


def codings(
    dis: Dis, pages: PageSource, compressions: Collection[Compression], first: int = 1
) -> tuple[Coding, ...]:
    """Return the coding of every page from `first` on; empty where the far end can take none prepared."""
    found = []
    for compression in compressions:
        if compression in dis.compressions and compression is not Compression.MMR:
            document = [_finest(dis, pages, n, compression) for n in range(first, pages.count + 1)]
            whole = tuple(coding for coding in document if coding)
            if len(whole) == len(document):
                found.append(whole)
    return min(found, key=lambda document: _cost(pages, document, first), default=())


def _cost(pages: PageSource, document: Sequence[Coding], first: int) -> tuple[int, int]:
    """Return what to make small: lost fineness before octets."""
    coarse = sum(FINEST_FIRST.index(coding.resolution) for coding in document)
    return coarse, sum(pages.size(n, coding) for n, coding in enumerate(document, first))


def _finest(dis: Dis, pages: PageSource, n: int, compression: Compression) -> Coding | None:
    shape = pages.shape(n)
    widths = sorted(set(shape.widths) & set(dis.widths), reverse=True)
    for resolution in FINEST_FIRST:
        if resolution not in dis.resolutions or resolution not in shape.rows:
            continue
        length = paper(shape.rows[resolution], resolution)
        for width in widths if length in dis.lengths else ():
            coding = Coding(compression, width, resolution, length)
            if _prepared(pages, n, coding):
                return coding
    return None


def _prepared(pages: PageSource, n: int, coding: Coding) -> bool:
    try:
        pages.size(n, coding)
    except KeyError:
        return False
    return True


def paper(rows: int, resolution: Resolution) -> Length:
    """Return the shortest paper that holds a page of so many lines."""
    for length, most in _LENGTH_ROWS:
        if rows <= most * _SCALE[resolution]:
            return length
    return Length.UNLIMITED


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

    Where V.17 failed at 14400 and 12000 its lower rates are passed over: some receivers end the call after
    three failed checks, and V.29 comes through where V.17 does not.
    """
    order = list(Rate)
    for lower in order[order.index(rate) + 1 :]:
        hopeless = lower.modulation is Modulation.V17 and failed >= V17_ENOUGH
        if lower in ours and lower in theirs and not hopeless:
            return lower
    return None
