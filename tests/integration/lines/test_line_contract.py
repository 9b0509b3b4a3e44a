"""The contract of a Line (`gateway/lines/base.py`), for every kind of line there is.

A further kind joins by one entry in `KINDS`: a context manager that gives a line in order (its far end takes
a fax) and the same line with its equipment missing. Nothing below knows what kind it tests.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from lines_fixtures import IDENTITY, Desk, ShakyStore, exchange, working
from softmodem_fixtures import drawn_pages, save_tiff
from waiting import wait_until

from gateway.domain.outcome import Cause
from gateway.domain.states import DeliveryState, ReceptionState
from gateway.store import traces
from modem.coding import Resolution

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from gateway.lines.base import Line


@dataclass
class Bench:
    """One kind of line under test: how to build it, whole or without its equipment; how the far end calls."""

    build: Callable[..., Line]
    broken: Callable[..., Line]
    call_in: Callable[[Path], bool]


@contextmanager
def modem_line(desk: Desk, tmp_path: Path) -> Iterator[Bench]:
    """The modem line, on a soft modem at a pseudo terminal."""
    with exchange(tmp_path / "exchange") as sim:

        def call_in(document: Path) -> bool:
            with sim.control() as control:
                return bool(control.wait(control.call(IDENTITY.number, document, "+81312345678"))["success"])

        yield Bench(
            build=lambda **settings: desk.line(sim.port, **settings),
            broken=lambda **settings: desk.line(tmp_path / "no-such-port", **settings),
            call_in=call_in,
        )


KINDS = {"modem": modem_line}


@pytest.fixture(params=sorted(KINDS))
def bench(request: pytest.FixtureRequest, desk: Desk, tmp_path: Path) -> Iterator[Bench]:
    with KINDS[request.param](desk, tmp_path) as made:
        yield made


def ends_soon(line: Line, stop: threading.Event) -> None:
    thread = threading.Thread(target=line.run, args=(stop,))
    thread.start()
    stop.set()
    thread.join(30.0)
    assert not thread.is_alive()


def test_a_line_has_the_name_the_configuration_gave_it(bench: Bench) -> None:
    assert bench.build().name == "sim"


def test_a_due_fax_is_claimed_called_and_sent_with_every_page_confirmed(desk: Desk, bench: Bench) -> None:
    number = desk.fax(pages=2)
    with working(bench.build()):
        row = desk.ended(number)
    assert (row.state, row.cause, row.pages_confirmed, row.dials) == (DeliveryState.SENT, Cause.SENT, 2, 1)
    (attempt,) = row.attempts
    assert [(page.n, page.state) for page in attempt.pages] == [(1, "confirmed"), (2, "confirmed")]
    assert attempt.trace_blob is not None
    assert traces.unpack(desk.blobs.read(attempt.trace_blob)).count(b"\n") > 20, "the session log is kept"


def test_every_step_of_a_call_is_an_event_in_its_order(desk: Desk, bench: Bench) -> None:
    number = desk.fax(pages=1)
    with working(bench.build()):
        desk.ended(number)
    steps = [kind for kind in desk.house.kinds(number) if kind not in ("call.trace", "line.state")]
    assert steps[-6:] == [
        "delivery.dialling",
        "delivery.connected",
        "page.sending",
        "page.awaiting",
        "page.confirmed",
        "delivery.sent",
    ]


def test_a_call_that_comes_in_is_answered_kept_and_closed(desk: Desk, bench: Bench, tmp_path: Path) -> None:
    document = save_tiff(drawn_pages(2, Resolution.STANDARD, 200), tmp_path / "far.tif")
    with working(bench.build()):
        desk.shows("idle")
        assert bench.call_in(document)
        wait_until(lambda: desk.receptions() and desk.reception(desk.receptions()[0]).ended_at, 30.0)
    row = desk.reception(desk.receptions()[0])
    assert row.state is ReceptionState.COMPLETE
    assert [(page.n, page.confirmed) for page in row.pages] == [(1, True), (2, True)]


def test_an_idle_line_ends_at_once_when_asked(desk: Desk, bench: Bench) -> None:
    with working(bench.build()) as pool:
        desk.shows("idle")
        pool.stop()
        pool.join()


def test_a_line_asked_to_stop_before_it_began_begins_nothing(desk: Desk, bench: Bench) -> None:
    number = desk.fax()
    stop = threading.Event()
    stop.set()
    ends_soon(bench.build(), stop)
    assert desk.state(number) is DeliveryState.QUEUED


def test_a_line_only_for_receiving_claims_nothing(desk: Desk, bench: Bench) -> None:
    number = desk.fax()
    with working(bench.build(direction="in")):
        desk.shows("idle")
        desk.event(None, "line.state", 2)
    assert desk.state(number) is DeliveryState.QUEUED


def test_missing_equipment_is_shown_and_is_no_reason_to_die(desk: Desk, bench: Bench) -> None:
    number = desk.fax()
    with working(bench.broken()):
        desk.shows("out_of_service")
        assert desk.line_detail(), "a person is told why"
    assert desk.state(number) is DeliveryState.QUEUED, "what cannot be called waits"


def test_hanging_up_an_idle_line_is_harmless(desk: Desk, bench: Bench) -> None:
    line = bench.build()
    line.hang_up()
    number = desk.fax()
    with working(line):
        assert desk.ended(number).state is DeliveryState.SENT
        line.hang_up()


def test_a_store_that_fails_in_a_call_ends_the_call_and_the_fax_is_sent_later(
    desk: Desk, bench: Bench
) -> None:
    shaky = ShakyStore(desk.url)
    number = desk.fax(pages=5)
    with working(bench.build(plant=desk.another_plant("host", shaky))):
        desk.event(number, "page.sending")
        shaky.down.set()
        assert shaky.refused.wait(60.0)
        before = desk.delivery(number).pages_confirmed
        shaky.down.clear()
        row = desk.ended(number)
        assert row.state is DeliveryState.WAITING_RETRY
        assert row.pages_confirmed >= before, "what was confirmed stays confirmed"
        desk.house.later(minutes=10)
        wait_until(lambda: desk.state(number) is DeliveryState.SENT, 60.0)
    shaky.close()
    first, second = desk.delivery(number).attempts
    assert second.first_page == 1 + sum(page.state == "confirmed" for page in first.pages)
