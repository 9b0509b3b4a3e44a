"""Certificates by mail: a signed mail to digitalid@ gives us that of its sender (email-interface 6.6).

Taken from any address an account knows: as a sender, or because faxes are forwarded to it. The signature is
the only proof that is asked for, and it must lead to the operator's anchors. A signature enrols once, so that
a captured mail cannot bring an old certificate back; sent again while its certificate is in force it changes
nothing and gets the same 250. The answer is a signed mail, and only to that address.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cryptography import x509

from gateway.mailin import replies
from gateway.mailin.envelope import ENROLMENT
from gateway.mailin.prescan import Rejected
from gateway.mailin.sealed import REPLAYED, question_of, sentence
from gateway.store import audit, certificates, outbox, replays
from gateway.store.certificates import Given
from gateway.store.models import Account
from gateway.store.replays import Use
from smime.certificates import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy.orm import Session

    from gateway.mailin.envelope import Address
    from gateway.mailin.prescan import Findings
    from gateway.mailin.replies import Reply
    from gateway.mailin.sealed import Examiner
    from gateway.mailin.unsealing import Judgement, Question

STORED: Final = replies.Reply(250, "2.0.0", "Certificate stored; the answer comes by mail")


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail to digitalid@ at the end of DATA: a closed spool file, its envelope sender, when it came."""

    path: Path
    sender: Address
    peer: str
    findings: Findings
    at: datetime


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Takes certificates. `new_id` makes the Message-ID of the answer."""

    examiner: Examiner
    new_id: Callable[[], str]

    async def knows(self, sender: Address) -> bool:
        """Say whether an account knows this address."""
        return bool(sender.domain and await self.examiner.store.read(certificates.accounts_of, sender.key))

    async def take(self, letter: Letter) -> Reply:
        """Judge a mail and keep the certificate it brings; return the answer to DATA. Raises `Rejected`."""
        owners, question = await self.examiner.store.read(self._question, letter)
        if not owners:
            return replies.NOT_ALLOWED
        raw = await asyncio.to_thread(letter.path.read_bytes)
        judgement = await self.examiner.judged(raw, question)
        if judgement is None:
            raise Rejected("5.6.0", "The signature of this mail cannot be examined within our limits")
        if judgement.reply or not judgement.certificate:
            await self._note_refused(letter, owners[0], judgement)
            text = judgement.text or sentence(judgement)
            return replies.Reply(judgement.reply or 550, judgement.status or "5.7.1", text)
        await self.examiner.store.run(self._keep, letter, owners, judgement)
        return STORED

    def _question(self, session: Session, letter: Letter) -> tuple[list[int], Question]:
        """Return whose address it is, and what is asked: pins and rules are those of the first account."""
        owners = certificates.accounts_of(session, letter.sender.key)
        account = session.get(Account, owners[0]) if owners else None
        asked = question_of(session, account or Account(settings={}), letter.sender.key, letter.at)
        settings = self.examiner.settings
        return owners, replace(
            asked,
            rule="required",
            enrols=True,
            require_protected_headers=False,
            message_id=letter.findings.message_id,
            domains=settings.domains,
            limits=settings.limits,
        )

    def _keep(self, session: Session, letter: Letter, owners: list[int], judgement: Judgement) -> None:
        certificate = x509.load_der_x509_certificate(judgement.certificate)
        given = Given(
            "encrypt",
            judgement.certificate,
            fingerprint(certificate),
            certificate.not_valid_after_utc,
            letter.sender.key,
        )
        news = False
        for account_id in owners:
            use = Use(
                account_id=account_id,
                digest=judgement.replay,
                asked=judgement.asked,
                recipients=(ENROLMENT,),
                vouched=False,
                until=judgement.until or letter.at,
                repeats=timedelta(0),
            )
            if replays.first_use(session, use, letter.at):
                certificates.enrol(session, account_id, given, actor=letter.sender.key, now=letter.at)
                news = True
            elif not certificates.is_kept(session, account_id, given):
                raise Rejected("5.7.1", REPLAYED)  # else the same mail again, whose client lost our answer
        if news:
            self._answer(session, letter, owners[0], given)

    def _answer(self, session: Session, letter: Letter, account_id: int, given: Given) -> None:
        data = {
            "account_id": account_id,
            "fingerprint": given.fingerprint,
            "subject": x509.load_der_x509_certificate(given.der).subject.rfc4514_string(),
            "not_after": given.not_after.isoformat(),
            "request_id": letter.findings.message_id,
        }
        outbox.owe(session, "enrolled", letter.sender.key, new_id=self.new_id, now=letter.at, data=data)

    async def _note_refused(self, letter: Letter, account_id: int, judgement: Judgement) -> None:
        await self.examiner.store.run(
            lambda session: audit.note(
                session,
                "certificate.refused",
                letter.at,
                account_id,
                letter.sender.key,
                peer=letter.peer,
                why=f"smime: {judgement.word}",
            )
        )
