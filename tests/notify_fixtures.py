"""What the tests of result mails, forwards and the outbox share: finished faxes, a database, mail servers."""

from __future__ import annotations

import asyncio
import email
import email.policy
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from aiosmtpd.smtp import SMTP

from gateway.domain.outcome import Cause
from gateway.domain.states import DeliveryState
from gateway.mail import Stamp, serialise
from gateway.notify.hop import NextHop
from gateway.notify.result import Result
from gateway.notify.result_mail import compose
from gateway.store import faxes, outbox
from gateway.store.models import Account

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator
    from email.message import EmailMessage

    from sqlalchemy.orm import Session

NINE = datetime(2024, 4, 1, 0, 0, 5, tzinfo=UTC)  # 09:00:05 in Tokyo
STAMP = Stamp("fax@fax.example.org", "alice@acme.example", "<r.41230077@fax.example.org>", NINE)
SENT = Result(
    number=41230077,
    destination="0081363684300",
    state=DeliveryState.SENT,
    cause=Cause.SENT,
    submitted_at=NINE,
    completed_at=NINE + timedelta(seconds=95),
    timezone="Asia/Tokyo",
    subject="Order 5521",
    remote_id="81363684300",
    pages=2,
    pages_confirmed=2,
    line_seconds=61.4,
    dials=1,
    page_begun=True,
    request_id="<request-1@acme.example>",
)


def failed(cause: Cause, **changes: Any) -> Result:
    """Return a delivery that failed after four calls without a page."""
    failure = replace(
        SENT,
        state=DeliveryState.FAILED,
        cause=cause,
        pages_confirmed=0,
        dials=4,
        line_seconds=0.0,
        remote_id="",
    )
    return replace(failure, **changes)


def parsed(content: bytes) -> EmailMessage:
    """Read a mail as a stranger would, with the standard library."""
    return email.message_from_bytes(content, policy=email.policy.default)  # type: ignore[return-value]


def mailed(result: Result, stamp: Stamp = STAMP) -> EmailMessage:
    """Compose, serialise and read back a result mail."""
    return parsed(serialise(compose(result, stamp)))


def text_of(mail: EmailMessage) -> str:
    """Return the text a person reads."""
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


@dataclass
class Clock:
    """A clock that moves only when told."""

    at: datetime = NINE

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **span: float) -> None:
        """Move on by a `timedelta`."""
        self.at += timedelta(**span)


def owe_result(
    session: Session, recipient: str, clock: Clock, *, state: DeliveryState = DeliveryState.SENT
) -> int:
    """Write an account, a finished fax and the result mail it owes; return the delivery's number."""
    account = Account(
        name=f"acme {recipient}",
        timezone="Asia/Tokyo",
        settings={"notify": {"language": "ja", "format": "text"}},
    )
    session.add(account)
    session.flush()
    message = faxes.store_message(
        session,
        account_id=account.id,
        door="smtp",
        blob=f"mail/ab/{'ab' * 32}",
        size=1,
        sha256="ab" * 32,
        sender=recipient,
        message_id="<request-1@acme.example>",
        now=clock(),
    )
    fax = faxes.create_fax(
        session,
        account=account,
        message=message,
        subject="注文 5521",
        notify_to=recipient,
        recipients=[faxes.Recipient("0081363684300", contact="山田")],
        now=clock(),
    )
    delivery = fax.deliveries[0]
    fax.pages, delivery.pages_confirmed, delivery.dials = 2, 2, 1
    delivery.state, delivery.cause, delivery.completed_at = state, Cause.SENT, clock()
    outbox.owe(
        session,
        "result",
        recipient,
        new_id=lambda: f"<r.{delivery.number}@fax.example.org>",
        now=clock(),
        delivery_number=delivery.number,
    )
    return delivery.number


@dataclass
class MailServer:
    """A mail server on loopback that behaves as told. `accepted` holds every mail it took over, repeats too.

    `plan` says, mail after mail, how it answers the last dot: see `answer`; an empty plan means "take".
    `refuse` are recipients it refuses for good, `later` those it refuses for now.
    """

    plan: list[str] = field(default_factory=list)
    refuse: set[str] = field(default_factory=set)
    later: set[str] = field(default_factory=set)
    accepted: list[bytes] = field(default_factory=list)
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    under_tls: list[bool] = field(default_factory=list)
    arrivals: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    port: int = 0

    @property
    def hop(self) -> NextHop:
        """This server as the next hop, for a client of little patience."""
        return NextHop("127.0.0.1", self.port, tls=False, name="fax.example.org", timeout=0.5)

    async def handle_RCPT(  # noqa: N802  (aiosmtpd's name)
        self, _server: SMTP, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        if address in self.refuse:
            return "550 5.1.1 no such user"
        if address in self.later:
            return "450 4.2.0 greylisted"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802
        self.under_tls.append(session.ssl is not None)
        return await self.answer(server, envelope, self.plan.pop(0) if self.plan else "take")

    async def answer(self, server: SMTP, envelope: Any, way: str) -> str:
        """Take the mail, take it and fail to say so, or refuse it."""
        if way == "busy":
            return "451 4.3.0 try later"
        if way == "never":
            return "554 5.6.0 no"
        if way == "slow":
            await self.released.wait()
            return "451 4.3.0 too late"
        self.accepted.append(envelope.content)
        self.arrivals.put_nowait(envelope.rcpt_tos[0])
        self.envelopes.append((envelope.mail_from, list(envelope.rcpt_tos)))
        if way == "drop":
            server.transport.abort()
        return "250 OK\r\n250 OK again" if way == "twice" else "250 OK"

    def ids(self) -> list[str]:
        """Return the Message-ID of every mail taken over."""
        return [str(parsed(content)["Message-ID"]) for content in self.accepted]


@asynccontextmanager
async def mail_server(
    *, starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None, **behaviour: Any
) -> AsyncIterator[MailServer]:
    """Run a `MailServer` while the block lasts, with STARTTLS or under TLS from the first byte if asked."""
    server = MailServer(**behaviour)
    loop = asyncio.get_running_loop()

    def session() -> SMTP:
        return SMTP(server, hostname="mx.example", enable_SMTPUTF8=False, tls_context=starttls)

    listener = await loop.create_server(session, "127.0.0.1", 0, ssl=tls)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        server.released.set()
        listener.close()
        await listener.wait_closed()
