"""The Class 1 driver: performs the session's action lists on a modem and reports what happens there.

Bytes in and out, time as an argument, no port and no clock. It holds the rules of `modem.actions`: one
step at a time, `Sent` once for a list, a running listen aborted by one CAN when its list is replaced,
nothing behind a `Barrier` before its release. Every step has a deadline. It decides nothing about T.30.
T.31 (TIA-578) clause 8; details that decide success: `spec/modem-design.md`, "Class 1 driver details".
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from modem.actions import (
    SENDING,
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
from modem.atparser import CallerLine, Report, Result, Ring, Text, Token
from modem.class1_call import (
    EndTransmit,
    GoOnHook,
    PlaceCall,
    TakeCall,
    prepare_to_answer,
    prepare_to_call,
)
from modem.class1_link import Abort, Link, Modem, Step
from modem.class1_listen import ListenBurst, ListenFast
from modem.class1_send import AwaitSilence, KeepSilent, Pause, SendBurst, SendFast
from modem.events import Event, Sent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modem.actions import Action
    from modem.caller import Incoming
    from modem.profiles import Profile
    from modem.result import TraceEntry

_STEPS: dict[type, Callable[[Any, Profile], Step]] = {
    Dial: lambda action, profile: PlaceCall(profile.dial, action.number),
    Answer: lambda _action, _profile: TakeCall(),
    SendFrames: lambda action, _profile: SendBurst(action.frames),
    SendTraining: lambda action, _profile: SendFast(action.rate, bytes(action.rate.tcf_octets), long=True),
    SendPage: lambda action, _profile: SendFast(action.rate, action.data, long=action.long),
    ListenFrames: lambda _action, _profile: ListenBurst(),
    ListenData: lambda action, _profile: ListenFast(action.rate, long=action.long),
    HangUp: lambda _action, _profile: GoOnHook(),
}


class Class1Driver:
    """One modem for the length of one call.

    Feed it with `receive_data`, then take events one by one with `next_event` and give the session's new
    list to `start` before taking the next: what follows is read in the light of that list.
    """

    def __init__(self, profile: Profile) -> None:
        self._link = Link(profile)
        self._profile = profile
        self._queue: deque[Action] = deque()
        self._step: Step | None = None
        self._owes_sent = False
        self._prepared = False
        self._released: set[int] = set()

    def start(self, actions: Sequence[Action], now: float) -> None:
        """Perform this list, in place of whatever list was running."""
        self._link.now = now
        self._link.events.clear()
        self._queue = deque(actions)
        self._owes_sent = any(isinstance(action, SENDING) for action in actions)
        if self._step is not None:
            self._link.muted = True
            if replacement := self._step.cut():
                self._run(replacement)
        self._advance()

    def receive_data(self, data: bytes) -> None:
        """Take octets of the modem; their meaning comes out of `next_event`."""
        self._link.parser.feed(data)

    def next_event(self, now: float) -> Event | None:
        """Return the next event, None when more octets or more time are needed."""
        self._link.now = now
        while not self._link.events:
            token = self._link.parser.next()
            if token is None:
                return None
            self._log(token)
            if self._link.incoming is not None:
                self._link.incoming = self._link.incoming.with_token(token)
            if self._step is None:
                self._link.heed_no_carrier(token)
            else:
                self._step.token(token)
                self._advance()
        return self._link.events.popleft()

    def data_to_send(self) -> bytes:
        """Return octets for the modem, b"" when there are none now; pages come in pieces."""
        return self._link.take()

    def release(self, notice_id: int, now: float) -> None:
        """Open the barrier of that notice, reached or not."""
        self._link.now = now
        self._released.add(notice_id)
        self._advance()

    def next_deadline(self) -> float | None:
        """Return when `timeout` wants to be called."""
        return self._link.deadline if self._step is not None else None

    def timeout(self, now: float) -> None:
        """Let the running step expire if it is due; events follow from `next_event`."""
        deadline = self.next_deadline()
        if self._step is None or deadline is None or now < deadline:
            return
        self._link.now = now
        self._link.deadline = None
        self._step.expired()
        self._advance()

    def take_trace(self) -> list[TraceEntry]:
        """Return the trace lines since the last call."""
        taken, self._link.trace = self._link.trace, []
        return taken

    @property
    def feeding(self) -> bool:
        """Whether a page or training check goes to the modem: only then its DC3 means "stop"."""
        return isinstance(self._step, SendFast)

    @property
    def incoming(self) -> Incoming | None:
        """The call that came in while we were about to dial, None where none did."""
        return self._link.incoming

    @property
    def hung_up(self) -> bool:
        """Whether the modem itself said that it is on hook."""
        return self._link.obeyed_hang_up

    def _advance(self) -> None:
        while self._step is None or self._step.done:
            if self._step is not None:
                self._ended()
            step = self._next_step()
            if step is None:
                return
            self._run(step)

    def _ended(self) -> None:
        self._step = None
        if self._link.failed and not self._link.muted:
            self._queue.clear()
            self._owes_sent = False
        self._link.failed = self._link.muted = False

    def _run(self, step: Step) -> None:
        self._step = step
        self._link.deadline = None
        step.run(self._link)

    def _next_step(self) -> Step | None:
        while self._queue and isinstance(self._queue[0], Barrier):
            if self._queue[0].notice_id not in self._released:
                return None
            self._queue.popleft()
        if self._owes_sent and not (self._queue and isinstance(self._queue[0], SENDING)):
            self._owes_sent = False
            self._link.emit(Sent())
        if not self._queue:
            return None
        return self._before(self._queue[0]) or self._step_for(self._queue.popleft())

    def _before(self, action: Action) -> Step | None:
        """Return what must happen first: preparing the modem, or leaving a phase nobody wants."""
        if isinstance(action, Dial | Answer) and not self._prepared:
            self._prepared = True
            make = prepare_to_call if isinstance(action, Dial) else prepare_to_answer
            return make(self._profile)
        if self._link.modem is Modem.HEARING and not isinstance(action, ListenFrames):
            return Abort()
        if self._link.modem is Modem.SENDING and not isinstance(action, SendFrames):
            return EndTransmit()
        return None

    def _step_for(self, action: Action) -> Step:
        if isinstance(action, WaitSilence | Silence):
            if self._profile.silence_by_delay:
                return Pause(action.ms)
            return AwaitSilence(action.ms) if isinstance(action, WaitSilence) else KeepSilent(action.ms)
        return _STEPS[type(action)](action, self._profile)

    def _log(self, token: Token) -> None:
        match token:
            case Result(code, detail):
                self._link.note("<", f"{code} {detail}".strip())
            case Report(name, value):
                self._link.note("<", f"{name}:{value}")
            case Ring():
                self._link.note("<", "RING")
            case CallerLine(key, value):
                self._link.note("<", f"{key}={value}")
            case Text(text):
                self._link.note("<", text)
