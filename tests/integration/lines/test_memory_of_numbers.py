"""What a call showed is used by the next: less is prepared, less is tried, a poor caller is offered less."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lines_fixtures import DESTINATION, IDENTITY, masters_of, working
from softmodem_fixtures import drawn_pages, save_tiff
from waiting import wait_until

from gateway.domain.callers import Narrowing, Taken
from gateway.domain.outcome import Cause
from gateway.domain.retry import Advice
from gateway.domain.states import DeliveryState
from gateway.lines import inbound
from gateway.lines.ends import called, outcome_of
from gateway.lines.orders import wanted_of
from gateway.store import memory
from modem.capabilities import Dis
from modem.coding import Compression, Resolution
from modem.job import CallJob
from modem.rates import Modulation
from modem.result import CallResult, Reason
from modem.sending import NO_REOPENING

if TYPE_CHECKING:
    from pathlib import Path

    from lines_fixtures import Desk
    from sim_fixtures import Running

    from gateway.domain.memory import Known

MODEST = bytes.fromhex("004600")
"""DIS of a machine that knows V.29, fine and MH, and takes A4 only."""
ABLE = bytes.fromhex("00ee8844")
"""DIS of a machine that knows V.17, fine, MR, ECM and MMR, and takes paper of any length."""


def recall(desk: Desk) -> Known:
    return desk.store.read(memory.recall, DESTINATION, desk.plant.now())


# -- what a call leaves


def test_a_call_over_a_line_leaves_what_the_machine_is(desk: Desk, fast: Running) -> None:
    number = desk.fax(masters=masters_of(1, 600, ("standard", "fine")))
    with working(desk.line(fast.port)):
        assert desk.ended(number).state is DeliveryState.SENT
    known = recall(desk)
    assert known.reached
    assert Dis(known.dis).can_receive
    assert (known.rate, known.cap, known.v17_at) == (14400, 0, None)
    assert known.resolution == "fine"


def test_a_broken_call_is_told_to_the_memory_as_it_was(desk: Desk) -> None:
    result = CallResult(
        success=False, reason=Reason.CALL_DROPPED, t30=NO_REOPENING, rate=9600, ftt=2, dis=ABLE.hex()
    )
    seen = called(CallJob("call"), outcome_of(desk.plant, None, result), result, desk.house.now)
    assert (seen.cause, seen.ftt, seen.v17, seen.no_reopening) == (Cause.CALL_DROPPED, 2, True, True)
    slow = called(
        CallJob("call", modulations=(Modulation.V29,)),
        outcome_of(desk.plant, None, result),
        result,
        desk.house.now,
    )
    assert not slow.v17


# -- what it saves


def test_an_unknown_number_is_prepared_for_in_every_way(desk: Desk) -> None:
    wanted = wanted_of(desk.claimed(1), Advice())
    assert wanted.compressions == tuple(Compression)
    assert wanted.resolutions == frozenset(Resolution)
    assert not wanted.a4


def test_a_known_machine_is_prepared_for_as_it_is_and_mh_at_standard_always(desk: Desk) -> None:
    wanted = wanted_of(desk.claimed(1), Advice(), MODEST)
    assert Resolution.STANDARD in wanted.resolutions
    assert wanted.resolutions <= Dis(MODEST).resolutions
    assert wanted.compressions[0] is Compression.MH
    assert Compression.MMR not in wanted.compressions
    assert wanted.a4


def test_a_call_without_error_correction_needs_no_mmr(desk: Desk) -> None:
    lease = desk.claimed(1)
    assert wanted_of(lease, Advice(), ABLE).compressions == tuple(Compression)
    assert Compression.MMR not in wanted_of(lease, Advice(ecm=False), ABLE).compressions
    assert not wanted_of(lease, Advice(), ABLE).a4


def test_pages_a_machine_could_not_take_are_drawn_anew_on_a4_whatever_it_said_before(desk: Desk) -> None:
    wanted = wanted_of(desk.claimed(1), Advice(redraw=True), MODEST)
    assert (wanted.a4, wanted.resolutions) == (True, frozenset(Resolution))


# -- callers


def test_a_poor_caller_is_offered_less() -> None:
    everything = inbound.order(IDENTITY, Narrowing())
    assert (everything.max_rate, everything.modulations) == (14400, tuple(Modulation))
    less = inbound.order(IDENTITY, Narrowing(v17=False, max_rate=7200, coarse=True))
    assert less.max_rate == 7200
    assert Modulation.V17 not in less.modulations
    assert Resolution.SUPERFINE in everything.receive_resolutions
    assert Resolution.SUPERFINE not in less.receive_resolutions
    assert Resolution.FINE in less.receive_resolutions


def test_a_caller_that_did_badly_before_gets_a_dis_without_v17(
    desk: Desk, fast: Running, tmp_path: Path
) -> None:
    desk.store.run(memory.learn_caller, "312345678", Taken(complete=False, at=desk.plant.now()))
    document = save_tiff(drawn_pages(1, Resolution.STANDARD, 200), tmp_path / "far.tif")
    with working(desk.line(fast.port)):
        desk.shows("idle")
        with fast.control() as control:
            assert control.wait(control.call(IDENTITY.number, document, "+81312345678"))["success"]
        wait_until(lambda: desk.receptions() and desk.reception(desk.receptions()[0]).ended_at, 30.0)
    row = desk.reception(desk.receptions()[0])
    assert row.caller
    assert 0 < row.rate <= 9600
