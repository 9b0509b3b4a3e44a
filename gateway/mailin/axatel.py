"""Axatel's mail face (axatel.md): the number stands in the subject, the pages are the one TIFF attached.

Nothing is guessed: two numbers in a subject, two attachments, or a sender outside the account's mask, and
the mail is no fax. The mask is `user{mask}@fqdn`: `{mask}` as written stands for digits, other braces hold
digits and the wildcards `*` and `?`; braces may be left out. The From header must be the envelope's sender,
or empty. Such mail lies in a mailbox that is for it, or comes by SMTP to the address that the account names.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from gateway.domain.errors import BadNumber
from gateway.intake.reading import ReadError, Reading
from gateway.mailin import headers, message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gateway.intake.reading import Document
    from gateway.mailin.envelope import Address
    from gateway.mailin.prescan import Header

NUMBER: Final = re.compile(r"\+?\(?[0-9](?:[ ().-]*[0-9])*")
FEWEST_DIGITS: Final = 3
LONGEST_SUBJECT: Final = 1000
LONGEST_FIELD: Final = 4096  # of a subject before it is decoded
TIFF: Final = (b"II*\0", b"MM\0*")
BRACES: Final = re.compile(r"\{([^{}]*)\}")
WILD: Final = {"*": "[^@]*", "?": "[^@]"}
DIGITS: Final = "mask"
NO_NUMBER: Final = "The subject names no fax number."
TWO_NUMBERS: Final = "The subject names more than one number."
ONE_TIFF: Final = "The mail must hold one attachment, a TIFF file; it holds %(num)s attachments."
NOT_TIFF: Final = "This is not a TIFF file."


@dataclass(frozen=True, slots=True)
class Letter:
    """What this face reads in a header: the decoded subject, and the addresses of From in lower case."""

    subject: str = ""
    from_: tuple[str, ...] = ()

    @classmethod
    def of(cls, header: Header) -> Letter:
        """Return what stands in a header."""
        from_ = headers.mailboxes([value.decode("utf-8", "replace") for value in header.all(b"from")])
        subject = headers.decoded(header.first(b"subject")[:LONGEST_FIELD])
        return cls(subject, tuple(address.lower() for _, address in from_ if address))


def is_for(settings: Mapping[str, str], address: Address) -> bool:
    """Say whether a recipient is the address that an account's `axatel` settings name."""
    return bool(settings.get("address")) and settings["address"].lower() == address.key


def number_in(subject: str) -> str:
    """Return the one number that a decoded subject names, without separators; raise `BadNumber`."""
    text = unicodedata.normalize("NFKC", subject[:LONGEST_SUBJECT])
    runs = [re.sub(r"[^0-9+]", "", match[0]) for match in NUMBER.finditer(text)]
    found = [run for run in runs if len(run.removeprefix("+")) >= FEWEST_DIGITS]
    if not found:
        raise BadNumber(NO_NUMBER)
    if len(found) > 1:
        raise BadNumber(TWO_NUMBERS)
    return found[0]


def fits(mask: str, address: str) -> bool:
    """Say whether an address fits a mask; case does not matter, wildcards stay in the local part."""
    local, at, domain = address.lower().rpartition("@")
    wanted, wanted_at, wanted_domain = mask.lower().rpartition("@")
    if not (at and wanted_at and local and domain == wanted_domain):
        return False
    pieces = BRACES.split(wanted)  # text, braces, text, ...
    pattern = "".join(_pattern(piece, braces=n % 2 == 1) for n, piece in enumerate(pieces))
    return re.fullmatch(pattern, local) is not None


def _pattern(piece: str, *, braces: bool) -> str:
    if braces and piece == DIGITS:
        return "[0-9]+"
    return "".join(WILD.get(sign, re.escape(sign)) for sign in piece)


def misfit(settings: Mapping[str, str], sender: Address, from_: Sequence[str] = ()) -> str:
    """Return why a sender may not use this face; "" where they may.

    `settings`: the `axatel` table that holds for the sender. `from_`: addresses of the From header, in lower
    case.
    """
    if not fits(settings.get("mask", ""), sender.key):
        return "the sender does not fit the mask"
    if any(address != sender.key for address in from_):
        return "the From header is not the sender"
    return ""


def read(raw: bytes, context: dict[str, Any]) -> Reading:
    """Read a mail like any other, or, where its envelope says so, by the rules above.

    `context` as for `message.read`, and `envelope`: `Message.envelope`. Raises `ReadError`.
    """
    if not context.get("envelope", {}).get("axatel"):
        return message.read(raw, context)
    reading = message.read(raw, {**context, "include_body": True})
    tiff = _one_tiff(reading)
    return replace(reading, documents=(tiff,), options={})


def _one_tiff(reading: Reading) -> Document:
    """Return the one attachment; a picture inside an HTML body is an attachment, too."""
    attached = [document for document in reading.documents if document.role == "attachment"]
    inside = sum(len(document.related) for document in reading.documents)
    if len(attached) + inside != 1 or not attached:
        raise _refused(reading, ONE_TIFF % {"num": len(attached) + inside})
    name = attached[0].name.lower()
    named = attached[0].content_type == "image/tiff" or name.endswith((".tif", ".tiff"))
    if not named or not attached[0].data.startswith(TIFF):
        raise _refused(reading, NOT_TIFF)
    return attached[0]


def _refused(reading: Reading, text: str) -> ReadError:
    addresses = (reading.reply_to, reading.from_)
    return ReadError("unsupported-document", text, reading.subject, addresses, reading.disposition_to)
