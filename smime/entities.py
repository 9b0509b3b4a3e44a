"""What kind of S/MIME a part is: signed with a detached signature, opaque CMS, or neither (RFC 8551 3.2).

It looks at types, names and, for opaque parts, at the content type inside. It judges nothing. PGP is neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from smime import mime, oid
from smime.errors import LimitError, MalformedError
from smime.parse import content_type, open_cms

if TYPE_CHECKING:
    from smime.mime import Entity
    from smime.parse import EncryptedPart, OtherPart, SignedPart
    from smime.policy import Limits

SIGNATURE_TYPES = {"application/pkcs7-signature", "application/x-pkcs7-signature"}
OPAQUE_TYPES = {"application/pkcs7-mime", "application/x-pkcs7-mime"}
ENCRYPTED_TYPES = {"enveloped-data", "authenveloped-data", "authenticated-enveloped-data"}
CERTIFICATES = "certs-only"
UNNAMED = "application/octet-stream"


class Kind(Enum):
    """How a part is wrapped."""

    PLAIN = "plain"
    DETACHED = "detached"
    OPAQUE = "opaque"


@dataclass(frozen=True, slots=True)
class Detached:
    """The two halves of a multipart/signed: the signed part byte for byte with CRLF, and the CMS."""

    content: bytes
    signature: bytes


def kind_of(part: Entity) -> Kind:
    """Return how a part is wrapped.

    :raises MalformedError: its Content-Type cannot be read.
    """
    kind = part.type
    if kind.name == "multipart/signed":
        return Kind.DETACHED if _is_smime(part) else Kind.PLAIN
    if kind.name in OPAQUE_TYPES or (kind.name == UNNAMED and _file_name(part).endswith(".p7m")):
        return Kind.OPAQUE
    return Kind.PLAIN


def _file_name(part: Entity) -> str:
    _, semicolon, rest = part.one("content-disposition").partition(";")
    named = mime.parameters(semicolon + rest).get("filename")
    return (named or part.type.get("name")).lower()


def _is_smime(part: Entity) -> bool:
    """Return whether a multipart/signed is ours to judge: by its protocol, else by its second part."""
    protocol = part.type.get("protocol").lower()
    if protocol in SIGNATURE_TYPES:
        return True
    try:
        parts = mime.split(part.body, part.type.get("boundary"))
        second = mime.entity(parts[1]).type.name if len(parts) > 1 else ""
    except MalformedError:
        return not protocol
    return second in SIGNATURE_TYPES


def detached(part: Entity) -> Detached:
    """Split a multipart/signed without changing a byte of what is signed.

    :raises MalformedError: not exactly two parts, or the second is no signature (smime.md section 2.2).
    """
    parts = mime.split(part.body, part.type.get("boundary"))
    if len(parts) != 2:
        raise MalformedError("a multipart/signed has exactly two parts")
    second = mime.entity(parts[1])
    if second.type.name not in SIGNATURE_TYPES:
        raise MalformedError("the second part of a multipart/signed is no signature")
    return Detached(mime.canonical(parts[0]), mime.decoded(second))


def open_opaque(part: Entity, limits: Limits) -> SignedPart | EncryptedPart | OtherPart:
    """Open the CMS of an opaque part.

    :raises MalformedError: not strict CMS.
    """
    return open_cms(mime.decoded(part), limits)


class Hidden(Enum):
    """S/MIME found below the root of a message, where it does not cover the whole."""

    NONE = 0
    SIGNED = 1
    ENCRYPTED = 2


def hidden(root: Entity, limits: Limits) -> Hidden:
    """Return the worst that lies below `root`: ciphertext anywhere, a signature outside attached messages.

    :raises LimitError: too many parts.
    """
    found = Hidden.NONE
    for nested in mime.walk(root, limits):
        try:
            one = _hidden_kind(nested.part)
        except LimitError:
            raise
        except MalformedError:
            one = Hidden.NONE
        if one is Hidden.ENCRYPTED:
            return one
        if one is Hidden.SIGNED and not nested.attached:
            found = one
    return found


def _hidden_kind(part: Entity) -> Hidden:
    kind = kind_of(part)
    if kind is Kind.DETACHED:
        return Hidden.SIGNED
    if kind is Kind.PLAIN:
        return Hidden.NONE
    declared = part.type.get("smime-type").lower()
    if declared in ENCRYPTED_TYPES:
        return Hidden.ENCRYPTED
    inside = content_type(mime.decoded(part))
    if inside in {oid.ENVELOPED_DATA, oid.AUTH_ENVELOPED_DATA}:
        return Hidden.ENCRYPTED
    return Hidden.SIGNED if inside == oid.SIGNED_DATA and declared != CERTIFICATES else Hidden.NONE
