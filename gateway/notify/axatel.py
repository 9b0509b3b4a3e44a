"""The status mail of Axatel's mail face (axatel.md, mail submission): one answer to one mail, for a program.

The subject says the number and how it ended, the body has one `name: value` a line. It goes to the proved
sender, or nowhere: that is decided where it is owed. Simulated lines say so here, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.axatel_words import outcome_of, stamp
from gateway.mail import UTF8_BASE64, begin, one_line
from gateway.notify.result_mail import REPLIED, answers

if TYPE_CHECKING:
    from datetime import datetime
    from email.message import EmailMessage

    from gateway.mail import Stamp
    from gateway.notify.result import Result
    from gateway.store.models import Delivery, Fax


def is_asked(fax: Fax) -> bool:
    """Say whether a fax came by Axatel's mail face."""
    return fax.message is not None and bool(fax.message.envelope.get("axatel"))


def started(delivery: Delivery) -> datetime | None:
    """Return when the first call of a delivery left; None where none did."""
    return next((attempt.dialled_at for attempt in delivery.attempts if attempt.dialled_at), None)


def compose(result: Result, begun: datetime | None, frame: Stamp) -> EmailMessage:
    """Return the status mail about a finished delivery; `begun`: when its first call left."""
    status = "sent" if result.sent else "failed"
    code, error = outcome_of(result.told_cause)
    mail = begin(frame, f"FAX {result.destination}: {status}", auto_submitted=REPLIED)
    mail["X-TransactionID"] = str(result.number)
    answers(mail, result.request_id)
    if result.simulated:
        mail["X-Postline-Simulated"] = "yes"
    lines = {
        "number": result.destination,
        "status": status,
        "sip_code": str(code),
        "error": error,
        "detail": result.detail,
        "pages": str(result.pages_confirmed),
        "start": stamp(begun),
        "end": stamp(result.completed_at),
    }
    text = "".join(f"{name}: {one_line(value)}\n" for name, value in lines.items() if value)
    mail.set_content(text, **UTF8_BASE64)
    return mail
