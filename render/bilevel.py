"""Grey to black and white.

One threshold for the whole page: 185 of 255 on anti-aliased grey. At 128 thin strokes vanish at standard
resolution (Japanese: 73 against 93 % of characters readable); screening a whole page costs up to thirty
times the line time and makes text unreadable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

THRESHOLD = 185
_TABLE = [0] * THRESHOLD + [255] * (256 - THRESHOLD)


def to_bilevel(grey: Image.Image) -> Image.Image:
    """Return a mode "1" picture (white = 255) of a mode "L" one: everything darker than 185 is ink."""
    return grey.point(_TABLE, "1")
