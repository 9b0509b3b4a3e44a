"""A large PNG by bands is, pixel by pixel, what Pillow makes of it at once."""

from __future__ import annotations

import io
import random

import pytest
from PIL import Image
from render_fixtures import file_of

from render import png_bands


def noisy(mode: str, width: int, height: int) -> Image.Image:
    """Return a picture on which an encoder uses every filter."""
    dice = random.Random(width * height)
    small = Image.frombytes(mode, (8, 8), dice.randbytes(64 * len(mode)))
    return small.resize((width, height), Image.Resampling.BICUBIC)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("rows", [1, 7, 40, 200])
def test_the_bands_are_the_picture(mode: str, rows: int) -> None:
    picture = noisy(mode, 61, 97)
    data = file_of(picture, "PNG")
    assert png_bands.fits(data)
    whole = Image.new(mode, picture.size)
    for top, band in png_bands.bands(data, rows):
        whole.paste(band, (0, top))
    assert whole.tobytes() == picture.tobytes()


def test_a_transparent_colour_is_known_in_every_band() -> None:
    out = io.BytesIO()
    noisy("RGB", 20, 20).save(out, "PNG", transparency=(1, 2, 3))
    assert all(band.info["transparency"] == (1, 2, 3) for _, band in png_bands.bands(out.getvalue(), 7))


@pytest.mark.parametrize("kept", [40, 300, 0.5])
def test_a_picture_that_ends_too_soon_is_damaged(kept: float) -> None:
    data = file_of(noisy("RGB", 61, 97), "PNG")
    cut = data[: int(kept * len(data)) if isinstance(kept, float) else int(kept)]
    with pytest.raises(OSError, match=r"PNG|truncated|image file"):
        list(png_bands.bands(cut, 10))


@pytest.mark.parametrize("mode", ["L", "P", "1", "I;16"])
def test_small_samples_are_left_to_pillow(mode: str) -> None:
    assert not png_bands.fits(file_of(Image.new(mode, (9, 9)), "PNG"))
    assert not png_bands.fits(b"\x89PNG\r\n\x1a\n")
