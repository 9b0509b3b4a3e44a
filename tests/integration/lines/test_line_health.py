"""A line in trouble, or held back: hung modems, alarms, the operator's pause, glare, hours, full groups."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from lines_fixtures import Desk, ShakyStore, working
from pty_modem import PtyModem
from sqlalchemy import select
from waiting import wait_until

from gateway.config import Config
from gateway.domain.outcome import Cause
from gateway.domain.states import DeliveryState
from gateway.line_table import LineConfig
from gateway.lines import patience, pool, simulated, worker
from gateway.lines.gate import Gate
from gateway.lines.worker import ModemLine
from gateway.store import company, events, lines, queue
from gateway.store.models import LineStatus, Outbox
from modem import class1_call, probe, ring
from modem.port import PortError, SerialPort

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sim_fixtures import Running


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "PORT_SECONDS", 0.05)
    monkeypatch.setattr(class1_call, "INIT_SECONDS", 0.1)
    monkeypatch.setattr(probe, "ANSWER_SECONDS", 0.1)


@pytest.fixture
def modem() -> Iterator[PtyModem]:
    with PtyModem() as made:
        yield made


def line_on(desk: Desk, modem: PtyModem, gate: Gate | None = None, **settings: Any) -> ModemLine:
    """A modem line on a modem of ours; its operator is ops@example.org."""
    table = {"name": "usb0", "type": "modem", "device": modem.device} | settings
    plant = replace(desk.plant, operator=("ops@example.org",))
    return ModemLine(plant, LineConfig.model_validate(table), lambda: modem.device, gate=gate)


def states(desk: Desk, name: str = "usb0") -> list[str]:
    with desk.store.reading() as session:
        return [e.data["state"] for e in events.since(session, 0) if e.data.get("line") == name]


def notes(desk: Desk) -> list[tuple[str, str]]:
    with desk.store.reading() as session:
        rows = session.scalars(select(Outbox).where(Outbox.kind == "note").order_by(Outbox.id))
        return [(row.recipient, row.data["subject"]) for row in rows]


def status(desk: Desk, name: str = "usb0") -> LineStatus:
    return next(row for row in desk.store.read(lines.all_lines) if row.name == name)


# -- hung modems


def test_a_modem_that_hangs_is_reset_then_out_of_service_then_back(desk: Desk, modem: PtyModem) -> None:
    modem.hangs.set()
    with working(line_on(desk, modem)):
        desk.shows("out_of_service", "usb0")
        assert "the modem answers nothing" in desk.line_detail("usb0")
        assert modem.heard.count("ATE0V1Q0") >= 4, "it was asked again after its reset, with the port anew"
        modem.hangs.clear()
        desk.shows("idle", "usb0")
    assert states(desk)[:3] == ["starting", "out_of_service", "idle"]
    assert notes(desk) == [], "a short outage is nobody's business"


def test_a_long_outage_is_mailed_to_the_operator_and_so_is_its_end(
    desk: Desk, modem: PtyModem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "ALARM_SECONDS", 0.0)
    modem.hangs.set()
    with working(line_on(desk, modem)):
        wait_until(lambda: notes(desk), 30.0, "the alarm")
        modem.hangs.clear()
        wait_until(lambda: len(notes(desk)) == 2, 60.0, "the end of the alarm")
    assert notes(desk) == [
        ("ops@example.org", "Line usb0 is out of service"),
        ("ops@example.org", "Line usb0 is back in service"),
    ]


def test_a_line_without_dial_tone_is_told_to_the_operator(
    desk: Desk, modem: PtyModem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its modem answers, so it is in service; but no call goes out until the plug is in."""
    said, real = ["NO DIALTONE"], modem._obey

    def unplugged(command: str) -> None:
        if command.startswith("ATD"):
            modem.heard.append(command)
            modem.say(said[0])
        else:
            real(command)

    monkeypatch.setattr(modem, "_obey", unplugged)
    numbers = [desk.fax(number=f"008131234567{n}") for n in range(3)]
    with working(line_on(desk, modem)):
        wait_until(lambda: notes(desk), 60.0, "the alarm")
        assert [desk.delivery(number).dials for number in numbers] == [0, 0, 0]
        said[0] = "BUSY"
        desk.house.later(minutes=6)
        wait_until(lambda: len(notes(desk)) == 2, 60.0, "the end of the alarm")
    assert [subject for _, subject in notes(desk)] == [
        "Line usb0 cannot call out",
        "Line usb0 calls out again",
    ]


