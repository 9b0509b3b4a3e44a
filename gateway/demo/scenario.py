"""The demo's story: a mail goes in, a fax goes out and is compared; a fax comes in and is mailed to two.

Every step is done from outside, as a user and a far machine would: SMTP to our listener, a call through the
exchange, files of the far machine and of the next hop. The database is only read, to know what to wait for.
"""

from __future__ import annotations

import smtplib
import time
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import make_msgid
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import select

from gateway.demo import mailboxes, settings
from gateway.domain.states import FINAL_DELIVERY, ForwardState
from gateway.store.models import Delivery, Forward, Reception

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy.orm import Session

    from gateway.store.database import Store

T = TypeVar("T")
PATIENCE = 240.0
ACCEPTED = 250

ORDER = """\
Dear colleagues,

please reserve the following for the Monday delivery:

    4  cartons   A4 paper, 80 g
    2  cartons   envelopes, window left
    1  box       ball pens, blue

月曜日の配達でお願いいたします。よろしくお願い申し上げます。

Kind regards,
Alice Tanaka
"""


class DemoFailed(Exception):  # noqa: N818  (reads as what happened)
    """The scenario did not come to its end; the message says at which step."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the story plays: our listener, the next hop's mailboxes, the database to read."""

    ports: settings.Ports
    boxes: Path
    store: Store

    def mail(self, number: str, subject: str, text: str) -> str:
        """Hand a mail to our listener as a mail program on this machine would; return its answer."""
        letter = EmailMessage()
        letter["From"] = settings.SENDER
        letter["To"] = f"{number}@{settings.DOMAIN}"
        letter["Subject"] = subject
        letter["Message-ID"] = make_msgid(domain="demo.example")
        letter.set_content(text, charset="utf-8")
        with smtplib.SMTP("127.0.0.1", self.ports.smtp, timeout=30) as client:
            client.ehlo()
            client.mail(settings.SENDER)
            client.rcpt(letter["To"])
            code, answer = client.data(letter.as_bytes(policy=SMTP))
        if code != ACCEPTED:
            raise DemoFailed(f"the mail was refused: {code} {answer.decode(errors='replace')}")
        return f"{code} {answer.decode(errors='replace')}"

    def delivery(self, subject: str) -> Delivery:
        """Return the newest delivery of a fax with this subject once it is final."""

        def final(session: Session) -> Delivery | None:
            query = select(Delivery).where(Delivery.fax.has(subject=subject)).order_by(Delivery.number.desc())
            newest = session.scalars(query.limit(1)).first()
            return newest if newest is not None and newest.state in FINAL_DELIVERY else None

        return wait_for(lambda: self.store.read(final), f"the end of {subject!r}")

    def reception(self, after: int) -> Reception:
        """Return the first reception after number `after` once every forward of it was handed over."""

        def forwarded(session: Session) -> Reception | None:
            query = select(Reception).where(Reception.number > after).order_by(Reception.number)
            for reception in session.scalars(query):
                states = session.scalars(
                    select(Forward.state).where(Forward.reception_number == reception.number)
                ).all()
                if states and all(state is ForwardState.SENT for state in states):
                    return reception
            return None

        return wait_for(lambda: self.store.read(forwarded), "the forwards of the inbound fax")

    def box(self, address: str, count: int) -> list[Path]:
        """Return the mails of an address once there are `count`."""

        def there() -> list[Path]:
            found = sorted((self.boxes / mailboxes.safe_name(address)).glob("*.eml"))
            return found if len(found) >= count else []

        return wait_for(there, f"{count} mail(s) for {address}")


def wait_for(probe: Callable[[], T | None], what: str, seconds: float = PATIENCE) -> T:
    """Return the first true value of `probe`; raise `DemoFailed` naming what did not come."""
    deadline = time.monotonic() + seconds
    while not (value := probe()):
        if time.monotonic() > deadline:
            raise DemoFailed(f"waited {seconds:.0f} s in vain for {what}")
        time.sleep(0.05)
    return value
