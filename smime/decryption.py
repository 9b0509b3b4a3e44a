"""Decrypting: one EnvelopedData or AuthEnvelopedData, and `decrypt`, the seam for a whole message.

Only CMS that is the whole message is opened, or the whole inside of a signature (smime.md section 7,
EFAIL): ciphertext beside other parts is `partial` and stays closed. Success says nothing about who wrote
it. Inside, a failure has a reason for the operator; outside, `Decrypted.code` and `text` are the same for
all of them.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from smime import content, oid, recipients
from smime.certificates import fingerprint, named_by
from smime.errors import SmimeError, UndecryptableError
from smime.verdict import Encryption, Layer, Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smime.certificates import Identity
    from smime.parse import EncryptedPart, Recipient
    from smime.policy import Policy

CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")
END_OF_HEADER = re.compile(rb"\r?\n\r?\n")


class ClosedError(SmimeError):
    """A ciphertext that stays closed, and how the verdict calls it."""

    code = "closed"

    def __init__(self, encryption: Encryption, reason: Reason) -> None:
        super().__init__(str(UndecryptableError()))
        self.encryption = encryption
        self.reason = reason


def open_part(part: EncryptedPart, identities: Sequence[Identity], policy: Policy) -> tuple[bytes, Layer]:
    """Return the MIME entity inside and a description of the layer.

    :raises ClosedError: not for us, not supported, or failed.
    """
    ours = [
        (recipient, identity)
        for recipient in part.recipients
        for identity in identities
        if named_by(recipient.reference, identity.certificate)
    ]
    if not ours:
        raise ClosedError(Encryption.NO_RECIPIENT, Reason.NOT_FOR_US)
    size = content.key_size(part.algorithm, triple_des=policy.allow_triple_des)
    known = [(recipient, identity) for recipient, identity in ours if recipients.supported(recipient)]
    if size is None or not known:
        raise ClosedError(Encryption.UNSUPPORTED, Reason.UNSUPPORTED_ALGORITHM)
    if part.content_type != oid.DATA:
        raise ClosedError(Encryption.UNSUPPORTED, Reason.UNKNOWN_CONTENT)
    for recipient, identity in known:
        opened = _try(part, recipient, identity, size)
        if opened is not None:
            return opened, _layer(part, recipient, identity)
    raise ClosedError(Encryption.FAILED, Reason.UNDECRYPTABLE)


def _try(part: EncryptedPart, recipient: Recipient, identity: Identity, size: int) -> bytes | None:
    """Decrypt with the key of this entry, or with a random one when there is none: the work is the same."""
    spare = os.urandom(size)
    key = recipients.unwrap(recipient, identity)
    if key is None or len(key) != size:
        key = spare
    try:
        opened = content.decrypt(part, key)
    except UndecryptableError:
        return None
    return opened if plausible(opened) else None


def plausible(opened: bytes) -> bool:
    """Return whether decrypted octets can be a MIME entity: no control characters in their header.

    One wrong key in 256 leaves CBC with good padding; what comes out then is noise.
    """
    return not CONTROLS.search(END_OF_HEADER.split(opened, maxsplit=1)[0])


def _layer(part: EncryptedPart, recipient: Recipient, identity: Identity) -> Layer:
    names = (oid.name(recipient.algorithm.oid), oid.name(part.algorithm.oid))
    return Layer("encrypted", names, recipient=fingerprint(identity.certificate))
