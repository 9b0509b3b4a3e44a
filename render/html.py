"""A mail's or file's HTML to PDF: black on white, whatever its author painted.

Backgrounds are dropped and all text is black unless the settings keep them, for a fax has neither colour nor
grey. Markup that the layout cannot follow is reduced to its words rather than refused.
"""

from __future__ import annotations

import contextlib
import gc
import re
from html import unescape
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from render import fonts
from render.errors import TooManyPages
from render.patience import OutOfPatience
from render.text import text_pdf
from render.typeset import page_css, typeset

if TYPE_CHECKING:
    from render.document import Part, Settings
    from render.patience import Patience

INK_ONLY = (
    "*, *::before, *::after { background: none !important; color: black !important;"
    " text-shadow: none !important; box-shadow: none !important }"
)
NO_PICTURES = "img, svg, picture, object, embed, video, canvas { display: none !important }"
SIZE = 10.5
_SAYS_LANGUAGE = re.compile(r"<html[^>]*\slang\s*=", re.IGNORECASE)
WORDS_ALONE = "the layout could not be followed; its words were drawn as plain text."
_LETTERS_A_PAGE = 20_000  # the smallest print there is on paper has not more
_MOST_LETTERS = 250_000  # some eighty pages: more are never laid out in the time there is
_TAG = re.compile(r"<[^<>]*>")
_DEEPEST = 400  # the layout goes down the tree by recursion
# What WeasyPrint has been seen to raise on markup it cannot lay out.
_TRIPS = (
    RecursionError,
    SyntaxError,
    ArithmeticError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    AssertionError,
)


def html_pdf(
    part: Part, html: str, settings: Settings, language: str, warnings: list[str], *, patience: Patience
) -> bytes:
    """Return a PDF of HTML already decoded to text; adds to `warnings` if only its words could be drawn.

    Raises TooManyPages before laying out more words than the pages allowed can hold.
    """
    read = _Words()
    try:
        with patience.held():
            read.feed(html)
            read.close()
    except OutOfPatience:  # the parser is quadratic in markup that is never closed
        warnings.append(f"{part.name or 'The message'}: {WORDS_ALONE}")
        return text_pdf(part.name, unescape(_TAG.sub(" ", html)), settings, language)
    if read.letters > settings.max_pages * _LETTERS_A_PAGE:
        raise TooManyPages(part.name, f"The text is longer than {settings.max_pages} pages.")
    if read.deepest <= _DEEPEST and read.letters <= _MOST_LETTERS:
        with contextlib.suppress(OutOfPatience, *_TRIPS), patience.held():
            return typeset(html, style(html, settings, language), part.related)
    gc.collect()  # what a layout that was left had built goes before the next begins
    warnings.append(f"{part.name or 'The message'}: {WORDS_ALONE}")
    return text_pdf(part.name, read.words(), settings, language)


def style(html: str, settings: Settings, language: str) -> str:
    """Return the reader's style sheet for a document: page, fonts, ink."""
    family = fonts.proportional("", language)  # a font is wished for plain text, not for HTML (2.1)
    rules = [
        page_css(settings),
        f"html {{ font: {SIZE}pt/1.35 {family} }}",
        "body { margin: 0 !important; padding: 0 !important; overflow-wrap: break-word }",
        "img, table { max-width: 100% } pre { white-space: pre-wrap }",
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
    return reader.words()


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
    # These have no end, or need none, and so tell nothing about nesting.
    EMPTY = frozenset(
        ("br", "hr", "img", "input", "meta", "link", "col", "area", "base", "wbr",
         "p", "li", "td", "th", "tr", "dt", "dd", "option")
    )  # fmt: skip
    CLOSE = frozenset(("div", "tr", "li", "dt", "dd"))  # no blank line between two of them
    SILENT = frozenset(("script", "style", "head", "title", "template"))

    def __init__(self) -> None:
        super().__init__()
        self.out: list[str] = []
        self.letters = 0
        self.deepest = 0
        self._silent = 0
        self._open = 0
        self._ended = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self._open += tag not in self.EMPTY
        self.deepest = max(self.deepest, self._open)
        self._silent += tag in self.SILENT
        at_once = tag in self.CLOSE and tag == self._ended
        self.out.append("\n" if tag in self.BLOCKS and not at_once else " " if tag in {"td", "th"} else "")

    def handle_endtag(self, tag: str) -> None:
        self._open = max(0, self._open - (tag not in self.EMPTY))
        self._ended = tag
        self._silent = max(0, self._silent - (tag in self.SILENT))
        self.out.append("\n" if tag in self.BLOCKS else "")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.out.append(data)
            self._ended = "" if data.strip() else self._ended
            self.letters += len(data)

    def words(self) -> str:
        """Return what was read so far, a line for each block."""
        lines = (" ".join(line.split()) for line in "".join(self.out).split("\n"))
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
