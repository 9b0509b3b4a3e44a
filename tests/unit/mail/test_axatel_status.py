"""The status mail of Axatel's mail face: a number and a text for every end, in answer to the request."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from notify_fixtures import SENT, STAMP, failed

from gateway import axatel_words
from gateway.domain.outcome import Cause
from gateway.mail import serialise
from gateway.notify.axatel import compose, compose_refusal
from gateway.notify.refusal import Refusal

BEGUN = datetime(2020, 12, 20, 20, 28, 13, 849_999, tzinfo=UTC)


def body(result: object, begun: datetime | None = BEGUN) -> dict[str, str]:
    mail = compose(result, begun, STAMP)  # type: ignore[arg-type]
    return dict(line.split(": ", 1) for line in mail.get_content().splitlines())


def test_success_is_told_in_their_words() -> None:
    mail = compose(SENT, BEGUN, STAMP)
    assert mail["Subject"] == "FAX 0081363684300: sent"
    assert mail["In-Reply-To"] == mail["References"] == SENT.request_id
    assert mail["Auto-Submitted"] == "auto-replied"
    assert body(SENT) == {
        "number": "0081363684300",
        "status": "sent",
        "sip_code": "200",
        "error": "null",
        "pages": "2",
        "start": "2020-12-20T20:28:13.84",
        "end": "2024-04-01T00:01:40.00",
    }


@pytest.mark.parametrize(
    ("cause", "code", "error"),
    [
        (Cause.BUSY, "486", "занято"),
        (Cause.NO_ANSWER, "480", "нет ответа"),
        (Cause.NO_CARRIER, "404", "нет соединения"),
        (Cause.NO_DIALTONE, "503", "линия недоступна"),
        (Cause.CANCELLED, "487", "отменено"),
        (Cause.NUMBER_REFUSED, "403", "номер запрещён"),
        (Cause.NOTHING_TO_SEND, "0", "файл не найден"),
        (Cause.TRAINING_FAILED, "200", "ошибка факса: training-failed"),
    ],
)
def test_a_failure_has_the_number_and_the_text_of_their_table(cause: Cause, code: str, error: str) -> None:
    told = body(failed(cause))
    assert (told["status"], told["sip_code"], told["error"]) == ("failed", code, error)


def test_every_cause_has_an_outcome_and_only_success_is_without_error() -> None:
    assert set(axatel_words.OUTCOMES) == set(Cause)
    silent = {cause for cause in Cause if axatel_words.outcome_of(cause)[1] == axatel_words.NO_ERROR}
    assert silent == {Cause.SENT, Cause.RECEIVED, Cause.SIMULATED}
    assert all("%" not in axatel_words.outcome_of(cause)[1] for cause in Cause)


def test_a_fax_that_never_called_has_no_start() -> None:
    assert body(failed(Cause.UNSUPPORTED_DOCUMENT), None)["start"] == "null"


def test_no_text_from_outside_makes_a_line_or_a_header() -> None:
    sly = replace(failed(Cause.BUSY), detail="a\r\nstatus: sent", destination="1\r\nBcc: x@y.example")
    mail = compose(sly, BEGUN, STAMP)
    told = body(sly)
    assert (told["status"], told["detail"]) == ("failed", "a status: sent")
    assert b"\r\nBcc:" not in serialise(mail).partition(b"\r\n\r\n")[0]


def test_a_simulated_line_says_so() -> None:
    mail = compose(replace(SENT, simulated_line=True), BEGUN, STAMP)
    assert mail["X-Postline-Simulated"] == "yes"


def test_a_mail_that_became_no_fax_is_answered_in_the_same_shape() -> None:
    refusal = Refusal(
        Cause.NUMBER_REFUSED,
        "The subject names more than one number.",
        subject="80171234567, 80177654321\r\nBcc: x@y.example",
        request_id="<scan@scan.example>",
    )
    mail = compose_refusal(refusal, STAMP)
    told = dict(line.split(": ", 1) for line in mail.get_content().splitlines())
    assert mail["Subject"].startswith("FAX 80171234567, 80177654321 Bcc")
    assert mail["Subject"].endswith(": failed")
    assert mail["In-Reply-To"] == "<scan@scan.example>"
    assert (told["status"], told["sip_code"], told["error"]) == ("failed", "0", "номер запрещён")
    assert (told["detail"], told["start"]) == ("The subject names more than one number.", "null")
    assert b"\r\nBcc:" not in serialise(mail).partition(b"\r\n\r\n")[0]


def test_a_refused_mail_without_a_subject_is_answered_too() -> None:
    mail = compose_refusal(Refusal(Cause.NUMBER_REFUSED, "The subject names no fax number."), STAMP)
    assert mail["Subject"] == "FAX ?: failed"
