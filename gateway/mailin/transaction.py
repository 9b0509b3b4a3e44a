"""One mail through the door: what is answered to MAIL, RCPT and the end of DATA, and what is stored for it.

No socket is touched here and no line is read; `conversation.py` does that. The order is that of durability.md
section 3: spool, sync and rename, commit, and only then 250. An answer is a promise, so everything after the
end of DATA runs in a task of its own that a lost connection cannot stop.
"""

from __future__ import annotations

import asyncio
import mmap
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog

from gateway.domain import dialling
from gateway.domain.errors import BadNumber, BadOption, NumberDenied, StorageFull, Unavailable
from gateway.domain.modifiers import settled
from gateway.intake.batch import Counter
from gateway.intake.submission import Submission, accept
from gateway.mailin import bounces, conventions, dedupe, evidence, lists, password, replies
from gateway.mailin.enrolment import Enrolment, Letter
from gateway.mailin.envelope import ENROLMENT, NULL, Address, Kind, classify
from gateway.mailin.evidence import KnownSender, Peer, Provable, Stranger
from gateway.mailin.judging import Case, Refusal, hear, must_be_judged
from gateway.mailin.lately import Lately
from gateway.mailin.prescan import Rejected, prescan
from gateway.mailin.sealed import Examiner
from gateway.store import audit, blobs, outbox
from gateway.store.faxes import Recipient

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from sqlalchemy.orm import Session

    from gateway.domain.options import Values
    from gateway.mailin.data_reader import SpoolFile
    from gateway.mailin.judging import Judge, Opinion
    from gateway.mailin.prescan import Findings
    from gateway.mailin.replies import Reply
    from gateway.mailin.settings import SmtpSettings
    from gateway.store.blobs import BlobStore
    from gateway.store.database import AsyncStore

log = structlog.get_logger("smtp")

AT_HOME = frozenset({"auth", "client_certificate", "network", "trusted_network"})
"""Proofs of a client we know well enough to put its line ends right."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What every mail needs: stores, settings, and what is injected (time, ids, crash points).

    `new_id` gives a Message-ID with brackets; `accepted` is called after each commit, to wake the render
    role. `spool` is a folder on the file system of the blobs. `judges` are asked at the end of DATA, by name
    and in this order: "smime" of all sealed mails, each of them of senders that nothing else proved. `spf` is
    asked at RCPT, with IP address, sender and the name the client gives itself. `lately` knows senders for
    a moment; `counter` is where mails are handed in that are a fax and nothing more.
    """

    settings: SmtpSettings
    store: AsyncStore
    blobs: BlobStore
    spool: Path
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    crash: Callable[[str], None]
    accepted: Callable[[], None] = lambda: None
    judges: Mapping[str, Judge] = field(default_factory=dict)
    spf: Callable[[str, Address, str], Awaitable[Opinion]] | None = None
    lately: Lately = field(default_factory=Lately)
    counter: Counter = field(init=False)

    def __post_init__(self) -> None:
        counter = Counter(self.store, self.now, timedelta(hours=self.settings.dedupe_hours))
        object.__setattr__(self, "counter", counter)

    @property
    def enrolment(self) -> Enrolment | None:
        """Who takes mails to digitalid@: whoever can judge signatures."""
        judge = self.judges.get("smime")
        return Enrolment(judge, self.new_id) if isinstance(judge, Examiner) else None


@dataclass(frozen=True, slots=True)
class Seen:
    """What was read in a mail: findings and dedupe key of a fax; whether a report tells of a failure."""

    findings: Findings | None = None
    dedupe: str | None = None
    failure: bool = False


@dataclass(frozen=True, slots=True)
class Stored:
    """A mail on stable storage: its blob, the spool file's size and hash, what was seen and judged."""

    blob: str
    spool: SpoolFile
    seen: Seen
    opinions: tuple[Opinion, ...] = ()


