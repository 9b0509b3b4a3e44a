"""What a call tells its owner while it runs.

Four notices carry the durability of the gateway: `Dialling`, `PageAwaiting`, `PageConfirmed` and
`PageStored` must be on stable storage before any later byte leaves. `FaxCall` holds its output until the
owner calls `stored(notice.id, now)`. The others are information; storing them is welcome, not awaited.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modem.result import CallResult, TraceEntry


@dataclass(frozen=True, slots=True)
class Notice:
    """Base: `id` counts up within the call; `at` is the engine's time."""

    id: int
    at: float


@dataclass(frozen=True, slots=True)
class Dialling(Notice):
    """The dial string is about to leave. Write-ahead. Also before ATA, with an empty number."""

    number: str


@dataclass(frozen=True, slots=True)
class Answered(Notice):
    """The call stands, at either end."""


@dataclass(frozen=True, slots=True)
class Identified(Notice):
    """CSI or TSI, SUB, NSF of the far machine; empty where not sent."""

    ident: str
    sub: str = ""
    nsf: bytes = b""


@dataclass(frozen=True, slots=True)
class Negotiated(Notice):
    """The DCS in force, as a sentence for people and its parts for programs."""

    rate: int
    compression: str
    resolution: str
    width: int
    ecm: bool
    text: str


@dataclass(frozen=True, slots=True)
class PageSending(Notice):
    """Page `n` starts on the fast carrier."""

    n: int


@dataclass(frozen=True, slots=True)
class PageAwaiting(Notice):
    """Page `n` is out; its post-page command is about to be sent. Write-ahead."""

    n: int


@dataclass(frozen=True, slots=True)
class PageConfirmed(Notice):
    """MCF, RTP or PIP came for page `n`. Write-ahead: stored before the next page begins."""

    n: int
    bytes: int
    seconds: float
    rate: int


@dataclass(frozen=True, slots=True)
class PageRejected(Notice):
    """RTN or PIN came for page `n`."""

    n: int


@dataclass(frozen=True, slots=True)
class PageStored(Notice):
    """Page `n` was handed to the sink and is about to be confirmed to the sender. Write-ahead."""

    n: int


@dataclass(frozen=True, slots=True)
class Traced(Notice):
    """A line of the session log that a live page may show."""

    entry: TraceEntry


@dataclass(frozen=True, slots=True)
class Finished(Notice):
    """The call is over; nothing follows."""

    result: CallResult


WRITE_AHEAD = (Dialling, PageAwaiting, PageConfirmed, PageStored)
