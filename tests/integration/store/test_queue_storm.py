"""The queue under random events and crashes: whatever happens, nothing is lost, doubled or believed too soon.

The machine plays three lines, the far machines, the clock and the power switch. Beside the database it keeps
a ledger of its own: which pages each far machine has, and how often each page was sent to it. After every
step the database must agree with the ledger; after every storm each fax must come to an end. All in memory.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select
from store_fixtures import Call, House

from gateway.domain.errors import LostLease
from gateway.domain.outcome import Cause
from gateway.domain.states import FINAL_DELIVERY, DeliveryState
from gateway.store import queue
from gateway.store.models import Delivery, Outbox

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

LINES = ("usb0", "usb1", "usb2")
NUMBERS = ("0081312345678", "0081612345678", "00442079460000")
BAD_ENDS = (Cause.BUSY, Cause.NO_ANSWER, Cause.NO_DIALTONE, Cause.CALL_DROPPED, Cause.PROTOCOL, Cause.SENT)
LATE_ENDS = (Cause.NO_RESPONSE_PAGE, Cause.REMOTE_DISCONNECT, Cause.CALL_DROPPED, Cause.MODEM_ERROR)


class Running:
    """A call as the line sees it: how far it is, and the page that is on its way."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.number = call.lease.number
        self.page = call.lease.first_page
        self.step = "started"  # dialled, connected, sending, awaiting


