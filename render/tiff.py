"""TIFF Class F: a container of coded fax pages, written and read with `struct` alone.

Why not Pillow: it writes PageNumber wrongly, splits pages into strips and gives all pages the same tags.
Here a page is one strip whose bytes are what goes on the line: FillOrder 2 (least significant bit first),
white = 0, no RTC. Tags after RFC 2306 and RFC 3949 profiles S and F. The reader also takes big-endian
files, FillOrder 1, BlackIsZero and several strips; it decodes nothing and refuses other compressions.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from fractions import Fraction

from render.errors import UnreadableDocument

BYTE, ASCII, SHORT, LONG, RATIONAL = 1, 2, 3, 4, 5
_SIZES = {BYTE: 1, ASCII: 1, SHORT: 2, LONG: 4, RATIONAL: 8}
_MOST_PAGES = 10_000
REVERSED = bytes(int(f"{n:08b}"[::-1], 2) for n in range(256))
"""Translation table that turns most-significant-bit-first octets into least-first and back."""

Value = int | Fraction | str | tuple[int, ...]
_Field = tuple[int, int, Value]


@dataclass(frozen=True, slots=True)
class TiffPage:
    """One coded page.

    `data`: T.4/T.6 stream, LSB first, white = 0 (unless `inverted`), EOL before every MH and MR line, no RTC.
    `compression`: "MH", "MR" or "MMR". Densities are the rounded figures of the tags (`coding.DENSITIES`).
    `strips`: octets and rows of each strip where a foreign file has several, else empty.
    `bad_rows`, `worst_run`: repaired lines of a received page, -1 = not a received page.
    """

    data: bytes
    width: int
    rows: int
    compression: str
    x_dpi: int = 204
    y_dpi: int = 196
    inverted: bool = False
    strips: tuple[int, ...] = ()
    rows_per_strip: int = 0
    bad_rows: int = -1
    worst_run: int = 0
    extra: dict[int, str] = field(default_factory=dict)

    @property
    def resolution(self) -> str:
        """Name the resolution by the densities: standard, fine, superfine, 300 or ultrafine."""
        if self.x_dpi > 250:
            return "300" if self.x_dpi < 350 else "ultrafine"
        if self.y_dpi < 150:
            return "standard"
        return "fine" if self.y_dpi < 300 else "superfine"


def write_tiff(pages: list[TiffPage]) -> bytes:
    """Return a little-endian Class F file of `pages`: strip, then directory, page after page."""
    out = bytearray(struct.pack("<2sHI", b"II", 42, 0))
    link = 4
    for number, page in enumerate(pages):
        strips = _append_strips(out, page)
        directory = len(out)
        struct.pack_into("<I", out, link, directory)
        fields = sorted(_fields(page, number, len(pages), strips))
        link = directory + 2 + 12 * len(fields)
        out += _directory(fields, directory)
    return bytes(out)


def _append_strips(out: bytearray, page: TiffPage) -> tuple[tuple[int, ...], tuple[int, ...]]:
    counts = page.strips or (len(page.data),)
    offsets, at = [], len(out)
    for count in counts:
        offsets.append(at)
        at += count
    out += page.data
    out += b"\0" * (len(out) % 2)
    return tuple(offsets), counts


def _fields(
    page: TiffPage, number: int, total: int, strips: tuple[tuple[int, ...], tuple[int, ...]]
) -> list[_Field]:
    fields: list[_Field] = [
        (254, LONG, 2),
        (256, LONG, page.width),
        (257, LONG, page.rows),
        (258, SHORT, 1),
        (259, SHORT, 4 if page.compression == "MMR" else 3),
        (262, SHORT, int(page.inverted)),
        (266, SHORT, 2),
        (273, LONG, strips[0]),
        (277, SHORT, 1),
        (278, LONG, page.rows_per_strip or page.rows),
        (279, LONG, strips[1]),
        (282, RATIONAL, Fraction(page.x_dpi)),
        (283, RATIONAL, Fraction(page.y_dpi)),
        (293, LONG, 0) if page.compression == "MMR" else (292, LONG, int(page.compression == "MR")),
        (296, SHORT, 2),
        (297, SHORT, (number, total)),
        *((tag, ASCII, text) for tag, text in page.extra.items()),
    ]
    if page.bad_rows >= 0:
        fields += [
            (326, LONG, page.bad_rows),
            (327, SHORT, int(page.bad_rows > 0)),
            (328, LONG, page.worst_run),
        ]
    return fields


def _directory(fields: list[_Field], at: int) -> bytes:
    entries, tail = bytearray(), bytearray()
    after = at + 2 + 12 * len(fields) + 4
    for tag, kind, value in fields:
        packed = _pack(kind, value)
        entries += struct.pack("<HHI", tag, kind, len(packed) // _SIZES[kind])
        if len(packed) > 4:
            entries += struct.pack("<I", after + len(tail))
            tail += packed + b"\0" * (len(packed) % 2)
        else:
            entries += packed.ljust(4, b"\0")
    return struct.pack("<H", len(fields)) + entries + b"\0\0\0\0" + tail


def _pack(kind: int, value: Value) -> bytes:
    if isinstance(value, str):
        return value.encode("ascii", "replace") + b"\0"
    if isinstance(value, Fraction):
        return struct.pack("<II", value.numerator, value.denominator)
    numbers = value if isinstance(value, tuple) else (value,)
    return struct.pack(f"<{len(numbers)}{'H' if kind == SHORT else 'I'}", *numbers)


def read_tiff(data: bytes) -> list[TiffPage]:
    """Return the coded pages of a fax TIFF; raises UnreadableDocument for damage or another compression."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(data[:4])
    if order is None:
        raise UnreadableDocument("", "This is not a TIFF file.")
    try:
        return _read_pages(data, order)
    except (struct.error, KeyError, IndexError, ZeroDivisionError) as error:
        raise UnreadableDocument("", "The TIFF file is damaged.", detail=repr(error)) from error


