"""A private PostgreSQL cluster and a small house of faxes, for every test that needs a real database.

The cluster is made with initdb in a folder of its own, listens on a Unix socket there and nowhere else, and
syncs what it commits, like a real one. PostgreSQL refuses to run as root, so root hands it to `postgres`.
"""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from waiting import wait_until

from gateway.domain.outcome import Cause
from gateway.store import accounts, events, faxes, migrate, queue
from gateway.store.database import Store
from gateway.store.models import Base

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gateway.domain.states import DeliveryState
    from gateway.store.leases import Lease
    from gateway.store.models import Delivery

NOON = datetime(2030, 6, 1, 12, 0, tzinfo=UTC)
MASTER = "tiff/ab/ab" + "0" * 62
ACME = {"name": "acme", "country": "81", "senders": ["alice@acme.example"]}


def postgres_binary(name: str) -> str:
    """Return the newest installed server program of this name, or fail with what to install."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda p: int(p.parts[-3]))
    if not found:
        raise AssertionError(f"{name} is not installed: apt-get install postgresql")
    return str(found[-1])


class Cluster:
    """One private PostgreSQL server."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="postline-pg-"))
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
            self._as = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        data = self.folder / "data"
        made = self._run(
            "initdb", "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"
        )
        assert made.returncode == 0, made.stderr
        self._log = (self.folder / "log").open("wb")
        self._server = subprocess.Popen(
            [postgres_binary("postgres"), "-D", data, "-k", self.folder, "-c", "listen_addresses="],
            stdout=self._log,
            stderr=self._log,
            cwd=self.folder,
            **self._as,
        )
        wait_until(self._answers, what="PostgreSQL to start")
        self._numbers = itertools.count(1)

    def fresh(self, template: str = "template1") -> str:
        """Make a database like `template`; return its name."""
        name = f"test{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def empty(self, name: str) -> None:
        """Empty all tables of a migrated database; numbers begin at 1 again."""
        tables = ", ".join(f'"{table}"' for table in Base.metadata.tables)
        self.execute(f"SET lock_timeout = '20s'; TRUNCATE {tables} RESTART IDENTITY CASCADE", name)

    def url(self, name: str) -> str:
        """Return the SQLAlchemy URL of a database."""
        return f"postgresql+psycopg://postgres@/{name}?host={self.folder}"

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Run a statement as the superuser, outside a transaction."""
        with psycopg.connect(host=str(self.folder), user="postgres", dbname=database, autocommit=True) as c:
            c.execute(statement)  # type: ignore[call-overload]

    def stop(self) -> None:
        """End the server and take its folder away."""
        self._server.send_signal(signal.SIGQUIT)  # at once: nobody will open these databases again
        self._server.wait(30)
        self._log.close()
        shutil.rmtree(self.folder)

    def _answers(self) -> bool:
        assert self._server.poll() is None, (self.folder / "log").read_text()
        try:
            self.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [postgres_binary(name), *arguments]
        return subprocess.run(
            command, check=False, capture_output=True, text=True, cwd=self.folder, **self._as
        )


class House:
    """A store with one account, a clock that moves when told, and the steps of a fax in short words."""

    def __init__(self, url: str, *, create: bool = False, **account: Any) -> None:
        self.store = Store(url)
        if create:
            Base.metadata.create_all(self.store.engine)
        self.now = NOON
        self._ids = (f"<{n}@test.example>" for n in itertools.count(1))
        self.account(**{**ACME, **account})

    def new_id(self) -> str:
        """Return the next Message-ID."""
        return next(self._ids)

    def account(self, **table: Any) -> None:
        """Provision one account."""
        self.run(accounts.provision, [table], now=self.now)

    def run(self, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Run a repository function in a transaction of its own."""
        return self.store.run(function, *arguments, **named)

    def later(self, **delta: float) -> datetime:
        """Move the clock on; return the new time."""
        self.now += timedelta(**delta)
        return self.now

    def accept(self, *numbers: str, sender: str = "alice@acme.example", **named: Any) -> list[int]:
        """Accept a fax to these canonical numbers; return the public numbers."""
        recipients = named.pop("recipients", None) or [faxes.Recipient(n) for n in numbers]

        def create(session: Any) -> list[int]:
            account = accounts.account_for_sender(session, sender)
            assert account is not None
            values = {"notify_to": sender, "now": self.now, **named}
            fax = faxes.create_fax(session, account=account, recipients=recipients, **values)
            return [delivery.number for delivery in fax.deliveries]

        return list(self.run(create))

    def draw(self, pages: int = 2, **named: Any) -> None:
        """Draw the oldest fax that waits for it."""
        lease = self.run(faxes.claim_fax, "drawer/1", self.now, timedelta(seconds=60))
        drawn = faxes.Drawn({"fine": MASTER}, pages, **named)
        self.run(faxes.rendered, lease, drawn, self.now, new_id=self.new_id)

    def ready(self, *numbers: str, pages: int = 2, **named: Any) -> list[int]:
        """Accept and draw a fax; return the public numbers of its queued deliveries."""
        result = self.accept(*(numbers or ("0081312345678",)), **named)
        self.draw(pages)
        return result

    def claim(self, line: str = "usb0", worker: str | None = None) -> Lease | None:
        """Claim what is due for a line."""
        lease: Lease | None = self.run(
            queue.claim, queue.LineTraits(line), worker or f"host/{line}/1", self.now
        )
        return lease

    def call(self, pages: Sequence[str] = (), line: str = "usb0", **started: Any) -> Call:
        """Claim, dial and connect; let each page from the first due reach the state named in `pages`."""
        lease = self.claim(line)
        assert lease is not None, "nothing is due"
        call = Call(self, lease, line, **started)
        call.dial()
        call.connect()
        for n, state in zip(lease.left, pages, strict=False):
            call.page(n, state)
        return call

    def delivery(self, number: int) -> Delivery:
        """Return a delivery with all that belongs to it."""
        found: Delivery | None = self.store.read(faxes.get_delivery, number)
        assert found is not None
        return found

    def kinds(self, number: int | None = None) -> list[str]:
        """Return the kinds of all events, or of those of one number, in order."""
        return [event.kind for event in self.store.read(events.since, 0, number=number)]

    def recover(self, worker_prefix: str | None = None) -> list[queue.Recovered]:
        """Run the recovery of a worker's start."""
        found: list[queue.Recovered] = self.run(
            queue.recover, self.now, new_id=self.new_id, worker_prefix=worker_prefix
        )
        return found

    def close(self) -> None:
        """Close the database."""
        self.store.close()


