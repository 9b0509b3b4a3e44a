"""The status mail of Axatel's mail face (axatel.md, mail submission): one answer to one mail, for a program.

The subject says the number and how it ended, the body has one `name: value` a line. It goes to the proved
sender, or nowhere: that is decided where it is owed. Simulated lines say so here, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.axatel_words import outcome_of, stamp
from gateway.mail import UTF8_BASE64, begin, for_people, one_line
from gateway.notify.result_mail import REPLIED, answers

if TYPE_CHECKING:
    from datetime import datetime
    from email.message import EmailMessage

    from gateway.mail import Stamp
    from gateway.notify.refusal import Refusal
    from gateway.notify.result import Result
    from gateway.store.models import Delivery, Fax

LONGEST_NUMBER: Final = 60  # of a refused mail the subject stands for the number


def is_asked(fax: Fax) -> bool:
    """Say whether a fax came by Axatel's mail face."""
    return fax.message is not None and bool(fax.message.envelope.get("axatel"))


def started(delivery: Delivery) -> datetime | None:
    """Return when the first call of a delivery left; None where none did."""
    return next((attempt.dialled_at for attempt in delivery.attempts if attempt.dialled_at), None)


def compose(result: Result, begun: datetime | None, frame: Stamp) -> EmailMessage:
    """Return the status mail about a finished delivery; `begun`: when its first call left."""
    mail = _status_mail(
        frame,
        number=result.destination,
        status="sent" if result.sent else "failed",
        outcome=outcome_of(result.told_cause),
        detail=result.detail,
        pages=result.pages_confirmed,
        times=(begun, result.completed_at),
    )
    mail["X-TransactionID"] = str(result.number)
    answers(mail, result.request_id)
    if result.simulated:
        mail["X-Postline-Simulated"] = "yes"
    return mail


def compose_refusal(refusal: Refusal, frame: Stamp) -> EmailMessage:
    """Return the status mail about a mail that became no fax; no call was made, so its number is 0."""
    _, error = outcome_of(refusal.cause)
    mail = _status_mail(
        frame,
        number=for_people(refusal.subject)[:LONGEST_NUMBER] or "?",
        status="failed",
        outcome=(0, error),
        detail=refusal.reason,
        pages=0,
        times=(None, frame.date),
    )
    answers(mail, refusal.request_id)
    return mail


def _status_mail(
    frame: Stamp,
    *,
    number: str,
    status: str,
    outcome: tuple[int, str],
    detail: str,
    pages: int,
    times: tuple[datetime | None, datetime],
) -> EmailMessage:
    mail = begin(frame, f"FAX {number}: {status}", auto_submitted=REPLIED)
    lines = {
        "number": number,
        "status": status,
        "sip_code": str(outcome[0]),
        "error": outcome[1],
        "detail": detail,
        "pages": str(pages),
        "start": stamp(times[0]),
        "end": stamp(times[1]),
    }
    text = "".join(f"{name}: {one_line(value)}\n" for name, value in lines.items() if value)
    mail.set_content(text, **UTF8_BASE64)
    return mail
