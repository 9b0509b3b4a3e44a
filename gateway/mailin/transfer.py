"""Transfer encodings as they arrive: base64 and quoted-printable broken by mailers, lists and hand.

What a line says counts for more than the header: a list's footer in plain text below base64 stays text, and a
body that is no base64 at all is taken as it stands. Nothing here fails, and everything is linear.
"""

from __future__ import annotations

import binascii
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from email.message import Message

BASE64_LINE = re.compile(rb"[A-Za-z0-9+/]*={0,2}\Z")
BASE64_SIGNS = re.compile(rb"[^A-Za-z0-9+/]")
PADDED = re.compile(rb"[^=]+=*")
SOFT_BREAK_BLANKS = re.compile(rb"=[ \t]+(?=\r?\n|\Z)")
UUENCODED = frozenset({"x-uuencode", "uuencode", "uue", "x-uue"})


def method(value: str) -> str:
    """Return the name of a transfer encoding without comments and in lower case, "" for none."""
    words = value.partition("(")[0].partition(";")[0].split()
    return words[0].lower().strip("\"'") if words else ""


def decoded(part: Message, encoding: str) -> bytes:
    """Return the octets of a part without parts; `encoding` is the value of Content-Transfer-Encoding."""
    payload = part._payload  # type: ignore[attr-defined]  # noqa: SLF001  (get_payload replaces 8-bit octets)
    raw = payload.encode("ascii", "surrogateescape") if isinstance(payload, str) else b""
    return decode(raw, method(encoding))


def decode(raw: bytes, name: str) -> bytes:
    """Return octets without their transfer encoding; an unknown one leaves them as they are."""
    if name in {"base64", "base-64"}:
        return from_base64(raw)
    if name in {"quoted-printable", "quoted_printable"}:
        return binascii.a2b_qp(SOFT_BREAK_BLANKS.sub(b"=", raw))
    if name in UUENCODED:
        return from_uuencoded(raw.splitlines())
    return raw


def from_base64(raw: bytes) -> bytes:
    """Decode base64 up to the first line that is none; the text that follows is kept as it stands."""
    lines = raw.split(b"\n")
    good: list[bytes] = []
    rest: list[bytes] = []
    for at, line in enumerate(lines):
        squeezed = b"".join(line.split())
        if good and good[-1].endswith(b"=") and squeezed and b" " in line.strip():
            rest = lines[at:]
            break
        if BASE64_LINE.match(squeezed) or not _is_words(line):
            good.append(squeezed)
            continue
        rest = lines[at:]
        break
    data = b"".join(_block(block) for block in PADDED.findall(b"".join(good)))
    if not data:
        return raw
    return data + (b"\r\n" + b"\n".join(rest) if rest else b"")


def _is_words(line: bytes) -> bool:
    """Whether a line that is no base64 reads as text, rather than as base64 with a stray octet."""
    strange = len(BASE64_SIGNS.findall(line.strip()))
    return b" " in line.strip() or strange * 4 > len(line)


def _block(block: bytes) -> bytes:
    letters = BASE64_SIGNS.sub(b"", block)
    letters = letters[: len(letters) - 1] if len(letters) % 4 == 1 else letters
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))


def from_uuencoded(lines: list[bytes]) -> bytes:
    """Decode the lines between `begin` and `end`; a line that is broken ends the file."""
    out = bytearray()
    for line in lines:
        if line.startswith(b"begin ") or not line:
            continue
        if line.rstrip() in {b"end", b"`"}:
            break
        try:
            out += binascii.a2b_uu(line)
        except binascii.Error:
            length = (((line[0] - 32) & 63) * 4 + 5) // 3  # mailers pad the last line or trim its blanks
            try:
                out += binascii.a2b_uu(line[:length])
            except binascii.Error:
                break
    return bytes(out)