def test_a_line_out_of_service_claims_nothing(desk: Desk, modem: PtyModem) -> None:
    number = desk.fax()
    modem.hangs.set()
    with working(line_on(desk, modem)):
        desk.shows("out_of_service", "usb0")
    assert desk.state(number) is DeliveryState.QUEUED


def test_a_modem_that_dies_before_it_dials_leaves_the_fax_to_another_line(
    desk: Desk, fast: Running, modem: PtyModem
) -> None:
    """The dying modem answers while idle; its fault is no dial, and the other line sends the fax."""
    number = desk.fax()
    with working(line_on(desk, modem)):
        desk.shows("calling", "usb0")
        modem.hangs.set()
        wait_until(lambda: desk.delivery(number).attempts, 60.0)
        wait_until(lambda: desk.state(number) is DeliveryState.WAITING_RETRY, 110.0)
        assert desk.delivery(number).cause is Cause.MODEM_ERROR
        with working(desk.line(fast.port)):
            wait_until(lambda: desk.state(number) is DeliveryState.SENT, 60.0)
    assert [attempt.line for attempt in desk.delivery(number).attempts] == ["usb0", "sim"]


def test_a_modem_without_a_fax_class_is_refused_by_name(
    desk: Desk, modem: PtyModem, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = modem._obey

    def data_modem(command: str) -> None:
        modem.say("0,8\r\n\r\nOK") if command == "AT+FCLASS=?" else real(command)

    monkeypatch.setattr(modem, "_obey", data_modem)
    with working(line_on(desk, modem)):
        desk.shows("out_of_service", "usb0")
        assert "offers class 0, 8, and no fax class we speak" in desk.line_detail("usb0")


def test_the_row_says_what_the_modem_is(desk: Desk, modem: PtyModem) -> None:
    with working(line_on(desk, modem, profile={"name": "conexant", "baud": 57600})):
        desk.shows("idle", "usb0")
        assert status(desk).profile == "conexant"
        assert status(desk).probed_at is not None
    assert "AT+FCLASS=1.0" in modem.heard, "the profile of the line decides"


# -- the operator's pause


def test_a_paused_line_gives_its_port_back_and_goes_on_when_resumed(desk: Desk, modem: PtyModem) -> None:
    with working(line_on(desk, modem)):
        desk.shows("idle", "usb0")
        desk.store.run(lines.pause, "usb0", desk.house.now, paused=True, actor="root")
        desk.shows("paused", "usb0")
        number = desk.fax()
        other = worker.open_port(modem.device, worker.profiles.named("generic"))
        other.close()
        assert desk.state(number) is DeliveryState.QUEUED
        desk.store.run(lines.pause, "usb0", desk.house.now, paused=False, actor="root")
        desk.shows("calling", "usb0")


def test_a_line_out_of_service_hears_the_pause_too(desk: Desk, modem: PtyModem) -> None:
    modem.hangs.set()
    with working(line_on(desk, modem)):
        desk.shows("out_of_service", "usb0")
        desk.store.run(lines.pause, "usb0", desk.house.now, paused=True, actor="root")
        desk.shows("paused", "usb0")


# -- glare, hours, groups


def test_a_line_that_rings_while_we_claim_is_answered_and_the_fax_waits(
    desk: Desk, modem: PtyModem, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = desk.fax()
    real = worker.ModemLine._claim
    claims = []

    def claim(line: ModemLine) -> Any:
        lease = real(line)
        if lease is not None:
            claims.append(lease)
            modem.say("RING")
            wait_until(modem.is_heard, 10.0)
        return lease

    monkeypatch.setattr(worker.ModemLine, "_claim", claim)
    with working(line_on(desk, modem, rings=1)):
        wait_until(lambda: claims, 30.0)
        desk.shows("answering", "usb0")
    row = desk.delivery(number)
    assert (row.dials, row.attempts) == (0, []), "it was given back without a dial"


def after_its_claim(monkeypatch: pytest.MonkeyPatch, happens: Callable[[ModemLine], object]) -> None:
    """Let something happen once, when a line has just claimed a delivery."""
    real, waits = worker.ModemLine._claim, [happens]

    def claim(line: ModemLine) -> Any:
        lease = real(line)
        if lease is not None and waits:
            waits.pop()(line)
        return lease

    monkeypatch.setattr(worker.ModemLine, "_claim", claim)


def test_a_port_that_vanishes_when_the_fax_was_claimed_keeps_neither_the_fax_nor_the_groups_place(
    desk: Desk, modem: PtyModem, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, gate, real = desk.fax(), Gate(1), SerialPort.read

    def gone(port: SerialPort) -> bytes:
        raise PortError(port.name, "the port is gone", "plug it in")

    after_its_claim(monkeypatch, lambda _: monkeypatch.setattr(SerialPort, "read", gone))
    with working(line_on(desk, modem, gate, group="day", max_concurrent=1)):
        desk.shows("out_of_service", "usb0")
        assert desk.state(number) is DeliveryState.QUEUED
        assert gate.enter("another"), "a line out of service holds no place"
        gate.leave("another")
        monkeypatch.setattr(SerialPort, "read", real)
        desk.shows("calling", "usb0")


def test_a_store_that_fails_as_a_fax_is_given_back_does_not_end_the_line(
    desk: Desk, modem: PtyModem, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, gate = desk.fax(), Gate(1)
    store = ShakyStore(desk.url)

    def trouble(_: ModemLine) -> None:
        store.down.set()
        modem.say("RING")
        wait_until(modem.is_heard, 10.0)

    after_its_claim(monkeypatch, trouble)
    plant = replace(desk.plant, store=store)
    table = {"name": "usb0", "type": "modem", "device": modem.device, "direction": "out"}
    line = ModemLine(plant, LineConfig.model_validate(table), lambda: modem.device, gate=gate)
    with working(line):
        assert store.refused.wait(30.0)
        wait_until(lambda: gate.enter("another"), 10.0, "the place of the group")
        gate.leave("another")
        monkeypatch.setattr(ring, "RING_GAP_SECONDS", 0.2)
        store.down.clear()
        wait_until(lambda: modem.heard.count("ATDT0312345678"), 60.0, "the dial")
    assert desk.delivery(number).dials <= 1
    store.close()


def test_a_fax_claimed_as_the_gateway_is_told_to_stop_is_given_back(
    desk: Desk, modem: PtyModem, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = desk.fax()
    real = company.claim

    def claim(*arguments: Any, **named_: Any) -> Any:
        lines_at_work.stop()
        return real(*arguments, **named_)

    monkeypatch.setattr(company, "claim", claim)
    with working(line_on(desk, modem)) as lines_at_work:
        lines_at_work.join()
    row = desk.delivery(number)
    assert (row.state, row.attempts) == (DeliveryState.QUEUED, [])


def rings_before(modem: PtyModem, command: str, monkeypatch: pytest.MonkeyPatch, *said: str) -> None:
    """Let the modem hear a call come in, once, when it gets this command while it is prepared to dial."""
    real, waits = modem._obey, [said]

    def obey(given: str) -> None:
        if given == command and modem.heard.count("ATZ") == 2 and waits:
            for line in waits.pop():
                modem.say(line)
        real(given)

    monkeypatch.setattr(modem, "_obey", obey)


def test_a_call_that_comes_in_while_the_modem_is_prepared_is_answered_and_the_fax_goes_then(
    desk: Desk, modem: PtyModem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(class1_call.TakeCall, "seconds", 0.2)
    number = desk.fax()
    rings_before(modem, "AT+FCLASS=1", monkeypatch, "RING", "NMBR=0398765432", "RING")
    with working(line_on(desk, modem, rings=2)):
        wait_until(desk.receptions, 30.0, "the answer")
        wait_until(lambda: modem.heard.count("ATDT0312345678"), 60.0, "the fax, as soon as the line is free")
    (reception,) = desk.receptions()
    assert desk.reception(reception).caller == "0398765432"
    assert modem.heard.index("ATA") < modem.heard.index("ATDT0312345678")
    first, second = desk.delivery(number).attempts
    assert (first.cause, first.dialled_at) == (None, None), "the call that was not made is no fault"
    assert second.dialled_at is not None


def test_a_call_that_comes_in_costs_a_line_that_only_sends_no_more_than_its_ringing(
    desk: Desk, modem: PtyModem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ring, "RING_GAP_SECONDS", 0.2)
    number = desk.fax()
    rings_before(modem, "AT+FCLASS=1", monkeypatch, "RING")
    with working(line_on(desk, modem, direction="out")):
        wait_until(lambda: modem.heard.count("ATDT0312345678"), 30.0, "the dial")
    assert "ATA" not in modem.heard
    assert desk.house.kinds(number).count("delivery.queued") >= 1


def test_a_line_dials_only_in_its_hours(desk: Desk, modem: PtyModem) -> None:
    """It is noon, UTC, and Saturday."""
    number = desk.fax()
    with working(line_on(desk, modem, hours="Sat 13:00-14:00 UTC")):
        desk.shows("idle", "usb0")
        wait_until(lambda: modem.heard.count("ATS0=0") >= 1, 30.0)
        assert desk.state(number) is DeliveryState.QUEUED
        desk.house.later(hours=1)
        desk.shows("calling", "usb0")


def test_a_full_group_leaves_the_line_free_for_callers(desk: Desk, modem: PtyModem) -> None:
    gate = Gate(1)
    assert gate.enter("another")
    number = desk.fax()
    with working(line_on(desk, modem, gate, group="day", max_concurrent=1)):
        desk.shows("idle", "usb0")
        modem.say("RING")
        desk.shows("answering", "usb0")
        assert desk.state(number) is DeliveryState.QUEUED
        gate.leave("another")


def test_an_account_that_asks_for_a_group_is_served_by_its_lines(desk: Desk, modem: PtyModem) -> None:
    desk.house.account(name="acme", country="81", senders=["alice@acme.example"], lines="night")
    number = desk.fax()
    with working(line_on(desk, modem, group="day")):
        desk.shows("idle", "usb0")
        wait_until(lambda: modem.heard.count("ATS0=0") >= 1, 30.0)
        assert desk.state(number) is DeliveryState.QUEUED
    with working(line_on(desk, modem, name="usb1", group="night")):
        desk.shows("calling", "usb1")


def test_a_line_that_may_carry_nothing_of_what_is_due_does_not_lock_the_store_all_the_time(
    desk: Desk, modem: PtyModem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "CLAIM_SECONDS", 3600.0)
    real, claims, looks = queue.claim, [], threading.Semaphore(0)
    real_look = worker.ModemLine._claim

    def claim(*arguments: Any, **named_: Any) -> Any:
        claims.append(arguments)
        return real(*arguments, **named_)

    def look(line: ModemLine) -> Any:
        looks.release()
        return real_look(line)

    monkeypatch.setattr(queue, "claim", claim)
    monkeypatch.setattr(worker.ModemLine, "_claim", look)
    desk.fax()
    with working(line_on(desk, modem, deny=["+81"])):
        assert all(looks.acquire(timeout=30.0) for _ in range(10))
    assert len(claims) == 1


# -- the pool


def config_of(data: Path, *tables: dict[str, Any]) -> Config:
    return Config.model_validate(
        {
            "server": {"domains": ["fax.example.org"], "operator": ["ops@example.org"], "data": data},
            "mail": {"smarthost": "smtp://mail.example.org", "sender": "fax@fax.example.org"},
            "line": list(tables),
        }
    )


def test_lines_that_left_the_configuration_are_forgotten(desk: Desk, tmp_path: Path) -> None:
    for name, host in (("old", "host"), ("usb0", "host"), ("elsewhere", "other")):
        desk.store.run(
            lines.report, name, desk.house.now, kind="modem", state="idle", worker=f"{host}/{name}/"
        )
    table = {"name": "usb0", "type": "modem", "device": "/dev/ttyUSB0"}
    pool.build(desk.plant, config_of(tmp_path, table))
    assert [row.name for row in desk.store.read(lines.all_lines)] == ["elsewhere", "usb0"]


def test_lines_of_a_group_get_one_gate(desk: Desk, tmp_path: Path) -> None:
    tables = [
        {"name": f"usb{n}", "type": "modem", "device": f"/dev/ttyUSB{n}", "group": group}
        for n, group in enumerate(("day", "day", ""))
    ]
    first, second, third = pool.build(desk.plant, config_of(tmp_path, *tables))._lines
    assert isinstance(first, ModemLine)
    assert isinstance(second, ModemLine)
    assert isinstance(third, ModemLine)
    assert first._gate is second._gate
    assert third._gate is not first._gate
    assert first._traits.group == "day"
    assert queue.LineTraits("x").group == ""


def test_the_terminal_of_an_exchange_that_died_is_not_opened(tmp_path: Path, modem: PtyModem) -> None:
    """Its link stays, and the number of the terminal may be anybody's by then."""
    line = LineConfig(name="sim", type="simulated")
    link = tmp_path / "sim" / "sim" / "ports" / "sim"
    link.parent.mkdir(parents=True)
    link.symlink_to(modem.device)
    with pytest.raises(PortError, match="the simulated exchange does not run"):
        simulated.live_device_of(tmp_path, line)


def test_the_terminal_of_an_exchange_that_runs_is_its_lines_device(tmp_path: Path) -> None:
    line = LineConfig(name="sim", type="simulated", number="+81344772288", speed="max")
    process = simulated.start_exchange(tmp_path, line)
    try:
        assert simulated.live_device_of(tmp_path, line).endswith("sim/sim/ports/sim")
    finally:
        process.stop()
