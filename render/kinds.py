"""What kind of document something is: by its MIME type where that says something, its name, its first octets.

Light to import: those who read mail ask it, too, to know what is text. What is none of ours is None.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import PurePosixPath


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
    **dict.fromkeys(
        ("application/csv", "application/x-csv", "text/x-csv", "text/comma-separated-values",
         "text/x-comma-separated-values"),
        Kind.CSV,
    ),
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


def kind_of(name: str, content_type: str, data: bytes) -> Kind | None:
    """Return what a document is, or None for what we do not draw."""
    content_type = content_type.lower().strip()
    suffix = PurePosixPath(name.replace("\\", "/")).suffix.lower()
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
    return _by_signature(data, named=bool(suffix)) if content_type in _SAY_NOTHING else None


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
