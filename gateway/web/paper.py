"""Fax pages as pictures for a browser: decoded in a thread, the last ones kept in memory, none on disk.

A page that a call sent is set as that call set it, header line and all (`gateway.transmitted`). Only a few
are drawn at a time: a reader who opens two hundred pages at once keeps no other page of ours waiting.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from gateway.transmitted import drawn
from render.errors import RenderError
from render.preview import to_png
from render.tiff import read_tiff

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from render.sheet import Setting
    from render.tiff import TiffPage

WIDTHS: Final = {"thumb": 168, "page": 864, "large": 1728}
KEPT: Final = 48
AT_ONCE: Final = 3

Place = tuple[str, int, "Setting | None"]
"""Which page: the key of a document, the page in it from 1, how a call set it."""


class Paper:
    """Draws page `n` (from 1) of the document that `read(key)` returns, true to the paper's proportions."""

    def __init__(self, read: Callable[[str], bytes]) -> None:
        self._read = read
        self._drawn: OrderedDict[tuple[Place, str], bytes] = OrderedDict()
        self._hands = asyncio.Semaphore(AT_ONCE)

    async def png(self, key: str, n: int, size: str = "page", setting: Setting | None = None) -> bytes | None:
        """Return a PNG, None if there is no such page. `size`: thumb, page, large."""
        wanted = ((key, n, setting), size)
        if wanted not in self._drawn:
            async with self._hands:
                picture = await asyncio.to_thread(draw, self._read, wanted[0], WIDTHS[size])
            if picture is None:
                return None
            self._drawn[wanted] = picture
            while len(self._drawn) > KEPT:
                self._drawn.popitem(last=False)
        self._drawn.move_to_end(wanted)
        return self._drawn[wanted]

    async def pages(self, places: Sequence[Place]) -> list[TiffPage]:
        """Return these pages as they are coded, in their order; none if one of them is missing."""
        async with self._hands:
            return await asyncio.to_thread(coded, self._read, places)


def coded(read: Callable[[str], bytes], places: Sequence[Place]) -> list[TiffPage]:
    """Return these pages, coded; none if a document is missing or damaged, or has no such page."""
    try:
        documents = {key: read_tiff(read(key)) for key in {key for key, _, _ in places}}
        return [drawn(documents[key][n - 1], setting) for key, n, setting in places]
    except (OSError, RenderError, IndexError):
        return []


def draw(read: Callable[[str], bytes], place: Place, width: int) -> bytes | None:
    """Return a page as a PNG of `width` pixels, None if there is no such page."""
    if place[1] < 1:
        return None
    try:
        return next((to_png(page, width) for page in coded(read, [place])), None)
    except RenderError:
        return None
