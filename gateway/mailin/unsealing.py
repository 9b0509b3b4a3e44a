"""What runs in a child with limits for a signed or encrypted mail: `judge` at the end of DATA, then `unwrap`.

Both get the bytes of a stranger's mail and our keys, and nothing else: no database, no clock. What comes back
is plain values. `judge` says what the seals are worth and whether the account's rule takes the mail;
`unwrap` gives what may be drawn, in a child of its own, so that no parser of documents ever lives in a
process that held a key (smime.md sections 7 and 8).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519

import smime
from gateway.domain import numbers
from gateway.domain.errors import BadNumber
from gateway.intake.reading import ReadError
from gateway.keyring import Keyring
from gateway.mailin import headers
from gateway.mailin.prescan import Rejected, is_sealed_name, media_type, prescan, read_header
from gateway.mailin.settings import SmtpLimits
from smime import mime
from smime.acceptance import INTEGRITY, WORDLESS, Rule, refusal
from smime.enrolment import encryption_certificate
from smime.verdict import Status

if TYPE_CHECKING:
    from smime.mime import Entity
    from smime.verdict import Verdict

SIGNED_BYTES: Final = 10_000_000  # email-interface 6.4: an account may hold signed mails to 10 MB
CRYPTO: Final = "5.7.5"
CLOSED: Final = frozenset({b"multipart/encrypted", b"application/pkcs7-mime", b"application/x-pkcs7-mime"})
CERTIFICATES: Final = b"certs-only"
OTHER_NUMBER: Final = "number_not_signed"


@dataclass(frozen=True, slots=True)
class Question:
    """A mail's envelope and its account's rules.

    `at` is when it arrived; `rule` the account's smime_policy; `addresses` what else may stand in From;
    `written` the recipients as they were written; `pins`, `domain_signers`, `gateways`, `certificates` as in
    `keyring.Keyring`, from the account's table of certificates.
    """

    sender: str
    at: datetime
    rule: str = "verify"
    addresses: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    message_id: str = ""
    require_protected_headers: bool = False
    limited: bool = False
    allow_weak: bool = False
    allow_outer_signature: bool = False
    allow_no_attributes: bool = False
    revocation: str = ""
    pins: tuple[tuple[str, str], ...] = ()
    domain_signers: tuple[tuple[str, str], ...] = ()
    gateways: tuple[str, ...] = ()
    certificates: tuple[bytes, ...] = ()
    country: str = ""
    area_code: str = ""
    domains: tuple[str, ...] = ()
    limits: SmtpLimits = field(default_factory=SmtpLimits)
    enrols: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found. `reply`, `status` and `word` say why the mail is not taken; reply 0: it is.

    `verdict` is what is stored; `replay` the digest of the signature, "" without a valid one, `until` when it
    is too old to pass, `asked` SHA-256 of the fields it may not cover, `vouched` whether it covers the
    numbers. `text` is a sentence of the limits that were broken. `certificate` (DER) is the one to encrypt
    to, of mails that enrol.
    """

    verdict: dict[str, Any]
    reply: int = 0
    status: str = ""
    word: str = ""
    text: str = ""
    replay: str = ""
    until: datetime | None = None
    asked: str = ""
    vouched: bool = False
    certificate: bytes = field(default=b"", repr=False)

    @property
    def valid(self) -> bool:
        """Whether the whole mail is signed by its sender."""
        return bool(self.verdict.get("verdict") == Status.VALID.value)

    @property
    def signed(self) -> bool:
        """Whether it is signed at all, well or badly."""
        return any(layer["kind"] == "signed" for layer in self.verdict.get("layers", ()))


def warm() -> None:
    """Do once, before children are forked, what the first judgement of a process costs: some 300 ms.

    The key is made here, signs one mail to nobody and is thrown away.
    """
    key, name = ed25519.Ed25519PrivateKey.generate(), x509.Name([])
    at = datetime(2000, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, at, at + timedelta(days=1))
    identity = smime.Identity(builder.sign(key, None), key)
    mail = smime.sign(b"From: a@a.example\r\n\r\nwarm\r\n", identity=identity, at=at)
    judge(mail, Question("a@a.example", at), Keyring())


def judge(raw: bytes, question: Question, keys: Keyring) -> Judgement:
    """Judge a mail as it arrived. Never raises for what it holds."""
    verdict = smime.verify(
        raw,
        trust=keys.anchors,
        crls=keys.lists,
        sender=question.sender,
        at=question.at,
        policy=policy_of(question, keys),
        identities=keys.identities(),
    )
    found = Judgement(
        verdict=stored(verdict),
        replay=verdict.replay,
        until=_until(verdict, keys.past, question.at),
        asked=asked(verdict.message, question.message_id),
        vouched=verdict.protection.value != "none",
    )
    why = _refused(verdict, question) or _refused_inside(verdict, question)
    if why is not None:
        return _with(found, *why)
    if question.enrols:
        return _enrolling(found, verdict, question, keys)
    return found


def policy_of(question: Question, keys: Keyring) -> smime.Policy:
    """Return the rules of the operator and the account together."""
    pins = (*keys.pins, *question.pins)
    domains = (*keys.domain_signers, *question.domain_signers)
    return smime.Policy(
        revocation=smime.RevocationMode(question.revocation or keys.revocation),
        addresses=question.addresses,
        pins=tuple(smime.Pin(address, mark) for address, mark in pins),
        domain_signers=tuple(smime.DomainSigner(domain, mark) for domain, mark in domains),
        gateways=(*keys.gateways, *question.gateways),
        certificates=(*keys.certificates, *question.certificates),
        allow_no_attributes=question.allow_no_attributes,
        allow_weak=question.allow_weak,
        allow_outer_signature=question.allow_outer_signature,
        allow_triple_des=keys.allow_triple_des,
        past=keys.past,
    )