def _read_pages(data: bytes, order: str) -> list[TiffPage]:
    pages: list[TiffPage] = []
    (at,) = struct.unpack_from(order + "I", data, 4)
    seen: set[int] = set()
    while at:
        if at in seen or len(seen) == _MOST_PAGES:
            raise UnreadableDocument("", "The TIFF file's directories run in a circle.")
        seen.add(at)
        tags, at = _read_directory(data, order, at)
        pages.append(_read_page(data, tags))
    return pages


_Tags = dict[int, tuple[Fraction, ...]]


def _read_directory(data: bytes, order: str, at: int) -> tuple[_Tags, int]:
    (count,) = struct.unpack_from(order + "H", data, at)
    tags: _Tags = {}
    for entry in range(at + 2, at + 2 + 12 * count, 12):
        tag, kind, length = struct.unpack_from(order + "HHI", data, entry)
        if kind in (SHORT, LONG, RATIONAL):
            tags[tag] = _read_numbers(data, order, entry, kind, length)
    (following,) = struct.unpack_from(order + "I", data, at + 2 + 12 * count)
    return tags, following


def _read_numbers(data: bytes, order: str, entry: int, kind: int, length: int) -> tuple[Fraction, ...]:
    place = entry + 8
    if length * _SIZES[kind] > 4:
        (place,) = struct.unpack_from(order + "I", data, place)
    if place + length * _SIZES[kind] > len(data):
        raise IndexError("value beyond the end")
    if kind == RATIONAL:
        pairs = struct.unpack_from(f"{order}{2 * length}I", data, place)
        return tuple(Fraction(pairs[n], pairs[n + 1] or 1) for n in range(0, 2 * length, 2))
    return tuple(
        map(Fraction, struct.unpack_from(f"{order}{length}{'H' if kind == SHORT else 'I'}", data, place))
    )


def _number(tags: _Tags, tag: int, default: int) -> int:
    return int(tags[tag][0]) if tags.get(tag) else default


def _read_page(data: bytes, tags: _Tags) -> TiffPage:
    coded = {3: "MR" if _number(tags, 292, 0) & 1 else "MH", 4: "MMR"}.get(_number(tags, 259, 1))
    if coded is None or _number(tags, 258, 1) != 1 or _number(tags, 277, 1) != 1:
        raise UnreadableDocument("", "The TIFF file does not hold fax pages.")
    counts = tuple(int(n) for n in tags[279])
    if len(counts) != len(tags[273]):
        raise IndexError("strips without a place, or places without a strip")
    strips = [data[int(at) : int(at) + n] for at, n in zip(tags[273], counts, strict=True)]
    if sum(map(len, strips)) != sum(counts):
        raise IndexError("strip beyond the end")
    stream = b"".join(strips)
    rows = int(tags[257][0])
    several = len(counts) > 1
    return TiffPage(
        data=stream if _number(tags, 266, 1) == 2 else stream.translate(REVERSED),
        width=int(tags[256][0]),
        rows=rows,
        compression=coded,
        x_dpi=_density(tags, 282, 204),
        y_dpi=_density(tags, 283, 196),
        inverted=_number(tags, 262, 0) == 1,
        strips=counts if several else (),
        rows_per_strip=_number(tags, 278, rows) if several else 0,
        bad_rows=_number(tags, 326, -1),
        worst_run=_number(tags, 328, 0),
    )


def _density(tags: _Tags, tag: int, default: int) -> int:
    value = tags.get(tag, (Fraction(default),))[0]
    return round(value * Fraction(254, 100)) if _number(tags, 296, 2) == 3 else round(value)
