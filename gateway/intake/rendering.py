"""The render role: takes accepted faxes, has them read and drawn in sandbox children, stores the pages.

Reading and drawing meet what strangers wrote, so both happen in children with limits; this process only
moves bytes and rows. A fax that cannot be drawn is refused with its cause; a fault of ours gives it back. A
crash in the middle costs nothing: the lease runs out, and drawing again gives the same pages.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Protocol
from zoneinfo import ZoneInfo

import structlog

from gateway.domain import conventions
from gateway.domain.errors import BadOption, LostLease, Unavailable
from gateway.domain.outcome import Cause
from gateway.intake.reading import ReadError, Reading
from gateway.intake.wishes import Wishes, defaults
from gateway.observe.crash import crash_point
from gateway.store import accounts, blobs, faxes, together
from gateway.store.faxes import Drawn
from gateway.store.models import Fax, User
from render.document import Part, Rendering
from render.errors import RenderError
from render.sandbox import Limits

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

    from gateway.store.blobs import BlobStore
    from gateway.store.database import AsyncStore
    from gateway.store.leases import FaxLease

LEASE: Final = timedelta(seconds=90)
RENEW_SECONDS: Final = 20.0
DRAW: Final = "render.pages:render_parts"
READING: Final = Limits()
PAGES_OF_ALL_NUMBERS: Final = 5000
PAGES_OF_A_LIST: Final = 20_000
"""The same where a mail goes to lists: one page to the longest list there is (ADR 17)."""

log = structlog.get_logger("render")


class Children(Protocol):
    """Where readers and the renderer run (`render.sandbox.Sandbox`)."""

    async def arun(self, function: str, *args: Any, limits: Limits = ...) -> Any:
        """Return `function(*args)` of a child; raise its error, or `RenderError` if it died."""


@dataclass(frozen=True, slots=True)
class Order:
    """What of the rows the reading and drawing of a fax need; `sealed` mail is opened first."""

    context: dict[str, Any]
    numbers: int
    to_lists: bool
    options: dict[str, Any]
    zone: ZoneInfo
    asked_at: datetime
    default_charset: str = ""
    unsupported: str = "fail"
    sealed: bool = False


@dataclass(slots=True)
class RenderRole:
    """Draws what was accepted. `readers` maps a door to its reader, "module:function".

    `wake` may be set when something was accepted; without it the role looks every `idle_seconds`. `domains`
    are our mail domains, by which a reader knows our numbers among other addresses; `country` is the site's,
    for accounts that name none; `aliases` an operator's names of modifiers. `unseal` opens a signed or
    encrypted mail, in a child that draws nothing: it gives what may be drawn, or raises `ReadError`.
    """

    store: AsyncStore
    blobs: BlobStore
    sandbox: Children
    readers: Mapping[str, str]
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    worker: str
    wake: asyncio.Event
    max_pages: int = 200
    domains: tuple[str, ...] = ()
    country: str = ""
    aliases: Mapping[str, str] = field(default_factory=dict)
    unseal: Callable[[bytes], Awaitable[bytes]] | None = None
    at_once: int = 2
    idle_seconds: float = 0.25

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; what is under way then is given back."""
        under_way: set[asyncio.Task[None]] = set()
        while not stop.is_set():
            self.wake.clear()
            while len(under_way) < self.at_once and (lease := await self._claim()):
                task = asyncio.create_task(self._one(lease), name=f"fax-{lease.number}")
                under_way.add(task)
                task.add_done_callback(under_way.discard)
                task.add_done_callback(lambda _: self.wake.set())
            await self._rest(stop)
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)

    async def sweep(self) -> int:
        """Draw everything that waits now, one after the other; return how many faxes were taken."""
        count = 0
        while lease := await self._claim():
            await self._one(lease)
            count += 1
        return count

    async def _claim(self) -> FaxLease | None:
        try:
            return await self.store.run(faxes.claim_fax, self.worker, self.now(), LEASE)
        except Unavailable as error:
            log.warning("nothing claimed", detail=error.detail)
            return None

    async def _rest(self, stop: asyncio.Event) -> None:
        waits = [asyncio.create_task(event.wait()) for event in (stop, self.wake)]
        await asyncio.wait(waits, timeout=self.idle_seconds, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()

    async def _one(self, lease: FaxLease) -> None:
        """Bring one fax to pages, to a refusal, or back into the queue."""
        work = asyncio.create_task(self._draw(lease))
        keeper = asyncio.create_task(self._keep(lease, work))
        try:
            await work
        except asyncio.CancelledError:
            work.cancel()
            await self._give_back(lease, "stopping")
            raise
        except Unavailable as error:
            await self._give_back(lease, error.detail or error.text)
        except LostLease:
            log.warning("lease lost", number=lease.number)
        except Exception:  # the task boundary: this fax fails, the role goes on
            log.exception("drawing failed", number=lease.number)
            with suppress(LostLease, Unavailable):
                await self._refuse(lease, Cause.INTERNAL, "A fault of this gateway; its log says more.")
        finally:
            keeper.cancel()

    async def _keep(self, lease: FaxLease, work: asyncio.Task[None]) -> None:
        """Renew the lease while the work goes on; end the work when the lease is lost."""
        while not work.done():
            await asyncio.sleep(RENEW_SECONDS)
            try:
                await self.store.run(faxes.renew_fax, lease, self.now(), LEASE)
            except LostLease:
                work.cancel()
            except Unavailable as error:
                log.warning("lease not renewed", number=lease.number, detail=error.detail)

    async def _give_back(self, lease: FaxLease, why: str) -> None:
        log.warning("given back", number=lease.number, why=why)
        with suppress(LostLease, Unavailable):  # the lease runs out by itself
            await self.store.run(faxes.give_back, lease)

    async def _draw(self, lease: FaxLease) -> None:
        order = await self.store.read(self._order, lease)
        try:
            reading = await self._read(lease, order)
        except ReadError as error:
            reply_to, from_ = error.addresses
            notify_to = await self._notify_to(lease, reply_to, from_)
            known = {
                "subject": error.subject,
                "notify_to": notify_to,
                "disposition_to": error.disposition_to,
            }
            await self._refuse(lease, Cause(error.code), error.text, **known)
            return
        except RenderError as error:
            log.warning("not readable", number=lease.number, detail=error.text)
            await self._refuse(lease, Cause.UNREADABLE_DOCUMENT, "The message could not be read.")
            return
        notify_to = await self._notify_to(lease, reading.reply_to, reading.from_)
        known = {
            "subject": reading.subject,
            "notify_to": notify_to,
            "disposition_to": reading.disposition_to,
        }
        try:
            wishes = Wishes.of(order.options, reading.options)
            due_at = wishes.due_at(order.zone, order.asked_at)
            if wishes.reply_to:
                known["notify_to"] = await self._wished_address(lease, wishes.reply_to)
            rendering = await self._render(reading, wishes, order)
            count_pages(rendering.pages, order)
        except BadOption as error:
            await self._refuse(lease, Cause.BAD_OPTION, error.text, **known)
            return
        except RenderError as error:
            await self._refuse(lease, Cause(error.code), str(error), **known)
            return
        wished = {"notify_to": known["notify_to"], "due_at": due_at, "options": wishes.to_keep}
        await self._store(lease, reading, rendering, {**wished, **wishes.for_deliveries()})

    def _order(self, session: Session, lease: FaxLease) -> Order:
        fax = session.get_one(Fax, lease.fax_id)
        user = session.get(User, fax.user_id) if fax.user_id is not None else None
        options = {**defaults(fax.account, user), **fax.options}
        names = accounts.preference(fax.account, user, "conventions", conventions.DEFAULT)
        order = accounts.preference(fax.account, user, "attachment_order", "mime")
        default_charset = str(accounts.preference(fax.account, user, "default_charset", ""))
        context = {
            "options": options,
            "aliases": dict(self.aliases),
            "conventions": list(names),
            "attachment_order": "name" if "faximo" in names else order,
            "default_charset": default_charset,
            "ignore_errors": accounts.preference(fax.account, user, "subject_errors", "refuse") == "ignore",
            "include_body": fax.account.include_body,
            "country": fax.account.country or self.country,
            "area_code": fax.account.area_code,
            "domains": list(self.domains),
            "envelope": dict(fax.message.envelope) if fax.message else {},
        }
        zone = ZoneInfo(fax.account.timezone)
        unsupported = str(accounts.preference(fax.account, user, "unsupported_files", "fail"))
        return Order(
            context,
            together.count(session, fax.id),
            bool(fax.batch),
            options,
            zone,
            fax.created_at,
            default_charset,
            unsupported,
            sealed=bool(fax.message and fax.message.verdict),
        )

    async def _read(self, lease: FaxLease, order: Order) -> Reading:
        if lease.blob is None:
            raise ReadError("nothing-to-send", "The submission came without a document.")
        raw = await asyncio.to_thread(self.blobs.read, lease.blob)
        if order.sealed:
            raw = await self._unsealed(raw)
        reading = await self.sandbox.arun(self.readers[lease.door], raw, order.context, limits=READING)
        if not isinstance(reading, Reading):
            raise RenderError("", "its reader gave something else than a reading")
        return reading

    async def _unsealed(self, raw: bytes) -> bytes:
        if self.unseal is None:
            raise ReadError(
                "unsupported-document", "Signed or encrypted mail cannot be read by this gateway."
            )
        return await self.unseal(raw)

    async def _render(self, reading: Reading, wishes: Wishes, order: Order) -> Rendering:
        settings = wishes.for_pages(
            max_pages=self.max_pages,
            language=reading.language,
            default_charset=order.default_charset,
            unsupported=order.unsupported,
        )
        limits = Limits.for_pages(self.max_pages)
        rendering = await self.sandbox.arun(DRAW, parts_of(reading), settings, limits=limits)
        if not isinstance(rendering, Rendering):
            raise RenderError("", "The renderer gave something else than pages.")
        return rendering

    async def _notify_to(self, lease: FaxLease, reply_to: str, from_: str) -> str:
        return await self.store.read(notification_address, lease.account_id, (reply_to, from_), lease.sender)

    async def _wished_address(self, lease: FaxLease, wished: str) -> str:
        """Return an address a sender named for the result; raise `BadOption` for a stranger's."""
        allowed = await self.store.read(notification_address, lease.account_id, (wished,), "")
        if not allowed:
            raise BadOption(f"{wished} is no address of this account, and gets no result")
        return allowed

    async def _store(
        self,
        lease: FaxLease,
        reading: Reading,
        rendering: Rendering,
        wished: Mapping[str, Any],
    ) -> None:
        masters = {
            name: (await asyncio.to_thread(self.blobs.put, "master", data), len(data))
            for name, data in rendering.masters.items()
        }
        drawn = Drawn(
            masters={name: key for name, (key, _) in masters.items()},
            pages=rendering.pages,
            subject=reading.subject,
            warnings=[*reading.warnings, *rendering.warnings],
            contacts=reading.contacts,
            disposition_to=reading.disposition_to,
            **wished,
        )
        crash_point("fax.drawn")
        await self.store.run(self._write, lease, drawn, dict(masters.values()))
        log.info("drawn", number=lease.number, pages=rendering.pages)

    def _write(self, session: Session, lease: FaxLease, drawn: Drawn, sizes: dict[str, int]) -> None:
        now = self.now()
        for key, size in sizes.items():
            blobs.record(session, key, size, now)
        faxes.rendered(session, lease, drawn, now, new_id=self.new_id)

    async def _refuse(self, lease: FaxLease, cause: Cause, detail: str, **known: str) -> None:
        log.info("refused", number=lease.number, cause=cause.value)

        def write(session: Session) -> None:
            faxes.refuse(session, lease, cause, detail, self.now(), new_id=self.new_id, **known)

        await self.store.run(write)


def parts_of(reading: Reading) -> list[Part]:
    """Return the documents of a submission as the renderer takes them, in order."""
    return [Part(d.name, d.content_type, d.data, d.charset, d.role, d.related) for d in reading.documents]


def count_pages(pages: int, order: Order) -> None:
    """Raise `TooManyInAll` for more pages over all numbers than a mail may bring."""
    most = PAGES_OF_A_LIST if order.to_lists else PAGES_OF_ALL_NUMBERS
    if pages * order.numbers > most:
        raise TooManyInAll("", f"{pages} pages to {order.numbers} numbers are more than {most}.")


class TooManyInAll(RenderError):  # noqa: N818  (reads as what happened)
    """More pages over all numbers than a mail may cost."""

    code = "too-many-pages"


def notification_address(session: Session, account_id: int, wanted: tuple[str, ...], proved: str) -> str:
    """Return the first wanted address that may send for the account, else the proved envelope sender.

    Never an address that a header alone brought in (design.md 5b).
    """
    for address in wanted:
        account = accounts.account_for_sender(session, address) if address else None
        if account is not None and account.id == account_id:
            return address
    return proved
