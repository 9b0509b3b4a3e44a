"""TNEF (winmail.dat): what Outlook and Exchange wrap attachments in for receivers they take for their own.

A small reader of MS-OXTNEF: the files with their long names, and a plain or HTML body. Names are decoded by
the code page the stream states, CP932 among them. It never fails: a stream that is cut or lies about a length
ends there, and what was read before counts. Formatted text (compressed RTF) and embedded Outlook items are
not opened, but named. The caller bounds what the files may come to.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from gateway.mailin import charsets

if TYPE_CHECKING:
    from collections.abc import Iterator

SIGNATURE: Final = b"\x78\x9f\x3e\x22"
MOST_ATTRIBUTES: Final = 20_000
MOST_PROPERTIES: Final = 5_000

# Attributes: 2.1.3.2 of MS-OXTNEF.
OEM_CODE_PAGE, BODY, MESSAGE_PROPERTIES = 0x00069007, 0x0002800C, 0x00069003
NEW_FILE, TITLE, DATA, FILE_PROPERTIES = 0x00069002, 0x00018010, 0x0006800F, 0x00069005
# Properties: MS-OXPROPS.
P_BODY, P_RTF, P_HTML, P_CODE_PAGE = 0x1000, 0x1009, 0x1013, 0x3FDE
P_DATA, P_NAME, P_LONG_NAME, P_MIME, P_CID = 0x3701, 0x3704, 0x3707, 0x370E, 0x3712

FIXED: Final = {2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16}
UNICODE, OBJECT = 0x1F, 0x0D
VARIABLE: Final = frozenset({0x1E, UNICODE, OBJECT, 0x102})


@dataclass(slots=True)
class File:
    """One attachment."""

    name: str = ""
    data: bytes = b""
    mime: str = ""
    content_id: str = ""


@dataclass(slots=True)
class Unpacked:
    """What a stream held; `text` and `html` are its body, `left_out` names what was not opened."""

    files: list[File] = field(default_factory=list)
    text: str = ""
    html: str = ""
    left_out: list[str] = field(default_factory=list)


def unpack(data: bytes) -> Unpacked:
    """Read a stream as far as it is sound; something else than TNEF is empty."""
    found = Unpacked()
    code_page = ""
    for attribute, value in _attributes(data):
        if attribute == OEM_CODE_PAGE and len(value) >= 4:
            code_page = f"cp{int.from_bytes(value[:4], 'little')}"
        elif attribute == NEW_FILE:
            found.files.append(File())
        elif attribute == BODY:
            found.text = _string(value, code_page)
        elif attribute == MESSAGE_PROPERTIES:
            _body(found, value, code_page)
        elif found.files:
            _file(found, found.files[-1], attribute, value, code_page)
    found.files = [file for file in found.files if file.data]
    return found


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (id with type, value): level, id, length, value, checksum; checksums are not believed."""
    if not data.startswith(SIGNATURE):
        return
    at = 6
    for _ in range(MOST_ATTRIBUTES):
        if at + 9 > len(data):
            return
        _, attribute, length = struct.unpack_from("<BII", data, at)
        at += 9
        if at + length > len(data):
            return
        yield attribute, data[at : at + length]
        at += length + 2


def _body(found: Unpacked, value: bytes, code_page: str) -> None:
    properties = dict(_properties(value))
    kind, pages = properties.get(P_CODE_PAGE, (0, b""))
    if kind == 3:
        code_page = f"cp{int.from_bytes(pages[:4], 'little')}"
    if P_BODY in properties:
        found.text = _property(properties[P_BODY], code_page)
    if P_HTML in properties:
        found.html = _property(properties[P_HTML], code_page)
    if P_RTF in properties and not found.text and not found.html:
        found.left_out.append("formatted text")


def _file(found: Unpacked, file: File, attribute: int, value: bytes, code_page: str) -> None:
    if attribute == TITLE:
        file.name = file.name or _string(value, code_page)
    elif attribute == DATA:
        file.data = value
    elif attribute == FILE_PROPERTIES:
        properties = dict(_properties(value))
        for name in (P_NAME, P_LONG_NAME):
            if name in properties:
                file.name = _property(properties[name], code_page)
        file.mime = _property(properties.get(P_MIME, (0, b"")), code_page)
        file.content_id = _property(properties.get(P_CID, (0, b"")), code_page)
        if not file.data and P_DATA in properties:
            kind, data = properties[P_DATA]
            if kind == OBJECT:
                found.left_out.append(file.name or "an Outlook item")
            else:
                file.data = data


def _properties(data: bytes) -> Iterator[tuple[int, tuple[int, bytes]]]:
    """Yield (id, (type, value)); of a value with several, the first."""
    at = 4
    for _ in range(min(MOST_PROPERTIES, int.from_bytes(data[:4], "little"))):
        if at + 4 > len(data):
            return
        kind, name = struct.unpack_from("<HH", data, at)
        at += 4
        if name >= 0x8000:
            at = _after_name(data, at)
        several, kind = kind & 0x1000, kind & 0x0FFF
        count = 1
        if several or kind in VARIABLE:
            count = int.from_bytes(data[at : at + 4], "little")
            at += 4
        value, at = _values(data, at, kind, min(count, MOST_PROPERTIES))
        if at > len(data):
            return
        yield name, (kind, value)


def _after_name(data: bytes, at: int) -> int:
    """Return where a named property's value begins: behind its GUID and its number or name."""
    by_name = int.from_bytes(data[at + 16 : at + 20], "little")
    number = int.from_bytes(data[at + 20 : at + 24], "little")
    return at + 24 + (_padded(number) if by_name else 0)


def _values(data: bytes, at: int, kind: int, count: int) -> tuple[bytes, int]:
    """Return the first of `count` values, and where the next property begins; past the end when unsound."""
    first = b""
    for index in range(count):
        if at >= len(data):
            return first, len(data) + 1
        if kind in VARIABLE:
            length = int.from_bytes(data[at : at + 4], "little")
            at, step = at + 4, _padded(length)
        else:
            length = step = FIXED.get(kind, len(data) + 1)
        if not index:
            first = data[at : at + length]
        at += step
    return first, at


def _padded(length: int) -> int:
    return (length + 3) & ~3


def _property(value: tuple[int, bytes], code_page: str) -> str:
    kind, data = value
    if kind == UNICODE:
        return data.decode("utf-16-le", "replace").split("\0")[0]
    return _string(data, code_page)


def _string(data: bytes, code_page: str) -> str:
    return charsets.decode(data.split(b"\0")[0], code_page)[0]
