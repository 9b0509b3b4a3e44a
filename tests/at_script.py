"""Reads and plays a scripted modem: who says what to a `Class1Driver`, and when.

One statement a line; `#` begins a comment.

    profile NAME key=value ...      the profile (generic if not given); values as TOML
    do ACTION; ACTION ...           give the driver a list (see `ACTIONS`)
    > TEXT                          exactly this leaves the driver now; escapes as in Python, {00*450} repeats
    < TEXT                          the modem says this
    + SECONDS                       time passes; deadlines on the way are met
    release N                       the notice of barrier N is stored
    = EVENT ARG ...                 the next event (class name, then its fields as text)
    quiet                           nothing leaves and no event waits
"""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

from modem.actions import (
    Action,
    Answer,
    Barrier,
    Dial,
    HangUp,
    ListenData,
    ListenFrames,
    SendFrames,
    SendPage,
    SendTraining,
    Silence,
    WaitSilence,
)
from modem.class1 import Class1Driver
from modem.events import (
    CallFailed,
    CarrierSeen,
    DataReceived,
    DriverFailed,
    Event,
    FrameReceived,
)
from modem.fcf import Fcf, Frame
from modem.profiles import named
from modem.rates import Rate

if TYPE_CHECKING:
    from pathlib import Path


def _frames(*names: str) -> SendFrames:
    last = len(names) - 1
    return SendFrames(tuple(Frame(Fcf[name], final=i == last) for i, name in enumerate(names)))


ACTIONS = {
    "dial": lambda number="": Dial(number),
    "answer": Answer,
    "wait": lambda ms: WaitSilence(int(ms)),
    "silence": lambda ms: Silence(int(ms)),
    "frames": _frames,
    "training": lambda rate: SendTraining(Rate[rate]),
    "page": lambda rate, data: SendPage(Rate[rate], _octets(data)),
    "long-page": lambda rate, data: SendPage(Rate[rate], _octets(data), long=True),
    "listen-frames": ListenFrames,
    "listen-data": lambda rate, kind: ListenData(Rate[rate], kind == "long"),
    "hang-up": HangUp,
    "barrier": lambda n: Barrier(int(n)),
}


def _octets(text: str) -> bytes:
    repeated = re.sub(r"\{(\w\w)\*(\d+)\}", lambda m: f"\\x{m[1]}" * int(m[2]), text)
    return repeated.encode("latin-1").decode("unicode_escape").encode("latin-1")


def _action(text: str) -> Action:
    name, *arguments = text.split()
    return ACTIONS[name](*arguments)


def _told(event: Event) -> str:
    """An event as a script writes it."""
    name = type(event).__name__
    match event:
        case FrameReceived(frame, fcs_ok, _):
            return f"{name} {frame} {'good' if fcs_ok else 'bad'}"
        case CarrierSeen(fast):
            return f"{name} {'fast' if fast else 'slow'}"
        case DataReceived(data):
            return f"{name} {data.hex()}"
        case CallFailed(reason, _) | DriverFailed(reason, _):
            return f"{name} {reason}"
    return name


class ScriptedModem:
    """Plays one script; raises AssertionError naming the line that does not hold."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._now = 50.0
        self._driver = Class1Driver(named("generic"))
        self._peeked: Event | None = None

    def play(self) -> None:
        for number, line in enumerate(self._path.read_text(encoding="utf-8").splitlines(), 1):
            statement = line.strip()
            if not statement or statement.startswith("#"):
                continue
            try:
                self._do(statement)
            except AssertionError as error:
                raise AssertionError(f"{self._path.name}:{number}: {statement}: {error}") from None
        self._quiet()

    def _do(self, statement: str) -> None:
        verb, _, rest = statement.partition(" ")
        match verb:
            case "profile":
                name, _, keys = rest.partition(" ")
                self._driver = Class1Driver(named(name, tomllib.loads("\n".join(keys.split()))))
            case "do":
                assert self._peeked is None, f"an event waits: {self._peeked}"
                self._driver.start([_action(text.strip()) for text in rest.split(";")], self._now)
            case ">":
                self._expect_sent(_octets(rest))
            case "<":
                self._driver.receive_data(_octets(rest))
            case "+":
                self._pass(float(rest))
            case "release":
                self._driver.release(int(rest), self._now)
            case "=":
                event, self._peeked = self._peek(), None
                assert event is not None, "no event waits"
                assert _told(event) == rest, f"the event is {_told(event)}"
            case "quiet":
                self._quiet()
            case _:
                raise AssertionError("no such statement")

    def _peek(self) -> Event | None:
        if self._peeked is None:
            self._peeked = self._driver.next_event(self._now)
        return self._peeked

    def _expect_sent(self, octets: bytes) -> None:
        self._peek()
        sent = b"".join(iter(self._driver.data_to_send, b""))
        assert sent == octets, f"the driver sent {sent!r}"

    def _quiet(self) -> None:
        event = self._peek()
        assert event is None, f"an event waits: {_told(event) if event else ''}"
        self._expect_sent(b"")

    def _pass(self, seconds: float) -> None:
        until = self._now + seconds
        while (due := self._driver.next_deadline()) is not None and due <= until:
            self._now = max(self._now, due)
            self._driver.timeout(self._now)
            if self._peek() is not None:
                break
        self._now = until
