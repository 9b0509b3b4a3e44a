"""What is asked of a signature, and how large a message may be: values an operator may set.

Defaults are those of smime.md sections 2 to 8. Nothing here is read from a message.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum


class RevocationMode(StrEnum):
    """How an unknown revocation state is taken. `auto`: `hard` once a list is configured, else `soft`."""

    AUTO = "auto"
    OFF = "off"
    SOFT = "soft"
    HARD = "hard"


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds. Sizes in bytes; all are inclusive."""

    cms: int = 64 * 1024 * 1024
    elements: int = 400_000
    depth: int = 40
    certificates: int = 20
    path: int = 5
    signers: int = 8
    recipients: int = 1_000
    layers: int = 4
    expansion: int = 10
    expansion_floor: int = 50 * 1024 * 1024
    header: int = 256 * 1024
    parts: int = 500
    nesting: int = 20


@dataclass(frozen=True, slots=True)
class Pin:
    """A key the operator names for one sender: `fingerprint` is SHA-256 in hex of a certificate or its SPKI.

    A pinned key needs no path; a sender with pins is believed by these keys only.
    """

    address: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class DomainSigner:
    """A certificate (by SHA-256 fingerprint in hex) that may vouch for every address of `domain`."""

    domain: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Policy:
    """One account's rules for signatures.

    `addresses` are what the account lists besides the sender (`*@domain` allowed), for the From field;
    `certificates` are DER of signers that senders do not enclose; `gateways` are fingerprints of certificates
    that may sign around another signature.
    """

    revocation: RevocationMode = RevocationMode.AUTO
    addresses: tuple[str, ...] = ()
    pins: tuple[Pin, ...] = ()
    domain_signers: tuple[DomainSigner, ...] = ()
    gateways: tuple[str, ...] = ()
    certificates: tuple[bytes, ...] = ()
    allow_no_attributes: bool = False
    allow_weak: bool = False
    allow_outer_signature: bool = False
    allow_triple_des: bool = False
    past: timedelta = timedelta(hours=72)
    future: timedelta = timedelta(minutes=10)
    limits: Limits = field(default_factory=Limits)
