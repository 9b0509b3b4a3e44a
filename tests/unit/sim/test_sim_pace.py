"""The clock of a call against the wall: real time, free runs, stalls."""

from __future__ import annotations

from dataclasses import dataclass

from modem.sim.call import Phase
from modem.sim.pace import SLICE, Pace


@dataclass
class FakeCall:
    """A call that only counts its blocks and hands the move to its host after some."""

    must_keep_time: bool = False
    must_stand_still: bool = False
    phase: Phase = Phase.TALKING
    blocks: int = 0
    host_acts_after: int = 10**9

    def step(self, _call: object = None) -> None:
        self.blocks += 1
        if self.blocks >= self.host_acts_after:
            self.must_keep_time = True


def run(pace: Pace, call: FakeCall, now: float) -> None:
    pace.run(call, now, call.step)  # type: ignore[arg-type]


def due(pace: Pace, call: FakeCall) -> float:
    return pace.next_due(call)  # type: ignore[arg-type]


def test_real_time_moves_fifty_blocks_a_second() -> None:
    pace, call = Pace(fast=False), FakeCall()
    for millisecond in range(1000):
        run(pace, call, 100 + millisecond / 1000)
    assert call.blocks == 50


def test_real_time_does_not_drift_with_a_loop_whose_turns_do_not_fit_the_blocks() -> None:
    pace, call = Pace(fast=False), FakeCall()
    for turn in range(10_000):
        run(pace, call, 100 + turn * 0.007)
    assert 3499 <= call.blocks <= 3501


def test_a_stall_lets_line_time_slip_instead_of_catching_up_in_a_burst() -> None:
    pace, call = Pace(fast=False), FakeCall()
    run(pace, call, 100.0)
    run(pace, call, 105.0)
    run(pace, call, 105.001)
    assert call.blocks == 2
    assert due(pace, call) == 105.02


def test_max_runs_a_slice_at_once_and_is_due_again_at_once() -> None:
    pace, call = Pace(fast=True), FakeCall()
    run(pace, call, 100.0)
    assert call.blocks == SLICE
    assert due(pace, call) <= 100.0


def test_max_stops_at_the_block_in_which_the_host_gets_the_move() -> None:
    pace, call = Pace(fast=True), FakeCall(host_acts_after=3)
    run(pace, call, 100.0)
    assert call.blocks == 3
    assert due(pace, call) == 100.02


def test_max_keeps_real_time_while_the_host_has_to_act_and_goes_on_when_it_did() -> None:
    pace, call = Pace(fast=True), FakeCall(must_keep_time=True)
    for millisecond in range(101):
        run(pace, call, 100 + millisecond / 1000)
    assert call.blocks == 6
    call.must_keep_time = False
    assert due(pace, call) <= 100.1
    run(pace, call, 100.101)
    assert call.blocks == 6 + SLICE


def test_max_stands_still_for_a_host_that_reads_too_slowly() -> None:
    pace, call = Pace(fast=True), FakeCall(must_stand_still=True)
    run(pace, call, 100.0)
    assert call.blocks == 0
    assert 100.0 < due(pace, call) < 100.02


def test_real_time_waits_for_nobody() -> None:
    pace, call = Pace(fast=False), FakeCall(must_stand_still=True)
    run(pace, call, 100.0)
    assert call.blocks == 1


def test_a_free_run_ends_with_the_call() -> None:
    pace, call = Pace(fast=True), FakeCall(phase=Phase.ENDED)
    run(pace, call, 100.0)
    assert call.blocks == 1
