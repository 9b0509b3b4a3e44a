"""CSV to PDF: a ruled table whose head comes again on every page.

Wide tables are laid on their side, then set smaller, down to what a fax still shows; only then are words
broken, for nothing may fall off the edge. Numbers stand to the right.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from html import escape
from typing import TYPE_CHECKING

from render import fonts
from render.text import SIZE, clean, refuse_endless
from render.typeset import page_css, typeset

if TYPE_CHECKING:
    from collections.abc import Iterable

    from render.document import Settings

SMALLEST = 7.5
# Columns of 10 pt text across the page, upright and on its side.
UPRIGHT = 100
SIDEWAYS = 150

_IN_A_CELL = "\ue00b"
"""Stands for a vertical tab, by which databases end a line inside a cell; private letters are gone by now."""

Rows = list[list[str]]


def csv_pdf(name: str, text: str, settings: Settings, language: str) -> bytes:
    """Return a PDF of a table; raises TooManyPages before laying out what cannot fit."""
    rows = read_rows(clean(text.replace("\v", _IN_A_CELL)).replace("\f", "\n"))
    refuse_endless(name, len(rows), settings)
    columns = max((len(row) for row in rows), default=0)
    head, *rest = rows or [[]]
    body = (
        f'<table lang="{language or "en"}"><thead>{_row(head, "th", columns)}</thead>'
        f"<tbody>{''.join(_row(row, 'td', columns) for row in rest)}</tbody></table>"
    )
    return typeset(body, _style(rows, settings, language))


def read_rows(text: str) -> Rows:
    """Return the rows that are not blank; the separator is found from the text."""
    try:
        dialect: type[csv.Dialect] = csv.Sniffer().sniff(text[:8192], delimiters=",;\t|")
    except csv.Error:
        dialect = csv.excel
    # The file is its own limit; a quote left open must not raise.
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))
    rows = csv.reader(io.StringIO(text, newline=""), dialect)
    return [[cell.replace(_IN_A_CELL, "\n") for cell in row] for row in rows if any(map(str.strip, row))]


def _style(rows: Rows, settings: Settings, language: str) -> str:
    width = table_width(rows)
    room = SIDEWAYS if width > UPRIGHT or settings.orientation == "landscape" else UPRIGHT
    size = settings.font_size or SIZE
    size = max(min(size, SMALLEST), min(size, SIZE * room / max(1, width)))
    narrowest = table_width([_longest_word(cell) for cell in row] for row in rows)
    breaking = "normal" if narrowest * size / SIZE <= room else "anywhere"
    return (
        page_css(settings, "landscape" if room == SIDEWAYS else "portrait")
        + f" html {{ font: {size:.2f}pt/1.2 {fonts.proportional(settings.font, language)} }}"
        " body { margin: 0 }"
        f" th, td {{ overflow-wrap: {breaking}; white-space: pre-wrap;"
        " border: 0.75pt solid black; padding: 2pt 4pt; text-align: left; vertical-align: top }"
        " table { border-collapse: collapse } tr { break-inside: avoid } .number { text-align: right }"
    )


def _row(cells: list[str], tag: str, columns: int) -> str:
    filled = [*cells, *[""] * (columns - len(cells))]
    return "<tr>" + "".join(f"<{tag}{_align(cell)}>{escape(cell)}</{tag}>" for cell in filled) + "</tr>"


def _align(cell: str) -> str:
    digits = cell.strip().lstrip("+-").replace(",", "").replace(".", "")
    return ' class="number"' if digits.isdecimal() else ""


def table_width(rows: Iterable[list[str]]) -> int:
    """Return the width in columns of a table whose cells do not wrap, with its rules."""
    widest: dict[int, int] = {}
    for row in rows:
        for column, cell in enumerate(row):
            widest[column] = max(widest.get(column, 0), columns_of(cell))
    return sum(widest.values()) + 3 * len(widest)


def columns_of(text: str) -> int:
    """Return how many fixed-pitch columns a line takes: two for an East Asian character."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _longest_word(cell: str) -> str:
    return max(cell.split(), key=columns_of, default="")
