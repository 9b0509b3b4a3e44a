"""Taking away the copy of the header that senders put into the text for old readers (RFC 9788 4.5.3.3).

A text/plain part loses its lines up to the first empty one, an HTML part the `div` made for it, and the older
convention's first part goes. Only parts that say so are touched; everything else stays byte for byte.
"""

from __future__ import annotations

import re
from base64 import encodebytes
from typing import TYPE_CHECKING

from smime import mime
from smime.errors import MalformedError
from smime.verdict import Protection

if TYPE_CHECKING:
    from smime.mime import Entity

MARK = "hp-legacy-display"
EMPTY_LINE = re.compile(rb"\r?\n[ \t]*\r?\n")
OPENING = re.compile(rb"<div\b[^<>]*>", re.IGNORECASE)
CLASS = re.compile(rb"\bclass\s*=\s*[\"']?header-protection-legacy-display\b", re.IGNORECASE)
CLOSING = re.compile(rb"</div\s*>", re.IGNORECASE)
OLD_COPIES = {"text/rfc822-headers", "text/plain"}


def without_display(payload: Entity, protection: Protection) -> Entity:
    """Return the payload without its legacy display."""
    raw = _without_old_copy(payload) if protection is Protection.LEGACY else _cleaned(payload, 0)
    return payload if raw == payload.raw else mime.entity(raw)


def _cleaned(part: Entity, depth: int) -> bytes:
    try:
        kind = part.type
        if kind.name.startswith("multipart/") and depth < 8:
            return _with_parts(part, [_cleaned(child, depth + 1) for child in _parts(part)])
        if kind.get(MARK) != "1":
            return part.raw
        text = mime.decoded(part)
    except MalformedError:
        return part.raw
    if kind.name == "text/plain":
        return _with_text(part, EMPTY_LINE.split(text, maxsplit=1)[-1])
    return _with_text(part, _without_div(text)) if kind.name == "text/html" else part.raw


def _without_div(text: bytes) -> bytes:
    """Cut the first marked `div`, which holds no other, looking at every octet once."""
    for opening in OPENING.finditer(text):
        if CLASS.search(opening[0]):
            closing = CLOSING.search(text, opening.end())
            return text[: opening.start()] + text[closing.end() :] if closing else text
    return text


def _without_old_copy(payload: Entity) -> bytes:
    try:
        if payload.type.name != "multipart/mixed":
            return payload.raw
        children = _parts(payload)
        first = children[0].type
    except (MalformedError, IndexError):
        return payload.raw
    if first.get("protected-headers").lower() != "v1" or first.name not in OLD_COPIES:
        return payload.raw
    return _with_parts(payload, [child.raw for child in children[1:]])


def _parts(part: Entity) -> list[Entity]:
    return [mime.entity(raw) for raw in mime.split(part.body, part.type.get("boundary"))]


def _with_parts(part: Entity, parts: list[bytes]) -> bytes:
    """Return a multipart with other parts; unchanged when they are the same."""
    if parts == [child.raw for child in _parts(part)]:
        return part.raw
    mark = b"--" + part.type.get("boundary").encode("utf-8", "surrogateescape")
    body = b"".join(mark + b"\r\n" + one + b"\r\n" for one in parts)
    return part.head + b"\r\n" + body + mark + b"--\r\n"


def _with_text(part: Entity, text: bytes) -> bytes:
    kept = [(name, value) for name, value in part.fields if name.lower() != "content-transfer-encoding"]
    head = b"".join(name.encode("ascii") + b":" + value + b"\r\n" for name, value in kept)
    return head + b"Content-Transfer-Encoding: base64\r\n\r\n" + encodebytes(text)
