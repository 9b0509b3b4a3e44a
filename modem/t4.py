"""The line-by-line reader of T.4 and T.6 streams: rows, bad lines, longest run, fill, RTC.

It finds what a receiver must know to confirm a page (T.30 copy quality) and what a sender must add before
a page goes out: fill bits up to the minimum scan-line time and the RTC. It makes no pictures, repairs
nothing and never raises on any input: a line it cannot read is a bad line. An MMR page (T.6) has no marks
between its lines, so its first bad line is the last one counted.

A stream is octets, least significant bit first, white = 0; MH and MR lines each begin with an EOL (MR with a
tag bit behind it). Inside, the stream is a string of '0' and '1' in order of transmission: finding EOLs and
looking up code words then runs at the speed of `str.find` and of dictionaries.

A two-dimensional line is read as its list of changing elements (T.4 4.2): positions where the colour turns,
the first from white to black. `b1` is the first element of the line above right of `a0` whose colour turn is
the one we look for, hence an element of the same parity as the number of turns made so far.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from modem.coding import Compression
from modem.t4codes import (
    BLACK,
    EOL,
    HORIZONTAL,
    INCOMPLETE,
    MODE_BITS,
    MODES,
    PASS,
    RUN_BITS,
    WHITE,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

EOL_ZEROS = "0" * 11
RTC_EOLS = 6
RTC_ENOUGH = 2  # empty lines in a row: noise may have eaten the rest of the six


class _BadLineError(Exception):
    """The line is not decodable; never leaves this module."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What a page is: `rows` counts every line, bad ones too; `bad_lines` are their numbers from 0.

    `ended` tells that an RTC closed the page: without it the carrier may have gone in the middle.
    `longest_line` is the length of the longest line in bits, its fill and EOL included.
    """

    rows: int
    bad_lines: tuple[int, ...]
    longest_bad_run: int
    ended: bool
    longest_line: int = 0

    @property
    def bad_share(self) -> float:
        """Share of bad lines, 0 to 1; 1 for a page without lines."""
        return len(self.bad_lines) / self.rows if self.rows else 1.0


def to_bits(data: bytes) -> str:
    """Return the bits of LSB-first octets in order of transmission."""
    if not data:
        return ""
    return format(int.from_bytes(data, "little"), f"0{8 * len(data)}b")[::-1]


def to_octets(bits: str) -> bytes:
    """Return the LSB-first octets of a bit string, the last one filled with zeros."""
    return int(bits[::-1] or "0", 2).to_bytes((len(bits) + 7) // 8, "little")


def has_lines(data: bytes) -> bool:
    """Tell quickly whether there is an EOL anywhere."""
    return EOL in to_bits(data)


def scan(data: bytes, compression: Compression, width: int) -> Scan:
    """Read a page of lines `width` pels wide.

    Empty lines are an RTC only where no readable line follows: a page is never cut short in its middle.
    """
    if compression is Compression.MMR:
        return _scan_t6(to_bits(data), width)
    lines = _Lines(to_bits(data), two_dimensional=compression is Compression.MR, width=width)
    empty = 0
    for start, end in lines.spans():
        if lines.bits.find("1", start + lines.two_dimensional) == end:
            empty += 1
            continue
        lines.longest_line = max(lines.longest_line, end + 1 - start)
        elements = lines.read(start, end, alone=empty > 0)
        if elements is None and empty >= RTC_ENOUGH:
            continue
        for _ in range(empty):
            lines.put(None)
        empty = 0
        lines.put(elements)
    return lines.result(ended=empty > 0)


def _scan_t6(bits: str, width: int) -> Scan:
    """Read lines without marks until the EOFB, the last bit set, or the first line that does not decode."""
    end = bits.rfind("1") + 1
    bits += "0" * MODE_BITS
    above, at, rows = [width], 0, 0
    while at < end and not bits.startswith(EOL, at):
        try:
            elements, at = _read_2d(bits, at, width, above)
        except (_BadLineError, KeyError, IndexError):
            elements = []
        rows += 1
        if not elements or elements[-1] != width:
            return Scan(rows, (rows - 1,), 1, ended=False)
        above = _settled(elements)
    return Scan(rows, (), 0, ended=at < end)


def finish(data: bytes, compression: Compression, *, rate: int = 0, scan_ms: int = 0) -> bytes:
    """Return the page as it goes on the line: fill bits for the slow printer, then the RTC.

    `rate` in bits a second and `scan_ms` of the receiver give the least length of a line (T.4 3.1.3); a page
    without fill keeps its octets and the RTC follows at the next octet boundary, the gap being fill too.
    """
    least = -(-rate * scan_ms // 1000)
    ending = (EOL + "1" if compression is Compression.MR else EOL) * RTC_EOLS
    if least <= len(EOL):
        return data + to_octets(ending)
    bits = to_bits(data)
    starts = [after - len(EOL) for _, after in _eols(bits)]
    stops = [*starts[1:], len(bits)]
    lines = [bits[a:b].ljust(least, "0") for a, b in zip(starts, stops, strict=True)]
    return to_octets("".join(lines) + ending)


def _eols(bits: str) -> Iterator[tuple[int, int]]:
    """Yield (where its zeros begin, position after its 1) of every EOL."""
    zeros = bits.find(EOL_ZEROS)
    while zeros >= 0:
        one = bits.find("1", zeros)
        if one < 0:
            return
        yield zeros, one + 1
        zeros = bits.find(EOL_ZEROS, one + 1)


class _Lines:
    """One page being read: its bits, the line above, and the tally."""

    def __init__(self, bits: str, *, two_dimensional: bool, width: int) -> None:
        self.bits = bits
        self.width = width
        self.two_dimensional = two_dimensional
        self.longest_line = 0
        self._above: list[int] | None = None
        self._rows = 0
        self._bad: list[int] = []
        self._run = 0
        self._longest = 0

    def spans(self) -> Iterator[tuple[int, int]]:
        """Yield (after the EOL, position of the 1 of the next EOL); an open last line if it reads well."""
        start = -1
        for _, after in _eols(self.bits):
            if start >= 0:
                yield start, after - 1
            start = after
        if start < 0:
            return
        self.bits += EOL
        if self._decode(start, len(self.bits) - 1) is not None:
            yield start, len(self.bits) - 1

    def read(self, start: int, end: int, *, alone: bool) -> list[int] | None:
        """Return the changing elements of the line between two EOLs, None for a bad one.

        `alone` says that nothing it could stand on is above it.
        """
        if alone:
            self._above = None
        return self._decode(start, end)

    def put(self, elements: list[int] | None) -> None:
        """Put one line on the tally, None for a bad one: nothing stands on a bad line."""
        self._above = elements
        if elements is None:
            self._bad.append(self._rows)
        self._run = self._run + 1 if elements is None else 0
        self._longest = max(self._longest, self._run)
        self._rows += 1

    def result(self, *, ended: bool) -> Scan:
        """Return the tally."""
        return Scan(self._rows, tuple(self._bad), self._longest, ended, self.longest_line)

    def _decode(self, start: int, end: int) -> list[int] | None:
        """Return the changing elements of a line whose next EOL has its 1 at `end`; None for a bad line."""
        one_dimensional = True
        if self.two_dimensional:
            one_dimensional = self.bits[start] == "1"
            start += 1
        try:
            if one_dimensional:
                elements, after = _read_1d(self.bits, start, self.width)
            elif self._above is None:
                return None
            else:
                elements, after = _read_2d(self.bits, start, self.width, self._above)
        except (_BadLineError, KeyError, IndexError):
            return None
        clean = after + len(EOL_ZEROS) <= end and self.bits.find("1", after) == end
        if not clean or elements[-1] != self.width:
            return None
        return _settled(elements) if self.two_dimensional else elements


def _settled(elements: list[int]) -> list[int]:
    """Drop pairs of equal elements: a run of no length turns the colour nowhere."""
    if len(set(elements)) == len(elements):
        return elements
    kept: list[int] = []
    for element in elements:
        if kept and kept[-1] == element:
            kept.pop()
        else:
            kept.append(element)
    return kept or elements[-1:]


def _read_1d(bits: str, at: int, width: int) -> tuple[list[int], int]:
    """Read runs until they fill the width; returns changing elements and the position after."""
    elements: list[int] = []
    pel = 0
    table, other = WHITE, BLACK
    while pel < width:
        used, run = table[bits[at : at + RUN_BITS]]
        at += used
        pel += run
        if run < 64:
            elements.append(pel)
            table, other = other, table
    if not elements or elements[-1] != pel:
        at += _terminating(table, bits, at)
        elements.append(pel)
    return elements, at


def _terminating(table: dict[str, tuple[int, int]], bits: str, at: int) -> int:
    """Return the length of the zero code that must follow a make-up code filling the line."""
    used, run = table[bits[at : at + RUN_BITS]]
    if run:
        raise _BadLineError
    return used


def _read_run(table: dict[str, tuple[int, int]], bits: str, at: int) -> tuple[int, int]:
    """Read make-up codes and their terminating code; returns run length and the position after."""
    total = 0
    while True:
        used, run = table[bits[at : at + RUN_BITS]]
        at += used
        total += run
        if run < 64:
            return total, at


def _read_2d(bits: str, at: int, width: int, above: list[int]) -> tuple[list[int], int]:
    """Read mode codes against the line above; returns changing elements and the position after."""
    ref = [*above, width, width, width]
    elements: list[int] = []
    a0 = 0
    b = 0
    while a0 < width:
        verticals, mode, used = MODES[bits[at : at + MODE_BITS]]
        if verticals:
            same = ref[b : b + verticals]
            if same[-1] >= width:
                turns = same.index(width) + 1
                return elements + same[:turns], at + turns
            elements += same
            a0 = same[-1]
            b += verticals
        at += used
        if mode == INCOMPLETE:
            continue
        if mode == PASS:
            a0 = ref[b + 1]
            b += 2
            continue
        if mode == HORIZONTAL:
            first, second = (BLACK, WHITE) if len(elements) & 1 else (WHITE, BLACK)
            run, at = _read_run(first, bits, at)
            elements.append(a0 + run)
            run2, at = _read_run(second, bits, at)
            a0 += run + run2
            elements.append(a0)
        else:
            a1 = ref[b] + mode
            if a1 < a0:
                raise _BadLineError
            a0 = a1
            elements.append(a0)
            b += 1
            if b >= 2 and ref[b - 2] > a0:
                b -= 2
        while ref[b] <= a0 < width:
            b += 2
    return elements, at
