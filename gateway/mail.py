"""What every mail we write has in common: its frame, clean headers, and a last look before it leaves.

Text from outside (subjects, machine identifiers, file names) never reaches a header before its controls
are gone and what looks like an encoded word is broken up: Python would decode `=?utf-8?B?DQo=?=` into a line
end of its own accord (`spec/threats.md` section 3). `serialise` then reads the header block back and refuses
a mail whose fields are not exactly those we set. Which words a mail holds is the business of the modules
that compose one; who may get it is the business of the row that owes it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from gateway.domain.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

BLANKS: Final = re.compile("[\\t\\n\\v\\f\\r\\x85\u2028\u2029]+")
DIRECTION: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
MESSAGE_ID: Final = re.compile(r"<[!-;=?-~]{1,240}@[!-;=?-~]{1,240}>")
MAILBOX: Final = re.compile(
    # RFC 5321 section 4.1.2, Dot-string; dots side by side and at the end too: Japanese carriers gave such
    # addresses away for years, the door takes mail from them, and their owners want to hear of it.
    r"[\w!#$%&'*+/=?^`{|}~-]+(\.+[\w!#$%&'*+/=?^`{|}~-]+)*\.*"
    r"@([A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*|\[[0-9A-Fa-f.:IPv]+\])",
    re.ASCII,
)
ONE_TOKEN: Final = frozenset({"message-id", "in-reply-to", "references"})
OF_REPORTS: Final = frozenset(
    {
        "original-envelope-id",
        "reporting-mta",
        "reporting-ua",
        "original-recipient",
        "final-recipient",
        "diagnostic-code",
        "original-message-id",
        "disposition",
        "error",
        "x-fax-remote-id",
    }
)
"""Fields in the machine's part of a report: ASCII of bounded length, and no encoded words (RFC 3464)."""


class BadMail(Refused):
    """A mail that must not leave: an address that is none, or headers that are not what we set."""

    code = "bad-mail"


class _TokensWhole(EmailPolicy):
    """Python's SMTP policy, except that a long message identifier is not folded into encoded words.

    With `jis`, a subject that is not ASCII is written in ISO-2022-JP, for mail programs that know no other.
    """

    jis = False

    def fold(self, name: str, value: Any) -> str:
        if name.lower() in ONE_TOKEN | OF_REPORTS:
            return f"{name}: {value}{self.linesep}"
        if self.jis and name.lower() == "subject" and not str(value).isascii():
            words = Header(str(value), "iso-2022-jp", header_name=name, maxlinelen=76)
            return f"{name}: {words.encode(linesep=self.linesep)}{self.linesep}"
        return str(super().fold(name, value))

    def fold_binary(self, name: str, value: Any) -> bytes:
        if name.lower() in ONE_TOKEN | OF_REPORTS or (self.jis and name.lower() == "subject"):
            return self.fold(name, value).encode("ascii")
        return super().fold_binary(name, value)


class _InJis(_TokensWhole):
    """The policy of mails that are ISO-2022-JP throughout."""

    jis = True


POLICY: Final = _TokensWhole(**{slot: getattr(SMTP, slot) for slot in ("linesep", "cte_type")})
JIS_POLICY: Final = _InJis(**{slot: getattr(SMTP, slot) for slot in ("linesep", "cte_type")})


UTF8_BASE64: Final[dict[str, Any]] = {"charset": "utf-8", "cte": "base64"}
ASCII_7BIT: Final[dict[str, Any]] = {"charset": "us-ascii", "cte": "7bit"}
LONGEST_7BIT_LINE: Final = 990
"""Octets; RFC 5321 section 4.5.3.1.6 allows 998 and a line end."""

HALF_KANA: Final = re.compile("[\uff61-\uff9f]+")
JIS_SPELLINGS: Final = {
    0xFF5E: 0x301C,  # wave dash
    0xFF0D: 0x2212,  # minus sign
    0x2225: 0x2016,  # double vertical line
    0x2015: 0x2014,  # em dash
    0xFFE0: 0xA2,  # cent
    0xFFE1: 0xA3,  # pound
    0xFFE2: 0xAC,  # not
}
"""What Windows calls these characters -> what ISO-2022-JP calls them."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the owed row and the configuration fix about a mail, whatever it says.

    `author` is the address in From; `date` and `message_id` come from the row, so that a second sending is
    the same mail byte for byte and is recognised as such (`spec/durability.md` section 4, row 10).
    """

    author: str
    recipient: str
    message_id: str
    date: datetime


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """A mail ready for the next hop. `envelope_sender` "" is the null sender; `content` ends lines by CRLF.

    `report_failure` asks the next hop for a delivery status notice to `envelope_sender`.
    """

    envelope_sender: str
    recipient: str
    content: bytes
    report_failure: bool = False