def unwrap(raw: bytes, at: datetime, keys: Keyring) -> bytes:
    """Return the mail that may be drawn: the innermost payload under the fields that hold.

    It was judged when it came; keys are those of today. Raises `ReadError`.
    """
    policy = smime.Policy(allow_triple_des=keys.allow_triple_des)
    verdict = smime.verify(raw, at=at, policy=policy, identities=keys.identities())
    return _drawable(verdict)


def _drawable(verdict: Verdict) -> bytes:
    if not verdict.message:
        raise ReadError("unsupported-document", "Signed or encrypted mail cannot be read by this gateway.")
    return verdict.message


def look_into(raw: bytes, at: datetime, keys: Keyring) -> tuple[bytes, dict[str, Any]]:
    """Return what may be drawn of a mail and the verdict on it, where no envelope tells its sender.

    For previews: the From field speaks for itself, and nothing is refused. Raises `ReadError`.
    """
    policy = smime.Policy(allow_triple_des=keys.allow_triple_des, past=keys.past)
    verdict = smime.verify(
        raw, trust=keys.anchors, crls=keys.lists, at=at, policy=policy, identities=keys.identities()
    )
    return _drawable(verdict), stored(verdict)


def stored(verdict: Verdict) -> dict[str, Any]:
    """Return what is kept of a verdict, and read by pages: no content."""
    return verdict.as_json()


def asked(message: bytes, message_id: str) -> str:
    """Return SHA-256 over what a signature need not cover: subject as it holds, and Message-ID."""
    subject = read_header(message, 0, len(message)).first(b"subject") if message else b""
    return hashlib.sha256(b"%s\0%s" % (message_id.encode("utf-8", "replace"), subject)).hexdigest()


Why = tuple[int, str, str, str]


def _with(found: Judgement, reply: int, status: str, word: str, text: str) -> Judgement:
    return Judgement(found.verdict, reply, status, word, text)


def _refused(verdict: Verdict, question: Question) -> Why | None:
    """Return why the rules of the account do not take this verdict."""
    rule = Rule(question.rule)
    why = refusal(verdict, rule, require_protected_headers=question.require_protected_headers)
    if why is not None:
        return why.reply, why.code, why.word, ""
    if not verdict.message:  # `off` asks nothing of signatures, but what cannot be read cannot be drawn
        return 550, INTEGRITY, verdict.reason.value, ""
    if verdict.valid and verdict.protection.value != "none" and not _names_numbers(verdict, question):
        return 550, "5.7.1", OTHER_NUMBER, ""
    return None


def _refused_inside(verdict: Verdict, question: Question) -> Why | None:
    """Hold what was inside to the limits of the door: a seal must not carry past them what they keep out."""
    try:
        prescan(verdict.message, question.limits, frozenset(question.domains))
    except Rejected as error:
        return 550, error.status, "limits", error.text
    if _closed_inside(verdict.message):
        return 550, CRYPTO, WORDLESS, ""
    return None


def _closed_inside(message: bytes) -> bool:
    """Whether a part is ciphertext or CMS nobody here opens: OpenPGP (RFC 3156), S/MIME in the middle."""
    try:
        root = mime.entity(message)
        return any(_is_closed(part) for part in [root, *(nested.part for nested in mime.walk(root))])
    except smime.MalformedError:
        return False  # no structure to follow: the reader draws the text as it stands


def _is_closed(part: Entity) -> bool:
    types = [_octets(value) for value in part.all("content-type")]
    names = [*types, *(_octets(value) for value in part.all("content-disposition"))]
    closed = any(media_type(value) in CLOSED for value in types) or any(map(is_sealed_name, names))
    return closed and not any(CERTIFICATES in value.lower() for value in types)


def _octets(value: str) -> bytes:
    return value.encode("utf-8", "surrogateescape")


def _names_numbers(verdict: Verdict, question: Question) -> bool:
    """Whether the protected To and Cc name every recipient of the envelope, in whatever spelling."""
    fields = [value for name, value in verdict.headers if name.lower() in {"to", "cc"}]
    signed = {address.lower() for _, address in headers.mailboxes(fields)}
    numbers_signed = {number for address in signed if (number := _number(address, question))}
    return all(one in signed or _number(one, question) in numbers_signed for one in question.written)


def _number(address: str, question: Question) -> str:
    local, _, domain = address.rpartition("@")
    if domain.lower() not in question.domains:
        return ""
    try:
        return numbers.parse(local.strip('"'), question.country, question.area_code).canonical
    except BadNumber:
        return ""


def _until(verdict: Verdict, past: timedelta, at: datetime) -> datetime | None:
    """Return when a signature passes no more: by its time of signing, else when its certificate ends."""
    if not verdict.replay or verdict.signer is None:
        return None
    if verdict.signer.signed_at is not None:
        return verdict.signer.signed_at + past + timedelta(hours=1)
    [certificate] = smime.load_certificates(verdict.signer.certificate)
    return max(certificate.not_valid_after_utc, at + past)


def _enrolling(found: Judgement, verdict: Verdict, question: Question, keys: Keyring) -> Judgement:
    """Add the certificate that the sender of a signed, unencrypted mail wants mail encrypted to."""
    if not verdict.valid:
        return _with(found, 550, "5.7.1", "not_signed", "")
    certificate = encryption_certificate(
        verdict, trust=keys.anchors, crls=keys.lists, at=question.at, policy=policy_of(question, keys)
    )
    if not certificate:
        return _with(found, 550, "5.7.5", "no_encryption_certificate", "")
    return Judgement(
        found.verdict,
        replay=found.replay,
        until=found.until,
        asked=found.asked,
        vouched=True,
        certificate=certificate,
    )
