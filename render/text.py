"""Plain text and CSV to PDF, by way of HTML: one layout path for everything.

Text is fixed-pitch, 10 pt, as its writer saw it; a form feed starts a new page; a line too long for the page
goes on below (or is cut, on request). CSV becomes a table, on its side when it is wide.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from html import escape
from typing import TYPE_CHECKING

from render import fonts
from render.errors import TooManyPages
from render.geometry import MM, POINT, paper_size
from render.typeset import page_css, typeset

if TYPE_CHECKING:
    from collections.abc import Iterable

    from render.document import Settings

SIZE = 10.0
LEADING = 1.25
WIDE = 100
_MARGINS_MM = 24.0
_CONTROLS = dict.fromkeys((*range(9), 11, *range(14, 32), 127))


def text_pdf(name: str, text: str, settings: Settings, language: str) -> bytes:
    """Return a PDF of plain text; raises TooManyPages before laying out what cannot fit."""
    sheets = clean(text).rstrip().split("\f")
    lines = sum(sheet.count("\n") + 1 for sheet in sheets)
    _refuse_endless(name, lines, settings)
    body = "".join(f'<section lang="{language or "en"}">{_lines(sheet)}</section>' for sheet in sheets)
    size = settings.font_size or SIZE
    wrap = "pre-wrap; overflow-wrap: anywhere" if settings.wrap else "pre; overflow: hidden"
    css = (
        f"{page_css(settings)} html {{ font: {size}pt/{LEADING} {fonts.monospaced(settings.font, language)} }}"
        f" body {{ margin: 0 }} div {{ white-space: {wrap}; tab-size: 8; min-height: {LEADING}em }}"
        " section + section { break-before: page }"
    )
    return typeset(body, css)


def clean(text: str) -> str:
    """Return text with one kind of line end and without control characters that have no place on paper."""
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_CONTROLS)


def _lines(sheet: str) -> str:
    # A block a line keeps layout linear: one long <pre> makes it quadratic.
    return "".join(f"<div>{escape(line)}</div>" for line in sheet.split("\n"))


def _refuse_endless(name: str, lines: int, settings: Settings) -> None:
    height = (paper_size(settings.paper)[1] - _MARGINS_MM) / MM * POINT
    per_page = height / ((settings.font_size or SIZE) * LEADING)
    if lines / per_page > settings.max_pages:
        raise TooManyPages(name, f"The text is longer than {settings.max_pages} pages.")


def csv_pdf(name: str, text: str, settings: Settings, language: str) -> bytes:
    """Return a PDF of a table; the first row is its head and comes again on every page."""
    rows = _rows(clean(text).replace("\f", "\n"))
    _refuse_endless(name, len(rows), settings)
    columns = max((len(row) for row in rows), default=0)
    head, *rest = rows or [[]]
    body = (
        f'<table lang="{language or "en"}"><thead>{_row(head, "th", columns)}</thead>'
        f"<tbody>{''.join(_row(row, 'td', columns) for row in rest)}</tbody></table>"
    )
    wide = "landscape" if table_width(rows) > WIDE else ""
    css = (
        f"{page_css(settings, wide)} html {{ font: {settings.font_size or SIZE}pt/1.2"
        f" {fonts.proportional(settings.font, language)} }} body {{ margin: 0 }}"
        " table { border-collapse: collapse } tr { break-inside: avoid }"
        " th, td { border: 0.75pt solid black; padding: 2pt 4pt; text-align: left; vertical-align: top;"
        " overflow-wrap: anywhere; white-space: pre-wrap } .number { text-align: right }"
    )
    return typeset(body, css)


def _rows(text: str) -> list[list[str]]:
    sample = text[:8192]
    try:
        dialect: type[csv.Dialect] = csv.Sniffer().sniff(sample, delimiters=",;\t|")
    except csv.Error:
        dialect = csv.excel
    rows = csv.reader(io.StringIO(text, newline=""), dialect)
    return [row for row in rows if any(cell.strip() for cell in row)]


def _row(cells: list[str], tag: str, columns: int) -> str:
    filled = [*cells, *[""] * (columns - len(cells))]
    return "<tr>" + "".join(f"<{tag}{_align(cell)}>{escape(cell)}</{tag}>" for cell in filled) + "</tr>"


def _align(cell: str) -> str:
    return ' class="number"' if cell.strip().lstrip("+-").replace(",", "").replace(".", "").isdigit() else ""


def table_width(rows: Iterable[list[str]]) -> int:
    """Return the width in columns of a table whose cells do not wrap: two for an East Asian character."""
    widest: dict[int, int] = {}
    for row in rows:
        for column, cell in enumerate(row):
            widest[column] = max(widest.get(column, 0), columns_of(cell))
    return sum(widest.values()) + 3 * len(widest)


def columns_of(text: str) -> int:
    """Return how many fixed-pitch columns a line takes."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