def one_line(text: str) -> str:
    """Return text as one line without controls or lone surrogates; white-space controls become a blank."""
    if text.isprintable():  # as nearly every text is; a summary of 20,000 numbers asks for 200,000
        return text.strip()
    kept = (c for c in BLANKS.sub(" ", text) if unicodedata.category(c) not in ("Cc", "Cs"))
    return "".join(kept).strip()


def for_people(text: str) -> str:
    """Return `one_line` text without the marks that turn the reading direction (they fake names)."""
    return DIRECTION.sub("", one_line(text))


def for_header(text: str) -> str:
    """Return text that a header may hold: one line, and nothing a parser could take for an encoded word."""
    return for_people(text).replace("=?", "= ?")


def message_id_of(text: str) -> str | None:
    """Return the first well-formed `<left@right>` in text, or None: what we may answer to."""
    found = MESSAGE_ID.search(text)
    return found[0] if found else None


def mailbox(address: str) -> str:
    """Return an address that may stand on an envelope; raise `BadMail` for anything else."""
    if len(address) > 254 or not MAILBOX.fullmatch(address):
        raise BadMail(f"{address!r} is not a mail address we can write to")
    return address


def begin(stamp: Stamp, subject: str, *, auto_submitted: str) -> EmailMessage:
    """Return a mail with its frame and no body; `auto_submitted` is RFC 3834's keyword."""
    mail = EmailMessage(POLICY)
    mail["Date"] = stamp.date
    mail["From"] = Address("Postline", addr_spec=mailbox(stamp.author))
    local, _, domain = mailbox(stamp.recipient).rpartition("@")
    mail["To"] = Address(username=local, domain=domain)
    mail["Subject"] = for_header(subject)
    mail["Message-ID"] = f"<{stamp.message_id.strip('<>')}>"
    mail["Auto-Submitted"] = auto_submitted
    mail["X-Auto-Response-Suppress"] = "All"
    mail["X-Loop"] = stamp.message_id.strip("<>").rpartition("@")[2]  # our listener refuses what carries it
    return mail


def write_text(mail: EmailMessage, text: str, *, legacy: bool = False) -> None:
    """Set the body a person reads: UTF-8 in base64, or, with `legacy`, ISO-2022-JP in 7 bits if it can be.

    A text or subject with a character that ISO-2022-JP has not leaves in UTF-8 after all: a wrong character
    is worse than another charset.
    """
    octets = in_jis(text) if legacy and in_jis(str(mail["Subject"])) is not None else None
    if octets is None:
        mail.set_content(text, **UTF8_BASE64)
        return
    mail.policy = JIS_POLICY
    short = max(map(len, octets.splitlines()), default=0) <= LONGEST_7BIT_LINE
    cte = "7bit" if short else "base64"
    mail.set_content(octets.decode("iso2022_jp"), charset="iso-2022-jp", cte=cte)


def in_jis(text: str) -> bytes | None:
    """Return text in ISO-2022-JP (RFC 1468), half-width kana made full; None if a character is not in it."""
    wide = HALF_KANA.sub(lambda kana: unicodedata.normalize("NFKC", kana[0]), text)
    try:
        return wide.translate(JIS_SPELLINGS).encode("iso2022_jp")
    except UnicodeEncodeError:
        return None


def serialise(mail: EmailMessage) -> bytes:
    """Return the octets of a mail; raise `BadMail` unless its header reads back as the fields we set."""
    for depth, part in enumerate(p for p in mail.walk() if p.is_multipart()):
        seed = f"{mail['Message-ID']} {depth}".encode()
        part.set_boundary(f"=_{sha256(seed).hexdigest()[:32]}")
    content = mail.as_bytes()
    names = list(field_names(content))
    if names != list(mail.keys()):
        raise BadMail("the header of a composed mail is not what was set", detail=" ".join(names))
    return content


def field_names(content: bytes) -> Iterator[str]:
    """Yield the field names of a header block as a strict reader sees them; refuse a bare CR or LF."""
    head = content.split(b"\r\n\r\n", 1)[0]
    for line in head.split(b"\r\n"):
        if b"\r" in line or b"\n" in line:
            raise BadMail("a bare line end in the header of a composed mail", detail=repr(line))
        if not line.startswith((b" ", b"\t")):
            yield line.split(b":", 1)[0].decode("ascii", "replace")
