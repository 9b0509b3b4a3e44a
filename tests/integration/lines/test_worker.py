"""The modem line among people and cables: missing ports, pulled plugs, earlier lives, orderly ends."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from lines_fixtures import DESTINATION, IDENTITY, Desk, exchange, masters_of, working
from sim_fixtures import FAR
from softmodem_fixtures import drawn_pages, save_tiff
from waiting import wait_until

from gateway.domain.outcome import Cause
from gateway.domain.states import DeliveryState, ReceptionState
from gateway.line_table import LineConfig
from gateway.lines import worker
from gateway.lines.pool import Pool
from gateway.lines.worker import ModemLine, profile_of
from gateway.store import company, queue, receptions, traces
from gateway.store.database import Store
from modem.coding import Resolution

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sim_fixtures import Running

    from modem.port import Port
    from modem.ring import RingWatch

PAGES = 10


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "PORT_SECONDS", 0.05)


def mcf(sim: Running) -> int:
    return sum(entry["event"] == "mcf" for entry in sim.ledger)


def calls(sim: Running) -> int:
    return sum(entry["event"] == "call" for entry in sim.ledger)


# -- equipment


def test_a_missing_port_is_named_with_its_remedy_and_used_when_it_appears(
    desk: Desk, fast: Running, tmp_path: Path
) -> None:
    device = tmp_path / "ttyACM0"
    number = desk.fax()
    with working(desk.line(device)):
        desk.shows("out_of_service")
        assert desk.line_detail().startswith(f"{device}: there is no such device")
        assert "plug the modem in" in desk.line_detail()
        device.symlink_to(fast.port)
        assert desk.ended(number).state is DeliveryState.SENT
        desk.shows("idle")
    assert desk.line_detail() == ""


def test_a_file_that_is_no_modem_takes_the_line_out_of_service(desk: Desk, tmp_path: Path) -> None:
    device = tmp_path / "ttyACM0"
    device.write_bytes(b"")
    with working(desk.line(device)):
        desk.shows("out_of_service")


def test_a_modem_unplugged_in_a_call_costs_the_call_and_no_confirmed_page(
    desk: Desk, fast: Running, tmp_path: Path
) -> None:
    """The exchange dies in a call; another one comes up at the same device."""
    device = tmp_path / "ttyACM0"
    device.symlink_to(fast.port)
    number = desk.fax(PAGES, masters=masters_of(PAGES, 700))
    with working(desk.line(device)):
        desk.event(number, "page.sending")
        fast.process.kill()
        fast.process.wait(30.0)
        device.unlink()  # as a plug that is pulled; a pty's name would soon be somebody else's
        row = desk.ended(number)
        assert (row.state, row.cause) == (DeliveryState.WAITING_RETRY, Cause.MODEM_ERROR)
        assert row.dials == 1, "the far machine had answered, and its owner was rung up"
        desk.shows("out_of_service")
        with exchange(tmp_path / "second") as second:
            device.symlink_to(second.port)
            desk.house.later(minutes=30)
            wait_until(lambda: desk.state(number) is DeliveryState.SENT, 60.0)
            (end,) = second.ended()
            assert end["pages"] == PAGES - row.pages_confirmed, "confirmed pages are not sent again"


def test_a_real_modem_is_asked_what_it_is_a_simulated_one_is_known(desk: Desk, fast: Running) -> None:
    modem = LineConfig.model_validate({"name": "usb0", "type": "modem", "device": str(fast.port)})
    assert profile_of(modem) is None
    assert profile_of(LineConfig(name="sim", type="simulated")) is not None
    number = desk.fax()
    with working(ModemLine(desk.plant, modem, lambda: str(fast.port))):
        row = desk.ended(number)
    assert row.state is DeliveryState.SENT
    assert row.attempts[0].line == "usb0"
    assert not row.attempts[0].simulated


# -- directions


def test_a_line_that_only_sends_rests_while_it_rings(desk: Desk, tmp_path: Path) -> None:
    """Between two looks into the queue it waits for its port: it does not spin."""
    looks = threading.Semaphore(0)
    document = save_tiff(drawn_pages(1, Resolution.STANDARD, 80), tmp_path / "far.tif")

    class Counting(ModemLine):
        def _next_work(self, port: Port, watch: RingWatch) -> None:  # noqa: ARG002
            looks.release()

    config = LineConfig(name="sim", type="simulated", direction="out", number=IDENTITY.number)
    with exchange(tmp_path / "exchange", speed=1.0) as sim:
        line = Counting(desk.plant, config, lambda: str(sim.port), profile_of(config))
        with working(line), sim.control() as control:
            assert looks.acquire(timeout=30.0)
            control.call(IDENTITY.number, document, FAR)
            wait_until(lambda: any(entry["event"] == "call" for entry in sim.ledger), 30.0)
            for _ in range(20):
                assert looks.acquire(timeout=30.0)
            began = desk.plant.clock()
            for _ in range(5):
                assert looks.acquire(timeout=30.0)
            assert desk.plant.clock() - began > worker.POLL_SECONDS, "five looks cannot take no time"
    assert desk.receptions() == [], "and it does not answer"


# -- former lives


def test_what_a_former_life_of_the_line_held_is_called_again(desk: Desk, fast: Running) -> None:
    lease = desk.claimed(1)
    attempt = desk.store.run(queue.start_attempt, lease, line="sim", simulated=True, now=desk.house.now)
    desk.store.run(queue.dialled, lease, attempt, desk.house.now)
    with working(desk.line(fast.port)):
        wait_until(lambda: desk.state(lease.number) is DeliveryState.WAITING_RETRY, 30.0)
        desk.house.later(minutes=10)
        wait_until(lambda: desk.state(lease.number) is DeliveryState.SENT, 60.0)
    assert desk.delivery(lease.number).dials == 2


def test_a_reception_of_a_former_life_is_closed_even_while_the_modem_is_missing(
    desk: Desk, tmp_path: Path
) -> None:
    number = desk.store.run(receptions.open_reception, line="sim", worker="host/sim/", now=desk.house.now)
    with working(desk.line(tmp_path / "nothing")):
        wait_until(lambda: desk.reception(number).state is ReceptionState.PARTIAL, 30.0)


def test_another_hosts_line_of_the_same_name_keeps_its_calls(desk: Desk, fast: Running) -> None:
    desk.fax()
    elsewhere = desk.house.claim("sim", "elsewhere/sim/")
    assert elsewhere is not None
    other = desk.fax(number="0081398765432")
    with working(desk.line(fast.port)):
        desk.ended(other)
    assert desk.state(elsewhere.number) is DeliveryState.CLAIMED


# -- faults of ours


def test_a_fax_that_cannot_be_prepared_does_not_hold_up_the_next(desk: Desk, fast: Running) -> None:
    poisoned = desk.fax(masters={"standard": b"no TIFF"})
    good = desk.fax(number="0081398765432")
    with working(desk.line(fast.port)):
        assert desk.ended(poisoned).cause is Cause.INTERNAL
        row = desk.ended(good)
    assert row.attempts, "the second fax was called"


def test_a_fault_of_ours_in_a_call_closes_the_port_and_the_line_goes_on(
    desk: Desk, fast: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = [ZeroDivisionError("made by the test")]
    real = worker.place

    def place(*arguments: object) -> None:
        if faults:
            raise faults.pop()
        real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(worker, "place", place)
    number = desk.fax()
    with working(desk.line(fast.port)):
        assert desk.ended(number).state is DeliveryState.SENT
    assert not faults


def test_a_line_that_dies_is_started_again_and_the_others_do_not_notice(desk: Desk, fast: Running) -> None:
    deaths = threading.Semaphore(0)

    class Mortal:
        name = "mortal"
        lives = 0

        def run(self, stop: threading.Event) -> None:
            self.lives += 1
            deaths.release()
            if self.lives < 3:
                raise ZeroDivisionError
            stop.wait()

        def hang_up(self) -> None:
            """Nothing stands."""

    number = desk.fax()
    pool = Pool([Mortal(), desk.line(fast.port)], again_seconds=0.01)
    pool.start()
    for _ in range(3):
        assert deaths.acquire(timeout=30.0)
    assert desk.ended(number).state is DeliveryState.SENT
    pool.stop()
    pool.join()


def test_a_gateway_without_lines_waits_for_its_end_instead_of_ending_at_once() -> None:
    pool = Pool([])
    pool.start()
    waiting = threading.Thread(target=pool.join)
    waiting.start()
    waiting.join(0.3)
    assert waiting.is_alive()
    pool.stop()
    waiting.join(30.0)
    assert not waiting.is_alive()


# -- ends


@contextmanager
def sending(desk: Desk, sim: Running) -> Iterator[tuple[Pool, int]]:
    """A call that stands in one of its first pages."""
    number = desk.fax(PAGES, masters=masters_of(PAGES, 700))
    with working(desk.line(sim.port)) as pool:
        desk.event(number, "page.sending")
        yield pool, number


def test_sigterm_ends_a_call_at_a_pages_end(desk: Desk, fast: Running) -> None:
    with sending(desk, fast) as (pool, number):
        pool.stop()
        pool.join()
    row = desk.delivery(number)
    assert row.state is DeliveryState.WAITING_RETRY
    assert 1 <= row.pages_confirmed < PAGES
    wait_until(lambda: mcf(fast) >= row.pages_confirmed, 30.0)  # an MCF that was repeated counts twice
    states = [page.state for page in row.attempts[0].pages]
    assert "awaiting" not in states, "no page is left in doubt"


def test_an_interrupted_last_dial_is_not_the_end_of_the_fax(desk: Desk, fast: Running) -> None:
    desk.house.account(name="acme", country="81", senders=["alice@acme.example"], retries={"dials": 1})
    with sending(desk, fast) as (pool, number):
        pool.stop()
        pool.join()
    row = desk.delivery(number)
    assert (row.state, row.dials, row.max_dials) == (DeliveryState.WAITING_RETRY, 1, 2)


def test_a_second_sigterm_ends_the_call_with_dcn(desk: Desk, fast: Running) -> None:
    with sending(desk, fast) as (pool, number):
        pool.stop()
        pool.stop()
        pool.join()
    row = desk.delivery(number)
    assert "DCN" in traces.unpack(desk.blobs.read(row.attempts[0].trace_blob or "")).decode()
    assert row.state is DeliveryState.WAITING_RETRY
    assert row.pages_confirmed < PAGES


# -- two lines


def test_two_lines_of_one_pool_call_different_numbers_at_the_same_time(desk: Desk, tmp_path: Path) -> None:
    with exchange(tmp_path / "exchange", lines=2) as sim:
        with sim.control() as control:
            control.set("+81398765432", answers="fax", ecm=False)
        faxes = [desk.fax(number=DESTINATION), desk.fax(number="0081398765432")]
        second = desk.line(sim.port.with_name("sim2"), name="sim2")
        with working(desk.line(sim.port), second):
            rows = [desk.ended(number) for number in faxes]
        assert [row.state for row in rows] == [DeliveryState.SENT] * 2
        assert [row.dials for row in rows] == [1, 1]
        assert calls(sim) == 2


def test_one_far_machine_is_never_called_by_two_lines_at_once(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(company, "PAGES", 1)  # each fax needs a call of its own
    with exchange(tmp_path / "exchange", lines=2) as sim:
        faxes = [desk.fax(), desk.fax()]
        second = desk.line(sim.port.with_name("sim2"), name="sim2")
        with working(desk.line(sim.port), second):
            rows = [desk.ended(number) for number in faxes]
        assert [(row.state, row.dials) for row in rows] == [(DeliveryState.SENT, 1)] * 2
        ends = [entry for entry in sim.ledger if entry["event"] in ("call", "end")]
        assert [entry["event"] for entry in ends] == ["call", "end", "call", "end"]


def test_a_line_that_does_not_show_its_state_shows_it_when_the_store_answers(
    desk: Desk, tmp_path: Path
) -> None:
    away = Store(f"sqlite:///{tmp_path / 'away' / 'postline.sqlite'}")
    line = desk.line(tmp_path / "nothing", plant=replace(desk.plant, store=away))
    with working(line):
        wait_until(lambda: line._standing.shown is None, 10.0)
        (tmp_path / "away").symlink_to(tmp_path)
        desk.shows("out_of_service")
    away.close()
