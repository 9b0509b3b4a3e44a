"""The timers of T.30 and a set of running ones. Time is a number of seconds given by the caller.

Values are those of T.30 5.4.3.2 where it names one; the rest bound what T.30 leaves open, because every
state of a call must end. A set holds at most one running timer of a name; starting it again restarts it.
"""

from __future__ import annotations

from enum import Enum


class Timer(Enum):
    """Name -> seconds."""

    DIAL = ("dial", 90.0)  # T0 (60 s) plus the dialling itself, which a Class 1 modem does not report
    ANSWER = ("answer", 60.0)  # CED is long over by then
    T1 = ("T1", 35.0)  # both ends: identify the far machine
    T2 = ("T2", 6.0)  # waiting for a command
    T4 = ("T4", 3.2)  # waiting for a response: 3 s +-15 %, on the long side for lines by satellite
    T5 = ("T5", 65.0)  # how long RNR may go on: 60 s +-5, on the patient side
    BURST = ("burst", 10.0)  # a V.21 burst that does not end
    TCF = ("TCF", 4.0)  # DCS to the carrier of the training check
    DATA = ("data", 10.0)  # silence inside a fast carrier
    REST = ("rest of page", 60.0)  # the carrier went before the RTC: the sender still sends
    SEND = ("send", 30.0)  # beyond the time a transmission takes on the line
    STORE = ("store", 2.0)  # what a sender waits for a confirmation before we should say RNR
    HANG_UP = ("hang-up", 15.0)
    CALL = ("call", 600.0)  # set by the job

    @property
    def seconds(self) -> float:
        """Default value."""
        return self.value[1]


class TimerSet:
    """Running timers of one session."""

    def __init__(self) -> None:
        self._deadlines: dict[Timer, float] = {}

    def start(self, timer: Timer, now: float, seconds: float | None = None) -> None:
        """Start `timer`, or start it afresh."""
        self._deadlines[timer] = now + (timer.seconds if seconds is None else seconds)

    def stop(self, *timers: Timer) -> None:
        """Stop these, running or not."""
        for timer in timers:
            self._deadlines.pop(timer, None)

    def clear(self) -> None:
        """Stop all."""
        self._deadlines.clear()

    def running(self, timer: Timer) -> bool:
        """Tell whether `timer` was started and neither stopped nor taken as expired."""
        return timer in self._deadlines

    def expired(self, timer: Timer, now: float) -> bool:
        """Tell whether `timer` runs and its time is up."""
        return self._deadlines.get(timer, now + 1) <= now

    def next(self, without: frozenset[Timer] = frozenset()) -> float | None:
        """Return the earliest deadline, leaving out timers whose expiry is not judged now."""
        return min((at for timer, at in self._deadlines.items() if timer not in without), default=None)

    def take_expired(self, now: float, without: frozenset[Timer] = frozenset()) -> list[Timer]:
        """Remove and return the timers whose time is up, earliest first."""
        due = sorted((at, timer.value[0], timer) for timer, at in self._deadlines.items() if at <= now)
        taken = [timer for _, _, timer in due if timer not in without]
        self.stop(*taken)
        return taken
