"""What a mailbox is to us, whatever its protocol: where it stands, what lies in it, what may be done to it.

`Place` and `Mailbox` are plain values, made from a `[[mailbox]]` table by `mailbox_of`. A `Box` blocks: both
libraries do, so each mailbox has a thread of its own. A server's certificate is always judged: a password
never goes to a host that cannot show who it is.
"""

from __future__ import annotations

import contextlib
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from gateway.domain.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gateway.mailbox_table import MailboxConfig
    from gateway.mailin.data_reader import SpoolFile

Disposal = Literal["delete", "keep", "move"]


class Trouble(Unavailable):
    """The mailbox cannot be read now: its server is away, too slow, says no, or speaks nonsense."""

    code = "mailbox-trouble"


class Denied(Trouble):
    """The server does not take our user name and password."""

    code = "mailbox-denied"


class Gone(Trouble):
    """Somebody took the mail away while we looked."""

    code = "mailbox-mail-gone"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a mailbox stands. `ca_file`: PEM roots that judge its server, "" = the system's.

    `patience`: how long (s) one answer of the server may take.
    """

    protocol: Literal["imap", "pop3"]
    host: str
    port: int
    user: str
    password: str
    tls: Literal["implicit", "starttls", "none"] = "implicit"
    ca_file: str = ""
    folder: str = "INBOX"
    patience: float = 60.0

    def context(self) -> ssl.SSLContext:
        """Return what judges the server's certificate; raise `Trouble` for roots that cannot be read."""
        try:
            context = ssl.create_default_context(cafile=self.ca_file or None)
        except OSError as error:
            raise Trouble(f"{self.ca_file} holds no certificates: {error.strerror or error}") from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context

    @contextlib.contextmanager
    def troubles(self) -> Iterator[None]:
        """Turn what goes wrong on a network into `Trouble`, with a sentence for the operator."""
        where = f"{self.host}:{self.port}"
        try:
            yield
        except ssl.SSLCertVerificationError as error:
            raise Trouble(f"{where} shows a certificate we do not trust: {error.verify_message}") from error
        except TimeoutError as error:
            raise Trouble(f"{where} does not answer") from error
        except OSError as error:
            raise Trouble(f"{where} cannot be reached: {error.strerror or error}") from error


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One mailbox to pick up from.

    `trusted`: the server's Return-Path says who sends. `account`: the only one whose senders count, "" = any.
    `after`: what becomes of a mail that was taken, `refused`: of one that was not. `interval_s`: how often to
    look where the server does not tell by itself. `axatel`: the number stands in the subject.
    """

    name: str
    place: Place
    trusted: bool = False
    account: str = ""
    after: Disposal = "delete"
    refused: Disposal = "keep"
    move_to: str = "Postline"
    interval_s: float = 60.0
    axatel: bool = False

    @property
    def peer(self) -> str:
        """What stands where a mail by SMTP has its client's address."""
        return f"mailbox:{self.name}"


def mailbox_of(table: MailboxConfig) -> Mailbox:
    """Return a mailbox as its collector takes it."""
    place = Place(
        protocol=table.protocol,
        host=table.host,
        port=table.used_port,
        user=table.user,
        password=table.password,
        tls=table.tls,
        ca_file=table.ca_file,
        folder=table.folder,
    )
    return Mailbox(
        name=table.name,
        place=place,
        trusted=table.trust == "return-path",
        account=table.account,
        after=table.after,
        refused=table.refused,
        move_to=table.move_to,
        interval_s=table.interval_s,
        axatel=table.axatel,
    )


@dataclass(frozen=True, slots=True)
class Entry:
    """A mail in a mailbox. `uid` names it for ever, `handle` in this session."""

    uid: str
    handle: int


class Box(Protocol):
    """An open mailbox; calls block, and raise `Trouble` where the server is at fault."""

    era: str
    """What the UIDs are valid for: another era, other UIDs for the same mails (UIDVALIDITY); "" = always."""

    def look(self) -> Sequence[Entry]:
        """Return what lies there, in the server's order."""

    def fetch(self, entry: Entry, spool: SpoolFile, limit: int) -> bool:
        """Write a mail to `spool`; False where it is larger than `limit`, and then only its head is there."""

    def dispose(self, entries: Sequence[Entry], move_to: str) -> None:
        """Take mails away: into the folder `move_to`, or for good where that is ""."""

    def news(self, seconds: float) -> bool | None:
        """Wait up to `seconds` for a new mail and say whether one came; None: this session never sees any."""

    def close(self) -> None:
        """End the session in order; what was deleted is gone then."""
