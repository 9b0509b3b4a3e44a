"""Who calls badly is offered less, step by step, and is forgiven after thirty days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.domain.callers import Caller, Narrowing, Taken, after_reception, caller_key, narrowing
from gateway.domain.memory import KEPT

NOON = datetime(2030, 6, 1, 12, 0, tzinfo=UTC)


def taken(**values: Any) -> Taken:
    return Taken(**{"complete": True, "at": NOON, "rows": 1000, **values})


def after(*calls: Taken) -> Caller:
    caller = Caller()
    for one in calls:
        caller = after_reception(caller, one)
    return caller


def test_a_stranger_and_a_good_caller_are_offered_everything() -> None:
    assert narrowing(Caller(), NOON) == Narrowing()
    assert narrowing(after(taken(), taken(bad_rows=20, ftt=1)), NOON) == Narrowing()


@pytest.mark.parametrize(
    "poor", [taken(complete=False), taken(rtn=1), taken(ftt=2), taken(bad_rows=21)], ids=str
)
def test_a_poor_call_costs_the_caller_v17(poor: Taken) -> None:
    assert narrowing(after(poor), NOON) == Narrowing(v17=False)


def test_further_poor_calls_cost_speed_and_high_resolutions() -> None:
    poor = taken(complete=False)
    assert narrowing(after(poor, poor), NOON) == Narrowing(v17=False, max_rate=7200, coarse=True)
    assert narrowing(after(*[poor] * 9), NOON) == Narrowing(v17=False, max_rate=4800, coarse=True)


def test_what_helped_stays_in_force_while_the_calls_are_good() -> None:
    caller = after(taken(complete=False), taken(), taken())
    assert narrowing(caller, NOON) == Narrowing(v17=False)


def test_after_thirty_days_the_caller_begins_anew() -> None:
    later = NOON + KEPT + timedelta(seconds=1)
    caller = after(taken(complete=False), taken(rtn=1))
    assert narrowing(caller, later) == Narrowing()
    assert after_reception(caller, taken(complete=False, at=later)).troubles == 1


@pytest.mark.parametrize(
    ("number", "ident", "key"),
    [
        ("0312345678", "", "312345678"),
        ("+81312345678", "", "312345678"),
        ("", "+81 3 1234 5678", "312345678"),
        ("110", "+81 3 1234 5678", "110"),
        ("", "ACME Ltd", ""),
        ("", "", ""),
    ],
)
def test_a_caller_is_known_by_nine_digits_however_the_number_is_written(
    number: str, ident: str, key: str
) -> None:
    assert caller_key(number, ident) == key
