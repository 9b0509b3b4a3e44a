"""The demo's mailboxes, to be read: mails as files, `<folder>/<address>/NNNN.eml`.

Addresses and numbers in a request are looked up among what is there; no path is made of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Attachment:
    """One attached file. `n` from 1."""

    n: int
    name: str
    kind: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """One kept mail, decoded. `n` from 1 within its address."""

    address: str
    n: int
    subject: str
    author: str
    date: str
    text: str
    fields: tuple[tuple[str, str], ...]
    attachments: tuple[Attachment, ...]
    source: bytes


SHOWN = ("From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "Auto-Submitted")


def boxes(folder: Path) -> dict[str, list[Mail]]:
    """Return the mails of each address, newest first."""
    return {
        address: [read(address, n, file) for n, file in reversed(list(enumerate(files, 1)))]
        for address, files in listing(folder).items()
    }


def listing(folder: Path) -> dict[str, list[Path]]:
    """Return the files of each address, oldest first; nothing if there is no folder yet."""
    if not folder.is_dir():
        return {}
    return {box.name: sorted(box.glob("[0-9]*.eml")) for box in sorted(folder.iterdir()) if box.is_dir()}


def find(folder: Path, address: str, n: int) -> Mail | None:
    """Return one mail, None if there is no such."""
    files = listing(folder).get(address, [])
    return read(address, n, files[n - 1]) if 0 < n <= len(files) else None


def read(address: str, n: int, file: Path) -> Mail:
    """Return a mail of a file."""
    source = file.read_bytes()
    mail = message_from_bytes(source, policy=policy.default)
    return Mail(
        address=address,
        n=n,
        subject=str(mail.get("Subject", "")),
        author=str(mail.get("From", "")),
        date=str(mail.get("Date", "")),
        text=text_of(mail),
        fields=tuple((name, str(mail[name])) for name in SHOWN if mail[name]),
        attachments=tuple(attachment(i, part) for i, part in enumerate(mail.iter_attachments(), 1)),
        source=source,
    )


def text_of(mail: EmailMessage) -> str:
    """Return the text of a mail, "" if it has none."""
    body = mail.get_body(("plain",))
    return str(body.get_content()) if isinstance(body, EmailMessage) else ""


def attachment(n: int, part: EmailMessage) -> Attachment:
    """Return one attached file."""
    data = part.get_payload(decode=True)
    content = data if isinstance(data, bytes) else b""
    return Attachment(n, part.get_filename() or f"{n}", part.get_content_type(), content)
