"""One part of a mail without parts: what it is, by its label, its name and its first octets, and its text.

The label is a claim. A PDF or picture that travels as text is known by its signature; a text or page that
travels as "octets" is known by its name, and is decoded here like any text, with the same care for charsets.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from gateway.intake.reading import drawn_as_text
from gateway.mailin import charsets, enriched, flowed

if TYPE_CHECKING:
    from gateway.mailin.headers import Value

META_CHARSET: Final = re.compile(
    rb"<meta[^>]{0,500}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]+)", re.IGNORECASE
)
CONTROLS: Final = re.compile(rb"[\0-\x08\x0b\x10-\x1a\x1c-\x1f\x7f]")
MEDIA_TYPE: Final = re.compile(r"[^/\s]+/[^/\s]+")
HTML: Final = frozenset({"text/html", "application/xhtml+xml"})
SAYS_NOTHING: Final = frozenset(
    {"application/octet-stream", "binary/octet-stream", "application/x-download", "application/unknown",
     "application/force-download", "application/download", "application/x-octet-stream"}
)  # fmt: skip
SUFFIXES: Final = {
    **dict.fromkeys((".txt", ".text", ".log"), "text/plain"),
    **dict.fromkeys((".csv", ".tsv"), "text/csv"),
    **dict.fromkeys((".htm", ".html"), "text/html"),
}
SIGNATURES: Final = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
)


@dataclass(frozen=True, slots=True)
class Leaf:
    """One part without parts. `text` is decoded where the part is text, else None; `codec` says how."""

    content_type: str
    name: str
    data: bytes
    inline: bool
    content_id: str = ""
    text: str | None = None
    codec: str = ""
    related: bool = False
    attached: bool = False  # came inside an attached message
    location: str = ""  # Content-Location

    @property
    def is_html(self) -> bool:
        """Whether this is HTML text."""
        return self.text is not None and self.content_type in HTML

    @property
    def is_unnamed_text(self) -> bool:
        """Whether this may be the body, or belong to it."""
        readable = self.content_type == "text/plain" or self.content_type in HTML
        return readable and self.text is not None and self.inline and not self.name and not self.attached


def content_type(kind: Value, name: str, data: bytes) -> str:
    """Return what a part is: its label, unless its name or its first octets know better."""
    stated = kind.word
    if not MEDIA_TYPE.fullmatch(stated) or stated.startswith(("multipart/", "message/")):
        stated = "text/plain"  # text by mistake; so is a part that says nothing (RFC 2045 section 5.2)
    if stated in enriched.TYPES:
        return "text/plain"  # `text_of` takes its marks away
    general = stated in SAYS_NOTHING
    if general or stated.startswith(("text/", "image/")) or stated == "application/pdf":
        for start, real in SIGNATURES:
            # An "octet-stream" PDF is left to the renderer, which looks again; a wrong label is not.
            if data.startswith(start) and not general:
                return real
    return _unlabelled(name, data, stated) if general else stated


def _unlabelled(name: str, data: bytes, stated: str) -> str:
    """Return what "octets" are: by their name, or, without a name, text where they read as text."""
    suffix = PurePosixPath(name).suffix.lower()
    if suffix or CONTROLS.search(data) or not data.strip():
        return SUFFIXES.get(suffix, stated)
    if drawn_as_text("", stated, data) == "html":
        return "text/html"
    readable = data.isascii() or charsets.guess(data) in {"utf-8", *charsets.JAPANESE}
    return "text/plain" if readable and not data.startswith((b"%!PS", b"{\\rtf", b"%PDF-")) else stated


def text_of(media_type: str, name: str, kind: Value, data: bytes, default: str) -> tuple[str | None, str]:
    """Return (text, codec), (None, "") of what is not drawn as text; `default` is the account's charset.

    Whatever the renderer will take for text is decoded here, with a mail's care for charsets: CSV that
    travels as a spreadsheet, text of an unknown type with a telling name.
    """
    is_text = media_type.startswith("text/") or media_type in HTML
    if not (is_text or drawn_as_text(name, media_type, data)):
        return None, ""
    label = kind.parameters.get("charset", "")
    if media_type in HTML and charsets.codec_of(label) in {None, "ascii"}:
        meta = META_CHARSET.search(data[:4096])
        label = meta[1].decode("ascii") if meta else label
    text, codec = charsets.decode(data, label, default)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if media_type == "text/plain" and kind.parameters.get("format", "").lower() == "flowed":
        text = flowed.joined(text, delete_space=kind.parameters.get("delsp", "").lower() == "yes")
    if kind.word in enriched.TYPES:
        text = enriched.words(text, kind.word)
    return text, codec
