"""The header line: one line of text on the top edge of a page, drawn for each call.

It says when, from whom, to whom and which page, as senders are obliged to in many countries; the words are
the caller's, this module only sets them. 32 lines of a fine page, 16 of a standard one, 64 of a superfine
one (4.1 mm); the last of them is white, so that the coded strip may stand above any coded page
(`render.strips`). Text is drawn with square pels and then made as flat as the page is, as bodies are. East
Asian characters come from the font of the language, all others from Liberation Sans. Refuses to break lines:
what does not fit is shortened where it is longest.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from render import fonts
from render.bilevel import THRESHOLD

if TYPE_CHECKING:
    from collections.abc import Sequence

ROWS, ROWS_DPI = 32, 196
EM, TOP, INSET, GAP = 24, 2, 64, 36
"""In pels of a fine page: letter height, white above, white beside, least space between columns."""
MORE = "…"
_EAST = re.compile(r"([\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef]+)")
_TABLE = [0] * THRESHOLD + [255] * (256 - THRESHOLD)


def rows(y_dpi: int) -> int:
    """Return the height of the header line in scan lines of a page with `y_dpi` lines to the inch."""
    return round(ROWS * y_dpi / ROWS_DPI)


def draw(columns: Sequence[str], *, width: int, x_dpi: int, y_dpi: int, language: str = "en") -> Image.Image:
    """Return the line as a mode "1" picture (white = 255), `width` pels by `rows(y_dpi)` lines.

    The first of `columns` stands at the left, the last of several at the right, the others evenly between.
    """
    scale = x_dpi / 204
    height = round(ROWS * scale)
    page = Image.new("L", (width, height), 255)
    pen = ImageDraw.Draw(page)
    inset, gap = round(INSET * scale), round(GAP * scale)
    faces = _faces(round(EM * scale), language)
    fitted = _fitted([text for text in map(plain, columns) if text], width - 2 * inset, gap, faces)
    for text, x in _placed(fitted, inset, width - inset, faces):
        _write(pen, text, x, round((TOP + EM) * scale) - 2, faces)
    flat = page.resize((width, rows(y_dpi)), Image.Resampling.BOX).point(_TABLE, "1")
    flat.paste(255, (0, flat.height - 1, width, flat.height))
    return flat


def plain(text: str) -> str:
    """Return text as one line: controls and runs of white space are one space."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


class _Faces:
    """The two fonts of a line: for East Asian characters and for all others."""

    def __init__(self, size: int, language: str) -> None:
        east, west = fonts.pair(language)
        self.east, self.west = _face(east, size), _face(west, size)

    def runs(self, text: str) -> list[tuple[str, ImageFont.FreeTypeFont]]:
        """Split text where the font changes."""
        return [(run, self.east if n % 2 else self.west) for n, run in enumerate(_EAST.split(text)) if run]

    def length(self, text: str) -> float:
        """Return the length of a text in pels."""
        return sum(face.getlength(run) for run, face in self.runs(text))


@cache
def _faces(size: int, language: str) -> _Faces:
    return _Faces(size, language.replace("_", "-"))


@cache
def _face(families: str, size: int) -> ImageFont.FreeTypeFont:
    file, index = fonts.file_of(families)
    if file:
        return ImageFont.truetype(file, size, index=index)
    face = ImageFont.load_default(size)
    assert isinstance(face, ImageFont.FreeTypeFont)  # noqa: S101  (it is one wherever Pillow has FreeType)
    return face


def _fitted(columns: list[str], room: int, gap: int, faces: _Faces) -> list[str]:
    """Shorten the longest column until the line fits."""
    lengths = [faces.length(text) for text in columns]
    while columns and sum(lengths) + gap * (len(columns) - 1) > room:
        longest = lengths.index(max(lengths))
        over = sum(lengths) + gap * (len(columns) - 1) - room
        columns[longest] = _shortened(columns[longest], lengths[longest] - over, faces)
        lengths[longest] = faces.length(columns[longest])
        if columns[longest] == MORE:
            break
    return columns


def _shortened(text: str, room: float, faces: _Faces) -> str:
    """Return as much of the text as fits, with a sign that there was more."""
    text = text.removesuffix(MORE)
    fits, too_many = 0, len(text)
    while too_many - fits > 1:
        middle = (fits + too_many) // 2
        if faces.length(text[:middle].rstrip() + MORE) <= room:
            fits = middle
        else:
            too_many = middle
    return text[:fits].rstrip() + MORE


def _placed(columns: list[str], left: int, right: int, faces: _Faces) -> list[tuple[str, float]]:
    """Return each column with the place where it begins."""
    lengths = [faces.length(text) for text in columns]
    between = (right - left - sum(lengths)) / (len(columns) - 1) if len(columns) > 1 else 0.0
    places, x = [], float(left)
    for text, length in zip(columns, lengths, strict=True):
        places.append((text, x))
        x += length + between
    return places


def _write(pen: ImageDraw.ImageDraw, text: str, x: float, baseline: int, faces: _Faces) -> None:
    for run, face in faces.runs(text):
        pen.text((x, baseline), run, font=face, fill=0, anchor="ls")
        x += face.getlength(run)
