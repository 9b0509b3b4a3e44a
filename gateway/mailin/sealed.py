"""Signed and encrypted mail at the end of DATA: the judge "smime" (smime.md section 8).

The mail is judged in a child with limits (`unsealing.judge`), by the account's rules and the files of
`[smime]`; here the question is put together from rows, and the answer becomes a reply, a proof of the sender,
a verdict to keep and a line in the memory of used signatures. What is stored is the mail as it came: it is
opened again when it is drawn, and nothing decrypted lies on our disk.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Protocol

import structlog

from gateway.domain.errors import Unavailable
from gateway.mailin.evidence import Provable
from gateway.mailin.judging import Opinion
from gateway.mailin.prescan import Rejected
from gateway.mailin.replies import Reply
from gateway.mailin.unsealing import SIGNED_BYTES, Judgement, Question, asked
from gateway.store import certificates, replays
from gateway.store.models import Account
from gateway.store.replays import Use

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy.orm import Session

    from gateway.keyring import Keyring
    from gateway.mailin.judging import Case
    from gateway.mailin.settings import SmtpSettings
    from gateway.store.database import AsyncStore

log = structlog.get_logger("smime")

JUDGE: Final = "gateway.mailin.unsealing:judge"
UNWRAP: Final = "gateway.mailin.unsealing:unwrap"
BINDING: Final = ("required", "required+encrypted")
REPLAYED: Final = "The signature of this mail was used for another fax; sign the mail anew"
TOO_LARGE: Final = Reply(552, "5.3.4", "Signed mails of this account are limited to 10 MB; send it in pieces")
TOO_HARD: Final = Reply(
    550, "5.6.0", "The signature or encryption of this mail cannot be examined within our limits"
)
SENTENCES: Final = {
    "undecryptable": "The mail could not be decrypted; encrypt it to the current certificate of this gateway",
    "not_signed": "Mails of this account must be signed by S/MIME",
    "not_encrypted": "Mails of this account must be signed and then encrypted to this gateway",
    "headers_not_protected": "Mails of this account must protect their header fields (RFC 9788)",
    "number_not_signed": "The signed To and Cc do not name the number of the envelope",
    "subject_not_signed": "The signed subject is not the one that names the number; both must be the same",
    "no_encryption_certificate": "The mail encloses no certificate of the sender to encrypt mail to",
}
BY_VERDICT: Final = {
    "invalid": "The signature does not fit the mail: changed on its way, or of a kind we cannot check",
    "malformed": "The signature or the mail around it is damaged",
    "untrusted": "The signer's certificate does not lead to an authority this gateway trusts",
    "expired": "The signature or its certificate is too old; sign the mail anew with a current certificate",
    "not_yet_valid": "The signature or its certificate is of a later date; set the clock and sign anew",
    "revoked": "The signer's certificate was revoked",
    "revocation_unknown": "Whether the signer's certificate was revoked cannot be found out",
    "wrong_usage": "The signer's certificate is not for signing mail",
    "weak": "The signature or its certificate is too weak; use SHA-256 and a key of 2048 bits or more",
    "address_mismatch": "The signature is another's: certificate, From and envelope name different people",
    "partial": "Only a part of the mail is signed; sign the whole mail",
}


class ChildDied(Unavailable):
    """The child that looked at a mail used up its limits, or crashed on it."""

    code = "child-died"


class Child(Protocol):
    """Runs "module:function" with these arguments in a child with limits; raises `ChildDied`."""

    async def __call__(self, function: str, /, *args: Any) -> Any:
        """Return its result."""


@dataclass(frozen=True, slots=True)
class Examiner:
    """The judge. `keys` gives the keyring in force; `child` runs what meets the stranger's bytes."""

    store: AsyncStore
    settings: SmtpSettings
    keys: Callable[[], Keyring]
    child: Child

    async def __call__(self, case: Case) -> Opinion:
        """Return what the seals of a mail are worth, and whether its account takes them."""
        question = await self.store.read(self._question, case)
        if not case.findings.sealed:
            return self._unsealed(question)
        raw = await asyncio.to_thread(case.path.read_bytes)
        judgement = await self.judged(raw, question)
        if judgement is None:
            return Opinion(refusal=TOO_HARD, why="the mail was too much for the child that looked at it")
        if judgement.reply:
            return refused(judgement)
        if question.limited and judgement.signed and case.size > SIGNED_BYTES:
            return Opinion(refusal=TOO_LARGE, why="signed and over 10 MB", verdict=judgement.verdict)
        if case.in_subject and judgement.valid and asked(raw, question.message_id) != judgement.asked:
            return refused(Judgement(judgement.verdict, 550, "5.7.1", "subject_not_signed"))
        return self._accepted(case, question, judgement)

    async def judged(self, raw: bytes, question: Question) -> Judgement | None:
        """Return the judgement of the child; None where the mail was too much for it."""
        keys = self.keys()
        try:
            found = await self.child(JUDGE, raw, question, keys)
        except ChildDied as error:
            log.warning("smime.child_died", sender=question.sender, detail=error.text)
            return None
        if not isinstance(found, Judgement):
            raise Unavailable("the child that looks at signatures gave something else")
        return found

    def _unsealed(self, question: Question) -> Opinion:
        if question.rule in BINDING:
            return refused(Judgement({}, 550, "5.7.1", "not_signed"))
        return Opinion(why="not signed")

    def _question(self, session: Session, case: Case) -> Question:
        account = session.get_one(Account, case.who.account_id)
        settings = self.settings
        return replace(
            question_of(session, account, case.sender.key, case.at),
            written=case.written,
            message_id=case.findings.message_id,
            country=account.country or settings.dialling.country or settings.dialling.home,
            domains=settings.domains,
            limits=settings.limits,
        )

    def _accepted(self, case: Case, question: Question, judgement: Judgement) -> Opinion:
        if not judgement.valid:
            return Opinion(verdict=judgement.verdict, why=str(judgement.verdict.get("reason", "")))
        repeats = timedelta(hours=self.settings.dedupe_hours)
        binding = question.rule in BINDING or isinstance(case.who, Provable)
        use = Use(
            account_id=case.who.account_id,
            digest=judgement.replay,
            asked=judgement.asked,
            recipients=case.numbers,
            vouched=judgement.vouched,
            until=judgement.until or case.at,
            repeats=repeats,
        )

        def record(session: Session) -> None:
            if not replays.first_use(session, use, case.at) and binding:
                raise Rejected("5.7.1", REPLAYED)

        return Opinion(
            evidence=evidence_of(judgement, case.sender.key),
            verdict=judgement.verdict,
            record=record,
            dedupe=same_mail(case.who.account_id, judgement),
        )


