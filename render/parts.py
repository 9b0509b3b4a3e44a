"""What kind of document a part is, and who draws it.

The kind follows from the MIME type where that says something, else from the name, else from the first
octets. What is none of ours is refused by name: nothing is left out in silence.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Protocol

from render import charsets, dingbats, fonts, glyphs
from render.errors import UnsupportedDocument
from render.html import WORDS_ALONE, html_pdf
from render.image import ImageSheets
from render.patience import OutOfPatience, Patience
from render.pdf import PdfSheets
from render.table import csv_pdf
from render.text import clean, text_pdf

if TYPE_CHECKING:
    from render.bilevel import Drawing
    from render.document import Part, Settings
    from render.geometry import Canvas


class Sheets(Protocol):
    """A document that can draw each of its pages on a canvas of any resolution."""

    @property
    def count(self) -> int:
        """Number of pages."""
        ...

    def draw(self, number: int, canvas: Canvas) -> Drawing:
        """Return page `number` (from 0) in grey, as large as the canvas."""
        ...


class Kind(StrEnum):
    """The kinds of document that are drawn."""

    TEXT = "text"
    CSV = "csv"
    HTML = "html"
    PDF = "pdf"
    IMAGE = "image"


_TYPES = {
    "text/html": Kind.HTML,
    "application/xhtml+xml": Kind.HTML,
    "text/csv": Kind.CSV,
    "text/tab-separated-values": Kind.CSV,
    "application/csv": Kind.CSV,
    "application/pdf": Kind.PDF,
    "application/x-pdf": Kind.PDF,
    **dict.fromkeys(
        ("image/png", "image/jpeg", "image/jpg", "image/pjpeg", "image/gif", "image/bmp", "image/x-ms-bmp",
         "image/tiff", "image/tiff-fx", "image/x-tiff", "application/tiff", "image/webp"),
        Kind.IMAGE,
    ),
}  # fmt: skip
_NAMES = {
    **dict.fromkeys((".txt", ".text", ".log", ".md", ".asc"), Kind.TEXT),
    **dict.fromkeys((".csv", ".tsv"), Kind.CSV),
    **dict.fromkeys((".htm", ".html", ".xhtml"), Kind.HTML),
    ".pdf": Kind.PDF,
    **dict.fromkeys(
        (".png", ".jpg", ".jpeg", ".jpe", ".gif", ".bmp", ".dib", ".tif", ".tiff", ".tfx", ".webp"),
        Kind.IMAGE,
    ),
}
_SIGNATURES = (
    (b"%PDF-", Kind.PDF),
    (b"\x89PNG\r\n\x1a\n", Kind.IMAGE),
    (b"\xff\xd8\xff", Kind.IMAGE),
    (b"GIF8", Kind.IMAGE),
    (b"BM", Kind.IMAGE),
    (b"II*\0", Kind.IMAGE),
    (b"MM\0*", Kind.IMAGE),
)
# Textual by name of type, but not meant for eyes.
_NOT_PLAIN = {"text/rtf", "text/richtext", "text/calendar", "text/vcard", "text/x-vcard"}
_SAY_NOTHING = {"", "application/octet-stream", "binary/octet-stream", "application/x-download"}
_PLAIN_APPLICATIONS = {"application/json", "application/xml", "application/x-sh", "application/x-yaml"}


def kind_of(part: Part) -> Kind | None:
    """Return what a part is, or None for what we do not draw."""
    content_type = part.content_type.lower().strip()
    suffix = PurePosixPath(part.name.replace("\\", "/")).suffix.lower()
    if content_type == "text/plain" and suffix in {".csv", ".tsv"}:
        return Kind.CSV
    if content_type in _TYPES:
        return _TYPES[content_type]
    if content_type.startswith("text/") and content_type not in _NOT_PLAIN:
        return Kind.TEXT
    if content_type in _PLAIN_APPLICATIONS:
        return Kind.TEXT
    if suffix in _NAMES:
        return _NAMES[suffix]
    return _by_signature(part.data, named=bool(suffix)) if content_type in _SAY_NOTHING else None


def _by_signature(data: bytes, *, named: bool) -> Kind | None:
    for start, kind in _SIGNATURES:
        if data.startswith(start):
            return kind
    if data[:512].lstrip().lower().startswith((b"<!doctype html", b"<html")):
        return Kind.HTML
    # A name such as x.ics or x.svg says that the text in it is not meant for eyes.
    return Kind.TEXT if not named and _reads_as_text(data) else None


def _reads_as_text(data: bytes) -> bool:
    if b"\0" in data or data.startswith((b"{\\rtf", b"%!PS")):
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def open_part(
    part: Part, settings: Settings, warnings: list[str], patience: Patience | None = None
) -> Sheets | None:
    """Return the drawable pages of a part, None for a blank text; adds to `warnings` what was guessed.

    `patience` is what all parts of a rendering may take for their layout.

    Raises UnsupportedDocument or what the drawer of its kind raises.
    """
    kind = kind_of(part)
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
            warnings.append(f"{part.name}: {WORDS_ALONE}")
    return PdfSheets(part.name, text_pdf(part.name, text, settings, language))
