"""Pictures to T.4 and T.6 streams and back, with libtiff (through Pillow) as the coder of one strip.

Three traps of that coder are kept here and nowhere else: it codes 0 bits as white, so pictures are inverted
first; it takes the K factor of MR from the vertical density (K 4 above 150 lines an inch, else 2); and it
splits pages into strips unless told not to. Streams are LSB first, white = 0, with an EOL before every MH and
MR line and no RTC (the sender adds it); MMR ends with its EOFB.
"""

from __future__ import annotations

import io

from PIL import Image

from render.errors import UnreadableDocument
from render.tiff import REVERSED, TiffPage, read_tiff, write_tiff

DENSITIES = {
    "standard": (204, 98),
    "fine": (204, 196),
    "superfine": (204, 391),
    "300": (300, 300),
    "ultrafine": (408, 391),
}
INCH_DENSITIES = {
    "standard": (200, 100),
    "fine": (200, 200),
    "superfine": (200, 400),
    "300": (300, 300),
    "ultrafine": (400, 400),
}
"""Pels and lines an inch as tags have them, metric and inch family (T.4 2.1)."""
BAND = 256
_INVERT = [255] + [0] * 255


def encode(page: Image.Image | TiffPage, compression: str, *, fine: bool = True) -> bytes:
    """Return the coded stream of a mode "1" picture (white = 255) or of another coded page.

    `compression` is "MH", "MR" or "MMR"; `fine` says that the picture has more than 150 lines an inch, which
    sets K of MR to 4 instead of 2. A coded page knows that itself.
    """
    if isinstance(page, TiffPage):
        if page.compression == compression and not page.strips and not page.inverted:
            return page.data
        return encode(image(page), compression, fine=page.y_dpi > 150)
    file = io.BytesIO()
    tags = {278: page.height, 282: 204.0, 283: 196.0 if fine else 98.0, 296: 2}
    if compression != "MMR":
        tags[292] = int(compression == "MR")
    kind = "group4" if compression == "MMR" else "group3"
    _inverted(page).save(file, "TIFF", compression=kind, tiffinfo=tags)
    return read_tiff(file.getvalue())[0].data


def encode_in_bands(picture: Image.Image, compression: str, *, fine: bool = True) -> bytes:
    """Return the MH or MR stream of a picture as `encode` does, coded some lines at a time.

    libtiff holds the interpreter while it codes: a page at once would make every other call of the process
    late by some 15 ms, a band by 2. A band begins with a line that stands alone, as MR allows anywhere.
    """
    tops = range(0, picture.height, BAND)
    bands = (picture.crop((0, y, picture.width, min(y + BAND, picture.height))) for y in tops)
    return b"".join(encode(band, compression, fine=fine) for band in bands)


def _inverted(picture: Image.Image) -> Image.Image:
    # Not ImageChops.invert: that leaves white as it is where Pillow holds it as 1 instead of 255.
    return picture.point(_INVERT)


def coded_page(picture: Image.Image, resolution: str, compression: str = "MMR") -> TiffPage:
    """Code a mode "1" picture as a page of a TIFF."""
    return TiffPage(
        data=encode(picture, compression, fine=resolution != "standard"),
        width=picture.width,
        rows=picture.height,
        compression=compression,
        x_dpi=DENSITIES[resolution][0],
        y_dpi=DENSITIES[resolution][1],
    )


def decode(data: bytes, compression: str, width: int, rows: int) -> Image.Image:
    """Return a mode "1" picture (white = 255) of a stream as `encode` gives it.

    Damage is not noticed here: libtiff draws what it can. Count bad lines first.
    """
    return image(TiffPage(data, width, rows, compression))


def used_rows(picture: Image.Image) -> int:
    """Return how many lines there are down to the last one that is not white."""
    box = _inverted(picture).getbbox()
    return box[3] if box else 0


def image(page: TiffPage) -> Image.Image:
    """Return a mode "1" picture (white = 255) of a coded page; raises UnreadableDocument.

    A page of more than 179 million pels, metres of paper, is not drawn either.
    """
    try:
        with Image.open(io.BytesIO(write_tiff([page]))) as picture:
            picture.load()
            return picture.convert("1")
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise UnreadableDocument("", "A fax page could not be decoded.", detail=str(error)) from error


def reversed_bits(data: bytes) -> bytes:
    """Swap the bit order of every octet (FillOrder 1 to 2 and back)."""
    return data.translate(REVERSED)
