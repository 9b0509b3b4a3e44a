"""Picture files on the fax page."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image, ImageDraw
from render_fixtures import fax_page, file_of, ink, ink_box, part, pictures, random_picture, render

from render.errors import TooLarge, UnreadableDocument
from render.image import _reduced, density, for_page, grey
from render.tiff import write_tiff


def picture(size: tuple[int, int] = (400, 300), mode: str = "L") -> Image.Image:
    """Return a black frame on white with a mark at its top left."""
    image = Image.new("L", size, 255)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, size[0] - 1, size[1] - 1), outline=0, width=4)
    draw.rectangle((0, 0, size[0] // 4, size[1] // 4), fill=0)
    return image.convert(mode)


def shown(data: bytes, content_type: str = "image/png", **settings: object) -> Image.Image:
    (page,) = pictures(render(part(data, content_type, "scan.x"), **settings))
    return page


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"])
def test_every_usual_format_is_drawn(kind: str) -> None:
    box = ink_box(shown(file_of(picture(), kind, dpi=(100, 100)), f"image/{kind.lower()}")) or (0,) * 4
    assert box[2] - box[0] > 400


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "I", "I;16"])
def test_every_colour_model_becomes_grey(mode: str) -> None:
    source = picture(mode="L")
    if mode == "I;16":
        source = Image.frombytes("I;16", source.size, b"".join(bytes((0, v)) for v in source.tobytes()))
    elif mode == "I":
        source = source.convert("I").point(lambda v: v * 256)
    else:
        source = source.convert(mode)
    result = grey(source)
    assert result.mode == "L"
    assert result.getpixel((2, 2)) <= 5
    assert result.getpixel((300, 200)) >= 250


def test_transparency_lies_on_white_paper() -> None:
    clear = Image.new("RGBA", (300, 300), (0, 0, 0, 0))
    assert ink(shown(file_of(clear, "PNG"))) == 0


def test_the_stated_size_is_kept() -> None:
    left, _, right, _ = ink_box(shown(file_of(picture((400, 300)), "PNG", dpi=(100, 100)))) or (0,) * 4
    assert right - left == pytest.approx(4 * 204, abs=3)


def test_a_picture_without_a_size_is_taken_from_the_screen() -> None:
    left, _, right, _ = ink_box(shown(file_of(picture((480, 300)), "PNG"))) or (0,) * 4
    assert right - left == pytest.approx(5 * 204, abs=3)


def test_a_large_picture_is_fitted_and_a_wide_one_turned() -> None:
    page = shown(file_of(picture((4000, 3000)), "JPEG"), "image/jpeg")
    left, top, right, bottom = ink_box(page) or (0,) * 4
    assert bottom - top > right - left
    assert left > 50
    assert right < 1728 - 50
    # Turned clockwise, the mark of the top left comes to the top right.
    assert ink(page.crop((right - 300, top, right, top + 300))) > ink(
        page.crop((left, top, left + 300, top + 300))
    )


def test_the_cameras_rotation_is_honoured() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = shown(file_of(picture((400, 300)), "JPEG", dpi=(100, 100), exif=exif), "image/jpeg")
    left, top, right, bottom = ink_box(turned) or (0,) * 4
    assert (right - left, bottom - top) == (pytest.approx(612, abs=4), pytest.approx(782, abs=4))


@pytest.mark.parametrize("resolution", ["standard", "fine"])
def test_a_fax_page_sent_as_a_file_is_redrawn_pel_by_pel(resolution: str) -> None:
    rows = {"standard": 1143, "fine": 2287}[resolution]
    original = random_picture(1728, rows)
    data = write_tiff([fax_page(original, "MMR", resolution)])
    (page,) = pictures(render(part(data, "image/tiff")), resolution)
    assert page.tobytes() == original.tobytes()


def test_every_page_of_a_tiff_becomes_a_page() -> None:
    data = write_tiff([fax_page(random_picture(1728, 300, n)) for n in range(3)])
    assert render(part(data, "image/tiff")).pages == 3


def test_an_animation_is_drawn_once() -> None:
    frames = [Image.new("L", (50, 50), shade) for shade in (0, 80, 200)]
    data = file_of(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert render(part(data, "image/gif")).pages == 1


def bomb(width: int, height: int) -> bytes:
    """Return a PNG that promises a huge picture in a few hundred octets."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 100))
        + chunk(b"IEND", b"")
    )


def test_a_picture_beyond_a_hundred_megapixels_is_refused_unread() -> None:
    with pytest.raises(TooLarge, match="100 million") as refused:
        render(part(bomb(30_000, 30_000), "image/png", "bomb.png"))
    assert (refused.value.name, refused.value.code) == ("bomb.png", "too-large")


@pytest.mark.parametrize(
    "data", [b"", b"\x89PNG\r\n\x1a\n", b"II*\0\xff\xff\xff\x7f", b"GIF89a", file_of(picture(), "PNG")[:200]]
)
def test_a_damaged_picture_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(UnreadableDocument) as refused:
        render(part(data, "image/png", "broken.png"))
    assert refused.value.name == "broken.png"


def test_a_picture_is_known_by_its_content_not_by_its_label() -> None:
    assert ink(shown(file_of(picture(), "PNG"), "image/jpeg")) > 1000


@pytest.mark.parametrize(
    ("size", "dpi", "expected"),
    [
        ((1728, 1143), (204, 98), (204.0, 97.79)),
        ((1728, 2287), (204, 196), (204.0, 195.58)),
        ((1728, 2287), None, (204.0, 195.58)),
        ((1728, 1100), None, (204.0, 97.79)),
        ((800, 600), None, (96.0, 96.0)),
        ((800, 600), (300, 300), (300.0, 300.0)),
        ((800, 600), (1, 1), (96.0, 96.0)),
    ],
)
def test_density_is_the_stated_one_or_a_sensible_guess(
    size: tuple[int, int], dpi: tuple[int, int] | None, expected: tuple[float, float]
) -> None:
    image = Image.new("1", size)
    if dpi:
        image.info["dpi"] = dpi
    assert density(image) == pytest.approx(expected)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "I;16"])
def test_a_large_picture_is_made_small_by_bands_and_looks_as_if_at_once(mode: str) -> None:
    """A dark square in the right lower quarter stays there in every mode."""
    large = Image.new("L", (6000, 4001), 255)
    large.paste(0, (3000, 2000, 6000, 4001))
    deep = large.convert("I").point(lambda v: v * 257).convert("I;16") if mode == "I;16" else None
    small = _reduced(deep or large.convert(mode), (400, 300))
    assert small.mode == "L"
    assert small.size == (1500, 1001)
    assert small.getpixel((300, 200)) == 255
    assert small.getpixel((1200, 800)) == 0


def test_a_picture_inside_a_page_is_bounded() -> None:
    out = io.BytesIO()
    Image.new("1", (9000, 9000), 1).save(out, "PNG")
    smaller = Image.open(io.BytesIO(for_page(out.getvalue())))
    assert smaller.width * smaller.height <= 9_000_000
    assert smaller.getextrema() == (255, 255)


def test_an_ordinary_picture_inside_a_page_stays_as_it_is() -> None:
    out = io.BytesIO()
    Image.new("RGB", (300, 300)).save(out, "PNG")
    assert for_page(out.getvalue()) == out.getvalue()
    assert for_page(b"<svg/>") == b"<svg/>"


def test_a_bomb_inside_a_page_is_not_drawn() -> None:
    out = io.BytesIO()
    Image.new("1", (10_001, 10_000), 1).save(out, "PNG")
    with pytest.raises(ValueError, match="more than"):
        for_page(out.getvalue())
