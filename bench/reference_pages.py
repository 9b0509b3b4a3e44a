"""The four reference pages: dense text, a letter, a halftone photo, a blank sheet. A4, 1728 pels wide.

Rebuilt from their description (72 lines of 9 pt; 15 lines of 11 pt; a 475 pt square; nothing) so that coded
sizes come near those the description gives; `python bench/reference_pages.py` prints both. The same pixels
on every machine with the same Liberation fonts: words and picture come from fixed formulas.
"""

from __future__ import annotations

import random
import sys
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

sys.path.insert(0, str(Path(__file__).parents[1]))

from render.coding import coded_page, encode
from render.tiff import write_tiff

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTH, FINE_ROWS = 1728, 2292
ROWS = {"standard": FINE_ROWS // 2, "fine": FINE_ROWS}
DENSITY = {"standard": 98.0, "fine": 196.0}
DPI, POINT = 204.0, 204.0 / 72.0
FONTS = Path("/usr/share/fonts/truetype/liberation")
SYLLABLES = "ka to mi ren sol ver dan li por tes um bra que in ex al no st re con der men ti su pla go the of"
NAMES = ("dense", "letter", "photo", "blank")
CODINGS = ("MH", "MR", "MMR")
DESCRIBED = {
    "fine": {"dense": (129, 105, 92), "letter": (34, 24, 16), "photo": (204, 212, 211)},
    "standard": {"dense": (67, 69, 68), "letter": (17, 15, 11), "photo": (103, 148, 185)},
}
"""Thousands of octets in MH, MR and MMR, as measured on the pages these are rebuilt from."""


def words(seed: int) -> Iterator[str]:
    """Yield made-up words for ever."""
    chance = random.Random(seed)
    syllables = SYLLABLES.split()
    while True:
        yield "".join(chance.choice(syllables) for _ in range(chance.choice((1, 2, 2, 3))))


def text(font: str, points: float, lines: int, margin: int, lead: float) -> Image.Image:
    """Return a square-pel page of `lines` full lines; `margin` and `lead` in pels of 1/204 inch."""
    height = round(FINE_ROWS * DPI / DENSITY["fine"])
    page = Image.new("1", (WIDTH, height), 255)
    draw = ImageDraw.Draw(page)
    draw.fontmode = "1"
    face = ImageFont.truetype(FONTS / f"Liberation{font}.ttf", points * POINT)
    stock = words(seed=1)
    for n in range(lines):
        line = next(stock)
        for word in chain(stock):
            if draw.textlength(f"{line} {word}", font=face) > WIDTH - 2 * margin:
                break
            line = f"{line} {word}"
        draw.text((margin, 150 + n * lead), line, font=face, fill=0)
    return page


def halftone(rows: int, density: float) -> Image.Image:
    """Return a 475 pt square of soft waves behind a screen of round dots, 48 to the inch at 45 degrees."""
    width, height = round(475 * POINT), round(475 * density / 72)
    y, x = np.mgrid[0:height, 0:width].astype(float)
    across, down = x / width, y / height
    grey = 0.5 + 0.165 * np.sin(6 * across + 2 * down) + 0.135 * np.cos(9 * down - 4 * across**2)
    u, v = x / DPI + y / density, y / density - x / DPI
    turn = 2 * np.pi * 48 / np.sqrt(2)
    screen = 0.5 + 0.25 * (np.cos(turn * u) + np.cos(turn * v))
    square = Image.fromarray(np.where(grey > screen, 255, 0).astype(np.uint8)).convert("1")
    page = Image.new("1", (WIDTH, rows), 255)
    page.paste(square, ((WIDTH - width) // 2, rows // 8))
    return page


def picture(name: str, resolution: str) -> Image.Image:
    """Return one page, mode "1", white = 255."""
    rows = ROWS[resolution]
    if name == "blank":
        return Image.new("1", (WIDTH, rows), 255)
    if name == "photo":
        return halftone(rows, DENSITY[resolution])
    page = text("Serif-Italic", 9, 72, 260, 29) if name == "dense" else text("Mono-Regular", 11, 15, 142, 40)
    return page.resize((WIDTH, rows), Image.Resampling.NEAREST)


def document(path: Path, resolution: str, names: tuple[str, ...] = NAMES) -> Path:
    """Write the pages as one TIFF."""
    path.write_bytes(write_tiff([coded_page(picture(name, resolution), resolution) for name in names]))
    return path


def sizes(name: str, resolution: str) -> dict[str, int]:
    """Return the octets of a page in every coding."""
    page = picture(name, resolution)
    return {coding: len(encode(page, coding, fine=resolution == "fine")) for coding in CODINGS}


def main() -> None:
    """Print ours beside the described."""
    print("thousands of octets, MH / MR / MMR   ours        as described")
    for resolution in ("fine", "standard"):
        for name in NAMES:
            ours = [round(size / 1000) for size in sizes(name, resolution).values()]
            print(f"{resolution:9} {name:8} {ours!s:>24}  {DESCRIBED[resolution].get(name, '')}")


if __name__ == "__main__":
    main()
