"""One end of the simulated line: performs action lists and hears carriers as a perfect driver would.

Part of `modem.simline`, where the whole is described. Who listens too late or to the wrong carrier misses
what is sent, as on a real line; a list that breaks the rules of `modem.actions` raises `RuleBrokenError`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from modem import airtime
from modem.actions import (
    SENDING,
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
from modem.events import (
    BurstEnded,
    CarrierSeen,
    CarrierWrong,
    Connected,
    DataEnded,
    DataReceived,
    Event,
    FrameReceived,
    HungUp,
    Sent,
)
from modem.fcf import Frame
from modem.notices import WRITE_AHEAD, Notice
from modem.rates import Modulation, Rate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modem.simline import Line, Party

LAST = (ListenFrames, ListenData, HangUp)
CED = 3.0
LATE_FOR_TRAINING = 0.1  # seconds a fast receiver may open after the carrier began
SILENCE_LIMIT = 5.0
CHUNK = 1.0  # seconds of fast data a driver hands over at once


class RuleBrokenError(Exception):
    """A session gave an action list that the rules of `modem.actions` forbid."""


@dataclass(slots=True)
class Carrier:
    """One transmission on its way: `parts` are (begins, ends, frame), seconds from the start."""

    action: SendFrames | SendTraining | SendPage
    begins: float
    ends: float
    cut: bool = False
    parts: list[tuple[float, float, Frame]] = field(default_factory=list)

    @property
    def last_frame(self) -> float:
        """Seconds until its last frame begins: there is nothing to hear of a burst after that."""
        return self.parts[-1][0] if self.parts else self.ends - self.begins

    @property
    def fast(self) -> tuple[Rate, bool] | None:
        """Rate and length of training; None on V.21."""
        match self.action:
            case SendTraining(rate):
                return rate, True
            case SendPage(rate, _, long):
                return rate, long
            case _:
                return None


def _octets(action: Action) -> bytes:
    match action:
        case SendPage(_, data):
            return data
        case SendTraining(rate):
            return bytes(rate.tcf_octets)
        case _:
            return b""


class End:
    """One end of the line: performs lists, tells events."""

    def __init__(self, line: Line, side: str, party: Party) -> None:
        self.line = line
        self.side = side
        self.party = party
        self.started = side == "caller"
        self.sending: Carrier | None = None
        self._queue: list[Action] = []
        self._run = 0  # counts lists: what was scheduled for an older one is void
        self._busy = False
        self._owes_sent = False
        self._listen: ListenFrames | ListenData | None = None
        self._joined: Carrier | None = None
        self._joined_at = 0.0
        self._trained = False
        self._stored: set[int] = set()
        self._held: int | None = None
        self._on_hook = False

    # -- performing ------------------------------------------------------------------------------------

    def perform(self, actions: Sequence[Action], *, held: bool = False) -> None:
        """Take a new list, or none. Where the line turned round the successor goes on."""
        self.party = getattr(self.party, "successor", None) or self.party
        self._collect_notices()
        if not actions or self._on_hook:
            return
        self._check(actions, held=held or self._held is not None)
        if self.sending:
            self.sending.cut = True
            self.line.other(self).carrier_ends(self.sending)
            self.sending = None
        self._run += 1
        self._queue = list(actions)
        self._busy, self._held = True, None
        self._listen = self._joined = None
        self._owes_sent = any(isinstance(action, SENDING) for action in actions)
        self._next()

    def _check(self, actions: Sequence[Action], *, held: bool) -> None:
        plain = [action for action in actions if not isinstance(action, Barrier)]
        single = plain and isinstance(plain[0], Dial | Answer)
        body = plain[1:] if single else plain[:-1] if plain and isinstance(plain[-1], LAST) else plain
        if (single and body) or not all(isinstance(action, SENDING) for action in body):
            raise RuleBrokenError(f"{self.side}: no list of actions: {plain}")
        ending = bool(plain) and isinstance(plain[-1], HangUp)
        if self._busy and not (ending or held):
            raise RuleBrokenError(f"{self.side}: {plain} while {self._queue} is not done")

    def _collect_notices(self) -> None:
        for notice in self.party.take_notices():
            self.line.notices[self.side].append(notice)
            if isinstance(notice, WRITE_AHEAD):
                self._store(notice)

    def _store(self, notice: Notice) -> None:
        self.line.at(
            self.line.now + self.line.conditions.storing(self.side, notice), lambda: self._released(notice.id)
        )

    def _released(self, notice_id: int) -> None:
        self._stored.add(notice_id)
        self.perform(self.party.stored(notice_id, self.line.now), held=True)
        if self._held == notice_id:
            self._held = None
            self._next()

    def _after(self, seconds: float, what: Callable[[], None]) -> None:
        run = self._run
        self.line.at(self.line.now + seconds, lambda: what() if run == self._run else None)

    def _next(self) -> None:
        """Perform the next action of the list."""
        action = self._queue[0] if self._queue else None
        if isinstance(action, Barrier) and action.notice_id not in self._stored:
            self._held = action.notice_id
            return
        if isinstance(action, Barrier):
            self._queue.pop(0)
            self._next()
            return
        if self._owes_sent and not isinstance(action, SENDING):
            self._owes_sent = False
            self._busy = False
            run = self._run
            self._tell(Sent())
            if run != self._run:
                return
        if action is None:
            self._busy = False
        else:
            self._queue.pop(0)
            self._do(action)

    def _do(self, action: Action) -> None:
        match action:
            case Dial():
                self._dial()
            case Answer():
                self._after(CED, self._answered)
            case Silence(ms):
                self._after(ms / 1000, self._next)
            case WaitSilence(ms):
                self._await_silence(ms / 1000, self.line.now + SILENCE_LIMIT)
            case SendFrames() | SendTraining() | SendPage():
                self._send(action)
            case ListenFrames() | ListenData():
                self._open_ear(action)
            case HangUp():
                self._on_hook = True
                self._after(0.1, lambda: self._tell(HungUp()))

    def _dial(self) -> None:
        far = self.line.other(self)

        def ring() -> None:
            far.started = True
            far.perform(far.party.start(self.line.now))

        self._after(self.line.conditions.answer_after, ring)

    def _answered(self) -> None:
        for end in (self, self.line.other(self)):
            end._busy = False  # noqa: SLF001  (same class)
            end._tell(Connected())  # noqa: SLF001  (same class)

    def _await_silence(self, seconds: float, limit: float) -> None:
        if self.line.other(self).sending and self.line.now < limit:
            self._after(0.02, lambda: self._await_silence(seconds, limit))
        else:
            self._after(seconds, self._next)

    # -- sending ---------------------------------------------------------------------------------------

    def _send(self, action: SendFrames | SendTraining | SendPage) -> None:
        now = self.line.now
        carrier = Carrier(action, now, now + airtime.seconds(action))
        self.sending = carrier
        if isinstance(action, SendFrames):
            begins = airtime.PREAMBLE
            for frame in action.frames:
                ends = begins + airtime.frame(frame)
                carrier.parts.append((begins, ends, frame))
                begins = ends
        self._log(action)
        self._put_on(carrier, self.line.other(self), self.line.conditions.delay)
        if self.line.conditions.echo is not None and carrier.fast is None:
            self._put_on(carrier, self, self.line.conditions.echo)
        self._after(carrier.ends - now, self._sent)

    def _sent(self) -> None:
        self.sending = None
        self._next()

    def _log(self, action: SendFrames | SendTraining | SendPage) -> None:
        match action:
            case SendFrames(frames):
                whats = [frame.fcf.label for frame in frames]
            case SendTraining(rate):
                whats = [f"TCF {rate.bits}"]
            case SendPage(rate):
                whats = [f"page {rate.bits}"]
        for what in whats:
            self.line.log(self.side, what, action)

    def _put_on(self, carrier: Carrier, ear: End, delay: float) -> None:
        at = self.line.at
        at(carrier.begins + delay, lambda: ear.carrier_begins(carrier))
        for i, (_, ends, _) in enumerate(carrier.parts):
            at(carrier.begins + delay + ends, lambda i=i: ear.part(carrier, i, self.side, delay))  # type: ignore[misc]
        if fast := carrier.fast:
            rate, long = fast
            trained = carrier.begins + delay + airtime.training(rate, long=long)
            data = self.line.conditions.data(self.side, _octets(carrier.action))
            size = max(1, int(rate.bits / 8 * CHUNK))
            for i, start in enumerate(range(0, len(data), size)):
                piece = data[start : start + size]
                at(trained + i * CHUNK, lambda piece=piece: ear.data(carrier, piece))  # type: ignore[misc]
        at(carrier.ends + delay, lambda: ear.carrier_ends(carrier))

    # -- hearing ---------------------------------------------------------------------------------------

    def _open_ear(self, action: ListenFrames | ListenData) -> None:
        self._busy = False
        self._listen = action
        carrier = self.line.other(self).sending
        on_line_for = self.line.now - carrier.begins - self.line.conditions.delay if carrier else -1.0
        if carrier and 0 <= on_line_for < carrier.last_frame:
            self.carrier_begins(carrier)

    def carrier_begins(self, carrier: Carrier) -> None:
        """Hear a carrier, from its beginning or from the moment of listening."""
        if self._listen is None or self._joined or carrier.cut:
            return
        self._trained = False
        if isinstance(self._listen, ListenData) and carrier.fast is None:
            self._listen = None
            self._tell(CarrierWrong())
        elif isinstance(self._listen, ListenFrames) and carrier.fast is None:
            self._joined, self._joined_at = carrier, self.line.now
            self._tell(CarrierSeen(fast=False))
        elif isinstance(self._listen, ListenData) and self._can_train(carrier):
            self._joined, self._joined_at = carrier, self.line.now

    def _can_train(self, carrier: Carrier) -> bool:
        assert isinstance(self._listen, ListenData)  # noqa: S101  (asked only then)
        rate, long = carrier.fast or (None, False)
        alike = self._listen.long == long or self._listen.rate.modulation is not Modulation.V17
        late = self.line.now - carrier.begins - self.line.conditions.delay
        return rate is self._listen.rate and alike and late <= LATE_FOR_TRAINING

    def part(self, carrier: Carrier, i: int, side: str, delay: float) -> None:
        """Hear the end of a frame."""
        begins, _, sent = carrier.parts[i]
        missed = self._joined_at > carrier.begins + delay + begins
        if self._joined is not carrier or missed or carrier.cut:
            return
        arrived = self.line.conditions.frame(side, sent)
        run = self._run
        frame = Frame.decode(arrived.encode()) if arrived else None  # None too where no T.30 names it
        self._tell(FrameReceived(frame, arrived is not None, (arrived or sent).encode()))
        if arrived is not None and arrived.final and run == self._run:
            self._burst_over()

    def _burst_over(self) -> None:
        self._listen = self._joined = None
        self._tell(BurstEnded())

    def data(self, carrier: Carrier, piece: bytes) -> None:
        """Hear fast data."""
        if self._joined is not carrier or carrier.cut:
            return
        if not self._trained:
            self._trained = True
            self._tell(CarrierSeen(fast=True))
        self._tell(DataReceived(piece))

    def carrier_ends(self, carrier: Carrier) -> None:
        """Hear a carrier go."""
        if self._joined is not carrier:
            return
        if carrier.fast is None:
            self._burst_over()
        elif self._trained:
            self._listen = self._joined = None
            self._tell(DataEnded())
        else:
            self._joined = None

    def _tell(self, event: Event) -> None:
        if not self.party.done:
            self.perform(self.party.handle(event, self.line.now))
