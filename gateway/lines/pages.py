"""The pages of faxes as the engine wants them: every coding the far machine may choose, made before ATD.

Nothing is drawn or encoded during a call; `page` and `size` are look-ups. `PreparedPages` may be fewer than
the fax has: a retry brings the pages that were not confirmed, and page 1 of the call is then page n of the
fax. The coded body of a page comes from the stock that all calls share; only the header line is drawn
for each call and set above it (`render.sheet`). `JoinedPages` are several faxes for one call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.domain.header import Header, Look
from gateway.transmitted import setting_of
from modem.coding import Coding, Compression, PageShape, Resolution
from render.sheet import Sheet

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from gateway.lines.stock import Document

Key = tuple[Compression, int, Resolution]


@dataclass(frozen=True, slots=True)
class Wanted:
    """How pages are prepared: the codings a far machine may choose, and how each page is fitted.

    `a4` presses longer pages together, for a machine that takes none. MH is always among `compressions`.
    """

    compressions: tuple[Compression, ...] = tuple(Compression)
    resolutions: frozenset[Resolution] = frozenset(Resolution)
    a4: bool = False
    cut_white: bool = False


@dataclass(frozen=True, slots=True)
class PreparedPage:
    """One page in every coding on offer."""

    shape: PageShape
    streams: dict[Key, bytes]


class PreparedPages:
    """A `PageSource` over masters (resolution -> document): their pages `left`, all of them by default."""

    def __init__(
        self,
        masters: Mapping[str, Document],
        *,
        left: Sequence[int] | None = None,
        wanted: Wanted = Wanted(),
        header: Header | None = None,
    ) -> None:
        """Code every page in each way `wanted`; raises ValueError where there is no page to send."""
        documents = _chosen(masters, wanted.resolutions)
        counts = {len(document.pages) for document in documents.values()}
        if len(counts) != 1:
            raise ValueError(f"masters differ in their number of pages: {sorted(counts)}")
        count = counts.pop()
        numbers = range(1, count + 1) if left is None else left
        if not numbers or max(numbers) > count:
            raise ValueError(f"no page is left to send: pages {list(numbers)} of {count}")
        look = Look(header, wanted.a4, wanted.cut_white)
        self._pages = [
            _prepared(
                {name: sheet_of(document, n, look) for name, document in documents.items()},
                wanted.compressions,
            )
            for n in numbers
        ]

    @property
    def count(self) -> int:
        """Pages of this call."""
        return len(self._pages)

    def shape(self, n: int) -> PageShape:
        """Widths, resolutions and rows of page `n` of the call."""
        return self._pages[n - 1].shape

    def size(self, n: int, coding: Coding) -> int:
        """Octets of page `n` in this coding."""
        return len(self.page(n, coding))

    def page(self, n: int, coding: Coding) -> bytes:
        """Stream of page `n` in this coding; KeyError where it was not prepared."""
        return self._pages[n - 1].streams[coding.compression, coding.width, coding.resolution]

    def alike(self, other: PreparedPages) -> bool:
        """Say whether every page of both gets one coding whatever the far machine is: MPS joins them."""
        return len({_format(page.shape) for page in (*self._pages, *other._pages)}) == 1


class JoinedPages:
    """A `PageSource` of several faxes in a row."""

    def __init__(self, parts: Sequence[PreparedPages]) -> None:
        self._parts = parts
        self._places = [(part, n) for part in parts for n in range(1, part.count + 1)]

    @property
    def count(self) -> int:
        """Pages of this call."""
        return len(self._places)

    def shape(self, n: int) -> PageShape:
        """Widths, resolutions and rows of page `n` of the call."""
        part, page = self._places[n - 1]
        return part.shape(page)

    def size(self, n: int, coding: Coding) -> int:
        """Octets of page `n` in this coding."""
        return len(self.page(n, coding))

    def page(self, n: int, coding: Coding) -> bytes:
        """Stream of page `n` in this coding; KeyError where it was not prepared."""
        part, page = self._places[n - 1]
        return part.page(page, coding)


def sheet_of(document: Document, n: int, look: Look) -> Sheet:
    """Return page `n` (from 1) of a document for a call of this look, its body from the stock."""
    page, setting = document.pages[n - 1], setting_of(look, n)
    return Sheet(page, setting, document.body(n - 1, setting.cut(page)))


def _chosen(masters: Mapping[str, Document], wanted: Collection[Resolution]) -> dict[Resolution, Document]:
    """Return the masters wanted; all of them where none is: a fax is sent as well as can be."""
    every = {Resolution(name): document for name, document in masters.items()}
    return {resolution: every[resolution] for resolution in every if resolution in wanted} or every


def _prepared(sheets: Mapping[Resolution, Sheet], compressions: Sequence[Compression]) -> PreparedPage:
    streams = {
        (compression, sheet.width, resolution): sheet.stream(compression.value)
        for resolution, sheet in sheets.items()
        for compression in compressions
    }
    widths = tuple(sorted({sheet.width for sheet in sheets.values()}))
    return PreparedPage(PageShape(widths, {name: sheet.rows for name, sheet in sheets.items()}), streams)


def _format(shape: PageShape) -> tuple[object, ...]:
    """Return what decides the coding of a page, whichever machine answers; paper never does."""
    return shape.widths, frozenset(shape.rows)
