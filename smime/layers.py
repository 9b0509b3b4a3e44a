"""Layer by layer: signed around encrypted around signed, outermost first, at most four (smime.md section 7).

`Unwrapping` follows only what covers the whole: the root of the message, then the root of each layer. It
keeps what it has found when a deeper layer turns out to be damaged, so that callers can say how far they
came. Whether the signatures are worth anything together is decided in `verification`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smime import entities, mime, oid, signers
from smime.certificates import readable
from smime.decryption import ClosedError, open_part
from smime.entities import Kind
from smime.errors import LimitError, MalformedError
from smime.parse import EncryptedPart, OtherPart, SignedPart, open_cms
from smime.verdict import Encryption, Layer, Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smime.certificates import Identity
    from smime.policy import Policy
    from smime.signers import Court


class Unwrapping:
    """Opens a message; afterwards `entity` is the innermost part and `layers` how it was wrapped.

    `court` judges the signatures; None leaves them unjudged. `decrypted` is the entity inside the last
    layer of encryption that was opened, b"" without one.
    """

    def __init__(
        self, message: bytes, court: Court | None, identities: Sequence[Identity], policy: Policy
    ) -> None:
        self.court = court
        self.identities = identities
        self.policy = policy
        self.outer = mime.entity(message, policy.limits)
        self.entity = self.outer
        self.layers: list[Layer] = []
        self.decrypted = b""
        self.encryption = Encryption.NONE
        self.encryption_reason = Reason.OK
        self.certificates_only = False
        self.allowed = len(message) * policy.limits.expansion + policy.limits.expansion_floor

    def run(self) -> None:
        """Open layer after layer until there is none, or one stays closed.

        :raises MalformedError: a layer is damaged. :raises LimitError: too many layers, too large.
        """
        while self._step():
            self.allowed -= len(self.entity.raw)
            if self.allowed < 0:
                raise LimitError("the message grows too much when opened")
        self._look_below()

    def _step(self) -> bool:
        kind = entities.kind_of(self.entity)
        if kind is Kind.PLAIN:
            return False
        if kind is Kind.DETACHED:
            halves = entities.detached(self.entity)
            self._count()
            return self._signed(open_cms(halves.signature, self.policy.limits), halves.content)
        return self._opaque()

    def _count(self) -> None:
        if len(self.layers) >= self.policy.limits.layers:
            raise LimitError("the message has too many layers")

    def _opaque(self) -> bool:
        try:
            part = entities.open_opaque(self.entity, self.policy.limits)
        except LimitError:
            raise
        except MalformedError:
            return self._unreadable()
        self._count()
        if isinstance(part, EncryptedPart):
            return self._encrypted(part)
        if isinstance(part, OtherPart):
            compressed = part.content_type == oid.COMPRESSED_DATA
            return self._closed(
                Encryption.UNSUPPORTED, Reason.COMPRESSED if compressed else Reason.UNKNOWN_CONTENT
            )
        return self._signed(part, None)

    def _unreadable(self) -> bool:
        """Decide what CMS that cannot be read was meant to be."""
        kind = self.entity.type
        if kind.get("smime-type").lower() in entities.ENCRYPTED_TYPES:
            return self._closed(Encryption.FAILED, Reason.UNDECRYPTABLE)
        if kind.name == entities.UNNAMED:
            return False
        raise MalformedError("the CMS structure is damaged")

    def _signed(self, part: SignedPart | EncryptedPart | OtherPart, detached: bytes | None) -> bool:
        if not isinstance(part, SignedPart):
            raise MalformedError("the signature of a multipart/signed is something else")
        if detached is not None and part.content is not None:
            raise MalformedError("a detached signature that carries its content too")
        content = part.content if detached is None else detached
        if not part.signers:
            self.certificates_only = True
            return self._enter(content) if content else False
        if content is None:
            raise MalformedError("a signature without what it signs")
        self.layers.append(self._judged(part, content))
        return self._enter(content)

    def _judged(self, part: SignedPart, content: bytes) -> Layer:
        algorithms = tuple(oid.name(one.algorithm.oid) for one in part.signers)
        if self.court is None:
            return Layer("signed", algorithms)
        known = readable([*part.certificates, *self.policy.certificates])
        known += [one for one in self.court.anchors if one not in known]
        found = [signers.judge(one, part.content_type, content, known, self.court) for one in part.signers]
        return Layer("signed", algorithms, tuple(found), certificates=part.certificates)

    def _encrypted(self, part: EncryptedPart) -> bool:
        try:
            self.decrypted, layer = open_part(part, self.identities, self.policy)
        except ClosedError as closed:
            return self._closed(closed.encryption, closed.reason)
        self.layers.append(layer)
        self.encryption = Encryption.DECRYPTED
        return self._enter(self.decrypted)

    def _closed(self, encryption: Encryption, reason: Reason) -> bool:
        self.encryption, self.encryption_reason = encryption, reason
        return False

    def _enter(self, content: bytes) -> bool:
        self.entity = mime.entity(content, self.policy.limits)
        return True

    def _look_below(self) -> None:
        """Note S/MIME that does not cover the whole."""
        self.below = entities.hidden(self.entity, self.policy.limits)
        open_so_far = self.encryption in {Encryption.NONE, Encryption.DECRYPTED}
        if self.below is entities.Hidden.ENCRYPTED and open_so_far:
            self._closed(Encryption.PARTIAL, Reason.PART_ENCRYPTED)


def innermost_signature(layers: Sequence[Layer]) -> int | None:
    """Return the place of the innermost signature, None when there is none."""
    places = [place for place, layer in enumerate(layers) if layer.kind == "signed"]
    return places[-1] if places else None
