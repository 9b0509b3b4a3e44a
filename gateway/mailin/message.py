"""Reading a mail for faxing: `read` is the reader of the smtp door, run in a sandbox child.

Pure: bytes and plain values in, plain values out; no clock, no file, no database. It refuses (ReadError with
a value of `Cause`) rather than send something the sender did not mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.domain import modifiers, numbers
from gateway.domain.errors import BadNumber, BadOption
from gateway.domain.options import kept
from gateway.intake.reading import ReadError, Reading
from gateway.mailin import headers, subject, wished
from gateway.mailin.parts import Budget, Walk, parsed
from gateway.mailin.selection import select, sort

if TYPE_CHECKING:
    from email.message import Message


def read(raw: bytes, context: dict[str, Any]) -> Reading:
    """Return what a mail asks to fax.

    `context`: include_body (bool), country and area_code (the account's), domains (ours, a list), options
    (what holds where the mail says nothing), conventions (names of those that hold), aliases (an operator's
    names of modifiers), ignore_errors (bool: bad options are warnings), default_charset (of text that states
    none), attachment_order ("mime", "name"). Raises `ReadError`.
    """
    budget = Budget()
    mail = parsed(raw, budget)
    written = headers.text(mail, "Subject")
    rows = modifiers.with_aliases(context.get("aliases", {}))
    visible = subject.parse(written, rows).visible
    reply_to = _first_address(mail, "Reply-To")
    from_ = _first_address(mail, "From")
    disposition_to = _first_address(mail, "Disposition-Notification-To")
    try:
        walk = Walk(budget, str(context.get("default_charset", "")))
        walk.part(mail)
        parts = sort(walk.leaves, by_name=context.get("attachment_order") == "name")
        found = wished.read(mail, written, parts, context)
        body = found.options.get("body", context.get("options", {}).get("body"))
        documents = select(found.parts, body, include_body=bool(context.get("include_body")))
    except BadOption as error:
        raise ReadError("bad-option", error.text, visible, (reply_to, from_), disposition_to) from error
    except ReadError as error:
        raise ReadError(error.code, error.text, visible, (reply_to, from_), disposition_to) from error
    return Reading(
        documents=documents,
        subject=found.subject,
        options=kept(found.options),
        contacts=_contacts(mail, context),
        reply_to=reply_to,
        from_=from_,
        disposition_to=disposition_to,
        language="ja" if found.parts.japanese else "",
        warnings=(*found.warnings, *walk.warnings),
    )


def _first_address(mail: Message, name: str) -> str:
    return next((address for _, address in headers.addresses(mail, name)), "")


def _contacts(mail: Message, context: dict[str, Any]) -> dict[str, str]:
    """Return canonical number -> display name of the To and Cc entries that are numbers of ours."""
    contacts: dict[str, str] = {}
    for shown, address in [*headers.addresses(mail, "To"), *headers.addresses(mail, "Cc")]:
        local, _, domain = address.rpartition("@")
        if not shown or domain.lower() not in context.get("domains", ()):
            continue
        try:
            number = numbers.parse(local, context.get("country", ""), context.get("area_code", ""))
        except BadNumber:
            continue
        contacts.setdefault(number.canonical, shown[:200])
    return contacts
