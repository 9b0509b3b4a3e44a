"""`verify`: one verdict on a whole message (smime.md sections 2 to 8).

The innermost signature that covers everything decides; signatures around it must be the sender's own or a
configured gateway's; one that only wraps a ciphertext proves nothing about its inside. It never raises for
what a message holds, reads no clock and no network: trust, lists, keys, sender and moment are arguments.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC
from typing import TYPE_CHECKING

from smime import binding
from smime.certificates import Certificates, Lists, load_certificates, load_lists
from smime.entities import Hidden
from smime.errors import BadInputError, LimitError, MalformedError
from smime.headers import Presented, present
from smime.layers import Unwrapping, innermost_signature
from smime.policy import Policy
from smime.signers import Court, best, vouches
from smime.verdict import Decrypted, Encryption, Layer, Protection, Reason, Signer, Status, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from smime.certificates import Identity


@dataclass(frozen=True, slots=True)
class Finding:
    """A status, why, and the signer that decided."""

    status: Status
    reason: Reason
    signer: Signer | None = None


def verify(
    message: bytes,
    *,
    trust: Certificates = (),
    crls: Lists = (),
    sender: str | None = None,
    at: datetime,
    policy: Policy | None = None,
    identities: Sequence[Identity] = (),
) -> Verdict:
    """Judge a received message.

    `message` is the whole mail as it arrived. `trust` and `crls` are PEM, DER or loaded objects; `sender` the
    envelope sender (None: the From field speaks for itself); `at` the moment of arrival, with time zone; with
    `identities` encrypted layers are opened too.

    :raises BadInputError: trust, lists or the moment are unusable; never for the message.
    """
    policy = policy or Policy()
    if at.tzinfo is None:
        raise BadInputError("the moment of arrival has no time zone")
    anchors, lists = tuple(load_certificates(trust)), tuple(load_lists(crls))
    court = Court(anchors, lists, sender or "", at.astimezone(UTC), policy)
    try:
        unwrapping = Unwrapping(message, court, identities, policy)
        return replace(_judged(unwrapping, court), checked_at=court.at)
    except LimitError:
        return Verdict(Status.MALFORMED, Reason.LIMIT, checked_at=court.at)
    except MalformedError:
        return Verdict(Status.MALFORMED, Reason.BAD_STRUCTURE, checked_at=court.at)


def decrypt(message: bytes, *, identities: Sequence[Identity], policy: Policy | None = None) -> Decrypted:
    """Decrypt a received message, leaving signatures unjudged.

    `content` of the answer is the entity inside the last encrypted layer, signature layers inside it
    untouched. Never raises for what a message holds.
    """
    try:
        unwrapping = Unwrapping(message, None, identities, policy or Policy())
    except MalformedError:
        return Decrypted(Encryption.FAILED, Reason.LIMIT)
    try:
        unwrapping.run()
    except MalformedError as error:
        if not unwrapping.decrypted or isinstance(error, LimitError):
            return _undecrypted(unwrapping, error)
    content = unwrapping.decrypted if unwrapping.encryption is Encryption.DECRYPTED else b""
    return Decrypted(unwrapping.encryption, unwrapping.encryption_reason, content, tuple(unwrapping.layers))


def _undecrypted(unwrapping: Unwrapping, error: MalformedError) -> Decrypted:
    reason = Reason.LIMIT if isinstance(error, LimitError) else Reason.BAD_STRUCTURE
    return Decrypted(Encryption.FAILED, reason, b"", tuple(unwrapping.layers))


def _judged(unwrapping: Unwrapping, court: Court) -> Verdict:
    try:
        unwrapping.run()
        finding = decide(unwrapping, court.policy)
        shown = _shown(unwrapping)
        finding = _authors(finding, unwrapping, shown, court)
    except MalformedError as error:
        limit = isinstance(error, LimitError)
        finding = Finding(Status.MALFORMED, Reason.LIMIT if limit else Reason.BAD_STRUCTURE)
        shown = Presented(b"", Protection.NONE)
    closed = unwrapping.encryption not in {Encryption.NONE, Encryption.DECRYPTED}
    return Verdict(
        verdict=finding.status,
        reason=finding.reason,
        encryption=unwrapping.encryption,
        encryption_reason=unwrapping.encryption_reason,
        layers=tuple(unwrapping.layers),
        signer=finding.signer,
        message=b"" if closed else shown.message,
        content=b"" if closed else unwrapping.entity.raw,
        protection=shown.protection,
        headers=shown.headers,
        altered=shown.altered,
    )


def _shown(unwrapping: Unwrapping) -> Presented:
    if not unwrapping.layers and not unwrapping.certificates_only:
        return Presented(unwrapping.outer.raw, Protection.NONE)
    return present(unwrapping.outer, unwrapping.entity)


def decide(unwrapping: Unwrapping, policy: Policy) -> Finding:
    """Return what the layers are worth together."""
    layers = unwrapping.layers
    inner = innermost_signature(layers)
    if inner is None:
        return _unsigned(unwrapping)
    signer = best(layers[inner].signers)
    if signer.status is not Status.VALID:
        gateway_only = signer.status is Status.ADDRESS_MISMATCH and signer.fingerprint in policy.gateways
        reason = Reason.OUTER_SIGNER if gateway_only else signer.reason
        return Finding(signer.status, reason, signer)
    for outer in layers[:inner]:
        bad = _around(outer, policy)
        if bad:
            return bad
    whole = {Encryption.NONE, Encryption.DECRYPTED, Encryption.PARTIAL}
    around_ciphertext = unwrapping.encryption not in whole or any(
        layer.kind == "encrypted" for layer in layers[inner:]
    )
    if around_ciphertext and not policy.allow_outer_signature:
        return Finding(Status.NONE, Reason.OUTER_ONLY, signer)
    return Finding(Status.VALID, Reason.OK, signer)


def _around(outer: Layer, policy: Policy) -> Finding | None:
    """Return why a signature around another one spoils it, or None (smime.md section 7, triple wrap)."""
    if outer.kind != "signed":
        return None
    signer = best(outer.signers)
    if signer.status is Status.VALID:
        return None
    if signer.status is not Status.ADDRESS_MISMATCH:
        return Finding(signer.status, signer.reason, signer)
    if any(one.fingerprint in policy.gateways for one in outer.signers if one.status is signer.status):
        return None
    return Finding(Status.ADDRESS_MISMATCH, Reason.OUTER_SIGNER, signer)


def _unsigned(unwrapping: Unwrapping) -> Finding:
    if unwrapping.below is Hidden.SIGNED:
        return Finding(Status.PARTIAL, Reason.PART_SIGNED)
    only = unwrapping.certificates_only
    return Finding(Status.NONE, Reason.CERTIFICATES_ONLY if only else Reason.NOT_SIGNED)


def _authors(finding: Finding, unwrapping: Unwrapping, shown: Presented, court: Court) -> Finding:
    """Check the From field of a signed message (smime.md section 5)."""
    if innermost_signature(unwrapping.layers) is None:
        return finding
    inner = [value for name, value in shown.headers if name.lower() == "from"]
    outer = unwrapping.outer.all("from")
    if len(inner) > 1 or len(outer) > 1:
        return Finding(Status.MALFORMED, Reason.SEVERAL_FROM, finding.signer)
    if finding.status is not Status.VALID or finding.signer is None:
        return finding
    authors = binding.authors(inner or outer)
    if authors and all(_may_write(author, finding.signer, court) for author in authors):
        return finding
    return Finding(Status.ADDRESS_MISMATCH, Reason.FROM, finding.signer)


def _may_write(author: str, signer: Signer, court: Court) -> bool:
    if binding.listed(author, court.policy.addresses):
        return True
    if court.sender:
        return binding.same(author, court.sender)
    return signer.pinned or vouches(signer, author, court.policy)