def question_of(session: Session, account: Account, sender: str, at: datetime) -> Question:
    """Return the question about a mail of this sender, as far as the account's rows know it."""
    rows = certificates.signers(session, account.id)
    own = dict(account.settings.get("smime", {}))
    return Question(
        sender=sender,
        at=at,
        rule=account.smime_policy,
        addresses=tuple(row.pattern for row in account.senders if _is_address(row.pattern)),
        require_protected_headers=account.settings.get("require_protected_headers") is True,
        limited=account.settings.get("signed_mail_limit") is True,
        allow_weak=own.get("allow_weak") is True,
        allow_outer_signature=own.get("allow_outer_signature") is True,
        allow_no_attributes=own.get("allow_no_attributes") is True,
        revocation=str(own.get("revocation", "")),
        pins=tuple((row.address, row.fingerprint) for row in rows if row.purpose == "pin"),
        domain_signers=tuple(
            (row.address.removeprefix("*@"), row.fingerprint) for row in rows if row.purpose == "domain"
        ),
        gateways=tuple(row.fingerprint for row in rows if row.purpose == "gateway"),
        certificates=tuple(certificates.der_of(row) for row in rows),
        area_code=account.area_code,
    )


def _is_address(pattern: str) -> bool:
    """Whether a sender pattern is an address, or all of a domain: what the library's lists may hold."""
    local, _, domain = pattern.rpartition("@")
    return local == "*" or not any(wild in local + domain for wild in "*?")


def refused(judgement: Judgement) -> Opinion:
    """Return the opinion on a mail that the account's rules do not take."""
    reply = Reply(judgement.reply, judgement.status, judgement.text or sentence(judgement))
    return Opinion(refusal=reply, why=f"smime: {judgement.word}", verdict=judgement.verdict)


def sentence(judgement: Judgement) -> str:
    """Return what the sender is told; failures to decrypt have one sentence for all."""
    verdict = str(judgement.verdict.get("verdict", ""))
    return SENTENCES.get(judgement.word) or BY_VERDICT.get(verdict, SENTENCES["not_signed"])


def evidence_of(judgement: Judgement, sender: str) -> dict[str, Any]:
    """Return the proof that a valid signature is."""
    signer = judgement.verdict["signer"]
    return {
        "by": "smime",
        "address": sender,
        "subject": signer["subject"],
        "serial": signer["serial"],
        "fingerprint": signer["fingerprint"],
    }


def same_mail(account_id: int, judgement: Judgement) -> str:
    """Return the dedupe key of a validly signed mail: its signature, whatever relays did to the outside."""
    return hashlib.sha256(f"smime {account_id} {judgement.replay} {judgement.asked}".encode()).hexdigest()
