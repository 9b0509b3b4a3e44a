"""What a page looks like on the line, and where pages come from and go to.

The engine knows coded T.4/T.6 streams and nothing of TIFF, pictures or fonts. A `PageSource` hands it
streams that were prepared before the call; a `PageSink` takes coded pages with the list of lines the
scanner in `modem.t4` found damaged. Both are protocols: `gateway.lines` and `modem.cli` implement them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Compression(StrEnum):
    """Line coding of a page: T.4 one-dimensional (MH), T.4 two-dimensional (MR), T.6 (MMR, ECM only)."""

    MH = "MH"
    MR = "MR"
    MMR = "MMR"


class Resolution(StrEnum):
    """Pels and lines an inch (T.4 2.1 and annexes): 204 x 98, 204 x 196, 204 x 391, 300 x 300, 408 x 391.

    The inch family (200 x 100, 200 x 200, 200 x 400, 400 x 400) shares the names: the pictures are
    interchangeable but for 2 % of size, which `Coding.inch` keeps.
    """

    STANDARD = "standard"
    FINE = "fine"
    SUPERFINE = "superfine"
    R300 = "300"
    ULTRAFINE = "ultrafine"


WIDTHS: dict[Resolution, tuple[int, int, int]] = {
    Resolution.STANDARD: (1728, 2048, 2432),
    Resolution.FINE: (1728, 2048, 2432),
    Resolution.SUPERFINE: (1728, 2048, 2432),
    Resolution.R300: (2592, 3072, 3648),
    Resolution.ULTRAFINE: (3456, 4096, 4864),
}
"""Pels a line of paper 215, 255 (B4) and 303 mm (A3) wide."""


class Length(StrEnum):
    """Maximum page length a DIS offers and a DCS states (T.30 bits 19, 20 and, for legal paper, 77)."""

    A4 = "A4"
    LEGAL = "legal"
    B4 = "B4"
    UNLIMITED = "unlimited"


@dataclass(frozen=True, slots=True)
class Coding:
    """One way to send a page. `width` in pels, one of `WIDTHS`; `inch` where a DCS says so (bit 44)."""

    compression: Compression
    width: int = 1728
    resolution: Resolution = Resolution.STANDARD
    length: Length = Length.A4
    inch: bool = False


@dataclass(frozen=True, slots=True)
class PageShape:
    """What a page can be sent as without drawing it anew.

    `widths` in pels; `rows` gives the number of scan lines at each resolution on offer.
    """

    widths: tuple[int, ...]
    rows: dict[Resolution, int]

    @property
    def resolutions(self) -> tuple[Resolution, ...]:
        """The resolutions on offer, in no order."""
        return tuple(self.rows)


class PageSource(Protocol):
    """Pages to send. `page` and `size` only look up: every coding was prepared before the call."""

    @property
    def count(self) -> int:
        """Number of pages."""
        ...

    def shape(self, n: int) -> PageShape:
        """Widths, resolutions and rows page `n` (from 1) may be sent with."""
        ...

    def size(self, n: int, coding: Coding) -> int:
        """Octets of page `n` in this coding; raises KeyError where it was not prepared."""
        ...

    def page(self, n: int, coding: Coding) -> bytes:
        """Return the T.4/T.6 stream of page `n`: LSB first as sent, white = 0, no RTC, no fill bits.

        MH and MR lines each begin with an EOL (and tag bit for MR).
        """
        ...


@dataclass(frozen=True, slots=True)
class ReceivedPage:
    """One page as it came off the line.

    `data` is the coded stream, LSB first, fill and RTC included where they were sent; `rows` the lines
    decoded; `bad_lines` the numbers (from 0) of lines that did not decode to `coding.width` pels.
    """

    n: int
    coding: Coding
    data: bytes
    rows: int
    bad_lines: tuple[int, ...]
    longest_bad_run: int
    rate: int
    ecm: bool
    seconds: float


class PageSink(Protocol):
    """Takes received pages. Must only keep the page in memory or hand it on: it may not block."""

    def store(self, page: ReceivedPage) -> None:
        """Take the page. The owner calls `FaxCall.stored(id)` once it is on stable storage."""
        ...
