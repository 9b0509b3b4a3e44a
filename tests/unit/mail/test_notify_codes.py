"""The status numbers: total, zero only for success, and the mapping from a modem as the contract has it."""

from __future__ import annotations

import pytest

from gateway.domain.outcome import Cause
from gateway.notify.codes import CAUSES, STATUS, cause_of, status_of
from gateway.wording import WORDS


def test_every_cause_has_a_number_and_words() -> None:
    assert set(STATUS) == set(Cause) == set(WORDS)


def test_zero_means_success_and_nothing_else_does() -> None:
    assert {cause for cause, number in STATUS.items() if number == 0} == {Cause.SENT, Cause.RECEIVED}
    assert all(number >= 0 for number in STATUS.values())


@pytest.mark.parametrize(
    ("cause", "number"),
    [
        (Cause.BUSY, 6017),
        (Cause.NO_ANSWER, 6018),
        (Cause.NO_CARRIER, 3912),
        (Cause.VOICE_OR_DATA, 3936),
        (Cause.NO_DIALTONE, 3072),
        (Cause.NO_RESPONSE_DCS, 3224),
        (Cause.TRAINING_FAILED, 3220),
        (Cause.PAGE_REJECTED, 3268),
        (Cause.CANCELLED, 403),
        (Cause.PROTOCOL, 7200),
        (Cause.UNSUPPORTED_DOCUMENT, 204000),
        (Cause.CREDIT, 205000),
    ],
)
def test_a_modem_cause_has_the_number_of_the_contract(cause: Cause, number: int) -> None:
    assert status_of(cause) == number


def test_a_far_machine_gone_before_the_first_page_has_its_own_numbers() -> None:
    assert status_of(Cause.REMOTE_DISCONNECT, page_begun=False) == 3230
    assert status_of(Cause.REMOTE_DISCONNECT, page_begun=True) == 3223
    assert status_of(Cause.CALL_DROPPED, page_begun=False) == 8010
    assert status_of(Cause.CALL_DROPPED, page_begun=True) == 3224
    assert status_of(Cause.BUSY, page_begun=False) == 6017


@pytest.mark.parametrize("number", [0, 6017, 3912, 4711])
def test_a_test_number_keeps_the_status_it_asks_for(number: int) -> None:
    assert status_of(Cause.SIMULATED, simulated_status=number) == number


def test_a_document_that_could_not_be_drawn_fails_at_a_test_number_too() -> None:
    assert status_of(Cause.RENDER_FAILED, simulated_status=0) == 204001


def test_a_simulated_end_without_its_number_is_never_success() -> None:
    assert status_of(Cause.SIMULATED) != 0


def test_every_number_we_give_can_be_put_into_words_again() -> None:
    given = {*STATUS.values(), 3230, 8010}
    assert given <= set(CAUSES)
    assert cause_of(0) is Cause.SENT
    assert cause_of(6017) is Cause.BUSY
    assert cause_of(6999) is Cause.MODEM_ERROR
