"""The answers: what a signature is worth, whether a message was decrypted, and who signed it.

Values of the enums are stored with the job and shown to people; they are never renamed (smime.md section 8).
`Status` says what to do, `Reason` says why in one stable word. Records hold values only: no keys, no sockets.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime


class Status(StrEnum):
    """Verdict on the signature of a message."""

    NONE = "none"
    VALID = "valid"
    INVALID = "invalid"
    MALFORMED = "malformed"
    UNTRUSTED = "untrusted"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    REVOKED = "revoked"
    REVOCATION_UNKNOWN = "revocation_unknown"
    WRONG_USAGE = "wrong_usage"
    WEAK = "weak"
    ADDRESS_MISMATCH = "address_mismatch"
    PARTIAL = "partial"


class Encryption(StrEnum):
    """What became of the encryption of a message."""

    NONE = "none"
    DECRYPTED = "decrypted"
    NO_RECIPIENT = "no_recipient"
    FAILED = "failed"
    UNSUPPORTED = "unsupported"
    PARTIAL = "partial"


class Revocation(StrEnum):
    """What the lists say about one path."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"
    UNCHECKED = "unchecked"


class Protection(StrEnum):
    """Which kind of header protection the payload carried (smime.md section 6)."""

    NONE = "none"
    RFC9788 = "rfc9788"
    LEGACY = "legacy"
    WRAPPED = "wrapped"


class Reason(StrEnum):
    """Why: one word below a `Status` or an `Encryption`."""

    OK = "ok"
    NOT_SIGNED = "not_signed"
    CERTIFICATES_ONLY = "certificates_only"
    # invalid
    DIGEST_MISMATCH = "digest_mismatch"
    SIGNATURE_MISMATCH = "signature_mismatch"
    UNSUPPORTED_ALGORITHM = "unsupported_algorithm"
    NO_SIGNED_ATTRIBUTES = "no_signed_attributes"
    NO_GOOD_SIGNER = "no_good_signer"
    # malformed
    BAD_STRUCTURE = "bad_structure"
    BAD_ATTRIBUTES = "bad_attributes"
    ALGORITHM_MISMATCH = "algorithm_mismatch"
    SEVERAL_FROM = "several_from"
    LIMIT = "limit"
    # untrusted
    CERTIFICATE_MISSING = "certificate_missing"
    NO_PATH = "no_path"
    NAME_NOT_PERMITTED = "name_not_permitted"
    NOT_PINNED = "not_pinned"
    # expired, not_yet_valid
    CERTIFICATE_TIME = "certificate_time"
    SIGNING_TIME = "signing_time"
    # revoked, revocation_unknown
    ON_LIST = "on_list"
    NO_LIST = "no_list"
    LIST_EXPIRED = "list_expired"
    LIST_NOT_UNDERSTOOD = "list_not_understood"
    # wrong_usage, weak
    KEY_USAGE = "key_usage"
    EXTENDED_KEY_USAGE = "extended_key_usage"
    WEAK_DIGEST = "weak_digest"
    WEAK_KEY = "weak_key"
    WEAK_CERTIFICATE = "weak_certificate"
    # address_mismatch
    SENDER = "sender"
    FROM = "from"
    OUTER_SIGNER = "outer_signer"
    # partial, and encryption
    PART_SIGNED = "part_signed"
    PART_ENCRYPTED = "part_encrypted"
    OUTER_ONLY = "outer_only"
    COMPRESSED = "compressed"
    UNKNOWN_CONTENT = "unknown_content"
    NOT_FOR_US = "not_for_us"
    UNDECRYPTABLE = "undecryptable"