@dataclass(slots=True)
class Transaction:
    """One mail, from MAIL to the answer after DATA.

    `envelope`: RET and ENVID, as `dsn.py` reads them; `wishes`: the options that its addresses name;
    `written`: the recipients as they were written; `enrols`: it brings a certificate, and is no fax.
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
    written: list[str] = field(default_factory=list)
    door: str = "smtp"
    _who: KnownSender | Provable | Stranger | None = None

    @property
    def trusted(self) -> bool:
        """Whether the peer's lines may end as they like."""
        by = self._who.evidence.get("by") if isinstance(self._who, KnownSender) else ""
        return by in AT_HOME or self.desk.settings.is_trusted(self.peer.address)

    async def recipient(self, address: Address, dsn: Mapping[str, Any] | None = None) -> Reply:
        """Answer RCPT; `dsn`: NOTIFY and ORCPT, as `dsn.py` reads them."""
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
        if not isinstance(who, Stranger):
            return await self._take_number(who, address, dsn)
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
        self.wishes = wishes
        recipient = replace(Recipient.of(number), dsn=dsn, contact=written.contact)
        self.recipients.setdefault((recipient.destination, recipient.sub), recipient)
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

    async def _take_enrolment(self) -> Reply:
        """Take digitalid@ from an address that some account knows; who it is, its signature will prove."""
        enrolment = self.desk.enrolment
        if enrolment is None or not await enrolment.knows(self.sender):
            await self._note("sender.refused", None, why="no account knows this address", recipient=ENROLMENT)
            return replies.NOT_ALLOWED
        if self.recipients or self.operator or self.returned:
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

    def _keep_beside(self, session: Session, number: int) -> None:
        """Write what a door keeps of each fax it took, in the same transaction; SMTP keeps nothing."""

    async def _note(self, action: str, account_id: int | None, **data: str) -> None:
        now, actor, peer = self.desk.now(), self.sender.key, self.peer.address
        await self.desk.store.run(lambda s: audit.note(s, action, now, account_id, actor, peer=peer, **data))

    async def finish(self, spool: SpoolFile) -> Reply:
        """Answer the end of DATA; takes the spool file over, whatever the answer."""
        try:
            with self.desk.counter.under_way():
                return await self._finish(spool)
        except Rejected as error:
            account = self._who.account_id if self._who else None
            await self._note("mail.rejected", account, why=error.text)
            return replies.rejected(error.status, error.text)
        except Refusal as refusal:
            account = self._who.account_id if self._who else None
            await self._note("mail.rejected", account, why=refusal.why)
            return refusal.reply
        except StorageFull as error:
            log.warning("no room for a mail", detail=error.detail)
            return replies.DISK_FULL
        except Unavailable as error:
            log.warning("a mail was put off", detail=error.detail)
            return replies.OUR_FAULT
        finally:
            spool.discard()

    async def _finish(self, spool: SpoolFile) -> Reply:
        if self.enrols and self.desk.enrolment is not None:
            spool.close()
            findings = await asyncio.to_thread(self._scan, spool)
            letter = Letter(spool.path, self.sender, self.peer.address, findings, self.desk.now())
            return await self.desk.enrolment.take(letter)
        if not (self.recipients or self.operator or self.returned):
            return replies.OK
        self.desk.crash("smtp.spooled")
        spool.close()
        seen, blob = await asyncio.to_thread(self._take_in, spool)
        opinions = await self._judge(spool, seen.findings) if not blob else ()
        for opinion in opinions:
            if opinion.subject is not None and seen.findings is not None:
                await asyncio.to_thread(password.rewrite, spool, seen.findings.header_end, opinion.subject)
        if not (self.recipients or self.operator or self.returned):
            return replies.OK
        blob = blob or await asyncio.to_thread(self._adopt, spool)
        self.desk.crash("smtp.renamed")
        reply = await self._written(Stored(blob, spool, seen, opinions))
        self.desk.crash("smtp.committed")
        self.desk.accepted()
        return reply

    async def _written(self, stored: Stored) -> Reply:
        """Write what this mail causes: together with others that wait, if it is a fax and nothing more."""
        who = self._who
        if isinstance(who, KnownSender) and self.recipients and self._only_a_fax(stored):
            return replies.queued((await self.desk.counter.accept(self._submission(who, stored))).number)
        return await self.desk.store.run(self._write, stored)

    def _only_a_fax(self, stored: Stored) -> bool:
        """Return whether nothing else has to be written in the transaction of the fax."""
        if self.door != "smtp" or self.operator or self.returned:  # another door keeps rows beside its mails
            return False
        return not any(opinion.record for opinion in stored.opinions)

    def _take_in(self, spool: SpoolFile) -> tuple[Seen, str]:
        """Look at the mail; return its blob, on stable storage, or "" if a judge must be heard first."""
        seen = self._inspect(spool)
        who, findings = self._who, seen.findings
        if findings is not None and (not isinstance(who, KnownSender) or must_be_judged(who, findings)):
            return seen, ""
        return seen, self._adopt(spool)

    def _adopt(self, spool: SpoolFile) -> str:
        return self.desk.blobs.adopt("message", spool.path, spool.sha256)

    def _scan(self, spool: SpoolFile) -> Findings:
        if not spool.size:
            raise Rejected("5.6.0", "The mail is empty")
        settings = self.desk.settings
        with spool.path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mail:
            return prescan(mail, settings.limits, frozenset(settings.domains))

    def _inspect(self, spool: SpoolFile) -> Seen:
        """Look at the spool file before anything is promised; raise `Rejected`."""
        if not spool.size:
            raise Rejected("5.6.0", "The mail is empty")
        settings = self.desk.settings
        with spool.path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mail:
            if self._who is None or isinstance(self._who, Stranger) or not self.recipients:
                return Seen(failure=bounces.tells_of_failure(mail))
            findings = prescan(mail, settings.limits, frozenset(settings.domains))
            key = dedupe.key(mail, findings.header_end, self._who.account_id, findings.message_id)
            return Seen(findings, key)

    async def _judge(self, spool: SpoolFile, findings: Findings | None) -> tuple[Opinion, ...]:
        """Hear the judges; a proof makes the sender known. Raise `Refusal` or `Rejected`."""
        if findings is None or self._who is None or isinstance(self._who, Stranger):
            return ()
        numbers = tuple(recipient.destination for recipient in self.recipients.values())
        peer, now = self.peer.address, self.desk.now()
        written = tuple(self.written)
        case = Case(spool.path, spool.size, self.sender, self._who, peer, findings, numbers, now, written)
        try:
            self._who, opinions = await hear(self.desk.judges, case)
        except Refusal as refusal:
            if refusal.reply is not replies.NOT_ALLOWED or self.desk.settings.unauthenticated != "discard":
                raise
            await self._note("mail.rejected", self._who.account_id, why=refusal.why)
            self.recipients.clear()
            return ()
        return opinions

    def _write(self, session: Session, stored: Stored) -> Reply:
        """Write every row this mail causes, in one transaction."""
        now, blob, spool = self.desk.now(), stored.blob, stored.spool
        blobs.record(session, blob, spool.size, now)
        for token in self.returned if stored.seen.failure else ():
            bounces.bounced(session, token, now)
        if self.operator:
            self._tell_operator(session, blob, now)
        if not isinstance(self._who, KnownSender) or not self.recipients:
            return replies.TO_OPERATOR if self.operator else replies.REPORT_TAKEN
        window = timedelta(hours=self.desk.settings.dedupe_hours)
        accepted = accept(session, self._submission(self._who, stored), now, window)
        for opinion in () if accepted.duplicate else stored.opinions:
            if opinion.record is not None:
                opinion.record(session)
        self._keep_beside(session, accepted.number)
        return replies.queued(accepted.number)

    def _submission(self, who: KnownSender, stored: Stored) -> Submission:
        return Submission(
            door=self.door,
            account_id=who.account_id,
            sender=self.sender.key,
            recipients=tuple(self.recipients.values()),
            blob=stored.blob,
            size=stored.spool.size,
            sha256=stored.spool.sha256,
            message_id=stored.seen.findings.message_id if stored.seen.findings else "",
            dedupe=next((o.dedupe for o in stored.opinions if o.dedupe), stored.seen.dedupe),
            peer=self.peer.address,
            evidence=who.evidence,
            verdict=next((o.verdict for o in stored.opinions if o.verdict), {}),
            envelope=self.envelope,
            user_id=who.user_id,
            batch=", ".join(dict.fromkeys(self.lists)),
            options=self.wishes,
        )

    def _tell_operator(self, session: Session, blob: str, now: datetime) -> None:
        sender = str(self.sender) or "<>"
        data = {
            "subject": f"Mail from {sender} to {', '.join(self.operator)}",
            "text": f"The mail is attached as it came from {self.peer.address}.",
            "blob": blob,
        }
        for operator in self.desk.settings.operator:
            outbox.owe(session, "note", operator, new_id=self.desk.new_id, now=now, data=data)
