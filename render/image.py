"""Pictures (PNG, JPEG, GIF, BMP, WebP, TIFF with all its pages) to grey fax pages.

Drawn at the size the file states, made smaller to fit, enlarged or cut only on request; turned when that
lets it be larger; the camera's own rotation is honoured and transparency lies on white. The size is checked
before a pixel is decoded: 100 Mpx is the most.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from typing import TYPE_CHECKING

from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from render import png_bands
from render.bilevel import Drawing
from render.errors import TooLarge, UnreadableDocument
from render.geometry import LINES_PER_INCH, X_DPI, Canvas, Placement, place_picture

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "DIB", "TIFF", "WEBP")
MOST_PIXELS = 100_000_000
SCREEN_DPI = 96.0
_BAND_PIXELS = 1_000_000
_PAGE_PIXELS = 9_000_000  # thrice a fine page along either side, and more
_ORIENTATION = 0x0112  # the Exif tag
_FAX_WIDTHS = {1728, 2048, 2432}

if TYPE_CHECKING:
    from collections.abc import Iterator

# Checked here, before loading, with an error that names the document.
Image.MAX_IMAGE_PIXELS = None


class ImageSheets:
    """The pages of one picture file, drawable on any canvas. Only TIFF has more than one."""

    def __init__(self, name: str, data: bytes, *, fit: bool | None = None) -> None:
        """Open a picture; `fit` is as in `geometry.place_picture`."""
        self._name, self._fit = name, fit
        self._data = data
        with _strictly(), self._opened() as image:
            self.count = int(getattr(image, "n_frames", 1)) if image.format == "TIFF" else 1

    def draw(self, number: int, canvas: Canvas) -> Drawing:
        """Return page `number` (from 0) in grey, as large as the canvas; raises RenderError."""
        with _strictly(), self._opened() as image:
            try:
                return self._draw(image, number, canvas)
            except (OSError, ValueError, SyntaxError, EOFError) as error:
                raise UnreadableDocument(self._name, "The picture is damaged.", detail=str(error)) from error

    def _opened(self) -> Image.Image:
        try:
            return Image.open(io.BytesIO(self._data), formats=FORMATS)
        except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
            raise UnreadableDocument(self._name, "The picture cannot be read.", detail=str(error)) from error

    def _draw(self, image: Image.Image, number: int, canvas: Canvas) -> Drawing:
        image.seek(number)
        if image.width * image.height > MOST_PIXELS:
            raise TooLarge(
                self._name, f"The picture has more than {MOST_PIXELS // 1_000_000} million pixels."
            )
        x_dpi, y_dpi = density(image)
        size = image.size
        image.draft("L", (canvas.width, canvas.rows))
        swapped = _swapped(image)
        if swapped:
            size, x_dpi, y_dpi = (size[1], size[0]), y_dpi, x_dpi
        at = place_picture(size[0] / x_dpi, size[1] / y_dpi, canvas, fit=self._fit)
        wanted = (at.height, at.width) if at.turned != swapped else (at.width, at.height)
        upright = ImageOps.exif_transpose(_reduced(image, wanted))
        return _laid(upright, at, canvas)


def for_page(data: bytes) -> bytes:
    """Return a picture inside a page as it came, or as a smaller PNG in grey if it is far larger than a page.

    What is no picture of ours comes back as it is; raises ValueError beyond 100 Mpx.
    """
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        return data
    pixels = image.width * image.height
    if pixels > MOST_PIXELS:
        raise ValueError(f"more than {MOST_PIXELS} pixels")
    if pixels <= _PAGE_PIXELS:
        return data
    out = io.BytesIO()
    side = int((_PAGE_PIXELS / 9) ** 0.5)
    with _strictly():
        _reduced(image, (max(1, min(image.width, side)), max(1, min(image.height, side)))).save(out, "PNG")
    return out.getvalue()


@contextlib.contextmanager
def _strictly() -> Iterator[None]:
    """Half a picture is an error here, though WeasyPrint tells Pillow to take it; odd metadata is not."""
    before = ImageFile.LOAD_TRUNCATED_IMAGES
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before


def _reduced(image: Image.Image, wanted: tuple[int, int]) -> Image.Image:
    """Return the picture in grey, by whole factors no smaller than thrice `wanted`.

    It goes by bands, so that a picture is in memory once, as its file has it, and not again for every step.
    """
    orientation = _orientation(image)
    factor = max(1, int(min(image.width / (3 * wanted[0]), image.height / (3 * wanted[1]))))
    small = Image.new("L", (-(-image.width // factor), -(-image.height // factor)), 255)
    rows = factor * max(1, _BAND_PIXELS // (factor * image.width))
    for top, colours in _bands(image, rows):
        band = grey(colours)
        small.paste(band.reduce(factor) if factor > 1 else band, (0, top // factor))
    small.getexif()[_ORIENTATION] = orientation
    return small


def _bands(image: Image.Image, rows: int) -> Iterator[tuple[int, Image.Image]]:
    """Yield (top, picture) of each `rows` lines."""
    if data := _by_bands(image):
        yield from png_bands.bands(data, rows)
        return
    image.load()
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(image.height, top + rows)))


def _by_bands(image: Image.Image) -> bytes:
    """Return the file of a large PNG that need not be in memory at once, b"" for all others."""
    file = getattr(image, "fp", None)
    if image.width * image.height <= _PAGE_PIXELS or not isinstance(file, io.BytesIO):
        return b""
    data = file.getvalue()
    return data if png_bands.fits(data) else b""


def _laid(picture: Image.Image, at: Placement, canvas: Canvas) -> Drawing:
    if at.turned:
        picture = picture.transpose(Image.Transpose.ROTATE_270)
    page = Image.new("L", (canvas.width, canvas.rows), 255)
    page.paste(
        picture.resize((at.width, at.height), Image.Resampling.BICUBIC, reducing_gap=3.0), (at.x, at.y)
    )
    box = (max(0, at.x), max(0, at.y), min(canvas.width, at.x + at.width), min(canvas.rows, at.y + at.height))
    return Drawing(page, (box,))


def _swapped(image: Image.Image) -> bool:
    # Values 5 to 8 of the Exif Orientation tag exchange width and height.
    return _orientation(image) in {5, 6, 7, 8}


def _orientation(image: Image.Image) -> int:
    # Pillow decodes a whole PNG to look for the tag behind the picture, where hardly anybody writes it.
    if _by_bands(image) and "exif" not in image.info:
        return 1
    orientation: int = image.getexif().get(_ORIENTATION, 1)
    return orientation


def grey(image: Image.Image) -> Image.Image:
    """Return a mode "L" picture; transparency lies on white, 16 bits become 8."""
    if image.mode.startswith("I;16") or image.mode == "I":
        return image.point(lambda v: v * (1 / 256)).convert("L")
    if image.mode in {"RGBA", "LA", "PA", "RGBa", "La"} or "transparency" in image.info:
        layered = image.convert("LA")
        page = Image.new("L", image.size, 255)
        page.paste(layered.getchannel("L"), mask=layered.getchannel("A"))
        return page
    return image.convert("L")


def density(image: Image.Image) -> tuple[float, float]:
    """Return pels an inch along both axes: as stated, else a fax's if it is as wide as one, else a screen's.

    The rounded densities of fax TIFFs stand for the exact ones.
    """
    stated = image.info.get("dpi")
    if stated and min(stated) >= 30:
        return float(stated[0]), _exact(float(stated[1]), image)
    if image.width in _FAX_WIDTHS:
        return X_DPI, LINES_PER_INCH["standard" if image.height < image.width else "fine"]
    return SCREEN_DPI, SCREEN_DPI


def _exact(y_dpi: float, image: Image.Image) -> float:
    if image.width in _FAX_WIDTHS:
        for exact in LINES_PER_INCH.values():
            if abs(exact - y_dpi) < 1:
                return exact
    return y_dpi
