"""What kind of document a part is, and who draws it.

The kind follows from the MIME type where that says something, else from the name, else from the first
octets. What is none of ours is refused by name: nothing is left out in silence.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Protocol

from render import charsets, dingbats, fonts, glyphs
from render.errors import UnsupportedDocument
from render.html import WORDS_ALONE, html_pdf
from render.image import ImageSheets
from render.kinds import Kind, kind_of
from render.patience import OutOfPatience, Patience
from render.pdf import PdfSheets
from render.table import csv_pdf
from render.text import clean, text_pdf

if TYPE_CHECKING:
    from render.bilevel import Drawing
    from render.document import Part, Settings
    from render.geometry import Canvas


_NO_SHAPE = dict.fromkeys((0x0B, 0x85, 0x2028, 0x2029), " ")  # line ends that HTML does not know
PICTURE_OF_A_TELEPHONE = "HEIC pictures, as telephones take them, cannot be faxed: send it as JPEG."
_TELEPHONES = tuple(b"ftyp" + brand for brand in (b"heic", b"heix", b"heim", b"mif1", b"msf1", b"avif"))


class Sheets(Protocol):
    """A document that can draw each of its pages on a canvas of any resolution."""

    @property
    def count(self) -> int:
        """Number of pages."""
        ...

    def draw(self, number: int, canvas: Canvas) -> Drawing:
        """Return page `number` (from 0) in grey, as large as the canvas."""
        ...


def open_part(
    part: Part, settings: Settings, warnings: list[str], patience: Patience | None = None
) -> Sheets | None:
    """Return the drawable pages of a part, None for a blank text; adds to `warnings` what was guessed.

    `patience` is what all parts of a rendering may take for their layout.

    Raises UnsupportedDocument or what the drawer of its kind raises.
    """
    kind = kind_of(part.name, part.content_type, part.data)
    if part.data[4:12] in _TELEPHONES:
        raise UnsupportedDocument(part.name, PICTURE_OF_A_TELEPHONE)
    if kind is None:
        raise UnsupportedDocument(part.name, f"This kind of document cannot be faxed ({part.content_type}).")
    if kind is Kind.PDF:
        return PdfSheets(part.name, part.data, fit=settings.fit)
    if kind is Kind.IMAGE:
        return ImageSheets(part.name, part.data, fit=settings.fit)
    return _open_text(part, kind, settings, warnings, patience or Patience())


def _open_text(
    part: Part, kind: Kind, settings: Settings, warnings: list[str], patience: Patience
) -> Sheets | None:
    text, codec = charsets.decode(part.data, part.charset, settings.default_charset)
    if "\ufffd" in text:
        warnings.append(f"{part.name or 'The text'}: some characters could not be read as {codec}.")
    if kind is Kind.HTML:
        text = text.translate(_NO_SHAPE)
    text, replaced = glyphs.drawable(glyphs.resolved(dingbats.signs(text)) if kind is Kind.HTML else text)
    if replaced:
        warnings.append(f"{part.name or 'The text'}: {glyphs.IN_WORDS}")
    language = charsets.language(text, codec) or settings.language
    if settings.font and kind is not Kind.HTML and not fonts.known(settings.font):
        warnings.append(f"The font {settings.font} is not known here; the usual one was taken.")
    if kind is Kind.HTML:
        return PdfSheets(part.name, html_pdf(part, text, settings, language, warnings, patience=patience))
    if not clean(text).strip():
        if part.name:
            warnings.append(f"{part.name}: The file is blank and was left out.")
        return None
    if kind is Kind.CSV:
        try:
            with patience.held():
                return PdfSheets(part.name, csv_pdf(part.name, text, settings, language))
        except OutOfPatience:
            gc.collect()  # as in render.html
            warnings.append(f"{part.name}: {WORDS_ALONE}")
    return PdfSheets(part.name, text_pdf(part.name, text, settings, language))
