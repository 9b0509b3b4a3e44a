"""The mail door in a process of its own, as programs we did not write meet it: TLS, users, a name server.

`127.0.0.2` is the trusted network, `127.0.0.1` proves nothing by itself: so one machine plays both a host of
the company and a stranger.
"""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from house import House
from postfix_fixtures import free_port
from sqlalchemy import select
from tls_fixtures import make_certificate

from gateway.demo import settings
from gateway.store.models import Delivery, Message

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

SMTP = ("smtp",)
TRUSTED, STRANGE = "127.0.0.2", "127.0.0.1"
LOGIN, PASSWORD = "alice", "correct horse"
TO = f"{settings.FAX}@{settings.DOMAIN}"
NATIONAL = TO.replace("+81", "0")  # swaks takes a "+" for the beginning of an option
SMTP_TABLE = """\
trusted_networks = ["{trusted}/32"]
listen_tls = ["127.0.0.1:{tls}"]
certificate = "{certificate}"
key = "{key}"
"""


@dataclass(frozen=True, slots=True)
class MailDoor:
    """The house whose door it is, its port that is TLS from the start, and its certificate."""

    house: House
    tls_port: int
    certificate: str

    @property
    def port(self) -> int:
        """The port that speaks plainly and offers STARTTLS."""
        return self.house.ports.smtp

    def messages(self) -> list[Message]:
        """Return every mail that was taken, the oldest first."""
        with self.house.store.reading() as session:
            return list(session.scalars(select(Message).order_by(Message.id)))

    def numbers(self) -> list[str]:
        """Return the numbers of every delivery, as often as each is one."""
        with self.house.store.reading() as session:
            return list(session.scalars(select(Delivery.destination).order_by(Delivery.number)))

    def raw(self, message: Message) -> bytes:
        """Return a mail as it was stored."""
        return self.house.blobs.read(message.blob)

    def stop(self) -> None:
        """End the process in order."""
        self.house.stop(SMTP)

    def start(self) -> None:
        """Start it (again)."""
        self.house.start(SMTP)


@contextmanager
def mail_door(folder: Path, extra: str = "") -> Iterator[MailDoor]:
    """Run a door below `folder`; `extra` are further tables of its configuration."""
    tls, files = free_port(), make_certificate(folder, settings.DOMAIN)
    table = SMTP_TABLE.format(trusted=TRUSTED, tls=tls, **files)

    def edit(text: str) -> str:
        lines = [line for line in text.splitlines(keepends=True) if not line.startswith("trusted_networks")]
        return "".join(lines).replace("[smtp]\n", f"[smtp]\n{table}")

    account: dict[str, Any] = settings.accounts()[0]
    user = {"login": LOGIN, "password": PASSWORD, "roles": ["sender"]}
    with House(folder, edit=edit, extra=extra, accounts=[account | {"user": [user]}]) as house:
        door = MailDoor(house, tls, files["certificate"])
        door.start()
        yield door


def swaks(port: int, *options: str, source: str = STRANGE) -> subprocess.CompletedProcess[str]:
    """Send one mail with swaks; its transcript is in `stdout`, 0 says that the mail was taken."""
    command = [
        "swaks", "--server", "127.0.0.1", "--port", str(port), "--local-interface", source,
        "--helo", "client.acme.example", "--from", settings.SENDER,
    ]  # fmt: skip
    if "--to" not in options:
        command += ["--to", NATIONAL]
    try:
        return subprocess.run(
            [*command, *options], capture_output=True, text=True, timeout=120, check=False, errors="replace"
        )
    except FileNotFoundError as error:
        raise AssertionError("no swaks here: install the Debian package swaks") from error
