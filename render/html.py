"""A mail's or file's HTML to PDF: black on white, whatever its author painted.

Backgrounds are dropped and all text is black unless the settings keep them, for a fax has neither colour nor
grey. Markup that the layout cannot follow is reduced to its words rather than refused.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from render import fonts
from render.text import text_pdf
from render.typeset import page_css, typeset

if TYPE_CHECKING:
    from render.document import Part, Settings

INK_ONLY = (
    "*, *::before, *::after { background: none !important; color: black !important;"
    " text-shadow: none !important; box-shadow: none !important }"
)
NO_PICTURES = "img, svg, picture, object, embed, video, canvas { display: none !important }"
SIZE = 10.5
_SAYS_LANGUAGE = re.compile(r"<html[^>]*\slang\s*=", re.IGNORECASE)
# What WeasyPrint has been seen to raise on markup it cannot lay out.
_TRIPS = (RecursionError, ArithmeticError, LookupError, ValueError, TypeError, AttributeError, AssertionError)


def html_pdf(part: Part, html: str, settings: Settings, language: str, warnings: list[str]) -> bytes:
    """Return a PDF of HTML already decoded to text; adds to `warnings` if only its words could be drawn."""
    try:
        return typeset(html, style(html, settings, language), part.related)
    except _TRIPS:
        name = part.name or "The message"
        warnings.append(f"{name}: the layout could not be followed; its words were drawn as plain text.")
        return text_pdf(part.name, words(html), settings, language)


def style(html: str, settings: Settings, language: str) -> str:
    """Return the reader's style sheet for a document: page, fonts, ink."""
    family = fonts.proportional("", language)  # a font is wished for plain text, not for HTML (2.1)
    rules = [
        page_css(settings),
        f"html {{ font: {SIZE}pt/1.35 {family} }}",
        "body { margin: 0 !important; padding: 0 !important } img, table { max-width: 100% }",
    ]
    if language and not _SAYS_LANGUAGE.search(html[:2000]):
        rules.append(f'html {{ font-language-override: "{language}" }}')
    if not settings.keep_backgrounds:
        rules.append(INK_ONLY)
    if not settings.images:
        rules.append(NO_PICTURES)
    return "\n".join(rules)


def words(html: str) -> str:
    """Return the words of an HTML document, a line for each block, without scripts and styles."""
    reader = _Words()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.out).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _Words(HTMLParser):
    BLOCKS = frozenset(
        (
            "address",
            "article",
            "blockquote",
            "br",
            "dd",
            "div",
            "dl",
            "dt",
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "hr",
            "li",
            "p",
            "pre",
            "table",
            "tr",
            "ul",
            "ol",
        )
    )
    SILENT = frozenset(("script", "style", "head", "title", "template"))

    def __init__(self) -> None:
        super().__init__()
        self.out: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self._silent += tag in self.SILENT
        self.out.append("\n" if tag in self.BLOCKS else " " if tag in {"td", "th"} else "")

    def handle_endtag(self, tag: str) -> None:
        self._silent = max(0, self._silent - (tag in self.SILENT))
        self.out.append("\n" if tag in self.BLOCKS else "")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.out.append(data)
