"""A mail door for tests: the real listener on a loopback port, in a thread with its own event loop.

Tests speak to it over real sockets, blocking, and look at the rows with a store of their own.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import ipaddress
import itertools
import socket
import tempfile
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from store_fixtures import migrated_sqlite

from gateway.mailin.desk import Desk
from gateway.mailin.listener import Listener
from gateway.mailin.settings import SmtpLimits, SmtpSettings
from gateway.store import accounts
from gateway.store.blobs import Floor, LocalBlobs
from gateway.store.database import AsyncStore, Store
from gateway.store.models import Audit, Delivery, Fax, Message, Outbox

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from gateway.mailin.judging import Judge, Opinion

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
ACCOUNTS = [
    {
        "name": "acme",
        "country": "81",
        "area_code": "3",
        "international": True,
        "senders": ["alice@acme.example", "*@orders.acme.example"],
    },
    {"name": "classic", "country": "81", "senders": ["carol@classic.example"], "sender_evidence": "envelope"},
]
MAIL = b"Subject: hello\r\nMessage-ID: <one@acme.example>\r\n\r\nGood morning\r\n"


def never_crash(_point: str) -> None:
    """Stand in for the crash points."""


@functools.cache
def empty_database() -> bytes:
    """Return a migrated SQLite file; migrating once is enough for all doors."""
    with tempfile.TemporaryDirectory() as folder:
        return migrated_sqlite(Path(folder)).read_bytes()


class Door:
    """A running listener and everything behind it. `limits` and `settings` override single values."""

    def __init__(
        self,
        folder: Path,
        *,
        limits: dict[str, Any] | None = None,
        crash: Callable[[str], None] = never_crash,
        floor: Floor | None = None,
        judges: dict[str, Judge] | None = None,
        spf: Callable[..., Awaitable[Opinion]] | None = None,
        **settings: Any,
    ) -> None:
        self.url = f"sqlite:///{folder / 'db.sqlite'}"
        path = folder / "db.sqlite"
        if not path.exists():
            path.write_bytes(empty_database())
        self.store = Store(self.url)
        self.store.run(accounts.provision, ACCOUNTS, now=NOON)
        self.now = NOON
        self.spool = folder / "spool"
        self.blobs = LocalBlobs(folder / "blobs", floor=floor or Floor(octets=1))
        self.woken = threading.Event()
        self._ids = itertools.count(1)
        base = SmtpSettings(
            domains=("fax.example.org",),
            operator=("ops@example.org",),
            listen=(("127.0.0.1", 0),),
            trusted_networks=LOOPBACK,
            limits=replace(SmtpLimits(), **(limits or {})),
        )
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="smtp")
        self._async_store = AsyncStore(self.url)
        self.listener = Listener(
            Desk(
                settings=replace(base, **settings),
                store=self._async_store,
                blobs=self.blobs,
                spool=self.spool,
                now=lambda: self.now,
                new_id=lambda: f"<{next(self._ids)}@fax.example.org>",
                crash=crash,
                accepted=self.woken.set,
                judges=judges or {},
                spf=spf,
            )
        )

    def __enter__(self) -> Self:
        self._thread.start()
        self.do(self.listener.start())
        return self

    def __exit__(self, *_: object) -> None:
        self.do(self.listener.stop(grace_s=5))
        self.do(self._async_store.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self.store.close()

    def do(self, coroutine: Any) -> Any:
        """Run something on the listener's loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    @property
    def port(self) -> int:
        """The first port."""
        return self.listener.ports[0]

    def client(self) -> Client:
        """Connect to the first port."""
        return Client(self.port)

    def rows(self, kind: type[Any]) -> Sequence[Any]:
        """Return all rows of a table."""
        with self.store.reading() as session:
            return session.query(kind).order_by(next(iter(kind.__table__.primary_key))).all()

    @property
    def numbers(self) -> list[str]:
        """Canonical numbers of all deliveries."""
        return [d.destination for d in self.rows(Delivery)]

    @property
    def counts(self) -> dict[str, int]:
        """How many rows of each kind there are."""
        return {kind.__name__: len(self.rows(kind)) for kind in (Message, Fax, Delivery, Outbox)}

    def audited(self, action: str) -> list[Audit]:
        """Return the audit lines of one action."""
        return [row for row in self.rows(Audit) if row.action == action]

    @property
    def spooled(self) -> list[Path]:
        """Files left in the spool folder."""
        return list(self.spool.iterdir())


class Client:
    """A raw SMTP client that says exactly what it is told, byte for byte."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self._input = self.socket.makefile("rb")
        self.sent = 0
        self.port = port

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._input.close()
        self.socket.close()

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.socket.sendall(data)
        self.sent += len(data)

    def flood(self, byte: bytes, octets: int) -> None:
        """Send one byte over and over."""
        for _ in range(octets // 65_536):
            self.send(byte * 65_536)

    def reply(self) -> str:
        """Read one reply, all its lines; "" when the server has hung up."""
        lines = []
        while True:
            try:
                line = self._input.readline().decode("ascii").rstrip("\r\n")
            except ConnectionError:
                line = ""
            lines.append(line)
            if line[3:4] != "-":
                return "\n".join(lines)

    def say(self, line: str) -> str:
        """Send one command line and return the reply."""
        self.send(line.encode("utf-8", "surrogateescape") + b"\r\n")
        return self.reply()

    def hello(self) -> Client:
        """Read the greeting and say EHLO."""
        assert self.reply().startswith("220 ")
        assert self.say("EHLO client.example").startswith("250-")
        return self

    def envelope(self, *recipients: str, sender: str = "alice@acme.example") -> list[str]:
        """Send MAIL and one RCPT for each recipient; return the replies to RCPT."""
        assert self.say(f"MAIL FROM:<{sender}>").startswith("250 ")
        return [self.say(f"RCPT TO:<{recipient}>") for recipient in recipients]

    def data(self, mail: bytes = MAIL) -> str:
        """Send DATA and a mail that ends in CRLF; return the reply to its end."""
        assert self.say("DATA").startswith("354 ")
        with contextlib.suppress(ConnectionError):
            self.send(mail + b".\r\n")
        return self.reply()

    def fax(self, *recipients: str, mail: bytes = MAIL, sender: str = "alice@acme.example") -> str:
        """Send a whole mail; return the reply to the end of DATA."""
        replies = self.envelope(*recipients, sender=sender)
        assert all(r.startswith("250 ") for r in replies), replies
        return self.data(mail)
