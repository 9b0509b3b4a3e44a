"""What a number's calls teach, when it is used, and when it is forgotten."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.domain.memory import KEPT, Called, Known, advice, after, fresh
from gateway.domain.outcome import Cause

NOON = datetime(2030, 6, 1, 12, 0, tzinfo=UTC)
DIS = bytes.fromhex("00ce99c400")
LATER = KEPT + timedelta(seconds=1)
NOTHING = Known()


def call(cause: Cause = Cause.SENT, **values: Any) -> Called:
    """A call to a V.17 machine that brought a page over unless told otherwise."""
    given = {"at": NOON, "confirmed": 1, "rate": 14400, "dis": DIS, "v17": True, "ident": "+81 3"}
    return Called(cause, **{**given, **values})


def broken(cause: Cause, **values: Any) -> Called:
    return call(cause, **{"confirmed": 0, **values})


def after_all(*calls: Called, known: Known = NOTHING) -> Known:
    for one in calls:
        known = after(known, one)
    return known


def test_a_number_nobody_called_is_called_with_everything() -> None:
    start = advice(Known(), NOON)
    assert (start.v17, start.ecm, start.max_rate) == (True, True, None)


def test_a_good_call_leaves_its_parameters_and_asks_for_no_care() -> None:
    known = after_all(call(ecm=True, compression="MMR", resolution="fine"))
    assert (known.reached, known.used_at, known.ident, known.dis) == (True, NOON, "+81 3", DIS)
    assert (known.rate, known.ecm, known.compression, known.resolution) == (14400, True, "MMR", "fine")
    assert advice(known, NOON) == advice(Known(), NOON)


@pytest.mark.parametrize("cause", [Cause.BUSY, Cause.NO_ANSWER, Cause.NO_CARRIER])
def test_a_call_that_met_no_machine_says_nothing_about_one(cause: Cause) -> None:
    known = after_all(call(), broken(cause, dis=b"", rate=0, ident=""))
    assert (known.reached, known.dis, known.ident, known.rate) == (True, DIS, "+81 3", 14400)
    assert not after(Known(), broken(cause, dis=b"")).reached


def test_parameters_that_brought_no_page_over_are_not_the_last_good_ones() -> None:
    known = after_all(call(rate=9600), broken(Cause.CALL_DROPPED, rate=14400))
    assert known.rate == 9600


# -- V.17


@pytest.mark.parametrize("cause", [Cause.TRAINING_FAILED, Cause.NO_RESPONSE_DCS, Cause.REMOTE_DISCONNECT])
def test_a_machine_that_does_not_take_v17_is_not_offered_it_again(cause: Cause) -> None:
    assert not advice(after_all(broken(cause)), NOON).v17


def test_one_bad_call_does_not_keep_a_number_from_v17_for_a_month() -> None:
    bad, slow = broken(Cause.TRAINING_FAILED), call(rate=9600, v17=False)
    assert not advice(after_all(bad, slow, slow), NOON).v17
    assert advice(after_all(bad, slow, slow, slow), NOON).v17
    assert advice(after_all(bad, slow, slow, slow, call(), call(), call()), NOON).v17


def test_v17_that_fails_when_it_is_tried_again_is_left_alone_for_a_month() -> None:
    bad, slow = broken(Cause.REMOTE_DISCONNECT), call(rate=9600, v17=False)
    known = after_all(bad, slow, slow, slow, bad, *[slow] * 9)
    assert not advice(known, NOON).v17
    assert advice(known, NOON + LATER).v17


def test_three_clean_calls_raise_the_rate_and_allow_v17_together() -> None:
    slow = call(rate=7200, v17=False)
    start = advice(after_all(call(ftt=3, rate=7200), slow, slow, slow), NOON)
    assert (start.v17, start.max_rate) == (True, 9600)


def test_falling_from_v17_to_v29_is_trouble_even_where_the_fax_arrived() -> None:
    assert not advice(after_all(call(ftt=2, rate=9600)), NOON).v17


@pytest.mark.parametrize(
    "harmless",
    [
        broken(Cause.TRAINING_FAILED, v17=False),  # it was not V.17 that failed
        broken(Cause.NO_RESPONSE_DCS, dis=b""),  # no machine was there
        call(Cause.REMOTE_DISCONNECT),  # a page had gone over
        call(ftt=1, rate=12000),
        broken(Cause.CALL_DROPPED),
    ],
)
def test_what_does_not_speak_against_v17(harmless: Called) -> None:
    assert advice(after_all(harmless), NOON).v17


# -- the rate


def test_a_call_that_had_to_slow_down_begins_slower_the_next_time() -> None:
    assert advice(after_all(call(ftt=1, rate=12000)), NOON).max_rate == 12000
    assert advice(after_all(call(rtn=1, rate=7200)), NOON).max_rate == 7200


def test_a_slow_call_without_a_page_teaches_no_rate() -> None:
    assert advice(after_all(broken(Cause.CALL_DROPPED, ftt=1, rate=2400)), NOON).max_rate is None


def test_three_clean_calls_earn_the_next_higher_rate_and_the_top_needs_no_cap() -> None:
    slow, clean = call(ftt=1, rate=9600), call(rate=9600)
    assert advice(after_all(slow, clean, clean), NOON).max_rate == 9600
    assert advice(after_all(slow, clean, clean, clean), NOON).max_rate == 12000
    assert advice(after_all(slow, *[clean] * 6), NOON).max_rate is None


def test_a_step_that_was_too_high_is_taken_back_and_earned_anew() -> None:
    slow, clean = call(ftt=1, rate=9600), call(rate=9600)
    known = after_all(slow, clean, clean, clean, slow)
    assert advice(known, NOON).max_rate == 9600
    assert advice(after_all(clean, clean, known=known), NOON).max_rate == 9600


def test_a_broken_call_is_not_a_clean_one() -> None:
    slow = call(ftt=1, rate=9600)
    known = after_all(slow, *[call(Cause.CALL_DROPPED, rate=9600)] * 5)
    assert advice(known, NOON).max_rate == 9600


# -- ECM and EOM


def test_error_correction_is_given_up_after_two_failures_and_comes_back_after_it_worked() -> None:
    failed = call(Cause.ECM_FAILED, ecm=True)
    assert advice(after_all(failed), NOON).ecm
    assert not advice(after_all(failed, failed), NOON).ecm
    assert advice(after_all(failed, call(ecm=True), failed), NOON).ecm
    assert not advice(after_all(failed, failed, call(ecm=False)), NOON).ecm


def test_a_machine_that_does_not_come_back_after_eom_is_remembered() -> None:
    assert after_all(call()).no_eom_at is None
    assert after_all(call(Cause.CALL_DROPPED, no_reopening=True), call()).no_eom_at == NOON


# -- forgetting

TROUBLED = replace(
    Known(reached=True, used_at=NOON, dis=DIS, rate=9600),
    cap=9600,
    capped_at=NOON,
    clean=2,
    v17_at=NOON,
    ecm_failures=2,
    ecm_at=NOON,
    no_eom_at=NOON,
)


def test_everything_counts_for_thirty_days() -> None:
    assert fresh(TROUBLED, NOON + KEPT) == TROUBLED


def test_a_number_not_called_for_thirty_days_is_a_stranger_where_a_fax_was_once_reached() -> None:
    assert fresh(TROUBLED, NOON + LATER) == Known(reached=True, used_at=NOON)


@pytest.mark.parametrize(
    "fact", [{"capped_at": NOON}, {"v17_at": NOON}, {"ecm_at": NOON}, {"no_eom_at": NOON}]
)
def test_each_trouble_is_forgotten_by_itself_though_the_number_is_called_daily(
    fact: dict[str, datetime],
) -> None:
    now = NOON + LATER
    daily = dict.fromkeys(("used_at", "capped_at", "v17_at", "ecm_at", "no_eom_at"), now)
    known = fresh(replace(TROUBLED, **{**daily, **fact}), now)
    lost = {"capped_at": known.cap, "v17_at": known.v17_at, "ecm_at": known.ecm_failures}
    assert not lost.get(next(iter(fact)), known.no_eom_at)
    assert known.dis == DIS
    kept = [known.cap == 9600, known.v17_at == now, known.ecm_failures == 2, known.no_eom_at == now]
    assert sum(kept) == 3


def test_advice_is_not_taken_from_what_should_be_forgotten() -> None:
    assert advice(TROUBLED, NOON + LATER) == advice(Known(), NOON)
