"""What the tests of mailbox pickup share: a desk on a fresh database, and a mailbox that is a dictionary.

`Drawer` behaves as a server does: names that last, deletions that are real, a size that may be a lie.
"""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from smtp_fixtures import ACCOUNTS, NOON, empty_database, never_crash

from gateway.mailin.desk import Desk
from gateway.mailin.pickup.box import Entry, Mailbox, Place, Trouble
from gateway.mailin.pickup.collector import Collector
from gateway.mailin.settings import SmtpLimits, SmtpSettings
from gateway.store import accounts
from gateway.store.blobs import Floor, LocalBlobs
from gateway.store.database import AsyncStore, Store
from gateway.store.models import Audit, Delivery, Outbox, Pickup

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from gateway.mailin.data_reader import SpoolFile
    from gateway.mailin.judging import Judge

NOWHERE = Place("imap", "localhost", 1, "faxbox", "")
AXATEL = {
    "name": "axatel",
    "country": "375",
    "senders": ["*@scan.example"],
}
MASK = "user{mask}@scan.example"


def mail(
    to: str = "+81312345678@fax.example.org",
    *,
    sender: str = "alice@acme.example",
    message_id: str = "one@acme.example",
    extra: str = "",
    body: bytes = b"Good morning\r\n",
) -> bytes:
    """A mail as it lies in a mailbox."""
    head = f"Return-Path: <{sender}>\r\n{extra}From: {sender}\r\nTo: {to}\r\nSubject: hello\r\n"
    named = f"Message-ID: <{message_id}>\r\n" if message_id else ""
    return f"{head}{named}\r\n".encode() + body


@dataclass
class Drawer:
    """A mailbox in memory. `folders`: where moved mails are. `trouble` is raised at the next look."""

    mails: dict[str, bytes] = field(default_factory=dict)
    folders: dict[str, list[bytes]] = field(default_factory=dict)
    trouble: Trouble | None = None
    era: str = ""
    fetched: list[str] = field(default_factory=list)
    tells: bool = False
    closed: int = 0
    _serial: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def put(self, content: bytes, uid: str = "") -> str:
        """Lay a mail in; return its name."""
        uid = uid or f"u{next(self._serial)}"
        self.mails[uid] = content
        return uid

    def look(self) -> Sequence[Entry]:
        if self.trouble is not None:
            raise self.trouble
        return [Entry(uid, n) for n, uid in enumerate(self.mails, 1)]

    def fetch(self, entry: Entry, spool: SpoolFile, limit: int) -> bool:
        content = self.mails[entry.uid]
        self.fetched.append(entry.uid)
        fits = len(content) <= limit
        spool.write(content if fits else content.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
        return fits

    def dispose(self, entries: Sequence[Entry], move_to: str) -> None:
        for entry in entries:
            content = self.mails.pop(entry.uid)
            if move_to:
                self.folders.setdefault(move_to, []).append(content)

    def news(self, seconds: float) -> bool | None:  # noqa: ARG002  (the seam)
        return False if self.tells else None

    def close(self) -> None:
        self.closed += 1


class Office:
    """A desk and all behind it; use as an asynchronous context manager."""

    def __init__(
        self,
        folder: Path,
        *,
        limits: dict[str, Any] | None = None,
        crash: Callable[[str], None] = never_crash,
        floor: Floor | None = None,
        judges: dict[str, Judge] | None = None,
        **settings: Any,
    ) -> None:
        path = folder / "db.sqlite"
        if not path.exists():
            path.write_bytes(empty_database())
        self.url = f"sqlite:///{path}"
        self.store = Store(self.url)
        self.store.run(accounts.provision, [*ACCOUNTS, AXATEL], now=NOON)
        self.now = NOON
        self.blobs = LocalBlobs(folder / "blobs", floor=floor or Floor(octets=1))
        self.woken = asyncio.Event()
        spool = folder / "spool"
        spool.mkdir(exist_ok=True)
        ids = itertools.count(1)
        self.desk = Desk(
            settings=SmtpSettings(
                domains=("fax.example.org",),
                operator=("ops@example.org",),
                limits=SmtpLimits(**(limits or {})),
                **settings,
            ),
            store=AsyncStore(self.url),
            blobs=self.blobs,
            spool=spool,
            now=lambda: self.now,
            new_id=lambda: f"<{next(ids)}@fax.example.org>",
            crash=crash,
            accepted=self.woken.set,
            judges=judges or {},
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.desk.store.close()
        self.store.close()

    def collector(self, drawer: Drawer | None = None, place: Place = NOWHERE, **mailbox: Any) -> Collector:
        """Return a collector of a trusted mailbox: a drawer's, or a real one's."""
        values = {"name": "box", "place": place, "trusted": True, "interval_s": 0.05, **mailbox}
        opener = None if drawer is None else lambda: drawer
        return Collector(Mailbox(**values), self.desk, opener)

    async def pick_up(self, collector: Collector) -> None:
        """Be with the server for one look."""
        opener = collector.opener
        box = await asyncio.to_thread(opener)
        try:
            await collector.sweep(box)
        finally:
            await asyncio.to_thread(box.close)

    def rows(self, kind: type[Any]) -> Sequence[Any]:
        """Return all rows of a table."""
        with self.store.reading() as session:
            return session.query(kind).order_by(next(iter(kind.__table__.primary_key))).all()

    @property
    def numbers(self) -> list[str]:
        """Canonical numbers of all deliveries."""
        return [row.destination for row in self.rows(Delivery)]

    @property
    def settled(self) -> dict[str, str]:
        """What became of each mail."""
        return {row.uid: row.outcome for row in self.rows(Pickup)}

    def owed(self, kind: str) -> list[Outbox]:
        """Return the mails of one kind that are owed."""
        return [row for row in self.rows(Outbox) if row.kind == kind]

    def audited(self, action: str) -> list[Audit]:
        """Return the audit lines of one action."""
        return [row for row in self.rows(Audit) if row.action == action]
