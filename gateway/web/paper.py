"""Fax pages as pictures for a browser: decoded in a thread, the last ones kept in memory, none on disk."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from render.errors import RenderError
from render.preview import to_png
from render.tiff import read_tiff

if TYPE_CHECKING:
    from collections.abc import Callable

    from render.tiff import TiffPage

WIDTHS: Final = {"thumb": 168, "page": 864, "large": 1728}
KEPT: Final = 48


class Paper:
    """Draws page `n` (from 1) of the document that `read(key)` returns, true to the paper's proportions."""

    def __init__(self, read: Callable[[str], bytes]) -> None:
        self._read = read
        self._drawn: OrderedDict[tuple[str, int, str], bytes] = OrderedDict()

    async def png(self, key: str, n: int, size: str = "page") -> bytes | None:
        """Return a PNG, None if there is no such page. `size`: thumb, page, large."""
        wanted = (key, n, size)
        if wanted not in self._drawn:
            picture = await asyncio.to_thread(draw, self._read, key, n, WIDTHS[size])
            if picture is None:
                return None
            self._drawn[wanted] = picture
            while len(self._drawn) > KEPT:
                self._drawn.popitem(last=False)
        self._drawn.move_to_end(wanted)
        return self._drawn[wanted]

    async def pages(self, key: str) -> list[TiffPage]:
        """Return the pages of a document as they are coded; none if it cannot be read."""
        return await asyncio.to_thread(coded, self._read, key)


def coded(read: Callable[[str], bytes], key: str) -> list[TiffPage]:
    """Return the coded pages of a document, none if it is missing or damaged."""
    try:
        return read_tiff(read(key))
    except (OSError, RenderError):
        return []


def draw(read: Callable[[str], bytes], key: str, n: int, width: int) -> bytes | None:
    """Return page `n` as a PNG of `width` pixels, None if there is no such page."""
    pages = coded(read, key)
    try:
        return to_png(pages[n - 1], width) if 0 < n <= len(pages) else None
    except RenderError:
        return None
