"""What tests of the sessions share: documents, a tray, events by hand, and calls in simulated time."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from t4_fixtures import coded, picture

from modem.actions import SendFrames
from modem.coding import Coding, Compression, PageShape, ReceivedPage, Resolution
from modem.events import BurstEnded, CarrierSeen, FrameReceived
from modem.job import CallJob
from modem.receiver import T30Receiver
from modem.sender import T30Sender
from modem.simline import Conditions, Line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modem.actions import Action
    from modem.events import Event
    from modem.fcf import Frame
    from modem.result import CallResult
    from modem.session import Session

SCALE = {
    Resolution.STANDARD: 1,
    Resolution.FINE: 2,
    Resolution.SUPERFINE: 4,
    Resolution.R300: 3,
    Resolution.ULTRAFINE: 4,
}
PLAIN = (Compression.MH, Compression.MR)


@cache
def stream(compression: Compression, width: int, rows: int, seed: int) -> bytes:
    """Return a coded picture, made once."""
    return coded(picture(rows, width, seed), compression)


@dataclass(frozen=True)
class Sheet:
    """One page of a `Document`: `rows` at standard resolution."""

    rows: int = 60
    resolutions: tuple[Resolution, ...] = (Resolution.STANDARD, Resolution.FINE)
    widths: tuple[int, ...] = (1728,)
    compressions: tuple[Compression, ...] = PLAIN
    seed: int = 1


@dataclass(frozen=True)
class Document:
    """A `PageSource` with everything prepared that its sheets name."""

    sheets: tuple[Sheet, ...] = (Sheet(),)

    @property
    def count(self) -> int:
        return len(self.sheets)

    def shape(self, n: int) -> PageShape:
        sheet = self.sheets[n - 1]
        return PageShape(sheet.widths, {one: sheet.rows * SCALE[one] for one in sheet.resolutions})

    def size(self, n: int, coding: Coding) -> int:
        return len(self.page(n, coding))

    def page(self, n: int, coding: Coding) -> bytes:
        sheet = self.sheets[n - 1]
        known = (
            coding.compression in sheet.compressions
            and coding.width in sheet.widths
            and coding.resolution in sheet.resolutions
        )
        if not known:
            raise KeyError(coding)
        rows = sheet.rows * SCALE[coding.resolution]
        return stream(coding.compression, coding.width, rows, sheet.seed)


def pages(count: int, **fields: object) -> Document:
    """Return a document of `count` different pages."""
    return Document(tuple(Sheet(seed=n + 1, **fields) for n in range(count)))  # type: ignore[arg-type]


@dataclass
class Tray:
    """A `PageSink` that keeps what it was given."""

    pages: list[ReceivedPage] = field(default_factory=list)

    def store(self, page: ReceivedPage) -> None:
        self.pages.append(page)


@dataclass
class Call:
    """A finished call of our sender with our receiver."""

    line: Line
    sent: CallResult
    received: CallResult
    tray: Tray

    def said(self, side: str) -> list[str]:
        """Return what one side said, in order."""
        return [said.what for said in self.line.said if said.side == side]


COMMON = (Resolution.STANDARD, Resolution.FINE, Resolution.SUPERFINE)
CALLER = CallJob("call", "0312345678", "+81 3 4477 2288", compressions=PLAIN, ecm=False)
ANSWERER = CallJob(
    "answer", ident="+81 3 1234 5678", compressions=PLAIN, ecm=False, receive_resolutions=COMMON
)


def call(
    document: Document,
    caller: CallJob = CALLER,
    answerer: CallJob = ANSWERER,
    conditions: Conditions | None = None,
) -> Call:
    """Run a call to its end."""
    tray = Tray()
    sender, receiver = T30Sender(caller, document), T30Receiver(answerer, tray)
    line = Line(sender, receiver, conditions)
    line.run()
    assert sender.result, "the sender did not end"
    assert receiver.result, "the receiver did not end"
    return Call(line, sender.result, receiver.result, tray)


def burst(*frames: Frame) -> list[Event]:
    """Return the events of one good V.21 burst."""
    return [CarrierSeen(fast=False), *(FrameReceived(frame, fcs_ok=True) for frame in frames), BurstEnded()]


def feed(session: Session, events: Sequence[Event], now: float) -> list[Action]:
    """Give events at one moment; returns the last list that was not empty."""
    last: list[Action] = []
    for event in events:
        last = session.handle(event, now) or last
    return last


def names(actions: Sequence[Action]) -> list[str]:
    """Return actions as words, the frames of a burst joined by +."""
    return [
        "+".join(frame.fcf.label for frame in one.frames)
        if isinstance(one, SendFrames)
        else type(one).__name__
        for one in actions
    ]
