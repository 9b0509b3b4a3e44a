"""What a call costs: the longest prefix, whole steps, and no way around the list."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.caps import DAY, HOUR, MONTH, Caps
from gateway.domain.costs import FREE, Prices, Tariff, answered
from gateway.domain.outcome import Cause

HOME, TOKYO, REST = Tariff(10, 3), Tariff(0, 2), Tariff(30, 60)
LIST = Prices((("0081", HOME), ("00813", TOKYO), ("", REST)), "JPY")


@pytest.mark.parametrize(
    ("number", "tariff"), [("0081312345678", TOKYO), ("0081661234567", HOME), ("0012025550123", REST)]
)
def test_the_longest_prefix_decides(number: str, tariff: Tariff) -> None:
    assert LIST.of(number) == tariff


def test_a_number_that_no_prefix_fits_counts_as_the_dearest_and_without_a_list_all_are_free() -> None:
    assert Prices((("0081", HOME), ("0044", REST))).of("0012025550123") == REST
    assert Prices().of("0012025550123") == FREE
    assert FREE.free
    assert not HOME.free


@pytest.mark.parametrize(("seconds", "cost"), [(0, 13), (1, 13), (60, 13), (60.1, 16), (121, 19)])
def test_time_is_billed_in_whole_steps(seconds: float, cost: float) -> None:
    assert HOME.cost(seconds) == cost


def test_a_step_of_its_own() -> None:
    three_minutes = Tariff(0, 3, step=180)
    assert (three_minutes.cost(10), three_minutes.cost(180), three_minutes.cost(181)) == (9, 9, 18)


def test_the_others_of_a_call_pay_their_seconds_and_the_call_once() -> None:
    assert HOME.cost(30, first=False) == 1.5
    assert HOME.cost(60) + HOME.cost(60, first=False) == HOME.cost(120)


@given(st.integers(0, 200), st.booleans())
def test_more_pages_are_never_taken_to_cost_less(pages: int, first: bool) -> None:
    assert HOME.estimate(pages, first=first) <= HOME.estimate(pages + 1, first=first)


@given(st.floats(0, 36_000), st.integers(1, 3600))
def test_whole_steps_never_bill_less_than_the_seconds(seconds: float, step: int) -> None:
    tariff = Tariff(0, 6, step)
    assert tariff.cost(seconds) >= tariff.cost(seconds, first=False) - 1e-6


def test_a_call_that_nobody_answered_is_free() -> None:
    assert not answered(Cause.BUSY, connected=False)
    assert not answered(Cause.NO_ANSWER, connected=False)
    assert answered(Cause.BUSY, connected=True)
    assert answered(Cause.VOICE_OR_DATA, connected=False)
    assert answered(Cause.NO_CARRIER, connected=False)


def test_caps_on_cost_are_caps_like_the_others() -> None:
    caps = Caps(calls_per_hour=3, cost_per_day=100).over({"cost_per_month": 900.5, "cost_per_day": 50})
    limits = [(limit.name, limit.counts, limit.most, limit.span) for limit in caps.limits()]
    assert limits == [
        ("calls_per_hour", "calls", 3, HOUR),
        ("cost_per_day", "cost", 50, DAY),
        ("cost_per_month", "cost", 900.5, MONTH),
    ]
