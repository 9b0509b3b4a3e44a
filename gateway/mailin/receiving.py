"""What is answered to RCPT: who sends, as far as that can be said before DATA, and where the mail may go.

Numbers, lists, role addresses, bounces of our forwards and digitalid@ are told apart here; nothing is stored
but the audit lines of refusals. What follows DATA is `transaction.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from gateway.domain import dialling
from gateway.domain.errors import BadNumber, BadOption, NumberDenied
from gateway.domain.modifiers import settled
from gateway.mailin import axatel, bounces, conventions, evidence, lists, replies
from gateway.mailin.envelope import ENROLMENT, NULL, Address, Kind, classify
from gateway.mailin.evidence import KnownSender, Peer, Provable, Stranger
from gateway.store import audit
from gateway.store.faxes import Recipient

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from gateway.domain.options import Values
    from gateway.mailin.desk import Desk
    from gateway.mailin.replies import Reply

AT_HOME = frozenset({"auth", "client_certificate", "network", "trusted_network"})
"""Proofs of a client we know well enough to put its line ends right."""


@dataclass(slots=True)
class Receiving:
    """A mail up to DATA: who sends it, and to whom.

    `envelope`: RET and ENVID, as `parameters.py` reads them; `wishes`: the options that its addresses name;
    `written`: the recipients as they were written; `enrols`: it brings a certificate, and is no fax.
    `in_subject`: the number stands in the subject (axatel.md); this is what RCPT asked of reports, None
    where the recipients are the numbers.
    """

    desk: Desk
    sender: Address
    peer: Peer
    envelope: dict[str, Any] = field(default_factory=dict)
    taken: int = 0
    recipients: dict[tuple[str, str], Recipient] = field(default_factory=dict)
    wishes: Values = field(default_factory=dict)
    operator: list[str] = field(default_factory=list)
    returned: list[str] = field(default_factory=list)
    lists: list[str] = field(default_factory=list)
    discard: bool = False
    enrols: bool = False
    in_subject: Mapping[str, Any] | None = None
    written: list[str] = field(default_factory=list)
    door: str = "smtp"
    _who: KnownSender | Provable | Stranger | None = None

    @property
    def trusted(self) -> bool:
        """Whether the peer's lines may end as they like."""
        by = self._who.evidence.get("by") if isinstance(self._who, KnownSender) else ""
        return by in AT_HOME or self.desk.settings.is_trusted(self.peer.address)

    async def recipient(self, address: Address, dsn: Mapping[str, Any] | None = None) -> Reply:
        """Answer RCPT; `dsn`: NOTIFY and ORCPT, as `parameters.py` reads them."""
        settings = self.desk.settings
        kind = classify(address, settings.domains)
        if kind is Kind.FOREIGN and not conventions.place_of(address.domain, settings.domains):
            return replies.NO_RELAY
        if self.taken >= settings.limits.recipients:
            return replies.TOO_MANY_RECIPIENTS
        if kind is Kind.ENROLMENT:
            reply = await self._take_enrolment()
        else:
            reply = replies.ALONE if self.enrols else await self._take(kind, address, dsn or {})
        self.taken += reply.good
        if reply.good and kind is not Kind.OPERATOR:
            self.written.append(address.key)
        return reply

    async def _take(self, kind: Kind, address: Address, dsn: Mapping[str, Any]) -> Reply:
        if kind is Kind.OPERATOR:
            self.operator.append(str(address))
            return replies.RECIPIENT_OK
        if kind is Kind.BOUNCE:
            return await self._take_bounce(address)
        who = await self._identified(address)
        if isinstance(who, Provable) and not who.by:
            return replies.PROOF_LATER
        if isinstance(who, Stranger):
            return self._turned_away()
        if self.in_subject is not None or axatel.is_for(who.axatel, address):
            return await self._take_subject(who, address, dsn)
        return await self._take_number(who, address, dsn)

    def _turned_away(self) -> Reply:
        if self.desk.settings.unauthenticated == "discard":
            self.discard = True
            return replies.RECIPIENT_OK
        return replies.NOT_ALLOWED

    async def _take_number(
        self, who: KnownSender | Provable, address: Address, dsn: Mapping[str, Any]
    ) -> Reply:
        if lists.named(address.local) is not None:
            return await self._take_list(who, address, dsn)
        place = conventions.place_of(address.domain, self.desk.settings.domains) or ""
        try:
            written = conventions.addressed(address.local, place, who.conventions)
            wishes, _ = settled(written.wishes)
            number = dialling.destination(written.number, who.caller, self.desk.settings.dialling)
        except NumberDenied as error:
            await self._note("number.refused", who.account_id, number=address.local, why=error.text)
            return replies.NUMBER_DENIED
        except BadOption as error:
            return replies.bad_address(error.text)
        except BadNumber:
            return replies.BAD_NUMBER if place else await self._take_list(who, address, dsn)
        if self.recipients and wishes != self.wishes:
            return replies.OTHER_OPTIONS
        reply = self._add(replace(Recipient.of(number), dsn=dsn, contact=written.contact))
        if reply.good:
            self.wishes = wishes
        return reply

    def _add(self, recipient: Recipient) -> Reply:
        """Take a number; a list before it may have left no room."""
        place = recipient.destination, recipient.sub
        if place not in self.recipients and len(self.recipients) >= self.desk.settings.limits.numbers:
            return replies.TOO_MANY_RECIPIENTS
        self.recipients.setdefault(place, recipient)
        return replies.RECIPIENT_OK

    async def _take_list(
        self, who: KnownSender | Provable, address: Address, dsn: Mapping[str, Any]
    ) -> Reply:
        """Take all numbers of a list, or none of them."""
        found = await self.desk.store.read(lists.find, address.local, who.account_id)
        if found is None:
            return replies.NO_LIST if lists.named(address.local) is not None else replies.BAD_NUMBER
        if self.recipients and self.wishes:
            return replies.OTHER_OPTIONS
        name, recipients = found
        both = {(one.destination, one.sub): replace(one, dsn=dsn) for one in recipients}
        both = self.recipients | {place: one for place, one in both.items() if place not in self.recipients}
        if len(both) > self.desk.settings.limits.numbers:
            return replies.TOO_MANY_NUMBERS
        self.recipients = both
        self.lists.append(name)
        return replies.RECIPIENT_OK

    async def _take_subject(
        self, who: KnownSender | Provable, address: Address, dsn: Mapping[str, Any]
    ) -> Reply:
        """Take the address that stands for the number in the subject, read after DATA; and no other then."""
        if self.recipients or not axatel.is_for(who.axatel, address):
            return replies.NUMBER_IN_SUBJECT
        if why := axatel.misfit(who.axatel, self.sender):
            await self._note("sender.refused", who.account_id, why=why, recipient=str(address))
            return self._turned_away()
        self.in_subject = dsn
        self.envelope["axatel"] = True  # kept with the mail: how it is read, and what its status mail says
        return replies.RECIPIENT_OK

    async def _take_enrolment(self) -> Reply:
        """Take digitalid@ from an address that some account knows; who it is, its signature will prove."""
        enrolment = self.desk.enrolment
        if enrolment is None or not await enrolment.knows(self.sender):
            await self._note("sender.refused", None, why="no account knows this address", recipient=ENROLMENT)
            return replies.NOT_ALLOWED
        if self.recipients or self.operator or self.returned or self.in_subject is not None:
            return replies.ALONE
        self.enrols = True
        return replies.RECIPIENT_OK

    async def _take_bounce(self, address: Address) -> Reply:
        token = bounces.token_of(address)
        if self.sender != NULL or not await self.desk.store.read(bounces.exists, token):
            return replies.NO_MAILBOX
        self.returned.append(token)
        return replies.RECIPIENT_OK

    async def _identified(self, address: Address) -> KnownSender | Provable | Stranger:
        """Look the sender up, once a mail; a stranger leaves one audit line and nothing else."""
        if self._who is None:
            who = await self._look_up_unless_known()
            why = ""
            if isinstance(who, Provable) and "spf" in who.by:
                who, why = await self._ask_spf(who)
            if isinstance(who, Stranger):
                await self._note("sender.refused", who.account_id, why=who.why, recipient=str(address))
            elif isinstance(who, Provable) and not who.by:
                await self._note("sender.put_off", who.account_id, why=why, recipient=str(address))
            self._who = who
        return self._who

    async def _ask_spf(self, who: Provable) -> tuple[KnownSender | Provable | Stranger, str]:
        """Return the sender after SPF was heard, and what it said; one whom nobody is left to prove waits."""
        if self.desk.spf is None:
            return who, ""
        opinion = await self.desk.spf(self.peer.address, self.sender, self.peer.hello)
        if opinion.evidence is not None:
            return who.proved(opinion.evidence), opinion.why
        rest = replace(who, by=who.by - {"spf"}, passing=opinion.passing)
        if rest.by or rest.passing:
            return rest, opinion.why
        return Stranger(f"no proof of the sender; {opinion.why}", who.account_id), opinion.why

    async def _look_up_unless_known(self) -> KnownSender | Provable | Stranger:
        if known := self.desk.lately.known(self.sender.key, self.peer):
            return known
        who: KnownSender | Provable | Stranger = await self.desk.store.read(self._look_up)
        self.desk.lately.met(self.sender.key, self.peer, who)
        return who

    def _look_up(self, session: Session) -> KnownSender | Provable | Stranger:
        """Return who sends; another door may know its senders in another way."""
        judges = frozenset(self.desk.judges) | ({"spf"} if self.desk.spf else set())
        return evidence.identify(session, self.sender, self.peer, self.desk.settings, judges)

    async def _note(self, action: str, account_id: int | None, **data: str) -> None:
        now, actor, peer = self.desk.now(), self.sender.key, self.peer.address
        await self.desk.store.run(lambda s: audit.note(s, action, now, account_id, actor, peer=peer, **data))
