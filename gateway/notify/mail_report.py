"""The frame of reports that mail programs read: multipart/report (RFC 6522) with its fields (RFC 3464, 8098).

The machine's part holds fields of plain ASCII, each on one line: what came from outside is reduced to that
before it goes in. The request is quoted by a few of its header fields only, and its subject as we show it:
the original subject may hold a password, and the body has no business in a report.
"""

from __future__ import annotations

import re
from email.header import Header
from email.message import Message, MIMEPart
from typing import TYPE_CHECKING, Final

from gateway.mail import ASCII_7BIT, POLICY, UTF8_BASE64, begin, for_header

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from email.message import EmailMessage

    from gateway.mail import Stamp

Fields = tuple[tuple[str, str], ...]
QUOTED: Final = ("from", "to", "cc", "date", "message-id")
LONGEST: Final = 900
HEAD: Final = 65_536
"""Octets of a request that are looked through for its header."""


def compose(
    stamp: Stamp, subject: str, text: str, kind: str, *, blocks: Sequence[Fields], quoted: str = ""
) -> EmailMessage:
    """Return a report; `kind` is "delivery-status" or "disposition-notification", `quoted` a header block."""
    mail = begin(stamp, subject, auto_submitted="auto-replied")
    mail["MIME-Version"] = "1.0"
    mail.add_header("Content-Type", "multipart/report", report_type=kind)
    human, headers = MIMEPart(POLICY), MIMEPart(POLICY)
    human.set_content(text, **UTF8_BASE64)
    parts: list[Message | str] = [human, status_part(kind, blocks)]
    if quoted:
        headers.set_content(quoted, subtype="rfc822-headers", **ASCII_7BIT)
        parts.append(headers)
    mail.set_payload(parts)
    return mail


def status_part(kind: str, blocks: Sequence[Fields]) -> MIMEPart:
    """Return the part that programs read: groups of fields with a blank line between them."""
    part = MIMEPart(POLICY)
    part["Content-Type"] = f"message/{kind}"
    part["Content-Transfer-Encoding"] = "7bit"
    groups: list[Message | str] = []
    for fields in blocks:
        group: Message = Message(POLICY)
        for name, value in fields:
            if value:
                group[name] = plain(value)
        groups.append(group)
    part.set_payload(groups if kind == "delivery-status" else groups[:1])
    return part


def plain(value: str) -> str:
    """Return a value as a field of a report may hold it: printable ASCII on one line, not too long."""
    return re.sub(r"[^ -~]+", "?", value).strip()[:LONGEST]


def header_of(raw: bytes, subject: str) -> str:
    """Return the fields of a request that a report quotes, with the subject as we show it."""
    clean = for_header(subject)
    charset = "us-ascii" if clean.isascii() else "utf-8"
    shown = Header(clean, charset, header_name="Subject", maxlinelen=76).encode(linesep="\n")
    lines = [f"{name}: {value}" for name, value in fields_of(raw) if name.lower() in QUOTED]
    return "\n".join([*lines, f"Subject: {shown}", ""])


def fields_of(raw: bytes) -> Iterator[tuple[str, str]]:
    """Yield name and value of each header field, unfolded, as plain text; what is no field is passed over."""
    head = re.split(rb"\r?\n\r?\n", raw[:HEAD], maxsplit=1)[0]
    for field in re.split(rb"\r?\n(?![ \t])", head):
        name, colon, value = field.partition(b":")
        if colon and re.fullmatch(rb"[!-9;-~]+", name):
            text = b" ".join(value.split()).decode("ascii", "replace")
            yield name.decode("ascii"), plain(text)


def fax_address(destination: str, domain: str, sub: str = "") -> str:
    """Return the RFC 3191 address of a canonical number ("0081..."): `FAX=+81...@domain`."""
    number = destination.removeprefix("00")
    extra = f"/T33S={sub}" if sub else ""
    return f"FAX=+{number}{extra}@{domain}"
