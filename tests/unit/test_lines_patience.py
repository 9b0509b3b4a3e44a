"""Hung modems and full groups: how long a line waits, when somebody is told, who may dial."""

from __future__ import annotations

from gateway.line_table import LineConfig
from gateway.lines.gate import Gate, gates_of
from gateway.lines.patience import ALARM_SECONDS, LONGEST_SECONDS, Faults, Patience
from modem.result import Reason


def test_a_modem_that_hangs_is_reset_once_and_then_left_alone() -> None:
    patience = Patience(3.0)
    assert patience.hung()
    assert not patience.hung()
    assert not patience.hung()


def test_a_line_waits_longer_each_time_up_to_five_minutes() -> None:
    patience = Patience(3.0)
    waits = [patience.out(0.0) for _ in range(12) if not patience.hung()]
    assert waits[:5] == [3.0, 6.0, 12.0, 24.0, 48.0]
    assert waits[-1] == LONGEST_SECONDS


def test_a_missing_port_is_looked_for_without_growing_patience() -> None:
    patience = Patience(3.0)
    assert [patience.out(float(now)) for now in range(5)] == [3.0] * 5


def test_an_outage_that_lasts_is_told_once_and_taken_back() -> None:
    patience = Patience(3.0)
    assert not patience.alarm_due(0.0), "it is not out of service at all"
    patience.out(10.0)
    assert not patience.alarm_due(10.0 + ALARM_SECONDS - 0.1)
    patience.out(100.0)
    assert patience.alarm_due(10.0 + ALARM_SECONDS)
    assert not patience.alarm_due(10_000.0)
    assert patience.well()
    assert not patience.well()


def test_a_short_outage_is_nobodys_business_and_a_cure_forgets_everything() -> None:
    patience = Patience(3.0)
    patience.hung()
    patience.out(0.0)
    assert not patience.well()
    assert patience.hung(), "the next hang is a first one"
    assert not patience.alarm_due(ALARM_SECONDS * 2), "the outage before is over"


def test_faults_one_after_the_other_are_told_once_and_taken_back_by_a_call_that_goes_out() -> None:
    faults = Faults()
    ends = [Reason.NO_DIALTONE, Reason.MODEM_ERROR, Reason.CANCELLED, Reason.NO_DIALTONE, Reason.NO_DIALTONE]
    assert [faults.alarm_due(reason) for reason in ends] == [False, False, False, True, False]
    assert not faults.over(Reason.NO_DIALTONE)
    assert not faults.over(Reason.CANCELLED), "it says nothing of the line"
    assert faults.over(Reason.BUSY), "a busy tone comes from the exchange"
    assert not faults.over(Reason.SENT)


def test_single_faults_between_calls_that_go_out_are_nobodys_business() -> None:
    faults = Faults()
    for _ in range(10):
        assert not faults.alarm_due(Reason.NO_DIALTONE)
        assert not faults.over(Reason.NO_ANSWER)


def test_only_so_many_lines_of_a_group_dial_at_once() -> None:
    gate = Gate(2)
    assert gate.enter("a")
    assert gate.enter("b")
    assert not gate.enter("c")
    assert gate.enter("a"), "who is inside stays"
    gate.leave("b")
    gate.leave("nobody")
    assert gate.enter("c")
    assert not gate.enter("b")


def test_a_gate_without_a_limit_is_always_open() -> None:
    gate = Gate()
    assert all(gate.enter(str(n)) for n in range(50))


def test_lines_of_a_group_share_their_gate_and_others_have_none() -> None:
    def line(name: str, group: str = "", limit: int | None = None) -> LineConfig:
        return LineConfig(name=name, type="simulated", group=group, max_concurrent=limit)

    gates = gates_of([line("a", "day", 1), line("b", "day", 1), line("c", "night"), line("d")])
    assert set(gates) == {"day", "night"}
    assert gates["day"].enter("a")
    assert not gates["day"].enter("b")
    assert gates["night"].enter("c")
