"""One signer judged, in the order that gives the truest word (smime.md section 2).

Integrity, strength, path, usage, revocation, time of signing, address: what was changed on the way is
`invalid` whoever signed it, and only an intact signature is asked whose it is. A pinned key stands for path
and address. Nothing here reads a message: it gets octets, certificates and a moment.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from smime import binding, crl, oid, paths, signature
from smime.certificates import der, fingerprint, key_fingerprint, named_by, spki
from smime.policy import Policy, RevocationMode
from smime.verdict import Reason, Revocation, Signer, Status

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cryptography import x509

    from smime.parse import SignerPart


@dataclass(frozen=True, slots=True)
class Court:
    """What a signer is judged by: anchors, lists, the sender's address ("": anybody), the moment."""

    anchors: tuple[x509.Certificate, ...]
    lists: tuple[x509.CertificateRevocationList, ...]
    sender: str
    at: datetime
    policy: Policy

    @property
    def mode(self) -> RevocationMode:
        """How unknown revocation is taken: hard once a list is configured (smime.md section 4)."""
        if self.policy.revocation is not RevocationMode.AUTO:
            return self.policy.revocation
        return RevocationMode.HARD if self.lists else RevocationMode.SOFT


class Fault(Exception):  # noqa: N818  (a finding on the way, not an error of ours)
    """The judgement ends here with this status."""

    def __init__(self, status: Status, reason: Reason) -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = reason


def judge(
    part: SignerPart,
    content_type: str,
    content: bytes,
    certificates: Sequence[x509.Certificate],
    court: Court,
) -> Signer:
    """Judge one SignerInfo over `content`; never raises for what a message holds."""
    known = Signer(
        Status.VALID,
        Reason.OK,
        algorithm=oid.name(part.algorithm.oid),
        digest=oid.name(part.digest.oid),
        signed_at=part.times[0] if part.times else None,
        capabilities=part.capabilities,
    )
    try:
        certificate = _intact(part, content_type, content, certificates, court.policy)
    except (Fault, signature.AlgorithmError) as fault:
        named = [one for one in certificates if named_by(part.reference, one)]
        known = _described(known, named[0], part) if named else known
        return replace(known, status=fault.status, reason=fault.reason, replay="")
    return _trusted(_described(known, certificate, part), part, certificate, certificates, court)


def _described(known: Signer, certificate: x509.Certificate, part: SignerPart) -> Signer:
    try:
        replay = signature.replay_digest(certificate, part.signature, spki(certificate.public_key()))
    except ValueError:  # not an ECDSA signature at all
        replay = ""
    return replace(
        known,
        subject=certificate.subject.rfc4514_string()[:500],
        issuer=certificate.issuer.rfc4514_string()[:500],
        serial=certificate.serial_number,
        fingerprint=fingerprint(certificate),
        key=key_fingerprint(certificate),
        certificate=der(certificate),
        addresses=binding.addresses(certificate),
        replay=replay,
    )


def _intact(
    part: SignerPart,
    content_type: str,
    content: bytes,
    certificates: Sequence[x509.Certificate],
    policy: Policy,
) -> x509.Certificate:
    """Return the certificate whose key made this signature over this content."""
    candidates = [one for one in certificates if named_by(part.reference, one)]
    signed = _signed_octets(part, content_type, content, policy)
    if not candidates:
        raise Fault(Status.UNTRUSTED, Reason.CERTIFICATE_MISSING)
    for candidate in candidates:
        for octets in signed:
            if signature.verified(candidate, part.algorithm, part.digest, part.signature, octets):
                return candidate
    raise Fault(Status.INVALID, Reason.SIGNATURE_MISMATCH)


def _signed_octets(part: SignerPart, content_type: str, content: bytes, policy: Policy) -> tuple[bytes, ...]:
    """Return the octets that may be under the signature, attributes checked against the content."""
    if not part.attributes:
        if content_type != oid.DATA:
            raise Fault(Status.MALFORMED, Reason.BAD_ATTRIBUTES)
        # Attributes shown as content would verify too (smime.md section 2.6): content may not begin as a SET.
        if not policy.allow_no_attributes or content[:1] == b"\x31":
            raise Fault(Status.INVALID, Reason.NO_SIGNED_ATTRIBUTES)
        return (content,)
    if part.content_types != (content_type,) or len(part.digests) != 1 or len(part.times) > 1:
        raise Fault(Status.MALFORMED, Reason.BAD_ATTRIBUTES)
    if not hmac.compare_digest(signature.digest(part.digest.oid, content), part.digests[0]):
        raise Fault(Status.INVALID, Reason.DIGEST_MISMATCH)
    return part.attributes


