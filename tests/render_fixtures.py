"""Documents and fax pages for the tests of `render`, made here so that every byte is known."""

from __future__ import annotations

import io
import random
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from render.coding import image
from render.document import Part, Settings
from render.pages import render_parts
from render.tiff import TiffPage, read_tiff
from render.typeset import typeset

if TYPE_CHECKING:
    from render.document import Rendering


def part(data: bytes | str, content_type: str = "text/plain", name: str = "", **fields: object) -> Part:
    """Return a part; text becomes UTF-8 and says so."""
    if isinstance(data, str):
        fields.setdefault("charset", "utf-8")
        data = data.encode()
    return Part(name, content_type, data, **fields)  # type: ignore[arg-type]


def render(*parts: Part, **settings: object) -> Rendering:
    """Render parts with some settings."""
    return render_parts(parts, Settings(**settings))  # type: ignore[arg-type]


def pictures(rendering: Rendering, resolution: str = "fine") -> list[Image.Image]:
    """Return the pages as mode "1" pictures."""
    return [image(page) for page in read_tiff(rendering.masters[resolution])]


def ink(picture: Image.Image) -> int:
    """Return the number of black pels."""
    return picture.convert("L").histogram()[0]


def ink_box(picture: Image.Image) -> tuple[int, int, int, int] | None:
    """Return the box of everything black: left, top, right, bottom."""
    return picture.convert("L").point(lambda v: 255 - v).getbbox()


def random_picture(width: int, rows: int, seed: int = 1) -> Image.Image:
    """Return a bilevel picture of runs of all lengths."""
    dice = random.Random(seed)
    picture = Image.new("1", (width, rows), 1)
    draw = ImageDraw.Draw(picture)
    for y in range(rows):
        x = 0
        while x < width:
            x += dice.choice((0, 1, 2, 3, 7, 17, 63, 64, 65, 200, 900))
            end = x + dice.choice((0, 1, 2, 5, 40, 64, 300))
            draw.line((x, y, end, y), fill=0)
            x = end + 1
    return picture


def fax_page(picture: Image.Image, compression: str = "MMR", resolution: str = "fine") -> TiffPage:
    """Return a picture as a coded page."""
    from render.coding import coded_page

    return coded_page(picture, resolution, compression)


def file_of(picture: Image.Image, kind: str, **options: object) -> bytes:
    """Return a picture file."""
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def pdf_of(*sizes_mm: tuple[float, float], body: str = "page") -> bytes:
    """Return a PDF with one page of each size, a frame drawn 10 mm inside its edge."""
    rules = "".join(f"@page p{n} {{ size: {w}mm {h}mm; margin: 10mm }}" for n, (w, h) in enumerate(sizes_mm))
    sections = "".join(
        f'<section style="page: p{n}; height: {h - 21}mm; border: 1mm solid black; box-sizing: border-box">'
        f"{body} {n + 1}</section>"
        for n, (_, h) in enumerate(sizes_mm)
    )
    return typeset(sections, rules + "body { margin: 0 }")
