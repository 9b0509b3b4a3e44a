"""Plain text to PDF, by way of HTML: one layout path for everything.

Text is fixed-pitch, 10 pt, as its writer saw it; a form feed starts a new page; a line too long for the page
goes on below (or is cut, on request).
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from render import fonts
from render.errors import TooManyPages
from render.geometry import MM, POINT, paper_size
from render.typeset import page_css, typeset

if TYPE_CHECKING:
    from render.document import Settings

SIZE = 10.0
LEADING = 1.25
_PIECE = 2040  # twenty full lines of 10 pt on A4
_BLOCK = 16
_MARGINS_MM = 24.0
_SIDES_MM = 30.0
_CONTROLS = dict.fromkeys((*range(9), *range(14, 32), *range(127, 160))) | dict.fromkeys(
    (0x0B, 0x85, 0x2028, 0x2029), "\n"
)  # a vertical tab is Word's and Outlook's soft line break
_TERMINAL = re.compile("\x1b\\[[0-9;?]{0,40}[@-~]")


def text_pdf(name: str, text: str, settings: Settings, language: str) -> bytes:
    """Return a PDF of plain text; raises TooManyPages before laying it out."""
    sheets = clean(text).rstrip().split("\f")
    lines = sum(_least_lines(line, settings) for sheet in sheets for line in sheet.split("\n"))
    refuse_endless(name, lines, settings)
    body = "".join(
        f'<section lang="{language or "en"}">{_lines(sheet, wrap=settings.wrap)}</section>'
        for sheet in sheets
    )
    size = settings.font_size or SIZE
    wrap = "pre-wrap; overflow-wrap: anywhere" if settings.wrap else "pre; overflow: hidden"
    family = fonts.monospaced(settings.font, language)
    css = (
        f"{page_css(settings)} html {{ font: {size}pt/{LEADING} {family} }}"
        f" body {{ margin: 0 }} div {{ white-space: {wrap}; tab-size: 8; orphans: 1; widows: 1 }}"
        " section + section { break-before: page }"
    )
    return typeset(body, css)


def _least_lines(line: str, settings: Settings) -> int:
    """Return how many lines of the page a line takes at least: our letters are half an em wide, or wider."""
    if not settings.wrap:
        return 1
    across = paper_size(settings.paper)[settings.orientation == "landscape"] - _SIDES_MM
    letter = (settings.font_size or SIZE) * (0.25 if settings.font else 0.5)
    return 1 + int(len(line) * letter / (across / MM * POINT))


def clean(text: str) -> str:
    """Return text with one kind of line end and without control characters that have no place on paper."""
    return _TERMINAL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).translate(_CONTROLS)


def _lines(sheet: str, *, wrap: bool) -> str:
    """Return the lines of a sheet in blocks of some: a block a line takes a third longer and more memory.

    One long block would be quadratic, and so is breaking one line: a line of many pages is cut before that.
    """
    blocks: list[list[str]] = []
    room = 0
    for line in sheet.split("\n"):
        for at in range(0, (len(line) if wrap else 0) or 1, _PIECE):
            piece = line[at : at + _PIECE]
            if not blocks or room < len(piece) or len(blocks[-1]) == _BLOCK:
                blocks.append([])
                room = 2 * _PIECE
            blocks[-1].append(escape(piece))
            room -= len(piece)
    # The last line end of a block makes no line, and without it a blank last line would be none either.
    end = "\n"
    return "".join(f"<div>{end.join(block)}\n</div>" for block in blocks)


def refuse_endless(name: str, lines: int, settings: Settings) -> None:
    """Raise TooManyPages if `lines` lines cannot fit on the pages allowed, however short they are."""
    height = (paper_size(settings.paper)[1] - _MARGINS_MM) / MM * POINT
    per_page = height / ((settings.font_size or SIZE) * LEADING)
    if lines / per_page > settings.max_pages:
        raise TooManyPages(name, f"The text is longer than {settings.max_pages} pages.")
