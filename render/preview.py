"""Fax pages for the screen: PNG in 16 greys at the paper's true proportions.

A standard page has pels twice as high as wide; shown pel by pel it would look squashed.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from PIL import Image

from render.coding import image
from render.pdf_out import page_size

if TYPE_CHECKING:
    from render.tiff import TiffPage

GREYS = 16
_TO_INDEX = [round(v * (GREYS - 1) / 255) for v in range(256)]
_PALETTE = [n * 17 for n in range(GREYS) for _ in "rgb"]


def to_png(page: TiffPage, width: int = 864) -> bytes:
    """Return a PNG of a page, `width` pixels wide; the height follows from the paper."""
    across, down = page_size(page)
    size = (width, max(1, round(width * down / across)))
    small = image(page).convert("L").resize(size, Image.Resampling.BOX)
    greys = Image.frombytes("P", size, small.point(_TO_INDEX).tobytes())
    greys.putpalette(_PALETTE)
    out = io.BytesIO()
    greys.save(out, "PNG", bits=4)
    return out.getvalue()


def thumbnail(page: TiffPage) -> bytes:
    """Return a small PNG of a page, an eighth of its pels wide."""
    return to_png(page, width=max(1, page.width // 8))
