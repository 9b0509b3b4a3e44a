"""One fetched mail on its way through the same acceptance as SMTP's, settled in the transaction of its fax.

A fetched mail has no client that waits for an answer, so what SMTP would have replied is kept with the mail's
name; a sender who was proved gets a mail that says why. To all others a mailbox stays silent, as the classic
service does.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.domain.outcome import Cause
from gateway.mailin import axatel, evidence, replies
from gateway.mailin.envelope import NULL
from gateway.mailin.evidence import KnownSender, Provable, Stranger
from gateway.mailin.judging import Refusal
from gateway.mailin.prescan import Rejected, prescan
from gateway.mailin.transaction import Transaction
from gateway.store import audit, pickups, reports
from gateway.store.models import Account
from gateway.store.pickups import Outcome

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from gateway.intake.submission import Accepted
    from gateway.mailin.data_reader import SpoolFile
    from gateway.mailin.envelope import Address
    from gateway.mailin.pickup.box import Mailbox
    from gateway.mailin.replies import Reply
    from gateway.mailin.transaction import Stored

CAUSES = {"5.1": Cause.NUMBER_REFUSED, "4.5": Cause.NUMBER_REFUSED, "5.3": Cause.TOO_LARGE}
"""Class and subject of a status code (RFC 3463); every other refusal is about what the mail holds."""
MOST_NUMBERS, LONGEST_NUMBER = 10, 60
SENTENCES = {
    replies.BAD_NUMBER: "Not a fax number that can be dialled: %s.",
    replies.NUMBER_DENIED: "Not allowed to be called from here: %s.",
    replies.TOO_MANY_RECIPIENTS: "Too many numbers for one mail; not sent to: %s.",
    replies.TOO_LARGE: "The mail is larger than this gateway takes.",
}


@dataclass(frozen=True, slots=True)
class Request:
    """What of a fetched mail's header an answer to it needs.

    `from_`: the addresses of From, in lower case. `automatic`: a machine's answer, which is never answered.
    """

    subject: str = ""
    message_id: str = ""
    from_: tuple[str, ...] = ()
    automatic: bool = False


@dataclass(kw_only=True)
class Fetched(Transaction):
    """A transaction whose client is a mailbox. `uid` names the mail there."""

    mailbox: Mailbox
    uid: str
    request: Request = field(default_factory=Request)
    door: str = "mailbox"
    missed: list[tuple[str, Reply]] = field(default_factory=list)
    _settled: bool = False

    async def take_recipients(self, addresses: tuple[Address, ...]) -> None:
        """Take the recipients that can be taken; remember the others with the answer they got."""
        for address in addresses:
            reply = await self.recipient(address)
            if not reply.good:
                self.missed.append((address.local, reply))
        if not addresses:
            await self._identified(NULL)  # who may hear that nothing was asked

    @property
    def settled(self) -> bool:
        """Whether the mail was settled in the transaction that took it."""
        return self._settled

    @property
    def wanted(self) -> bool:
        """Whether any recipient was taken."""
        return bool(self.recipients or self.operator or self.returned or self.in_subject is not None)

    async def refuse(self, reply: Reply, spool: SpoolFile) -> None:
        """Settle a mail that became nothing: `reply` is what SMTP would have said."""
        await self._prove(spool)
        await self.desk.store.run(self._refuse, reply)

    async def _prove(self, spool: SpoolFile) -> None:
        """Let the mail itself prove its sender, who may then be told why."""
        if not isinstance(self._who, Provable):
            return
        settings = self.desk.settings
        try:
            mail = await asyncio.to_thread(spool.path.read_bytes)
            findings = prescan(mail, settings.limits, frozenset(settings.domains))
            await self._judge(spool, findings)
        except (OSError, Rejected, Refusal):  # too large, deleted, or no proof
            return

    def _refuse(self, session: Session, reply: Reply) -> None:
        name, now, detail = self.mailbox.name, self.desk.now(), str(reply)
        pickups.settle(session, name, self.uid, Outcome.REFUSED, now, detail=detail)
        account = self._who.account_id if self._who else None
        data = {"mailbox": name, "uid": self.uid, "why": detail, "numbers": [text for text, _ in self.missed]}
        audit.note(session, "pickup.refused", now, account, self.sender.key, **data)
        nothing_else = self.missed and not self.wanted
        self._explain(session, self.missed if nothing_else else [*self.missed, ("", reply)])

    async def _look_up_unless_known(self) -> KnownSender | Provable | Stranger:
        """Look the sender up for each mail: it may depend on the mail's own header."""
        return await self.desk.store.read(self._look_up)

    def _look_up(self, session: Session) -> KnownSender | Provable | Stranger:
        """Return who sends, as at the SMTP door, and whether this mailbox is for them."""
        judges = frozenset(self.desk.judges)
        who = evidence.identify(session, self.sender, self.peer, self.desk.settings, judges)
        if isinstance(who, Stranger):
            return who
        account = session.get_one(Account, who.account_id)
        if self.mailbox.account not in ("", account.name):
            return Stranger("a sender of another account than the mailbox's", account.id)
        if self.mailbox.axatel and (why := axatel.misfit(who.axatel, self.sender, self.request.from_)):
            return Stranger(why, account.id)
        return who

    def _keep_beside(self, session: Session, accepted: Accepted) -> None:
        """Settle the mail in the transaction that makes its fax; tell of numbers that were left out, once."""
        self._settle(session, accepted.number, "")
        if not accepted.duplicate:
            self._explain(session, self.missed, in_part=True)

    def _write(self, session: Session, stored: Stored) -> Reply:
        self._settled = False  # a transaction may be tried again
        reply = Transaction._write(self, session, stored)  # noqa: SLF001  (our own base; a slotted class breaks super())
        if not self._settled:
            self._settle(session, None, str(reply))
        return reply

    def _settle(self, session: Session, number: int | None, detail: str) -> None:
        name, now = self.mailbox.name, self.desk.now()
        pickups.settle(session, name, self.uid, Outcome.TAKEN, now, number=number, detail=detail)
        self._settled = True

    def _explain(self, session: Session, missed: list[tuple[str, Reply]], *, in_part: bool = False) -> None:
        """Owe a mail for each reason; only to a sender who was proved, never to a machine's answer.

        `in_part`: the mail became a fax to its other numbers.
        """
        if not missed or self.request.automatic or not isinstance(self._who, KnownSender):
            return
        account = session.get_one(Account, self._who.account_id)
        for reply in dict.fromkeys(reply for _, reply in missed):
            numbers = [text for text, one in missed if one == reply]
            reports.owe_refusal(
                session,
                account,
                self.sender.key,
                CAUSES.get(reply.status[:3], Cause.UNREADABLE_DOCUMENT),
                SENTENCES.get(reply, reply.text).replace("%s", listed(numbers)),
                now=self.desk.now(),
                new_id=self.desk.new_id,
                subject=self.request.subject,
                request_id=self.request.message_id,
                user_id=self._who.user_id,
                face="axatel" if self.envelope.get("axatel") else "",
                in_part=in_part,
            )


def listed(numbers: list[str]) -> str:
    """Return numbers for a sentence: all of a few, the first of many."""
    shown = [number[:LONGEST_NUMBER] for number in numbers[:MOST_NUMBERS]]
    return ", ".join(shown) + (f", … ({len(numbers)})" if len(numbers) > MOST_NUMBERS else "")
