"""One fax call: a T.30 session and a Class 1 driver joined, bytes in and bytes out.

No thread, port or clock inside; the owner passes octets and the time, stores notices and says so. It
holds the write-ahead rule of the gateway (`data_to_send` is empty while a notice of `WRITE_AHEAD` is not
stored) and the rule that a call ends: whatever session, modem and owner do, `done` is reached.
`design.md` section 2, `spec/modem-design.md`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from modem.actions import HangUp
from modem.class1 import Class1Driver
from modem.events import DriverFailed, HungUp
from modem.job import CallJob
from modem.notices import WRITE_AHEAD, Finished, Notice, Traced
from modem.polling import session
from modem.result import CallResult, Reason, TraceEntry
from modem.states import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modem.actions import Action
    from modem.caller import Incoming
    from modem.coding import PageSink, PageSource
    from modem.profiles import Profile

__all__ = ["CallJob", "FaxCall"]

GRACE_SECONDS = 60.0
HANG_UP_SECONDS = 20.0


class FaxCall:
    """A call that is placed (`job.role` "call") or answered ("answer").

    `start` once, then `receive_data`, `data_to_send`, `handle_timeout` as the port and `next_deadline`
    ask for it, until `done`. Times are seconds of any one monotonic clock.
    """

    def __init__(self, job: CallJob, pages: PageSource, sink: PageSink, profile: Profile) -> None:
        self._job = job
        self._session = session(job, pages, sink, profile.rates)
        self._driver = Class1Driver(profile)
        self._notices: list[Notice] = []
        self._last_id = 0
        self._session_ids: dict[int, int] = {}
        self._unstored: set[int] = set()
        self._trace: list[TraceEntry] = []
        self._began = 0.0
        self._limit = 0.0
        self._on_hook = False
        self._hanging_up = False
        self.result: CallResult | None = None

    @property
    def done(self) -> bool:
        """Whether the call is over and the modem on hook."""
        return self.result is not None

    @property
    def feeding(self) -> bool:
        """Whether a page or training check goes to the modem: only then its DC3 means "stop"."""
        return self._driver.feeding

    @property
    def incoming(self) -> Incoming | None:
        """The call that came in before ours was dialled: ours never left, that one may be answered."""
        return self._driver.incoming

    @property
    def hung_up(self) -> bool:
        """Whether the modem confirmed that it is on hook; if not, the owner drops DTR."""
        return self._driver.hung_up

    def start(self, now: float) -> None:
        """Begin; the first octets wait for the `Dialling` notice to be stored."""
        self._began = now
        self._limit = now + self._job.max_seconds + GRACE_SECONDS
        self._perform(self._session.start(now), now)

    def receive_data(self, data: bytes, now: float) -> None:
        """Take octets of the modem."""
        if not self.done:
            self._driver.receive_data(data)
            self._pump(now)

    def data_to_send(self) -> bytes:
        """Return octets for the modem; b"" when there are none, or while a notice waits to be stored."""
        held = self._unstored and self._session.state is not State.BUSY  # RNR asks for patience meanwhile
        return b"" if held or self.done else self._driver.data_to_send()

    def next_deadline(self) -> float | None:
        """Return when `handle_timeout` wants to be called; None once done."""
        if self.done:
            return None
        others = (self._session.next_deadline(), self._driver.next_deadline())
        return min([self._limit, *(deadline for deadline in others if deadline is not None)])

    def handle_timeout(self, now: float) -> None:
        """Let whatever is due happen; harmless when nothing is."""
        if self.done:
            return
        self._driver.timeout(now)
        self._pump(now)
        deadline = self._session.next_deadline()
        if not self.done and deadline is not None and deadline <= now:
            self._perform(self._session.timeout(now), now)
            self._pump(now)
        if not self.done and now >= self._limit:
            self._finish(now)

    def notices(self) -> list[Notice]:
        """Return the notices since the last call, oldest first."""
        taken, self._notices = self._notices, []
        return taken

    def stored(self, notice_id: int, now: float) -> None:
        """Go on past this notice: the owner has it on stable storage."""
        session_id = self._session_ids.get(notice_id)
        if self.done or session_id is None:
            return
        self._unstored.discard(notice_id)
        self._perform(self._session.stored(session_id, now), now)
        self._driver.release(session_id, now)
        self._pump(now)

    def cancel(self, now: float) -> None:
        """End the call in good order: what is on the line is ended, then DCN, then on hook."""
        if not self.done and not self._session.done:
            self._perform(self._session.cancel(now), now)
            self._pump(now)

    def port_failed(self, now: float, detail: str) -> None:
        """End the call at once: the way to the modem is gone."""
        if not self.done:
            self._finish(now, detail)

    def _pump(self, now: float) -> None:
        """Hand events to the session one by one, its answer to the driver before the next."""
        while not self.done and (event := self._driver.next_event(now)) is not None:
            self._on_hook = self._on_hook or isinstance(event, HungUp)
            self._perform(self._session.handle(event, now), now)
        self._wind_up(now)

    def _perform(self, actions: Sequence[Action], now: float) -> None:
        self._session = self._session.successor or self._session
        self._collect(now)
        if actions:
            self._driver.start(actions, now)

    def _collect(self, now: float) -> None:
        """Take over what the session tells; its notices and the log lines share our numbers."""
        for line in self._driver.take_trace():
            self._trace.append(replace(line, at=line.at - self._began))
        for entry in self._session.take_trace():
            self._trace.append(entry)
            self._tell(Traced(0, now, entry))
        for notice in self._session.take_notices():
            if isinstance(notice, Finished):
                continue
            self._tell(notice)
            self._session_ids[self._last_id] = notice.id
            if isinstance(notice, WRITE_AHEAD):
                self._unstored.add(self._last_id)

    def _tell(self, notice: Notice) -> None:
        self._last_id += 1
        self._notices.append(replace(notice, id=self._last_id))

    def _wind_up(self, now: float) -> None:
        """Once the session is over see that the modem is on hook, then finish."""
        if self.done or not self._session.done:
            return
        if not self._on_hook and not self._hanging_up:
            self._hanging_up = True
            self._limit = min(self._limit, now + HANG_UP_SECONDS)
            self._driver.start([HangUp()], now)
            self._pump(now)
        elif self._on_hook:
            self._finish(now)

    def _finish(self, now: float, why: str = "the call did not end by itself") -> None:
        """Make the result; a session that is not through yet is told that line and modem are gone."""
        for event in (DriverFailed(Reason.MODEM_ERROR, why), HungUp()):
            if not self._session.done:
                self._session.handle(event, now)
        self._collect(now)
        fallback = CallResult(success=False, reason=Reason.MODEM_ERROR, t30=why)
        self.result = replace(self._session.result or fallback, trace=tuple(self._trace))
        self._unstored.clear()
        self._tell(Finished(0, now, self.result))
