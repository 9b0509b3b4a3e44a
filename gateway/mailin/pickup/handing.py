"""From a fetched mail in its spool file to what SMTP would have answered, settled either way.

Sender and recipients come from the header, in Axatel's mode the number from the subject. A mail too large has
only its head in the spool file, enough to tell its sender why.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog

from gateway.domain.errors import BadNumber
from gateway.mailin import axatel, password, replies
from gateway.mailin.envelope import NULL, Address
from gateway.mailin.evidence import Peer
from gateway.mailin.pickup.envelope import envelope_of
from gateway.mailin.pickup.fetched import Fetched, Request
from gateway.mailin.prescan import MESSAGE_ID, Header, Rejected, read_header
from gateway.mailin.replies import Reply

if TYPE_CHECKING:
    from gateway.mailin.data_reader import SpoolFile
    from gateway.mailin.desk import Desk
    from gateway.mailin.pickup.box import Mailbox

NOTHING_ASKED: Final = Reply(550, "5.1.3", "The mail names no fax number.")

log = structlog.get_logger("mailbox")


async def hand_in(desk: Desk, mailbox: Mailbox, uid: str, spool: SpoolFile, *, fits: bool) -> Reply:
    """Return what SMTP would say of this mail; unless that is "later" (4xx), the mail is settled.

    `fits`: the spool file holds all of it. Raises `AlreadySettled`, `Unavailable`.
    """
    head = await asyncio.to_thread(head_of, spool, desk.settings.limits.header_bytes)
    mail, recipients = _begin(desk, mailbox, uid, head)
    await mail.take_recipients(recipients)
    reply = await _answer(mail, spool, fits=fits)
    event = "mail.taken" if reply.good else "mail.refused" if reply.code >= 500 else "mail.later"
    log.info(event, mailbox=mailbox.name, uid=uid, answer=str(reply), sender=mail.sender.key)
    return reply


async def _answer(mail: Fetched, spool: SpoolFile, *, fits: bool) -> Reply:
    reply = replies.TOO_LARGE
    if not mail.wanted:
        reply = mail.missed[0][1] if mail.missed else NOTHING_ASKED
    elif fits:
        reply = await mail.finish(spool)
        if reply.good and not mail.settled:  # `unauthenticated = "discard"` says yes to strangers
            reply = replies.NOT_ALLOWED
    if reply.code >= 500:
        await mail.refuse(reply, spool)
    return reply


def _begin(
    desk: Desk, mailbox: Mailbox, uid: str, head: Header | None
) -> tuple[Fetched, tuple[Address, ...]]:
    """Return the transaction of a mail and whom it is for; a head we cannot read is nobody's."""
    domains, sender, request = desk.settings.domains, NULL, Request()
    recipients: tuple[Address, ...] = ()
    if head is not None:
        found = envelope_of(head, domains, mailbox.place.user)
        sender, recipients = found.sender or NULL, found.recipients
        request = request_of(head)
    peer = Peer(mailbox.peer, mailbox=mailbox.name if mailbox.trusted else "")
    mail = Fetched(desk, sender, peer, mailbox=mailbox, uid=uid, request=request)
    if mailbox.axatel:
        mail.envelope["axatel"] = True  # kept with the mail: how it is read, and what its status mail says
        recipients = _in_subject(mail, domains[0])
    return mail, recipients


def _in_subject(mail: Fetched, domain: str) -> tuple[Address, ...]:
    """Return the recipient that the subject names; without one, remember why."""
    try:
        return (Address(axatel.number_in(password.given_in(mail.request.subject).rest), domain),)
    except BadNumber as error:
        mail.missed.append((mail.request.subject, Reply(553, "5.1.3", error.text)))
        return ()


def request_of(head: Header) -> Request:
    """Return what an answer to a mail with this header needs."""
    found = MESSAGE_ID.search(head.first(b"message-id"))
    automatic = head.first(b"auto-submitted").lower().startswith(b"auto-replied")
    letter = axatel.Letter.of(head)
    return Request(
        subject=letter.subject,
        message_id=found[0].decode("ascii", "replace") if found else "",
        from_=letter.from_,
        automatic=automatic or head.content_type == b"multipart/report" or bool(head.first(b"x-loop")),
    )


def head_of(spool: SpoolFile, longest: int) -> Header | None:
    """Return the header block of a spooled mail; None where it is longer than `longest`."""
    with spool.path.open("rb") as file:
        start = file.read(longest + 4)
    try:
        return read_header(start, 0, longest)
    except Rejected:
        return None
