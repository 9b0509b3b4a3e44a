"""CMS octets to plain records: every structure is opened here, inside one guard.

asn1crypto parses lazily and reports late, by ValueError, TypeError or KeyError. `guarded` turns all of them
into `MalformedError`, and nothing of the library's leaves this module: callers get frozen records of bytes,
numbers and dotted object identifiers. It judges no signature and decrypts nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from smime import oid, structures
from smime.ber import definite, header
from smime.errors import LimitError, MalformedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from smime.policy import Limits

P = ParamSpec("P")
T = TypeVar("T")

SET_OF = b"\x31"


@dataclass(frozen=True, slots=True)
class Algorithm:
    """An algorithm: dotted identifier, DER of its parameters (b"" when absent), DER of the whole."""

    oid: str
    parameters: bytes
    encoded: bytes


@dataclass(frozen=True, slots=True)
class Reference:
    """Names a certificate: DER of the issuer and serial number, or the subject key identifier."""

    issuer: bytes = b""
    serial: int = 0
    key_id: bytes = b""


@dataclass(frozen=True, slots=True)
class SignerPart:
    """One SignerInfo. `attributes`: the encodings of the signed attributes that may be signed, () if none."""

    reference: Reference
    digest: Algorithm
    algorithm: Algorithm
    signature: bytes
    attributes: tuple[bytes, ...]
    content_types: tuple[str, ...]
    digests: tuple[bytes, ...]
    times: tuple[datetime, ...]
    capabilities: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SignedPart:
    """One SignedData. `content` is None when it is detached."""

    content_type: str
    content: bytes | None
    certificates: tuple[bytes, ...]
    signers: tuple[SignerPart, ...]


@dataclass(frozen=True, slots=True)
class Recipient:
    """One way to the content key. `originator` and `wrap` are set for key agreement only."""

    reference: Reference
    algorithm: Algorithm
    encrypted_key: bytes
    originator: bytes = b""
    originator_algorithm: str = ""
    ukm: bytes | None = None


@dataclass(frozen=True, slots=True)
class EncryptedPart:
    """One EnvelopedData (`tag` is None) or AuthEnvelopedData; `aad` is what the tag covers besides."""

    recipients: tuple[Recipient, ...]
    algorithm: Algorithm
    content: bytes
    content_type: str
    tag: bytes | None = None
    aad: bytes = b""


@dataclass(frozen=True, slots=True)
class OtherPart:
    """A content type we do not open."""

    content_type: str


def guarded(function: Callable[P, T]) -> Callable[P, T]:
    """Let nothing but `MalformedError` out of a function that opens ASN.1."""

    @wraps(function)
    def inside(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except (
            ValueError,
            TypeError,
            LookupError,
            AttributeError,
            ArithmeticError,
            RecursionError,
        ) as error:
            detail = f"{type(error).__name__}: {str(error)[:120]}"
            raise MalformedError("the CMS structure is damaged", detail) from None

    return inside


@guarded
def open_cms(data: bytes, limits: Limits) -> SignedPart | EncryptedPart | OtherPart:
    """Open one ContentInfo.

    :raises MalformedError: not strict CMS. :raises LimitError: beyond `limits`.
    """
    info = structures.ContentInfo.load(definite(data, limits), strict=True)
    kind = info["content_type"].dotted
    if kind == oid.SIGNED_DATA:
        return _signed(info["content"], limits)
    if kind == oid.ENVELOPED_DATA:
        return _enveloped(info["content"], limits)
    if kind == oid.AUTH_ENVELOPED_DATA:
        return _auth_enveloped(info["content"], limits)
    return OtherPart(kind)


def _signed(signed: Any, limits: Limits) -> SignedPart:
    certificates = [
        item.dump() for item in _items(signed["certificates"], limits.certificates, "certificates")
    ]
    signers = _items(signed["signers"], limits.signers, "signers")
    inner = signed["content"]
    [algorithm["algorithm"].dotted for algorithm in signed["digest_algorithms"]]
    return SignedPart(
        content_type=inner["content_type"].dotted,
        content=_optional(inner["content"]),
        certificates=tuple(one for one in certificates if one[:1] == b"\x30"),
        signers=tuple(_signer(info) for info in signers),
    )


def _items(collection: Any, limit: int, name: str) -> list[Any]:
    items = [] if _absent(collection) else list(collection)
    if len(items) > limit:
        raise LimitError(f"the CMS structure has too many {name}")
    return items


def _absent(value: Any) -> bool:
    return isinstance(value, structures.Void)


def _optional(value: Any) -> bytes | None:
    return None if _absent(value) else bytes(value.native)


def _signer(info: Any) -> SignerPart:
    attributes = info["signed_attributes"]
    present = not _absent(attributes)
    found: dict[str, list[Any]] = {}
    for attribute in attributes if present else ():
        found.setdefault(attribute["type"].dotted, []).append(attribute["values"])
    return SignerPart(
        reference=_reference(info["sid"]),
        digest=algorithm(info["digest_algorithm"]),
        algorithm=algorithm(info["signature_algorithm"]),
        signature=info["signature"].native,
        attributes=_forms(attributes) if present else (),
        content_types=tuple(_values(found.get(oid.CONTENT_TYPE), _dotted)),
        digests=tuple(_values(found.get(oid.MESSAGE_DIGEST), _octets)),
        times=tuple(_values(found.get(oid.SIGNING_TIME), _time)),
        capabilities=tuple(_capabilities(found.get(oid.CAPABILITIES))),
    )


def _forms(attributes: Any) -> tuple[bytes, ...]:
    """Return the octets under the signature: as received, and sorted if that differs (RFC 5652 5.4)."""
    received = SET_OF + attributes.dump()[1:]
    inner = b"".join(sorted(attribute.dump() for attribute in attributes))
    ordered = header(SET_OF, len(inner)) + inner
    return (received,) if received == ordered else (received, ordered)


def _values(sets: list[Any] | None, read: Callable[[bytes], T]) -> list[T]:
    return [read(value.dump()) for values in sets or () for value in values]


def _dotted(value: bytes) -> str:
    return str(structures.ObjectIdentifier.load(value, strict=True).dotted)


def _octets(value: bytes) -> bytes:
    return bytes(structures.OctetString.load(value, strict=True).native)


def _time(value: bytes) -> datetime:
    moment: datetime = structures.SigningTime.load(value, strict=True).native
    return moment


def _capabilities(sets: list[Any] | None) -> list[str]:
    lists = _values(sets, lambda value: structures.Capabilities.load(value, strict=True))
    return [item["algorithm"].dotted for items in lists for item in items]


def algorithm(value: Any) -> Algorithm:
    """Read an AlgorithmIdentifier of asn1crypto's."""
    parameters = value["parameters"]
    return Algorithm(
        value["algorithm"].dotted, b"" if _absent(parameters) else parameters.dump(), value.dump()
    )


