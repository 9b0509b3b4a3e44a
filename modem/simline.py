"""A telephone line between two sessions in simulated time, at the level of actions and events.

Two ends perform the action lists of their sessions as a perfect driver would; the line between them has a
delay, may echo, and lets a test damage or lose any frame and change any fast data. No samples, no AT commands
(that is `modem.sim`): a three-minute call costs milliseconds. The line is half duplex as T.30 is: who sends
hears nothing, who listens to the wrong carrier or too late misses what is sent (`modem.simend`).
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Protocol

from modem.simend import End, RuleBrokenError

if TYPE_CHECKING:
    from collections.abc import Callable

    from modem.actions import Action
    from modem.events import Event
    from modem.fcf import Frame
    from modem.notices import Notice

__all__ = ["Conditions", "Line", "Party", "RuleBrokenError", "Said"]


class Party(Protocol):
    """What sits at an end: a session, or a script that stands in for one."""

    @property
    def done(self) -> bool:
        """Whether its call is over."""
        ...

    def start(self, now: float) -> list[Action]:
        """Begin."""
        ...

    def handle(self, event: Event, now: float) -> list[Action]:
        """Take an event."""
        ...

    def stored(self, notice_id: int, now: float) -> list[Action]:
        """Take note of a stored notice."""
        ...

    def next_deadline(self) -> float | None:
        """Return when `timeout` is due."""
        ...

    def timeout(self, now: float) -> list[Action]:
        """Take the passing of a deadline."""
        ...

    def take_notices(self) -> list[Notice]:
        """Return new notices."""
        ...


def _pass(_side: str, frame: Frame) -> Frame | None:
    return frame


def _same(_side: str, data: bytes) -> bytes:
    return data


def _at_once(_side: str, _notice: Notice) -> float:
    return 0.0


@dataclass(frozen=True, slots=True)
class Conditions:
    """What the line does. `frame(side, frame)` of the sending side returns the frame, or None to damage it.

    `data(side, octets)` returns what arrives of a TCF or page, b"" to lose the carrier whole. `delay` is one
    way in seconds, `echo` the time after which a side hears its own V.21 again (None: no echo), `storing` the
    seconds an owner takes to store a notice, `answer_after` those from dialling to ringing.
    """

    frame: Callable[[str, Frame], Frame | None] = _pass
    data: Callable[[str, bytes], bytes] = _same
    delay: float = 0.0
    echo: float | None = None
    storing: Callable[[str, Notice], float] = _at_once
    answer_after: float = 5.0


@dataclass(frozen=True, slots=True)
class Said:
    """One transmission in the log of the line: `what` is a frame's name, `TCF 14400` or `page 14400`."""

    at: float
    side: str
    what: str
    action: Action


class Line:
    """Joins `caller` and `answerer`; `run` goes on until both are done or `until` is reached."""

    def __init__(self, caller: Party, answerer: Party, conditions: Conditions | None = None) -> None:
        self.conditions = conditions or Conditions()
        self.now = 0.0
        self.said: list[Said] = []
        self.notices: dict[str, list[Notice]] = {"caller": [], "answerer": []}
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self.caller = End(self, "caller", caller)
        self.answerer = End(self, "answerer", answerer)
        self._ends = (self.caller, self.answerer)

    def run(self, until: float = 3600.0) -> None:
        """Let the call happen."""
        self.caller.perform(self.caller.party.start(self.now))
        while self.now <= until and not all(end.party.done for end in self._ends if end.started):
            if not self._step():
                return

    def at(self, when: float, what: Callable[[], None]) -> None:
        """Let something happen later."""
        heapq.heappush(self._events, (when, next(self._order), what))

    def log(self, side: str, what: str, action: Action) -> None:
        """Keep what was sent."""
        self.said.append(Said(self.now, side, what, action))

    def other(self, end: End) -> End:
        """Return the far end of `end`."""
        return self.answerer if end is self.caller else self.caller

    def _step(self) -> bool:
        """Do the next thing due: an event of the line before a deadline of the same moment."""
        due = [
            (at, end) for end in self._ends if end.started and (at := end.party.next_deadline()) is not None
        ]
        deadline, end = min(due, key=lambda pair: pair[0], default=(None, None))
        if self._events and (deadline is None or self._events[0][0] <= deadline):
            at, _, what = heapq.heappop(self._events)
            self.now = max(self.now, at)
            what()
        elif deadline is not None and end is not None:
            self.now = max(self.now, deadline)
            end.perform(end.party.timeout(self.now))
        else:
            return False
        return True
