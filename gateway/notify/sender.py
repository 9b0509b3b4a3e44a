"""The outbox role: takes mails that are owed and due, composes them and hands them to the next hop.

Many rows at once, each on its own: a bad address, a slow answer or a mail that cannot be composed ends or
postpones that row and holds up no other. A mail is closed only after the next hop's answer, so a crash sends
it again under the same Message-ID (`spec/durability.md` section 5). How a kind of mail is composed comes in
as a `Writer`; this module knows none of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from gateway.domain.errors import LostLease, PostlineError, Unavailable
from gateway.domain.schedule import mail_retry
from gateway.mail import OutgoingMail
from gateway.notify.hop import MailRefused
from gateway.store import outbox

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from gateway.store.database import AsyncStore
    from gateway.store.leases import MailLease

LEASE: Final = timedelta(minutes=10)
LONGEST_SENDING: Final = 480.0  # seconds; well inside the lease, so that no second sender begins meanwhile
LONGEST_ERROR: Final = 500

log = structlog.get_logger("outbox")

Work = Callable[[], OutgoingMail]


class Writer(Protocol):
    """Composes one kind of mail: reads rows now, and returns the work that needs no transaction.

    The work runs in a thread; it may read blobs. It raises `PostlineError` where the mail cannot be made.
    """

    def __call__(self, session: Session, lease: MailLease, /) -> Work:
        """Read what the mail tells of."""


@dataclass(slots=True)
class OutboxSender:
    """Sends what is owed. `writers` by outbox kind; `deliver` is `NextHop.deliver`; `now` gives UTC."""

    store: AsyncStore
    writers: Mapping[str, Writer]
    deliver: Callable[[OutgoingMail], Awaitable[str]]
    now: Callable[[], datetime]
    worker: str
    at_once: int = 8
    idle_seconds: float = 1.0

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, then finish the mails under way."""
        under_way: set[asyncio.Task[None]] = set()
        while not stop.is_set():
            leases = await self._claim(self.at_once - len(under_way))
            for lease in leases:
                task = asyncio.create_task(self._one(lease), name=f"mail-{lease.id}")
                under_way.add(task)
                task.add_done_callback(under_way.discard)
            await self._rest(stop, under_way, full=len(under_way) >= self.at_once)
        await asyncio.gather(*under_way)

    async def sweep(self) -> int:
        """Send everything due at this moment once; return how many mails were taken in hand."""
        count = 0
        while leases := await self._claim(self.at_once):
            await asyncio.gather(*(self._one(lease) for lease in leases))
            count += len(leases)
        return count

    async def _claim(self, room: int) -> list[MailLease]:
        if room <= 0:
            return []
        try:
            return await self.store.run(outbox.claim_due, self.worker, self.now(), LEASE, room)
        except Unavailable as error:
            log.warning("outbox.unavailable", error=error.text, detail=error.detail)
            return []

    async def _rest(self, stop: asyncio.Event, under_way: set[asyncio.Task[None]], *, full: bool) -> None:
        """Wait for `stop`, for the next look, or, with all hands full, for the first hand to come free."""
        waiting = {asyncio.create_task(stop.wait())}
        timeout = None if full else self.idle_seconds
        await asyncio.wait(
            waiting | (under_way if full else set()), timeout=timeout, return_when=asyncio.FIRST_COMPLETED
        )
        for task in waiting:
            task.cancel()

    async def _one(self, lease: MailLease) -> None:
        """Send one mail and write down how it went; nothing that happens here touches another mail."""
        bound = log.bind(mail=lease.id, kind=lease.kind, recipient=lease.recipient)
        try:
            await self._send(lease, bound)
        except LostLease as error:
            bound.warning("mail.lease_lost", detail=error.detail)
        except PostlineError as error:
            bound.warning("mail.not_recorded", error=error.text, detail=error.detail)
        except Exception:  # noqa: BLE001  (task boundary: the row's lease runs out and it is tried again)
            bound.exception("mail.broken")

    async def _send(self, lease: MailLease, bound: structlog.typing.FilteringBoundLogger) -> None:
        mail = await self._compose(lease, bound)
        if mail is None:
            return
        try:
            async with asyncio.timeout(LONGEST_SENDING):
                answer = await self.deliver(mail)
        except MailRefused as error:
            await self._fail(lease, error.text, bound)
        except (Unavailable, TimeoutError) as error:
            await self._postpone(lease, str(error) or "the next hop was too slow", bound)
        else:
            await self.store.run(outbox.sent, lease, self.now())
            bound.info("mail.sent", message_id=lease.message_id, answer=answer)

    async def _compose(
        self, lease: MailLease, bound: structlog.typing.FilteringBoundLogger
    ) -> OutgoingMail | None:
        """Return the mail, or None after ending or postponing a row that gave none."""
        try:
            work = await self.store.read(self.writers[lease.kind], lease)
            return await asyncio.to_thread(work)
        except Unavailable as error:
            await self._postpone(lease, error.text, bound)
        except PostlineError as error:
            await self._fail(lease, error.text, bound)
        except Exception as error:  # noqa: BLE001  (task boundary: one mail that cannot be made fails alone)
            bound.exception("mail.not_composed")
            await self._fail(lease, f"the mail could not be composed: {type(error).__name__}", bound)
        return None

    async def _postpone(
        self, lease: MailLease, reason: str, bound: structlog.typing.FilteringBoundLogger
    ) -> None:
        now = self.now()
        due = mail_retry(lease.created_at, lease.tries + 1, now)
        if due is None:
            await self._fail(lease, f"gave up after 48 hours: {reason}", bound)
            return
        await self.store.run(outbox.again, lease, reason[:LONGEST_ERROR], due)
        bound.info("mail.again", error=reason, due=due.isoformat())

    async def _fail(
        self, lease: MailLease, reason: str, bound: structlog.typing.FilteringBoundLogger
    ) -> None:
        await self.store.run(outbox.failed, lease, reason[:LONGEST_ERROR], self.now())
        bound.error("mail.failed", error=reason)