def _trusted(
    known: Signer,
    part: SignerPart,
    certificate: x509.Certificate,
    certificates: Sequence[x509.Certificate],
    court: Court,
) -> Signer:
    try:
        _strength(certificate, part, court.policy)
        pinned = _pinned(known, certificate, court)
        chain = () if pinned else _path(certificate, certificates, court)
        known = replace(known, pinned=pinned)
        if not pinned:
            _usage(certificate)
            known = replace(known, revocation=_revocation(chain, court))
        _moment(known.signed_at, court)
        if not pinned:
            _address(known, chain, court)
    except Fault as fault:
        return replace(known, status=fault.status, reason=fault.reason, revocation=_state(known, fault))
    return known


def _state(known: Signer, fault: Fault) -> Revocation:
    if fault.status is Status.REVOKED:
        return Revocation.REVOKED
    return Revocation.UNKNOWN if fault.status is Status.REVOCATION_UNKNOWN else known.revocation


def _strength(certificate: x509.Certificate, part: SignerPart, policy: Policy) -> None:
    weakness = signature.weakness(certificate, part.digest.oid)
    if weakness and not policy.allow_weak:
        raise Fault(Status.WEAK, weakness)


def _pinned(known: Signer, certificate: x509.Certificate, court: Court) -> bool:
    """Return whether this key is the sender's by the operator's word."""
    pins = [pin for pin in court.policy.pins if binding.same(pin.address, court.sender)]
    if not pins:
        return False
    if not any(pin.fingerprint.lower() in {known.fingerprint, known.key} for pin in pins):
        raise Fault(Status.UNTRUSTED, Reason.NOT_PINNED)
    dates = paths.current(certificate, court.at)
    if dates is not Status.VALID:
        raise Fault(dates, Reason.CERTIFICATE_TIME)
    return True


def _path(
    certificate: x509.Certificate, certificates: Sequence[x509.Certificate], court: Court
) -> tuple[x509.Certificate, ...]:
    helpers = [one for one in certificates if one != certificate]
    path = paths.find(certificate, helpers, court.anchors, court.at, court.policy.limits.path)
    if not path.chain:
        raise Fault(path.status, path.reason)
    return path.chain


def _usage(certificate: x509.Certificate) -> None:
    problem = paths.usage_problem(certificate)
    if problem:
        raise Fault(Status.WRONG_USAGE, problem)


def _revocation(chain: tuple[x509.Certificate, ...], court: Court) -> Revocation:
    if court.mode is RevocationMode.OFF:
        return Revocation.UNCHECKED
    state = crl.of_path(chain, court.lists, court.at)
    if state.revocation is Revocation.REVOKED:
        raise Fault(Status.REVOKED, state.reason)
    if state.revocation is Revocation.UNKNOWN and court.mode is RevocationMode.HARD:
        raise Fault(Status.REVOCATION_UNKNOWN, state.reason)
    return state.revocation


def _moment(signed_at: datetime | None, court: Court) -> None:
    """Refuse what was signed too long ago, or later than now (smime.md section 6.2)."""
    if signed_at is None:
        return
    if signed_at < court.at - court.policy.past:
        raise Fault(Status.EXPIRED, Reason.SIGNING_TIME)
    if signed_at > court.at + court.policy.future:
        raise Fault(Status.NOT_YET_VALID, Reason.SIGNING_TIME)


def _address(known: Signer, chain: tuple[x509.Certificate, ...], court: Court) -> None:
    if not binding.permitted(chain, known.addresses):
        raise Fault(Status.UNTRUSTED, Reason.NAME_NOT_PERMITTED)
    if court.sender and not vouches(known, court.sender, court.policy):
        raise Fault(Status.ADDRESS_MISMATCH, Reason.SENDER)


def vouches(known: Signer, address: str, policy: Policy) -> bool:
    """Return whether a signer may speak for an address: it names it, or is a domain signer for its domain."""
    if any(binding.same(address, own) for own in known.addresses):
        return True
    return any(
        known.fingerprint == one.fingerprint.lower()
        and binding.a_label(one.domain) == binding.domain_of(address) != ""
        for one in policy.domain_signers
    )


def best(signers: Sequence[Signer]) -> Signer:
    """Return the signer that decides: a good one, else the only kind of fault, else `no_good_signer`."""
    good = [one for one in signers if one.status is Status.VALID]
    if good:
        return good[0]
    if len({one.status for one in signers}) == 1:
        return signers[0]
    return replace(signers[0], status=Status.INVALID, reason=Reason.NO_GOOD_SIGNER)
