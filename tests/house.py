"""A whole gateway in processes of its own, for tests: production commands, temporary state, loopback.

`House` starts the exchange, `serve --role lines` and `serve --role <the rest>`, and a next hop that keeps
mails.
A role can be started so that it dies at a crash point; `restart` brings it back as an operator's supervisor
would. Waiting retries are made due by `no_more_waiting`: tests travel in time instead of sitting through it.
"""

from __future__ import annotations

import json
import os
import signal
import smtplib
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import make_msgid
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import select, update
from waiting import wait_until

from gateway import app
from gateway.config import Config, parse
from gateway.demo import mailboxes, settings
from gateway.demo.story import whole_delivery, whole_reception
from gateway.domain.states import FINAL_DELIVERY, DeliveryState
from gateway.lines import simulated
from gateway.roles.parts import local_blobs
from gateway.store import accounts, lines, queue
from gateway.store.database import Store
from gateway.store.models import Account, Delivery, Fax, Outbox, Reception

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy.orm import Session

LINES = ("lines",)
REST = ("smtp", "render", "outbox")


@dataclass
class House:
    """One gateway below `folder`; use as a context manager."""

    folder: Path
    speed: str = '"max"'
    extra: str = ""
    edit: Callable[[str], str] = str
    accounts: list[dict[str, Any]] = field(default_factory=settings.accounts)
    ports: settings.Ports = field(default_factory=settings.Ports.pick)
    processes: dict[tuple[str, ...], subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.config_file = self.folder / "postline.toml"
        text = settings.config_text(self.folder, self.ports, speed=self.speed, level="info")
        self.config_file.write_text(self.edit(text) + self.extra, encoding="utf-8")
        self.config: Config = parse(self.config_file.read_text(encoding="utf-8"))
        self.state = self.config.server.data
        self.boxes = mailboxes.Mailboxes(self.folder / "mailboxes", port=self.ports.sink)

    def __enter__(self) -> Self:
        app.prepare(self.config)
        self.store = Store(self.config.server.database_url)
        self.blobs = local_blobs(self.config)
        self.store.run(accounts.provision, self.accounts, prune=False, now=datetime.now(UTC))
        self.exchange = simulated.start_exchange(self.state, self.config.line[0])
        self.boxes.start()
        return self

    def __exit__(self, *_: object) -> None:
        for roles in list(self.processes):
            self.stop(roles)
        self.exchange.stop()
        self.boxes.stop()
        self.store.close()

    def start(self, roles: tuple[str, ...], crash_at: str = "") -> None:
        """Start these roles in one process; with `crash_at` it will die at that point."""
        environ = os.environ | {"POSTLINE_CRASH_AT": crash_at}
        command = [sys.executable, "-m", "gateway", "serve", "--config", str(self.config_file)]
        with (self.folder / f"{roles[0]}.log").open("ab") as output:
            self.processes[roles] = subprocess.Popen(
                [*command, "--role", ",".join(roles)], env=environ, stdout=output, stderr=output
            )
        if "smtp" in roles:
            wait_until(self.mail_is_taken, 60, f"the mail door\n{self.log(roles)}")

    def start_all(self) -> None:
        """Start every role."""
        self.start(LINES)
        self.start(REST)

    def wait_for_death(self, roles: tuple[str, ...]) -> None:
        """Wait until the process of these roles was killed at its crash point."""
        process = self.processes.pop(roles)
        assert process.wait(120) == -signal.SIGKILL, self.log(roles)

    def stop(self, roles: tuple[str, ...]) -> None:
        """End a process in order."""
        process = self.processes.pop(roles)
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(60)
            return
        process.kill()
        raise AssertionError(f"{roles} did not end on SIGTERM\n{self.log(roles)}")

    def log(self, roles: tuple[str, ...]) -> str:
        """Return what these roles logged, for a failing test's message."""
        file = self.folder / f"{roles[0]}.log"
        return file.read_text(encoding="utf-8", errors="replace")[-6000:] if file.exists() else ""

    def mail_is_taken(self) -> bool:
        """Return whether the listener greets."""
        try:
            with smtplib.SMTP("127.0.0.1", self.ports.smtp, timeout=5):
                return True
        except OSError:
            return False

    def mail(self, letter: EmailMessage) -> str:
        """Hand a mail in; return the answer to DATA. Raises what smtplib raises."""
        with smtplib.SMTP("127.0.0.1", self.ports.smtp, timeout=60) as client:
            client.ehlo()
            client.mail(str(letter["From"]))
            for address in str(letter["To"]).split(", "):
                code, text = client.rcpt(address)
                if code != 250:
                    raise smtplib.SMTPRecipientsRefused({address: (code, text)})
            code, text = client.data(letter.as_bytes())
            if code != 250:
                raise smtplib.SMTPDataError(code, text)
            return text.decode()

    def hand_in(
        self, sender: str, recipients: list[str], mail: bytes, *, source: str = "127.0.0.1"
    ) -> list[tuple[int, str]]:
        """Hand raw bytes in from an address of this machine; return the answers to each RCPT and to DATA.

        A local part alone is completed by our domain. Where no recipient is taken there is no DATA.
        """
        with smtplib.SMTP("127.0.0.1", self.ports.smtp, timeout=60, source_address=(source, 0)) as client:
            client.ehlo()
            client.mail(sender)
            to = [each if "@" in each else f"{each}@{settings.DOMAIN}" for each in recipients]
            answers = [client.rcpt(address) for address in to]
            if any(code == 250 for code, _ in answers):
                answers.append(client.data(mail))
        return [(code, text.decode()) for code, text in answers]

    def result(self, address: str, number: int, seconds: float = 60) -> EmailMessage:
        """Return the result mail about a delivery once it is with the next hop."""

        def arrived() -> EmailMessage | None:
            for file in (self.boxes.folder / mailboxes.safe_name(address)).glob("*.eml"):
                mail = message_from_bytes(file.read_bytes(), policy=policy.default)
                if mail["X-TransactionID"] == str(number):
                    return mail
            return None

        return wait_until(arrived, seconds, f"the result of {number}\n{self.log(REST)}")

    def delivery(self, number: int, seconds: float = 120) -> Delivery:
        """Return a delivery once it is final."""

        def final() -> Delivery | None:
            delivery = self.store.read(whole_delivery, number)
            return delivery if delivery.state in FINAL_DELIVERY else None

        return wait_until(final, seconds, f"the end of {number}\n{self.log(LINES)}\n{self.log(REST)}")

    def delivery_drawn(self, number: int) -> None:
        """Wait until a fax has its pages and its delivery is queued."""
        wait_until(lambda: self.state_of(number) is not DeliveryState.CREATED, 60, self.log(REST))

    def numbers(self) -> list[int]:
        """Return the numbers of all deliveries."""
        return self.store.read(lambda session: list(session.scalars(select(Delivery.number))))

    def state_of(self, number: int) -> DeliveryState:
        """Return a delivery's state now."""
        return self.store.read(lambda session: session.get_one(Delivery, number).state)

    def no_more_waiting(self) -> None:
        """Make every waiting retry due now."""

        def due(session: Session) -> None:
            waiting = Delivery.state == DeliveryState.WAITING_RETRY
            session.execute(update(Delivery).where(waiting).values(due_at=datetime.now(UTC)))

        self.store.run(due)

    def leases_ran_out(self) -> None:
        """Let every lease of a dead worker be over now."""

        def over(session: Session) -> None:
            for kind in (Fax, Delivery, Outbox):
                session.execute(update(kind).values(lease_until=datetime.fromtimestamp(0, UTC)))

        self.store.run(over)

    def no_longer_on_a_line(self, number: int) -> bool:
        """Return whether a delivery is neither claimed nor in a call."""
        return self.state_of(number) not in queue.ON_A_LINE

    def change_account(self, **values: Any) -> None:
        """Change the demo account."""
        self.store.run(lambda session: session.execute(update(Account).values(**values)))

    def wait_for_line(self, state: str) -> None:
        """Wait until the line shows this state."""
        wait_until(lambda: self._line_state() == state, 60, f"the line to be {state}\n{self.log(LINES)}")

    def _line_state(self) -> str:
        rows = self.store.read(lambda session: [row.state for row in lines.all_lines(session)])
        return rows[0] if rows else ""

    def read_mail(self, file: Path) -> str:
        """Return subject and text of a kept mail."""
        mail = message_from_bytes(file.read_bytes(), policy=policy.default)
        body = mail.get_body(("plain",))
        assert isinstance(body, EmailMessage)
        return f"{mail['Subject']}\n{body.get_content()}"

    def box(self, address: str, count: int, seconds: float = 60) -> list[Path]:
        """Return the mails of an address once there are `count`."""
        folder = self.boxes.folder / mailboxes.safe_name(address)

        def there() -> list[Path]:
            found = sorted(folder.glob("*.eml"))
            return found if len(found) >= count else []

        return wait_until(there, seconds, f"{count} mails for {address}\n{self.log(REST)}")

    def call_in(self, document: Path, caller: str = settings.FAX) -> dict[str, Any]:
        """Let a far machine call and send a TIFF; return how its call ended."""
        with simulated.control(self.state, "sim") as exchange:
            return exchange.wait(exchange.call(settings.OUR_NUMBER, document, caller))

    def reception(self, number: int | None = None, seconds: float = 60) -> Reception:
        """Return a reception (default: the newest) once it is closed."""

        def closed() -> Reception | None:
            query = select(Reception.number).order_by(Reception.number.desc()).limit(1)
            newest = number or self.store.read(lambda session: session.scalar(query))
            row = self.store.read(whole_reception, newest) if newest else None
            return row if row is not None and row.ended_at is not None else None

        return wait_until(closed, seconds, f"a reception\n{self.log(LINES)}")

    def far(self, number: str, **behaviour: Any) -> None:
        """Change how a far machine behaves from now on."""
        with simulated.control(self.state, "sim") as exchange:
            exchange.set(number, **behaviour)

    def ledger(self, event: str = "") -> Iterator[dict[str, Any]]:
        """Yield the exchange's records, of one kind or all."""
        file = simulated.folder_of(self.state, "sim") / "ledger.jsonl"
        for line in file.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            if not event or record["event"] == event:
                yield record


def letter(
    number: str = settings.FAX, subject: str = "Order 5521", text: str = "Please deliver.\n"
) -> EmailMessage:
    """Return a mail of the demo's sender to a fax number."""
    mail = EmailMessage()
    mail["From"] = settings.SENDER
    mail["To"] = f"{number}@{settings.DOMAIN}"
    mail["Subject"] = subject
    mail["Message-ID"] = make_msgid(domain="demo.example")
    mail.set_content(text, charset="utf-8")
    return mail


def queued_number(answer: str) -> int:
    """Return the number in "2.0.0 queued as <number>"."""
    return int(answer.rsplit(" ", 1)[1])