class Storm(RuleBasedStateMachine):
    """Random life of a small gateway."""

    def __init__(self) -> None:
        super().__init__()
        self.house = House.__new__(House)
        self.running: dict[str, Running] = {}
        self.zombies: list[Running] = []
        self.pages: dict[int, int] = {}
        self.arrived: Counter[tuple[int, int]] = Counter()  # pages the far machine printed
        self.confirmed: set[tuple[int, int]] = set()  # of these, known to us on disk
        self.crashes = 0
        self.dialled: Counter[int] = Counter()

    @initialize(uncertain=st.sampled_from(["resend_from_page", "ask", "never"]), dials=st.integers(1, 4))
    def open(self, uncertain: str, dials: int) -> None:
        self.rule = uncertain
        self.house.__init__("sqlite://", create=True, uncertain=uncertain, retries={"dials": dials})  # type: ignore[misc]

    def teardown(self) -> None:
        if "store" in vars(self.house):
            self.drain()
            self.house.close()

    @rule(number=st.sampled_from(NUMBERS), pages=st.integers(1, 3))
    def send_a_fax(self, number: str, pages: int) -> None:
        (public,) = self.house.ready(number, pages=pages)
        self.pages[public] = pages

    @rule(line=st.sampled_from(LINES))
    def claim(self, line: str) -> None:
        if line in self.running:
            return
        lease = self.house.claim(line, f"host/{line}/1")
        if lease is None:
            return
        calling = {self.house.delivery(r.number).destination for r in self.running.values()}
        assert lease.destination not in calling, "two lines call one number"
        assert lease.first_page <= self.pages[lease.number]
        self.running[line] = Running(Call(self.house, lease, line))

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def go_on(self, data: st.DataObject) -> None:
        run = self.running[data.draw(st.sampled_from(sorted(self.running)))]
        match run.step:
            case "started":
                run.call.dial()
                self.dialled[run.number] += 1
                run.step = "dialled"
            case "dialled":
                run.call.connect()
                run.step = "connected"
            case "connected" if run.page <= self.pages[run.number]:
                run.call.page(run.page, "sending")
                run.step = "sending"
            case "sending":
                self._write(queue.page_awaiting, run)
                self.arrived[run.number, run.page] += 1
                run.step = "awaiting"
            case "awaiting":
                self._confirm(run)

    @precondition(lambda self: any(r.step == "awaiting" for r in self.running.values()))
    @rule(data=st.data())
    def reject(self, data: st.DataObject) -> None:
        line = data.draw(st.sampled_from(sorted(k for k, r in self.running.items() if r.step == "awaiting")))
        run = self.running[line]
        self._write(queue.page_rejected, run)
        self.arrived[run.number, run.page] -= 1  # unreadable: the far machine threw it away
        run.step = "connected"

    @precondition(lambda self: self.running)
    @rule(data=st.data(), cause=st.sampled_from(BAD_ENDS + LATE_ENDS))
    def end(self, data: st.DataObject, cause: Cause) -> None:
        line = data.draw(st.sampled_from(sorted(self.running)))
        run = self.running.pop(line)
        state = run.call.finish(cause)
        everything = all((run.number, n) in self.confirmed for n in range(1, self.pages[run.number] + 1))
        assert (state is DeliveryState.SENT) is everything

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def hang_up_before_dialling(self, data: st.DataObject) -> None:
        line = data.draw(st.sampled_from(sorted(self.running)))
        if self.running[line].step == "started":
            self.house.run(queue.release, self.running.pop(line).call.lease, self.house.now)

    @rule(minutes=st.integers(1, 10))
    def time_passes(self, minutes: int) -> None:
        for run in self.running.values():
            self.house.run(queue.renew, run.call.lease, self.house.now, minutes * 60 + 60)
        self.house.later(minutes=minutes)

    @rule(line=st.sampled_from(LINES))
    def crash(self, line: str) -> None:
        """kill -9 of a line's worker, and its restart."""
        if line in self.running:
            self.zombies.append(self.running.pop(line))
            self.crashes += 1
        self.house.recover(f"host/{line}/")

    @precondition(lambda self: self.zombies)
    @rule()
    def the_dead_walk(self) -> None:
        """A worker that was only frozen wakes up: it must not write one more word."""
        for zombie in self.zombies:
            with pytest.raises(LostLease):
                zombie.call.finish(Cause.SENT)
            with pytest.raises(LostLease):
                self._write(queue.page_confirmed, zombie)

    @precondition(lambda self: self.pages)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.pages)))
        self.house.run(queue.request_cancel, number, self.house.now, new_id=self.house.new_id)

    @invariant()
    def the_database_agrees_with_the_ledger(self) -> None:
        if "store" in vars(self.house):
            self.house.store.read(self._agrees)

    def _agrees(self, session: Session) -> None:
        busy = Counter()
        for delivery in session.scalars(select(Delivery)):
            known = {n for number, n in self.confirmed if number == delivery.number}
            assert delivery.pages_confirmed == len(known)
            whole = len(known) == self.pages[delivery.number]
            if delivery.state is DeliveryState.SENT:
                assert whole, "sent without its pages"
            elif whole:
                assert delivery.state is DeliveryState.CONNECTED, "all pages confirmed, and not sent"
            assert 0 <= delivery.dials <= min(delivery.max_dials, self.dialled[delivery.number])
            if delivery.state in FINAL_DELIVERY:
                assert delivery.worker is None
                assert delivery.completed_at is not None
            if delivery.worker is not None:
                busy[delivery.destination] += 1
        assert all(count == 1 for count in busy.values())
        self._pages_doubled_only_by_rule()

    def _pages_doubled_only_by_rule(self) -> None:
        doubled = sum(count - 1 for count in self.arrived.values() if count > 1)
        if self.rule != "resend_from_page":
            assert doubled == 0, "a page went twice though the account forbids it"

    def _write(self, function: object, run: Running) -> None:
        self.house.run(function, run.call.lease, run.call.attempt, run.page, self.house.now)  # type: ignore[arg-type]

    def _confirm(self, run: Running) -> None:
        self._write(queue.page_confirmed, run)
        assert (run.number, run.page) not in self.confirmed, "a confirmed page was sent again"
        self.confirmed.add((run.number, run.page))
        run.page += 1
        run.step = "connected"

    def drain(self) -> None:
        """After the storm the lines work on quietly; every fax must come to an end and be told of once."""
        for line in LINES:
            self.crash(line)
        for _ in range(60):
            if self.house.store.read(queue.next_due) is None:
                break
            self.house.later(minutes=30)
            while (lease := self.house.claim("quiet")) is not None:
                run = Running(Call(self.house, lease, "quiet"))
                run.call.dial()
                self.dialled[run.number] += 1
                run.call.connect()
                while run.page <= self.pages[run.number]:
                    run.call.page(run.page, "awaiting")
                    self.arrived[run.number, run.page] += 1
                    self._confirm(run)
                assert run.call.finish() is DeliveryState.SENT
        self.house.store.read(self._ended)

    def _ended(self, session: Session) -> None:
        self._agrees(session)
        states = {d.number: d.state for d in session.scalars(select(Delivery))}
        assert set(states.values()) <= FINAL_DELIVERY
        assert set(states) == set(self.pages)
        told = Counter(session.scalars(select(Outbox.delivery_number)))
        assert told == Counter(dict.fromkeys(states, 1))


Storm.TestCase.settings = settings(
    max_examples=20,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestStorm = Storm.TestCase
