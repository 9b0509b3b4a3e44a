"""Leftovers: what dead workers held is settled by a line that stands idle, and nobody else's is touched."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gateway.domain.outcome import Cause
from gateway.domain.states import DeliveryState, ReceptionState
from gateway.lines.leftovers import AGAIN_SECONDS, EVERY_SECONDS, JUMP_SECONDS, Leftovers
from gateway.store import receptions
from gateway.store.database import Store

if TYPE_CHECKING:
    from pathlib import Path

    from lines_fixtures import Desk

    from gateway.lines.base import Plant

OURS, OTHERS = "host/sim/", "elsewhere/sim/"


class Clock:
    """A monotonic clock that moves with the desk's wall clock unless the wall clock jumps."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.seconds = desk, 1000.0

    def __call__(self) -> float:
        return self.seconds

    def pass_by(self, seconds: float) -> None:
        self.seconds += seconds
        self.desk.house.later(seconds=seconds)


def watched(desk: Desk) -> tuple[Leftovers, Clock]:
    clock = Clock(desk)
    return Leftovers(replace(desk.plant, clock=clock, now=lambda: desk.house.now), OURS), clock


def held(desk: Desk, worker: str) -> int:
    number = desk.fax()
    lease = desk.house.claim("sim", worker)
    assert lease is not None
    return number


def test_what_the_lines_former_life_held_is_settled_at_once(desk: Desk) -> None:
    number = held(desk, OURS)
    leftovers, _ = watched(desk)
    leftovers.settle()
    assert desk.state(number) is DeliveryState.QUEUED


def test_the_calls_of_a_living_worker_are_left_alone(desk: Desk) -> None:
    number = held(desk, OTHERS)
    leftovers, _ = watched(desk)
    leftovers.settle()
    assert desk.state(number) is DeliveryState.CLAIMED


def test_a_lease_that_ran_out_is_taken_from_any_worker_without_a_restart(desk: Desk) -> None:
    number = held(desk, OTHERS)
    leftovers, clock = watched(desk)
    leftovers.settle_if_due()
    clock.pass_by(EVERY_SECONDS - 1)
    leftovers.settle_if_due()
    assert desk.state(number) is DeliveryState.CLAIMED
    clock.pass_by(40.0)
    leftovers.settle_if_due()
    assert desk.state(number) is DeliveryState.QUEUED


def test_a_wall_clock_that_jumps_expires_nobodys_lease(desk: Desk) -> None:
    number = held(desk, OTHERS)
    leftovers, clock = watched(desk)
    leftovers.settle()
    desk.house.later(hours=24)
    leftovers.settle()
    assert desk.state(number) is DeliveryState.CLAIMED, "its worker had no time to renew"
    clock.pass_by(JUMP_SECONDS)
    leftovers.settle_if_due()
    assert desk.state(number) is DeliveryState.QUEUED, "it did not renew, so it is dead"


def test_a_reception_of_a_former_life_is_closed_as_partial(desk: Desk) -> None:
    number = desk.store.run(receptions.open_reception, line="sim", worker=OURS, now=desk.house.now)
    other = desk.store.run(receptions.open_reception, line="sim", worker=OTHERS, now=desk.house.now)
    leftovers, _ = watched(desk)
    leftovers.settle()
    row = desk.reception(number)
    assert (row.state, row.cause) == (ReceptionState.PARTIAL, Cause.INTERNAL)
    assert desk.reception(other).state is ReceptionState.RECEIVING


def test_a_store_that_does_not_answer_is_asked_again_soon(desk: Desk, tmp_path: Path) -> None:
    number = held(desk, OURS)
    clock = Clock(desk)
    away = Store(f"sqlite:///{tmp_path / 'away' / 'postline.sqlite'}")
    plant: Plant = replace(desk.plant, clock=clock, now=lambda: desk.house.now, store=away)
    leftovers = Leftovers(plant, OURS)
    leftovers.settle()
    away.close()
    (tmp_path / "away").symlink_to(tmp_path)
    clock.pass_by(AGAIN_SECONDS / 2)
    leftovers.settle_if_due()
    assert desk.state(number) is DeliveryState.CLAIMED
    clock.pass_by(AGAIN_SECONDS)
    leftovers.settle_if_due()
    assert desk.state(number) is DeliveryState.QUEUED
    away.close()
