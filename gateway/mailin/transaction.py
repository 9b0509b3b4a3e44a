"""The end of DATA: a mail that was received becomes rows, and only then a promise.

No socket is touched here and no line is read; `conversation.py` does that. The order is that of durability.md
section 3: spool, sync and rename, commit, and only then 250. An answer is a promise, so everything after the
end of DATA runs in a task of its own that a lost connection cannot stop.
"""

from __future__ import annotations

import asyncio
import mmap
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog

from gateway.domain import dialling
from gateway.domain.errors import BadNumber, NumberDenied, StorageFull, Unavailable
from gateway.intake.submission import Submission, accept
from gateway.mailin import axatel, bounces, dedupe, password, replies
from gateway.mailin.enrolment import Letter
from gateway.mailin.evidence import KnownSender, Stranger
from gateway.mailin.judging import Case, Refusal, hear, must_be_judged
from gateway.mailin.prescan import Rejected, prescan, read_header
from gateway.mailin.receiving import Receiving
from gateway.store import blobs, outbox
from gateway.store.faxes import Recipient

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from gateway.intake.submission import Accepted
    from gateway.mailin.data_reader import SpoolFile
    from gateway.mailin.judging import Opinion
    from gateway.mailin.prescan import Findings
    from gateway.mailin.replies import Reply

log = structlog.get_logger("smtp")


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
class Transaction(Receiving):
    """One mail, from MAIL to the answer after DATA."""

    def _keep_beside(self, session: Session, accepted: Accepted) -> None:
        """Write what a door keeps of each fax it took, in the same transaction; SMTP keeps nothing."""

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
            stranger = refusal.reply is replies.NOT_ALLOWED and not self.operator
            silent = stranger and self.desk.settings.unauthenticated == "discard"
            return replies.OK if silent else refusal.reply
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
        if not (self.recipients or self.operator or self.returned or self.in_subject is not None):
            return replies.OK
        self.desk.crash("smtp.spooled")
        spool.close()
        if self.in_subject is not None:
            self._take_number_in(await asyncio.to_thread(self._letter, spool), self.in_subject)
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

    def _letter(self, spool: SpoolFile) -> axatel.Letter:
        with spool.path.open("rb") as file:
            longest = self.desk.settings.limits.header_bytes
            return axatel.Letter.of(read_header(file.read(longest + 4), 0, longest))

    def _take_number_in(self, letter: axatel.Letter, dsn: Mapping[str, Any]) -> None:
        """Make the number in the subject the recipient. Raise `Refusal`; `Rejected` for what is no number."""
        who = self._who
        if who is None or isinstance(who, Stranger):
            return
        if why := axatel.misfit(who.axatel, self.sender, letter.from_):
            self._who = Stranger(why, who.account_id)  # and so is told nothing more
            raise Refusal(replies.NOT_ALLOWED, why)
        try:
            written = axatel.number_in(password.given_in(letter.subject).rest)  # its digits are no number
            number = dialling.destination(written, who.caller, self.desk.settings.dialling)
        except NumberDenied as error:
            raise Refusal(replies.NUMBER_DENIED, error.text) from error
        except BadNumber as error:
            raise Rejected("5.1.3", error.text) from error
        recipient = replace(Recipient.of(number), dsn=dsn)
        self.recipients = {(recipient.destination, recipient.sub): recipient}

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
        case = Case(
            spool.path,
            spool.size,
            self.sender,
            self._who,
            self.peer.address,
            findings,
            numbers,
            self.desk.now(),
            tuple(self.written),
            in_subject=self.in_subject is not None,
        )
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
        self._keep_beside(session, accepted)
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
