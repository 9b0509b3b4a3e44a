"""Which header fields hold: the sender's protected copy if there is one, else the outer ones (smime.md 6).

Three ways are read: RFC 9788 (`hp="clear"` or `"cipher"` on the payload), the older
`protected-headers="v1"`, and a wrapped message (`message/rfc822; forwarded=no`, RFC 8551 3.1). Inner fields
are then the only ones; of the outer ones the traces of transport stay. It writes no value itself: fields
are copied as octets.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from smime import mime
from smime.display import without_display
from smime.verdict import Protection

if TYPE_CHECKING:
    from smime.mime import Entity

STRUCTURE = ("content-", "mime-version")
TRACE = (
    "received",
    "return-path",
    "authentication-results",
    "dkim-signature",
    "arc-",
    "delivered-to",
    "resent-",
)
OUTER = "hp-outer"
NAME = re.compile("[!-9;-~]+")
LINE_END = re.compile(rb"\r(?!\n)|(?<!\r)\n|\r\n(?![ \t])|\x00")


@dataclass(frozen=True, slots=True)
class Presented:
    """A message to read: raw `message`, `headers` the protected fields unfolded, `altered` names."""

    message: bytes
    protection: Protection
    headers: tuple[tuple[str, str], ...] = ()
    altered: tuple[str, ...] = ()


def present(outer: Entity, payload: Entity) -> Presented:
    """Return `payload`, what was inside the layers, under the fields that hold.

    :raises MalformedError: the payload's Content-Type cannot be read.
    """
    protection = protection_of(payload)
    inner = mime.entity(mime.decoded(payload)) if protection is Protection.WRAPPED else payload
    if protection is Protection.NONE:
        kept = [(name, value) for name, value in _whole(outer) if not is_structure(name)]
        body = [(name, value) for name, value in payload.fields if is_structure(name)]
        return Presented(_joined([*kept, *_version(outer, body), *body], payload.body), protection)
    return _protected(outer, inner, protection)


def _protected(outer: Entity, inner: Entity, protection: Protection) -> Presented:
    fields = [(name, value) for name, value in inner.fields if name.lower() != OUTER]
    held = [(name, value) for name, value in fields if not is_structure(name)]
    trace = [(name, value) for name, value in _whole(outer) if name.lower().startswith(TRACE)]
    cleaned = without_display(inner, protection)
    structure = [(name, value) for name, value in cleaned.fields if is_structure(name)]
    whole = [*trace, *held, *_version(outer, structure), *structure]
    return Presented(
        _joined(whole, cleaned.body),
        protection,
        tuple((name, mime.unfold(value)) for name, value in held),
        altered(outer, inner),
    )


def protection_of(payload: Entity) -> Protection:
    """Return how the payload protects its header fields."""
    kind = payload.type
    if kind.get("hp").lower() in {"clear", "cipher"}:
        return Protection.RFC9788
    if kind.get("protected-headers").lower() == "v1":
        return Protection.LEGACY
    if kind.name == mime.MESSAGE and kind.get("forwarded").lower() == "no":
        return Protection.WRAPPED
    return Protection.NONE


def is_structure(name: str) -> bool:
    """Return whether a field describes the MIME structure."""
    return name.lower().startswith(STRUCTURE)


def altered(outer: Entity, inner: Entity) -> tuple[str, ...]:
    """Return names of fields whose outer value is not what the sender put there.

    The sender recorded the outer values in HP-Outer, or, without such fields, left them equal to the inner
    ones.
    """
    recorded = [value.partition(":") for value in inner.all(OUTER)]
    pairs = [(name.strip(), value.strip()) for name, _, value in recorded]
    if not recorded:
        pairs = [(name, mime.unfold(value)) for name, value in inner.fields if not is_structure(name)]
    names = dict.fromkeys(name.lower() for name, _ in pairs)
    return tuple(name for name in names if _values(pairs, name) != [_plain(one) for one in outer.all(name)])


def _values(pairs: list[tuple[str, str]], wanted: str) -> list[str]:
    return [_plain(value) for name, value in pairs if name.lower() == wanted]


def _plain(value: str) -> str:
    return " ".join(value.split())


def _version(outer: Entity, structure: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    if any(name.lower() == "mime-version" for name, _ in structure):
        return []
    return [(name, value) for name, value in _whole(outer) if name.lower() == "mime-version"][:1]


def _whole(outer: Entity) -> list[tuple[str, bytes]]:
    """Return the outer fields that every reader sees as one field.

    Nobody signed them. A bare CR or LF, or a blank before the colon, ends the header for some readers: what
    follows would be read as the signed body.
    """
    return [
        (name, value) for name, value in outer.fields if NAME.fullmatch(name) and not LINE_END.search(value)
    ]


def _joined(fields: list[tuple[str, bytes]], body: bytes) -> bytes:
    head = b"".join(name.encode("ascii") + b":" + value + b"\r\n" for name, value in fields)
    return head + b"\r\n" + body