@dataclass(frozen=True, slots=True)
class Signer:
    """One signer of one layer. `fingerprint` and `key`: SHA-256 in hex of certificate and SPKI; times UTC."""

    status: Status
    reason: Reason
    subject: str = ""
    issuer: str = ""
    serial: int = 0
    fingerprint: str = ""
    key: str = ""
    certificate: bytes = field(default=b"", repr=False)
    addresses: tuple[str, ...] = ()
    algorithm: str = ""
    digest: str = ""
    signed_at: datetime | None = None
    revocation: Revocation = Revocation.UNCHECKED
    pinned: bool = False
    replay: str = ""
    capabilities: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return what is stored and shown; the certificate itself is left out."""
        return {
            "verdict": self.status.value,
            "reason": self.reason.value,
            "subject": self.subject,
            "issuer": self.issuer,
            "serial": f"{self.serial:x}",
            "fingerprint": self.fingerprint,
            "key": self.key,
            "addresses": list(self.addresses),
            "algorithm": self.algorithm,
            "digest": self.digest,
            "signed_at": self.signed_at.isoformat() if self.signed_at else None,
            "revocation": self.revocation.value,
            "pinned": self.pinned,
        }


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of CMS, outermost first: `kind` is "signed" or "encrypted"; `algorithms` in order of use.

    `certificates` are those a signature encloses, as they are (DER, unjudged).
    """

    kind: str
    algorithms: tuple[str, ...] = ()
    signers: tuple[Signer, ...] = ()
    recipient: str = ""
    certificates: tuple[bytes, ...] = field(default=(), repr=False)

    def as_json(self) -> dict[str, Any]:
        """Return what is stored and shown."""
        return {
            "kind": self.kind,
            "algorithms": list(self.algorithms),
            "recipient": self.recipient,
            "signers": [signer.as_json() for signer in self.signers],
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found.

    `message` is what may be read and drawn: the payload of the innermost layer under the header fields that
    hold (the protected ones, if any), as raw bytes; b"" when nothing may be drawn. `content` is that payload
    alone, byte for byte as signed. `replay` is the digest for the replay memory, "" when nothing valid was
    signed. `altered` names header fields that differ outside from what the sender recorded (RFC 9788).
    """

    verdict: Status
    reason: Reason
    encryption: Encryption = Encryption.NONE
    encryption_reason: Reason = Reason.OK
    layers: tuple[Layer, ...] = ()
    signer: Signer | None = None
    message: bytes = field(default=b"", repr=False)
    content: bytes = field(default=b"", repr=False)
    protection: Protection = Protection.NONE
    headers: tuple[tuple[str, str], ...] = ()
    altered: tuple[str, ...] = ()
    checked_at: datetime | None = None

    @property
    def status(self) -> Status:
        """The verdict, under the name signers use for theirs."""
        return self.verdict

    @property
    def valid(self) -> bool:
        """Whether the whole message is signed by the sender."""
        return self.verdict is Status.VALID

    @property
    def replay(self) -> str:
        """Digest for the replay memory: SHA-256 in hex over signature and signer, or ""."""
        return self.signer.replay if self.valid and self.signer else ""

    @property
    def encrypted_inside(self) -> bool:
        """Whether a valid signature was inside what we decrypted: what `required+encrypted` wants."""
        kinds = [layer.kind for layer in self.layers]
        signed = len(kinds) - 1 - kinds[::-1].index("signed") if "signed" in kinds else 0
        return self.valid and "encrypted" in kinds[:signed]

    def header(self, name: str) -> str | None:
        """Return the value of a protected header field, or None."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def as_json(self) -> dict[str, Any]:
        """Return what is stored with the job and printed by the command: no content."""
        return {
            "verdict": self.verdict.value,
            "reason": self.reason.value,
            "encryption": self.encryption.value,
            "encryption_reason": self.encryption_reason.value,
            "signer": self.signer.as_json() if self.signer else None,
            "layers": [layer.as_json() for layer in self.layers],
            "protection": self.protection.value,
            "altered": list(self.altered),
            "replay": self.replay,
            "checked_at": self.checked_at.isoformat() if self.checked_at else None,
        }


UNDECRYPTABLE = "5.7.5", "the message could not be decrypted"


@dataclass(frozen=True, slots=True)
class Decrypted:
    """What `decrypt` found. `content` is the decrypted MIME entity, b"" unless `encryption` is `decrypted`.

    `code` and `text` are the only words for the outside: the same for every failure (smime.md section 7);
    `encryption` and `reason` are for the operator.
    """

    encryption: Encryption
    reason: Reason = Reason.OK
    content: bytes = field(default=b"", repr=False)
    layers: tuple[Layer, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether there was something to decrypt that could not be."""
        return self.encryption not in {Encryption.NONE, Encryption.DECRYPTED}

    @property
    def code(self) -> str:
        """Enhanced status code for the sender, "" without a failure."""
        return UNDECRYPTABLE[0] if self.failed else ""

    @property
    def text(self) -> str:
        """Sentence for the sender, "" without a failure."""
        return UNDECRYPTABLE[1] if self.failed else ""

    def as_json(self) -> dict[str, Any]:
        """Return what is stored with the job: no content."""
        return {
            "encryption": self.encryption.value,
            "reason": self.reason.value,
            "code": self.code,
            "text": self.text,
            "layers": [layer.as_json() for layer in self.layers],
        }