class Call:
    """One telephone call, step by step."""

    def __init__(self, house: House, lease: Lease, line: str = "usb0", **started: Any) -> None:
        self.house, self.lease = house, lease
        self.attempt: int = house.run(
            queue.start_attempt, lease, line=line, simulated=False, now=house.now, **started
        )

    def dial(self) -> None:
        """Write that the dial string leaves."""
        self.house.run(queue.dialled, self.lease, self.attempt, self.house.now)

    def connect(self) -> None:
        """Write that the far end answered."""
        self.house.run(queue.connected, self.lease, self.attempt, self.house.now)

    def page(self, n: int, state: str = "confirmed") -> None:
        """Let page `n` go through its states up to `state`."""
        steps = {
            "sending": [queue.page_sending],
            "awaiting": [queue.page_sending, queue.page_awaiting],
            "confirmed": [queue.page_sending, queue.page_awaiting, queue.page_confirmed],
            "rejected": [queue.page_sending, queue.page_awaiting, queue.page_rejected],
        }
        for step in steps[state]:
            self.house.run(step, self.lease, self.attempt, n, self.house.now)

    def finish(self, cause: Cause = Cause.SENT, **outcome: Any) -> DeliveryState:
        """Write the end of the call; return the state of the delivery."""
        state: DeliveryState = self.house.run(
            queue.finish,
            self.lease,
            self.attempt,
            queue.CallOutcome(cause, **outcome),
            self.house.now,
            new_id=self.house.new_id,
        )
        return state


def migrated_sqlite(folder: Path) -> Path:
    """Make a migrated SQLite database to copy for each test."""
    path = folder / "template.sqlite"
    migrate.upgrade(f"sqlite:///{path}")
    return path
