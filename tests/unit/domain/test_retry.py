"""When to dial again: t30-class1.md section 11 as design.md section 4 amends it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gateway.domain.outcome import Cause
from gateway.domain.retry import (
    FAULTS,
    LINE_TROUBLE,
    Advice,
    Again,
    Policy,
    Stop,
    Tried,
    advice,
    counts_as_dial,
    decide,
    merged,
    slower,
)
from gateway.domain.schedule import mail_retry

NOW = datetime(2030, 6, 1, 12, 0, tzinfo=UTC)


def history(*causes: Cause, apart: timedelta = timedelta(minutes=3)) -> list[Tried]:
    first = NOW - apart * (len(causes) - 1)
    return [Tried(cause, first + apart * n) for n, cause in enumerate(causes)]


def policy(dials: int = 1, **changes: object) -> Policy:
    return Policy(dials=dials, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cause", "minutes"),
    [
        (Cause.BUSY, 3),
        (Cause.NO_ANSWER, 5),
        (Cause.NO_CARRIER, 5),
        (Cause.TRAINING_FAILED, 1),
        (Cause.NO_RESPONSE_DCS, 1),
        (Cause.PAGE_REJECTED, 1),
        (Cause.NO_RESPONSE_PAGE, 1),
        (Cause.ECM_FAILED, 1),
        (Cause.REMOTE_DISCONNECT, 1),
        (Cause.CALL_DROPPED, 1),
        (Cause.PROTOCOL, 1),
        (Cause.INTERNAL, 1),
        (Cause.INCOMPATIBLE, 0),
        (Cause.NO_DIALTONE, 0),
        (Cause.MODEM_ERROR, 0),
        (Cause.MODEM_BLACKLIST, 0),
    ],
)
def test_the_next_dial_comes_after_the_interval_of_its_cause(cause: Cause, minutes: int) -> None:
    answer = decide(history(cause), policy(), NOW)
    assert isinstance(answer, Again)
    assert answer.due_at == NOW + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    "cause",
    [
        Cause.VOICE_OR_DATA,
        Cause.REMOTE_CANNOT_RECEIVE,
        Cause.POLL_REFUSED,
        Cause.BAD_PASSWORD,
        Cause.CANCELLED,
        Cause.NUMBER_REFUSED,
        Cause.SENT,
        Cause.UNREADABLE_DOCUMENT,
        Cause.TOO_MANY_PAGES,
        Cause.EXPIRED,
    ],
)
def test_what_calling_again_cannot_mend_is_final(cause: Cause) -> None:
    assert decide(history(cause), policy(), NOW) == Stop("final-cause")


@pytest.mark.parametrize("cause", list(Cause))
def test_every_cause_has_an_answer(cause: Cause) -> None:
    assert isinstance(decide(history(cause), policy(), NOW), Again | Stop)


@pytest.mark.parametrize("cause", [Cause.BUSY, Cause.NO_ANSWER, Cause.CALL_DROPPED])
def test_the_accounts_interval_wins(cause: Cause) -> None:
    answer = decide(history(cause), policy(interval_minutes=30), NOW)
    assert isinstance(answer, Again)
    assert answer.due_at == NOW + timedelta(minutes=30)


@pytest.mark.parametrize("cause", [Cause.NO_DIALTONE, Cause.INCOMPATIBLE])
def test_what_goes_on_at_once_does_not_wait_for_the_accounts_interval(cause: Cause) -> None:
    answer = decide(history(cause), policy(interval_minutes=30), NOW)
    assert isinstance(answer, Again)
    assert answer.due_at == NOW


@pytest.mark.parametrize(
    ("dials", "total", "more"), [(3, 4, True), (4, 4, False), (1, 1, False), (5, 6, True)]
)
def test_dials_are_counted_in_total(dials: int, total: int, more: bool) -> None:
    answer = decide(history(*[Cause.BUSY] * dials), policy(dials, max_dials=total), NOW)
    assert isinstance(answer, Again) is more
    if not more:
        assert answer == Stop("dials-used")


def test_busy_is_a_dial_and_our_own_faults_are_not() -> None:
    assert counts_as_dial(Cause.BUSY)
    assert counts_as_dial(Cause.INTERNAL)
    assert {cause for cause in Cause if not counts_as_dial(cause)} == FAULTS
    assert {Cause.NO_DIALTONE, Cause.MODEM_ERROR, Cause.MODEM_BLACKLIST} == FAULTS


def test_a_fault_of_ours_goes_on_at_another_line() -> None:
    answer = decide(history(Cause.BUSY, Cause.NO_DIALTONE), policy(1), NOW)
    assert isinstance(answer, Again)
    assert answer.advice.other_line


def test_a_modem_that_broke_in_the_last_permitted_call_gets_no_other() -> None:
    assert decide(history(Cause.MODEM_ERROR), policy(4, max_dials=4), NOW) == Stop("dials-used")


def test_a_fault_that_lasts_a_day_is_given_up() -> None:
    lasting = history(*[Cause.NO_DIALTONE] * 25, apart=timedelta(hours=1))
    assert decide(lasting, policy(0), NOW) == Stop("fault-lasts")
    assert isinstance(decide(lasting[1:], policy(0), NOW), Again)


def test_only_the_present_run_of_faults_counts() -> None:
    long_ago = [Tried(Cause.NO_DIALTONE, NOW - timedelta(days=3)), Tried(Cause.BUSY, NOW - timedelta(days=2))]
    assert isinstance(decide([*long_ago, *history(Cause.NO_DIALTONE)], policy(), NOW), Again)


def test_a_persons_telephone_is_called_twice_only() -> None:
    assert isinstance(decide(history(Cause.NO_CARRIER), policy(1), NOW), Again)
    twice = history(Cause.NO_CARRIER, Cause.NO_CARRIER)
    assert decide(twice, policy(2), NOW) == Stop("not-a-fax")
    between = history(Cause.NO_CARRIER, Cause.BUSY, Cause.NO_CARRIER)
    assert decide(between, policy(3), NOW) == Stop("not-a-fax")


def test_where_a_fax_once_answered_no_carrier_is_only_a_bad_moment() -> None:
    twice = history(Cause.NO_CARRIER, Cause.NO_CARRIER)
    assert isinstance(decide(twice, policy(2, fax_reached=True), NOW), Again)


def test_an_incompatible_document_is_drawn_anew_once() -> None:
    answer = decide(history(Cause.INCOMPATIBLE), policy(), NOW)
    assert isinstance(answer, Again)
    assert answer.advice.redraw
    assert decide(history(Cause.INCOMPATIBLE, Cause.INCOMPATIBLE), policy(2), NOW) == Stop("final-cause")


@pytest.mark.parametrize("cause", sorted(LINE_TROUBLE))
def test_after_trouble_on_the_line_calls_grow_more_careful(cause: Cause) -> None:
    first, second = advice(history(cause)), advice(history(cause, cause))
    assert (first.v17, first.ecm, first.max_rate) == (False, True, None)
    assert (second.v17, second.max_rate) == (False, 9600)
    assert second.ecm is (cause is Cause.PAGE_REJECTED)


def test_a_busy_number_is_no_trouble_on_the_line() -> None:
    assert advice(history(Cause.BUSY, Cause.NO_ANSWER)) == Advice()
    assert advice([]) == Advice()


def test_a_page_that_may_have_arrived_is_said_to_be_sent_twice() -> None:
    assert advice(history(Cause.NO_RESPONSE_PAGE)).may_double
    assert not advice(history(Cause.CALL_DROPPED)).may_double


def test_mail_is_tried_again_after_1_5_15_60_minutes_and_then_hourly() -> None:
    waits = [mail_retry(NOW, tries, NOW) for tries in range(1, 7)]
    assert waits == [NOW + timedelta(minutes=m) for m in (1, 5, 15, 60, 60, 60)]


def test_mail_is_given_up_after_48_hours() -> None:
    assert mail_retry(NOW, 40, NOW + timedelta(hours=47)) == NOW + timedelta(hours=48)
    assert mail_retry(NOW, 40, NOW + timedelta(hours=47, seconds=1)) is None


def test_a_mail_that_never_goes_is_tried_for_two_days_and_not_for_ever() -> None:
    tries, now = 0, NOW
    while (due := mail_retry(NOW, tries + 1, now)) is not None:
        tries, now = tries + 1, due
    assert 45 <= tries <= 52
    assert now <= NOW + timedelta(hours=48)


# -- by cause (t30-class1 section 11)


def test_a_page_that_was_rejected_goes_slower_and_with_error_correction_asked_for() -> None:
    rejected = Tried(Cause.PAGE_REJECTED, NOW, "usb0", rate=9600)
    once, twice = advice([rejected]), advice([rejected, rejected])
    assert (once.ecm, once.ecm_asked, once.max_rate) == (True, True, 7200)
    assert (twice.ecm, twice.ecm_asked, twice.max_rate) == (True, True, 7200)


def test_error_correction_that_failed_goes_slower_and_is_left_out_the_third_time() -> None:
    failed = Tried(Cause.ECM_FAILED, NOW, "usb0", rate=14400)
    assert (advice([failed]).ecm, advice([failed]).max_rate) == (True, 12000)
    assert (advice([failed] * 2).ecm, advice([failed] * 2).max_rate) == (False, 9600)


def test_an_unanswered_page_may_be_doubled_and_pages_of_another_kind_are_drawn_anew() -> None:
    assert advice([Tried(Cause.NO_RESPONSE_PAGE, NOW)]).may_double
    assert advice([Tried(Cause.INCOMPATIBLE, NOW)]).redraw


@pytest.mark.parametrize(("rate", "lower"), [(14400, 12000), (12000, 9600), (4800, 2400), (2400, 2400)])
def test_the_next_lower_rate(rate: int, lower: int) -> None:
    assert slower(rate) == lower


def test_advice_for_one_call_heeds_everybody() -> None:
    first, second = Advice(v17=False, max_rate=9600), Advice(ecm=False, max_rate=12000, redraw=True)
    assert merged(first, second) == Advice(v17=False, ecm=False, max_rate=9600, redraw=True)
    assert merged(Advice(), Advice()) == Advice()
    assert merged(Advice(max_rate=7200), Advice()).max_rate == 7200


def test_a_rejected_page_gets_error_correction_though_the_number_had_trouble_with_it() -> None:
    assert merged(Advice(ecm=False), Advice(ecm_asked=True)).ecm
