"""Writes TNEF streams, for no free program makes them: attributes with their checksums, properties, files."""

from __future__ import annotations

import struct

HEAD = struct.pack("<IH", 0x223E9F78, 1)
STRING, UNICODE, BINARY, LONG = 0x1E, 0x1F, 0x102, 3


def attribute(number: int, value: bytes, level: int = 2) -> bytes:
    """Return one attribute."""
    checksum = sum(value) & 0xFFFF
    return struct.pack("<BII", level, number, len(value)) + value + struct.pack("<H", checksum)


def properties(*entries: tuple[int, int, bytes]) -> bytes:
    """Return a property stream of (id, type, value)."""
    out = struct.pack("<I", len(entries))
    for number, kind, value in entries:
        out += struct.pack("<HH", kind, number)
        if kind == LONG:
            out += value.ljust(4, b"\0")
            continue
        out += struct.pack("<II", 1, len(value)) + value + b"\0" * (-len(value) % 4)
    return out


def file(short: bytes, data: bytes, *more: tuple[int, int, bytes]) -> bytes:
    """Return an attachment: its beginning, 8.3 name, octets and properties."""
    begun = attribute(0x00069002, b"\0" * 14) + attribute(0x00018010, short + b"\0")
    return begun + attribute(0x0006800F, data) + (attribute(0x00069005, properties(*more)) if more else b"")


def winmail(*attributes: bytes, code_page: int = 932) -> bytes:
    """Return a whole stream."""
    return HEAD + attribute(0x00069007, struct.pack("<II", code_page, 0), 1) + b"".join(attributes)
