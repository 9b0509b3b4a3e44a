"""Builders of raw mail for the corpora: bytes as programs of the field write them, right or wrong.

Not `email.message`: that writes correct mail, and the corpora are about the rest.
"""

from __future__ import annotations

import base64
import quopri
import zlib
from dataclasses import dataclass, field
from typing import Any

CRLF = b"\r\n"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)
PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF\n"
)


@dataclass(frozen=True)
class Doc:
    """A document that must be faxed: role, name, text it must hold (None: any octets), text it must not."""

    role: str = "body"
    text: str | None = None
    name: str = ""
    never: str = "\ufffd"


@dataclass(frozen=True)
class Case:
    """One mail and what must come of it: its documents, or the code of a refusal."""

    name: str
    raw: bytes
    subject: str | None = None
    docs: tuple[Doc, ...] = ()
    refused: str = ""
    context: dict[str, object] = field(default_factory=dict)


def b64(data: bytes, width: int = 76) -> bytes:
    """Return base64 in lines of `width`; 0 = one line."""
    text = base64.b64encode(data)
    if not width:
        return text + CRLF
    return b"".join(text[i : i + width] + CRLF for i in range(0, len(text), width))


def qp(data: bytes) -> bytes:
    """Return quoted-printable with CRLF line ends."""
    return quopri.encodestring(data).replace(b"\r\n", b"\n").replace(b"\n", CRLF)


def encoded(data: bytes, how: str) -> bytes:
    """Return a body under a transfer encoding."""
    return b64(data) if how == "base64" else qp(data) if how == "quoted-printable" else data


def word(data: bytes, label: str, kind: str = "B") -> bytes:
    """Return an encoded word of RFC 2047."""
    content = base64.b64encode(data) if kind in "bB" else b"".join(b"=%02X" % byte for byte in data)
    return b"=?%s?%s?%s?=" % (label.encode(), kind.encode(), content)


def entity(kind: bytes, body: bytes, cte: str = "", *fields: bytes) -> bytes:
    """Return one MIME entity; `kind` is the value of Content-Type with its parameters, b"" for none."""
    lines = [b"Content-Type: " + kind] if kind else []
    lines += [b"Content-Transfer-Encoding: " + cte.encode()] if cte else []
    return CRLF.join([*lines, *fields, b"", b""]) + encoded(body, cte)


def multipart(kind: str, *parts: bytes, boundary: str = "=_b", tail: bytes = b"--") -> bytes:
    """Return a multipart entity."""
    mark = boundary.encode()
    head = b'Content-Type: multipart/%s; boundary="%s"\r\n\r\n' % (kind.encode(), mark)
    inner = b"".join(b"--%s\r\n%s\r\n" % (mark, part) for part in parts)
    return head + inner + b"--" + mark + tail + CRLF


def mail(entity_: bytes, subject: bytes = b"Order 1", *fields: bytes) -> bytes:
    """Return a whole mail around an entity."""
    head = [
        b"From: Alice <alice@acme.example>",
        b"To: 0312345678@fax.example.org",
        b"Message-ID: <x@acme.example>",
        b"MIME-Version: 1.0",
        *([b"Subject: " + subject] if subject else []),
        *fields,
    ]
    return CRLF.join(head) + CRLF + entity_


def attached(kind: bytes, data: bytes, name: bytes, *fields: bytes) -> bytes:
    """Return an attachment in base64; `name` is the raw filename parameter with its sign, b"" for none."""
    disposition = b"Content-Disposition: attachment" + (b"; " + name if name else b"")
    return entity(kind, data, "base64", disposition, *fields)


def png_of(width: int, height: int, depth: int = 1, colour: int = 0, fill: int = 255) -> bytes:
    """Return a PNG of one colour, small however large the picture is."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    channels = {0: 1, 2: 3, 6: 4}[colour]
    row = b"\0" + bytes([fill]) * ((width * depth * channels + 7) // 8)
    packer = zlib.compressobj(9)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([depth, colour, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def differs(case: Case, found: Any) -> str:
    """Return how a reading, or the refusal that came in its place, differs from what a case wants."""
    if isinstance(found, Exception) or case.refused:
        code = getattr(found, "code", "")
        return "" if case.refused and code == case.refused else f"{found!r}, not {case.refused or case.docs}"
    if case.subject is not None and found.subject != case.subject:
        return f"subject {found.subject!r}, not {case.subject!r}"
    shapes = [(document.role, document.name) for document in found.documents]
    if shapes != [(want.role, want.name) for want in case.docs]:
        return f"{shapes}, not {case.docs}"
    faults = (_text_differs(*pair) for pair in zip(found.documents, case.docs, strict=True))
    return next(filter(None, faults), "")


def _text_differs(document: Any, want: Doc) -> str:
    if document.charset != "utf-8":
        return "" if want.text is None else f"{document.name} was not read as text"
    text = document.data.decode("utf-8", "replace")
    if want.text is not None and want.text not in text:
        return f"{text[:160]!r} lacks {want.text[:160]!r}"
    return f"{text[:160]!r} has {want.never!r}" if want.never in text else ""