def _reference(choice: Any) -> Reference:
    chosen = choice.chosen
    if choice.name == "issuer_and_serial":
        return Reference(issuer=chosen["issuer"].dump(), serial=chosen["serial"].native)
    inner = chosen["key_id"] if isinstance(chosen, structures.RecipientKeyIdentifier) else chosen
    return Reference(key_id=inner.native)


def _enveloped(enveloped: Any, limits: Limits) -> EncryptedPart:
    content = enveloped["content"]
    return EncryptedPart(
        recipients=_recipients(enveloped["recipients"], limits),
        algorithm=algorithm(content["algorithm"]),
        content=_optional(content["content"]) or b"",
        content_type=content["content_type"].dotted,
    )


def _auth_enveloped(enveloped: Any, limits: Limits) -> EncryptedPart:
    content = enveloped["content"]
    attributes = enveloped["authenticated"]
    return EncryptedPart(
        recipients=_recipients(enveloped["recipients"], limits),
        algorithm=algorithm(content["algorithm"]),
        content=_optional(content["content"]) or b"",
        content_type=content["content_type"].dotted,
        tag=enveloped["mac"].native,
        aad=SET_OF + attributes.dump()[1:] if not _absent(attributes) else b"",
    )


def _recipients(infos: Any, limits: Limits) -> tuple[Recipient, ...]:
    items = list(infos)
    if len(items) > limits.recipients:
        raise LimitError("the CMS structure has too many recipients")
    found: list[Recipient] = []
    for info in items:
        if info.name == "transport":
            found.append(_transport(info.chosen))
        elif info.name == "agreement":
            found += _agreement(info.chosen)
    if len(found) > limits.recipients:
        raise LimitError("the CMS structure has too many recipients")
    return tuple(found)


def _transport(info: Any) -> Recipient:
    return Recipient(_reference(info["rid"]), algorithm(info["algorithm"]), info["encrypted_key"].native)


def _agreement(info: Any) -> list[Recipient]:
    originator = info["originator"]
    if originator.name != "key":  # static-static: no mail program uses it
        return []
    key = originator.chosen
    method = algorithm(info["algorithm"])
    return [
        Recipient(
            reference=_reference(item["rid"]),
            algorithm=method,
            encrypted_key=item["encrypted_key"].native,
            originator=key["public_key"].native,
            originator_algorithm=key["algorithm"]["algorithm"].dotted,
            ukm=_optional(info["ukm"]),
        )
        for item in info["keys"]
    ]


@guarded
def content_type(data: bytes) -> str:
    """Return the content type of a ContentInfo without opening it: a look at its first octets."""
    head = data[1:2]
    skipped = 2 if head <= b"\x80" else 2 + (data[1] & 0x7F)
    size = data[skipped + 1]
    if data[:1] != b"\x30" or data[skipped : skipped + 1] != b"\x06":
        raise MalformedError("not a CMS structure")
    return str(structures.ObjectIdentifier.load(data[skipped : skipped + 2 + size], strict=True).dotted)


@guarded
def load_algorithm(data: bytes) -> Algorithm:
    """Read DER of an AlgorithmIdentifier: key wrap, mask generation, hash."""
    return algorithm(structures.AlgorithmIdentifier.load(data, strict=True))


@guarded
def issuer_of(certificate: bytes) -> bytes:
    """Return DER of a certificate's issuer, exactly as it stands there."""
    tbs = structures.Certificate.load(certificate, strict=True)["tbs"]
    return bytes(tbs["issuer"].dump())
