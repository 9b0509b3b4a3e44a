"""Pictures coded by libtiff (through Pillow), as independent material for the T.4 reader."""

from __future__ import annotations

import io
import random

from PIL import Image, ImageDraw, TiffImagePlugin

from modem.coding import Compression
from modem.fcf import reverse_bits

T4_OPTIONS = 292
FILL_ORDER = 266


def picture(rows: int, width: int = 1728, seed: int = 1) -> Image.Image:
    """Draw a page with text-like marks, rules, a halftone patch and blank lines."""
    rng = random.Random(seed)
    image = Image.new("1", (width, rows), 1)
    draw = ImageDraw.Draw(image)
    for top in range(0, rows - 12, 24):
        for _ in range(rng.randrange(60)):
            left = rng.randrange(width - 10)
            draw.ellipse((left, top, left + rng.randrange(3, 12), top + rng.randrange(3, 12)), outline=0)
    draw.line((0, 0, width, rows), fill=0)
    for _ in range(rows):
        draw.point((rng.randrange(width), rng.randrange(min(rows, 40))), fill=0)
    return image


def all_runs(width: int = 1728) -> Image.Image:
    """Draw a stair: line i begins with i white pels, so that every run of either colour occurs."""
    image = Image.new("1", (width, width + 1), 1)
    draw = ImageDraw.Draw(image)
    for row in range(width):
        draw.line((row, row, width - 1, row), fill=0)
    return image


def coded(image: Image.Image, compression: Compression) -> bytes:
    """Return the T.4 stream of a picture, LSB first, EOL before each line, no RTC; MMR ends with its EOFB."""
    info = TiffImagePlugin.ImageFileDirectory_v2()
    if compression is not Compression.MMR:
        info[T4_OPTIONS] = 1 if compression is Compression.MR else 0
    info[FILL_ORDER] = 1
    info[TiffImagePlugin.ROWSPERSTRIP] = image.height
    box = io.BytesIO()
    group = "group4" if compression is Compression.MMR else "group3"
    image.save(box, "TIFF", compression=group, tiffinfo=info)
    with Image.open(io.BytesIO(box.getvalue())) as tiff:
        (start,), (length,) = tiff.tag_v2[273], tiff.tag_v2[279]
        inverted = tiff.tag_v2[262] == 1
    assert not inverted or compression, "photometric"
    return reverse_bits(box.getvalue()[start : start + length])
