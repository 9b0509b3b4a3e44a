"""The payload we sign and encrypt: the message with its header fields inside (RFC 9788).

Every field but those of transport goes into the payload, `hp` on its Content-Type says so, and for
ciphertext the outer subject may be concealed and the outer values are recorded in HP-Outer. It refuses what
transport may change: octets above ASCII and lines over 998 octets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from smime import mime
from smime.errors import BadInputError
from smime.headers import TRACE, is_structure

if TYPE_CHECKING:
    from smime.mime import Entity

LONGEST_LINE = 998
CONCEALED = b" [...]"
NEVER_INSIDE = ("bcc", "hp-outer", *TRACE)
PLAIN_TEXT = b" text/plain; charset=us-ascii"

Fields = list[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Protected:
    """`payload` to be signed or encrypted, `outer` the fields that stay readable, without MIME structure."""

    payload: bytes
    outer: Fields


def protected(message: bytes, hp: str | None, *, conceal: bool = False) -> Protected:
    """Split a message of ours into payload and outer fields. `hp` is "clear", "cipher" or None for no copy.

    :raises BadInputError: not safe for transport.
    """
    whole = mime.entity(mime.canonical(message))
    _safe(whole.raw)
    outer = [(name, value) for name, value in whole.fields if not is_structure(name)]
    if conceal:
        outer = [(name, CONCEALED if name.lower() == "subject" else value) for name, value in outer]
    structure = [(name, value) for name, value in whole.fields if name.lower().startswith("content-")]
    if hp is None:
        return Protected(written(structure) + b"\r\n" + whole.body, outer)
    inner = _inside(whole, hp, outer)
    return Protected(written([*inner, *_marked(structure, hp)]) + b"\r\n" + whole.body, outer)


def _inside(whole: Entity, hp: str, outer: Fields) -> Fields:
    kept = [(name, value) for name, value in whole.fields if not is_structure(name)]
    inner = [(name, value) for name, value in kept if not name.lower().startswith(NEVER_INSIDE)]
    if hp == "cipher":
        visible = [(name, value) for name, value in outer if not name.lower().startswith(NEVER_INSIDE)]
        inner += [("HP-Outer", b" " + name.encode() + b":" + value) for name, value in visible]
    return inner


def _marked(structure: Fields, hp: str) -> Fields:
    mark = b'; hp="' + hp.encode() + b'"'
    if not any(name.lower() == "content-type" for name, _ in structure):
        structure = [("Content-Type", PLAIN_TEXT), *structure]
    return [
        (name, value.rstrip() + mark if name.lower() == "content-type" else value)
        for name, value in structure
    ]


def _safe(raw: bytes) -> None:
    if not raw.isascii():
        raise BadInputError("a message with octets above ASCII is not signed: encode its parts first")
    if any(len(line) > LONGEST_LINE for line in raw.split(b"\r\n")):
        raise BadInputError("a message with a line over 998 octets is not signed: encode its parts first")


def written(fields: Fields) -> bytes:
    """Return header fields as octets."""
    return b"".join(name.encode("ascii") + b":" + value + b"\r\n" for name, value in fields)
