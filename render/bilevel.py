"""Grey to black and white: a threshold for text, a screen of dots inside photographs.

The threshold is 185 of 255 on anti-aliased grey: at 128 thin strokes vanish at standard resolution (Japanese:
73 against 93 % of characters readable). Screening a whole page would cost up to thirty times the line time
and make text unreadable, so dots are set only where a picture lies and most of a 16 x 16 block is neither
black nor white. Dots are clustered, 6 x 6 pels at fine: half the line time of error diffusion. On request
every area of a shade gets dots, wherever it lies and however light; the grey edges of letters are too thin
to be one.
"""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image, ImageChops, ImageFilter

Box = tuple[int, int, int, int]

THRESHOLD = 185
BLOCK = 16
DARKEST, LIGHTEST = 40, 215
"""Midtones lie between these; in a photographic block more than `PHOTOGRAPHIC` of the pels do."""
PHOTOGRAPHIC = 0.55
SHADES = (24, 247)
"""What counts as a shade where all shades are asked for."""
AREA = 5
"""An area of a shade is at least so many pels wide and high; the edge of a letter is two."""
# A scanner's grey paper: this share of a picture within a few shades of one light grey.
_PAPER_SHARE = 0.35
_PAPER_SPREAD = 12
_TABLE = [0] * THRESHOLD + [255] * (256 - THRESHOLD)
_MIDTONES = [255 if DARKEST <= v <= LIGHTEST else 0 for v in range(256)]
_SHADED = [255 if SHADES[0] <= v <= SHADES[1] else 0 for v in range(256)]
_MOSTLY = [255 if v > PHOTOGRAPHIC * 255 else 0 for v in range(256)]
# The order in which the pels of a cell turn black, from its middle outwards.
_CELL = (
    (34, 25, 21, 17, 29, 33),
    (30, 13, 9, 5, 12, 24),
    (18, 6, 1, 0, 8, 20),
    (22, 10, 2, 3, 4, 16),
    (26, 14, 7, 11, 15, 28),
    (35, 31, 19, 23, 27, 32),
)


@dataclass(frozen=True, slots=True)
class Drawing:
    """A page in mode "L" and the boxes in which pictures lie: left, top, right, bottom in pels."""

    grey: Image.Image
    pictures: tuple[Box, ...] = ()


def to_bilevel(drawing: Drawing, *, y_dpi: float = 196.0, shades: str = "") -> Image.Image:
    """Return a mode "1" picture (white = 255) of a page whose lines are `y_dpi` to the inch.

    `shades`: "grayscale" gives dots to every area of a shade, "bw" to none, "" to photographs.
    """
    if not drawing.pictures and shades != "grayscale":
        return drawing.grey.point(_TABLE, "1")
    page, photos = drawing.grey.copy(), Image.new("L", drawing.grey.size, 0)
    for box in drawing.pictures:
        inside = whitened(page.crop(box))
        page.paste(inside, box[:2])
        if not shades:
            photos.paste(photo_mask(inside), box[:2])
    if shades == "grayscale":
        photos = shade_mask(page)
    if photos.getbbox() is None:
        return page.point(_TABLE, "1")
    return Image.composite(_screened(page, y_dpi), page, photos).point(_TABLE, "1")


def whitened(picture: Image.Image) -> Image.Image:
    """Return a picture whose uniform light grey background, if it has one, is white: a scanner's paper."""
    histogram = picture.histogram()
    shades = range(128, 246)
    peak = max(shades, key=lambda v: histogram[v])
    near = sum(histogram[max(0, peak - _PAPER_SPREAD) : peak + _PAPER_SPREAD + 1])
    if near < _PAPER_SHARE * picture.width * picture.height:
        return picture
    return picture.point([min(255, round(v * 255 / (peak - _PAPER_SPREAD / 2))) for v in range(256)])


def photo_mask(picture: Image.Image) -> Image.Image:
    """Return a mode "L" mask of the same size, 255 where the picture is photographic."""
    blocks = picture.point(_MIDTONES).reduce(BLOCK).point(_MOSTLY).filter(ImageFilter.MaxFilter(3))
    grown = blocks.resize((blocks.width * BLOCK, blocks.height * BLOCK), Image.Resampling.NEAREST)
    return grown.crop((0, 0, *picture.size))


def shade_mask(page: Image.Image) -> Image.Image:
    """Return a mode "L" mask of the same size, 255 in every area that is neither black nor white."""
    # Smaller and larger again by half an area; a mean of a square is ten times as fast as its least.
    mean = ImageFilter.BoxBlur(AREA // 2)
    cores = page.point(_SHADED).filter(mean).point([0] * 255 + [255])
    return cores.filter(mean).point([0] + [255] * 255)


def _screened(grey: Image.Image, y_dpi: float) -> Image.Image:
    # Ink where the page is darker than the screen: what is left of the screen after taking the page away.
    return ImageChops.subtract(_screen(grey.size, y_dpi), grey).point([255] + [0] * 255)


def _screen(size: tuple[int, int], y_dpi: float) -> Image.Image:
    """Return thresholds for a page: cells as high as wide on paper, so of 3, 6 or 12 lines."""
    width, height = size
    lines = _CELL[::2] if y_dpi < 150 else _CELL
    repeat = 2 if y_dpi > 300 else 1
    rows = [bytes(round(255 - (n + 0.5) * 255 / 36) for n in line) * (width // 6 + 1) for line in lines]
    tile = b"".join(row[:width] * repeat for row in rows)
    return Image.frombytes("L", size, (tile * (height // (len(rows) * repeat) + 1))[: width * height])
