"""The pages of a fax as the engine wants them: every coding the far machine may choose, made before ATD.

Nothing is drawn or encoded during a call; `page` and `size` are look-ups. `PreparedPages` may start at a
later page: a retry resumes at the first page that was not confirmed, and page 1 of the call is then page n
of the fax.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from modem.coding import Coding, Compression, PageShape, Resolution
from render import coding as t4
from render.tiff import read_tiff

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from render.tiff import TiffPage

COMPRESSIONS = (Compression.MH, Compression.MR)

Key = tuple[Compression, int, Resolution]


@dataclass(frozen=True, slots=True)
class PreparedPage:
    """One page in every coding on offer."""

    shape: PageShape
    streams: dict[Key, bytes]


class PreparedPages:
    """A `PageSource` over masters (resolution -> Class F TIFF), from page `first` on."""

    def __init__(self, masters: Mapping[str, bytes], *, first: int = 1, allowed: Iterable[str] = ()) -> None:
        """Encode every page; `allowed` limits the resolutions (a sender may ask for standard only)."""
        wanted = {Resolution(name) for name in (allowed or masters)}
        documents = {Resolution(r): read_tiff(data) for r, data in masters.items() if Resolution(r) in wanted}
        counts = {len(pages) for pages in documents.values()}
        if len(counts) != 1:
            raise ValueError(f"masters differ in their number of pages: {sorted(counts)}")
        if first > max(counts):
            raise ValueError(f"no page is left to send: page {first} of {max(counts)}")
        self._pages = [
            prepare({resolution: pages[index] for resolution, pages in documents.items()})
            for index in range(first - 1, counts.pop())
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


def prepare(versions: Mapping[Resolution, TiffPage]) -> PreparedPage:
    """Encode one page in every compression at each resolution it was drawn in."""
    pictures = {resolution: t4.image(page) for resolution, page in versions.items()}
    streams = {
        (compression, versions[resolution].width, resolution): t4.encode(
            picture, compression.value, fine=resolution is not Resolution.STANDARD
        )
        for (resolution, picture), compression in product(pictures.items(), COMPRESSIONS)
    }
    widths = tuple(sorted({page.width for page in versions.values()}))
    return PreparedPage(PageShape(widths, {r: page.rows for r, page in versions.items()}), streams)
