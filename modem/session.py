"""What both machines of a T.30 call share: the seam, the burst being heard, timers, ends.

A session takes events and a time and returns action lists; it owns no clock, port or thread. The rules of a
list are in `modem.actions`. `T30Sender` and `T30Receiver` each are a table `(state, signal) -> method`;
a signal is the closing frame of a burst (`Fcf`) or a `Cue`. What a table does not name is no error: a frame
nobody asked for is heard and passed over, and the listening goes on until its timer ends it.

Theory of operation
-------------------
* **One wait at a time.** `_transmit` and `_listen` name the timer that bounds what follows. It starts when
  the transmission has left (`Sent`), and its expiry is `Cue.SILENCE` to the table. While a V.21 burst is
  being heard the wait is not judged (T.30 5.4.3.1: let the burst end); a burst that never ends is bounded
  by `Timer.BURST`, a transmission by `Timer.SEND`, the whole call by `Timer.CALL`.
* **A burst is judged when it is over.** Its last good frame with the final bit is the signal. A burst without
  one is `Cue.DAMAGED`: nobody answers it. A burst closed by a frame that only we send is our own echo: it
  gives the wait its full time again, three times a transmission at most, and is never counted as a try.
* **Every end is `_end`**: DCN where the line stands, hang up, wait for `HungUp`, then a `CallResult`.
  Nothing is raised through a call.
* **Write-ahead** notices are made with `_barrier`, which returns the action that holds the bytes behind it.
  `stored` tells the session that the owner has one on stable storage; `FaxCall` calls it before it lifts
  the barrier, and a list it returns takes the place of the one being held. So does a list that `timeout`
  returns meanwhile (`Timer.STORE`: a receiver in ECM says RNR).
* **The line turns round** (polling) when a session names its `successor`, which goes on with the call: its
  clocks, log, numbers and finished pages are handed over (`_take_over`). The X bit stays with the station,
  whatever its role: a station that received a DIS sets it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, TypeVar

from modem import airtime
from modem.actions import Action, Barrier, HangUp, ListenData, ListenFrames, SendFrames, WaitSilence
from modem.events import (
    BurstEnded,
    CallFailed,
    CarrierLost,
    CarrierSeen,
    CarrierWrong,
    Connected,
    DataEnded,
    DataReceived,
    DriverFailed,
    Event,
    FrameReceived,
    HungUp,
    Sent,
)
from modem.fcf import PLAIN_POST_PAGE, Fcf, Frame, is_final
from modem.notices import Dialling, Finished, Negotiated, Notice
from modem.rates import Rate
from modem.result import CallResult, PageResult, PageState, Reason, TraceEntry
from modem.states import Cue, Signal, State
from modem.timers import Timer, TimerSet
from modem.wording import describe

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from modem.capabilities import Dcs
    from modem.job import CallJob

N = TypeVar("N", bound=Notice)

TURN_ROUND = WaitSilence(60)  # T.30: 75 ms +-20 after the far end; the modem adds some of its own
MOST_ECHOES = 3
MOST_LOST = 20  # NO CARRIER this often without a frame between: the line is dead
LONGEST_PREAMBLE = 1.5  # seconds from a carrier that proves to be V.21 to the V.21 listener's word of it
LONGEST_BURST = 20.0  # seconds; a long NSF and five address frames take less than half of it

_HANDED_OVER = (  # what a successor goes on with
    "now", "remote_id", "rtn", "ppr", "ftt", "ecm", "_their_dis_fif", "_x", "_timers", "_notices",
    "_next_notice", "_trace", "_started", "_connected", "_dialling",
)  # fmt: skip


class Session(ABC):
    """One call seen from one end. See the module text for how it works."""

    table: ClassVar[Mapping[tuple[State, Signal], str]]
    own_frames: ClassVar[frozenset[Fcf]]
    direction: ClassVar[str]

    def __init__(self, job: CallJob, rates: Iterable[Rate] = tuple(Rate)) -> None:
        self.job = job
        self.rates = frozenset(
            rate for rate in rates if rate.bits <= job.max_rate and rate.modulation in job.modulations
        )
        self.state = State.IDLE
        self.now = self._started = 0.0
        self.result: CallResult | None = None
        self.remote_id = ""
        self.rate: Rate | None = None
        self.rtn = self.ppr = self.ftt = 0
        self.ecm = False
        self.pages: dict[int, PageResult] = {}
        self.successor: Session | None = None  # goes on with the call in place of this session
        self._earlier: tuple[PageResult, ...] = ()  # pages of the session before us
        self._their_dis_fif = b""  # the last DIS or DTC heard
        self._x = False  # a DIS was received
        self._timers = TimerSet()
        self._wait: Timer | None = None
        self._notices: list[Notice] = []
        self._trace: list[TraceEntry] = []
        self._next_notice = 1
        self._unstored: set[int] = set()  # notices that hold bytes back
        self._signal: Signal | None = None  # what is being acted on
        self._burst: list[Frame] = []
        self._stranger = False  # the last frame was final, whole, and none of T.30
        self._burst_at: float | None = None  # when the burst that is heard, or was heard last, began
        self._echoes = self._lost = self._dialling = 0
        self._connected: float | None = None
        self._outcome = CallResult(success=False, reason=Reason.PROTOCOL)

    # -- the seam ---------------------------------------------------------------------------------------

    @abstractmethod
    def start(self, now: float) -> list[Action]:
        """Begin the call; returns the first list."""

    @property
    def done(self) -> bool:
        """Tell whether the call is over and `result` stands."""
        return self.state is State.DONE

    def handle(self, event: Event, now: float) -> list[Action]:
        """Take what happened on the line; an empty list means: go on as you are."""
        self.now = now
        if self.state is State.DONE:
            return []
        if self.state is State.ENDING:
            if isinstance(event, HungUp | DriverFailed | CallFailed):
                self._finish()
            return []
        return self._heed(event)

    def stored(self, notice_id: int, now: float) -> list[Action]:
        """Take note that a notice is on stable storage; a list returned replaces the one held back."""
        self.now = now
        self._unstored.discard(notice_id)
        if notice_id == self._dialling and self._connected is None and self._wait:
            self._timers.start(self._wait, now)
        return []

    def next_deadline(self) -> float | None:
        """Return when `timeout` is due; None once the call is over."""
        return None if self.done else self._timers.next(self._unjudged())

    def timeout(self, now: float) -> list[Action]:
        """Take the passing of a deadline."""
        self.now = now
        expired = self._timers.take_expired(now, self._unjudged())
        if Timer.CALL in expired:
            return self._end(
                Reason.CALL_DROPPED, f"call longer than {self.job.max_seconds:.0f} s", at_once=True
            )
        if Timer.HANG_UP in expired:
            self._finish()
            return []
        if Timer.SEND in expired:
            text = "no word that it is stored" if self._unstored else "the modem did not finish sending"
            return self._end(Reason.MODEM_ERROR, text, dcn=False)
        if Timer.BURST in expired:
            return self._burst_ended()
        if Timer.STORE in expired:
            return self._fire(Cue.STORE_SLOW)
        return self._fire(Cue.SILENCE) if expired else []

    def cancel(self, now: float) -> list[Action]:
        """End the call now, whatever it is doing."""
        self.now = now
        if self.state in (State.ENDING, State.DONE):
            return []
        if self.state is State.IDLE:
            self._outcome = CallResult(success=False, reason=Reason.CANCELLED)
            self._finish()
            return []
        return self._end(Reason.CANCELLED, at_once=True)

    def take_notices(self) -> list[Notice]:
        """Return and forget the notices since the last call."""
        taken, self._notices = self._notices, []
        return taken

    def take_trace(self) -> list[TraceEntry]:
        """Return and forget the log lines since the last call."""
        taken, self._trace = self._trace, []
        return taken

    # -- events -----------------------------------------------------------------------------------------

    def _heed(self, event: Event) -> list[Action]:
        match event:
            case CallFailed(reason, detail):
                self._outcome = CallResult(success=False, reason=reason, t30=detail)
                self._finish()
                return []
            case DriverFailed(reason, detail):
                return self._end(reason, detail, dcn=False)
            case HungUp():
                return self._line_gone()
            case Sent() | Connected():
                return self._progress(connected=isinstance(event, Connected))
            case _:
                return self._hear(event)

    def _hear(self, event: Event) -> list[Action]:
        match event:
            case CarrierSeen(fast):
                self._carrier(fast=fast)
            case FrameReceived(frame, fcs_ok, raw):
                self._stranger = fcs_ok and frame is None and is_final(raw)
                self._frame(frame if fcs_ok else None, raw)
            case DataReceived(data):
                self._data(data)
            case BurstEnded():
                return self._burst_ended()
            case _:
                return self._no_more(event)
        return []

    def _no_more(self, event: Event) -> list[Action]:
        """Take the end of a listen that brought no burst."""
        match event:
            case DataEnded():
                return self._fire(Cue.DATA_ENDED)
            case CarrierWrong():
                return self._fire(Cue.WRONG_CARRIER)
            case CarrierLost():
                return self._carrier_lost()
            case _:
                return []

    def _progress(self, *, connected: bool) -> list[Action]:
        if connected:
            self._connected = self.now
            self._stop_wait()
            return self._fire(Cue.CONNECTED)
        if not self._timers.running(Timer.SEND):
            return []
        self._timers.stop(Timer.SEND)
        if self._wait:
            self._timers.start(self._wait, self.now)
        return self._fire(Cue.SENT)

    def _data(self, data: bytes) -> None:  # noqa: B027  (a sender hears no data)
        """Take octets of a fast carrier."""

    def _carrier(self, *, fast: bool) -> None:
        if fast:
            return
        heard = self._timers.running(Timer.BURST)
        if not heard and self._burst_at is not None and self.now - self._burst_at > LONGEST_PREAMBLE:
            self._stray_carrier()
            self._burst_at = None
        self._hearing()

    def _stray_carrier(self) -> None:  # noqa: B027  (most states need not care)
        """Take note that the carrier at `_burst_at` was no part of the burst that begins only now."""

    def _hearing(self) -> None:
        """Bound the burst being heard: what comes next in it, and the whole of it."""
        if self._burst_at is None:
            self._burst_at = self.now
        left = max(0.0, self._burst_at + LONGEST_BURST - self.now)
        self._timers.start(Timer.BURST, self.now, min(Timer.BURST.seconds, left))

    def _carrier_lost(self) -> list[Action]:
        self._lost += 1
        if self._lost > MOST_LOST:
            return self._line_gone()
        return self._fire(Cue.NO_CARRIER)

    def _line_gone(self) -> list[Action]:
        """End because the far end or the line is no longer there."""
        return self._end(Reason.CALL_DROPPED, f"line lost while {self.state.value}", dcn=False)

    def _frame(self, frame: Frame | None, raw: bytes) -> None:
        self._hearing()
        self._lost = 0
        octets = raw or (frame.encode() if frame else b"")
        self._note("<", "frame", describe(frame) if frame else "damaged or unknown frame", octets)
        if frame:
            self._burst.append(frame)

    def _burst_ended(self) -> list[Action]:
        frames, self._burst = self._burst, []
        self._timers.stop(Timer.BURST)
        closing = next((frame for frame in reversed(frames) if frame.final), None)
        if closing is None:
            unknown, self._stranger = self._stranger, False
            asked_for = unknown and (self.state, Cue.UNKNOWN) in self.table
            return self._fire(Cue.UNKNOWN if asked_for else Cue.DAMAGED)
        if self._is_echo(closing):
            return self._echo()
        self._heed_identity(frames)
        self._take_burst(frames)
        return self._fire(PLAIN_POST_PAGE.get(closing.fcf, closing.fcf))

    def _heed_identity(self, frames: list[Frame]) -> None:
        """Keep what the far machine says of itself; after a DIS our frames have the X bit."""
        for frame in frames:
            if frame.fcf in (Fcf.DIS, Fcf.DTC):
                self._their_dis_fif = frame.fif
                self._x = self._x or frame.fcf is Fcf.DIS

    def _take_burst(self, frames: list[Frame]) -> None:  # noqa: B027  (a machine need not look)
        """Keep what the frames before the closing one say."""

    def _is_echo(self, closing: Frame) -> bool:
        return closing.fcf in self.own_frames

    def _echo(self) -> list[Action]:
        self._echoes += 1
        if self._wait and self._echoes <= MOST_ECHOES:
            self._timers.start(self._wait, self.now)
        return self._listen_again()

    def _fire(self, signal: Signal) -> list[Action]:
        """Do what the table says; a signal it does not name leaves the wait running."""
        self._signal = signal
        name = self.table.get((self.state, signal))
        if name is not None:
            actions: list[Action] = getattr(self, name)()
            return actions
        if signal is Fcf.DCN:
            return self._remote_left()
        if isinstance(signal, Fcf) or signal in (Cue.DAMAGED, Cue.NO_CARRIER):
            return self._listen_again()
        return []

    @abstractmethod
    def _remote_left(self) -> list[Action]:
        """Take a DCN that no table entry expects."""

    # -- what the machines build with -----------------------------------------------------------------

    def _unjudged(self) -> frozenset[Timer]:
        """Return the wait, which nobody judges while a burst is being heard."""
        if self._wait and self._timers.running(Timer.BURST):
            return frozenset({self._wait})
        return frozenset()

    def _transmit(self, *actions: Action, wait: Timer | None = None) -> list[Action]:
        """Send; `wait` starts when everything has left."""
        self._stop_wait()
        self._wait = wait
        self._echoes = 0
        self._timers.start(Timer.SEND, self.now, Timer.SEND.seconds + 1.1 * airtime.total(actions))
        self._log_sent(actions)
        return list(actions)

    def _listen(
        self,
        action: ListenFrames | ListenData,
        wait: Timer,
        *before: Action,
        seconds: float | None = None,
    ) -> list[Action]:
        """Listen without sending anything first; `wait` starts now, with its own length or `seconds`."""
        self._stop_wait()
        self._wait = wait
        self._timers.start(wait, self.now, seconds)
        return [*before, action]

    def _listen_again(self) -> list[Action]:
        """Go on hearing bursts within the wait that runs; its end, if passed meanwhile, is judged now."""
        self._burst_at = None
        if self._wait is None:
            return []
        if not self._timers.running(self._wait) or self._timers.expired(self._wait, self.now):
            self._timers.stop(self._wait)
            return self._fire(Cue.SILENCE)
        return [ListenFrames()]

    def _stop_wait(self) -> None:
        if self._wait:
            self._timers.stop(self._wait)
        self._timers.stop(Timer.BURST)
        self._burst = []
        self._burst_at = None

    def _frames(self, *contents: tuple[Fcf, bytes]) -> SendFrames:
        """Make one burst with our X bit; only its last frame is final."""
        last = len(contents) - 1
        return SendFrames(tuple(Frame(fcf, self._x, i == last, fif) for i, (fcf, fif) in enumerate(contents)))

    def _take_over(self, other: Session) -> None:
        """Go on with the call of `other`: its clocks, log, notices and pages are ours now."""
        other._stop_wait()
        for name in _HANDED_OVER:
            setattr(self, name, getattr(other, name))
        self._earlier = other._page_results()
        self._timers.stop(*(timer for timer in Timer if timer is not Timer.CALL))
        other._notices, other._trace = [], []
        other.successor = self

    def _tell(self, kind: type[N], **fields: object) -> N:
        """Make a notice and queue it for the owner."""
        notice = kind(self._next_notice, self.now, **fields)
        self._next_notice += 1
        self._notices.append(notice)
        return notice

    def _barrier(self, kind: type[N], **fields: object) -> Barrier:
        """Make a write-ahead notice; returns what holds the bytes behind it."""
        notice_id = self._tell(kind, **fields).id
        self._unstored.add(notice_id)
        return Barrier(notice_id)

    def _begin(self, state: State, wait: Timer, number: str) -> Barrier:
        """Start the clocks of a call and the notice that stands before its first byte."""
        self._started = self.now
        self._timers.start(Timer.CALL, self.now, self.job.max_seconds)
        self.state = state
        self._wait = wait
        self._timers.start(wait, self.now)
        self._dialling = self._tell(Dialling, number=number).id
        return Barrier(self._dialling)

    def _speed(self) -> Rate:
        assert self.rate is not None  # noqa: S101  (set with the first DCS)
        return self.rate

    def _tell_negotiated(self, dcs: Dcs) -> None:
        """Tell the parameters in force."""
        self.ecm = dcs.ecm
        coding = dcs.coding
        self._tell(
            Negotiated,
            rate=self._speed().bits,
            compression=coding.compression.value,
            resolution=coding.resolution.value,
            width=coding.width,
            ecm=dcs.ecm,
            text=str(dcs),
        )

    def _page(self, n: int, **changes: object) -> None:
        """Change what is known of page `n`."""
        page = self.pages.get(n, PageResult(n, self.direction, PageState.SENDING))
        self.pages[n] = replace(page, **changes)  # type: ignore[arg-type]

    def _note(self, direction: str, kind: str, text: str, raw: bytes = b"") -> None:
        self._trace.append(TraceEntry(self.now - self._started, direction, kind, text, raw.hex()))

    def _log_sent(self, actions: Iterable[Action]) -> None:
        for action in actions:
            if isinstance(action, SendFrames):
                for frame in action.frames:
                    self._note(">", "frame", describe(frame), frame.encode())

    # -- ends -------------------------------------------------------------------------------------------

    def _end(
        self, reason: Reason, t30: str = "", *before: Action, dcn: bool = True, at_once: bool = False
    ) -> list[Action]:
        """Leave the call: DCN where the line stands, then on hook. `before` goes out ahead of the DCN."""
        success = reason in (Reason.SENT, Reason.RECEIVED)
        self._outcome = CallResult(success=success, reason=reason, t30=t30)
        self._timers.clear()
        self.state = State.ENDING
        actions: list[Action] = list(before)
        if dcn and self._connected is not None:
            actions += [] if at_once else [TURN_ROUND]
            actions.append(self._frames((Fcf.DCN, b"")))
        actions.append(HangUp())
        self._log_sent(actions)
        self._timers.start(Timer.HANG_UP, self.now, Timer.HANG_UP.seconds + airtime.total(actions))
        return actions

    def _page_results(self) -> tuple[PageResult, ...]:
        """Return the pages of the call so far: those before the line turned round, then ours."""
        return self._earlier + tuple(self.pages[n] for n in sorted(self.pages))

    def _finish(self) -> None:
        """Make the result and the last notice."""
        self._timers.clear()
        self.state = State.DONE
        self._wait = None
        self._settle()
        self.result = replace(
            self._outcome,
            remote_id=self.remote_id,
            rate=self.rate.bits if self.rate else 0,
            line_seconds=0.0 if self._connected is None else self.now - self._connected,
            ecm=self.ecm,
            pages=self._page_results(),
            rtn=self.rtn,
            ppr=self.ppr,
            ftt=self.ftt,
            dis=self._their_dis_fif.hex(),
        )
        self._note(" ", "note", f"call ended: {self.result.reason} {self.result.t30}".rstrip())
        self._tell(Finished, result=self.result)

    def _settle(self) -> None:  # noqa: B027  (a machine need not have open pages)
        """Put pages that the call left open in order, before the result is made."""
