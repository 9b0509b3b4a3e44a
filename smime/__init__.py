"""S/MIME on bytes: verify, decrypt, sign and encrypt mail (RFC 5652, 8551, 9788).

`verify` and `decrypt` answer with records and never raise for what a message holds; `sign` and `encrypt`
make what we send. Structures are asn1crypto's, every primitive and the building of paths is cryptography's.
No clock, no network, no files, nothing of the gateway: trust, lists, keys, sender and the moment are
arguments. docs/smime.md explains the verdicts.
"""

from smime.certificates import Identity, load_certificates, load_lists
from smime.encryption import encrypt
from smime.errors import BadInputError, MalformedError, NoCertificateError, SmimeError
from smime.policy import DomainSigner, Limits, Pin, Policy, RevocationMode
from smime.signing import sign
from smime.verdict import (
    Decrypted,
    Encryption,
    Layer,
    Protection,
    Reason,
    Revocation,
    Signer,
    Status,
    Verdict,
)
from smime.verification import decrypt, verify

__all__ = [
    "BadInputError",
    "Decrypted",
    "DomainSigner",
    "Encryption",
    "Identity",
    "Layer",
    "Limits",
    "MalformedError",
    "NoCertificateError",
    "Pin",
    "Policy",
    "Protection",
    "Reason",
    "Revocation",
    "RevocationMode",
    "Signer",
    "SmimeError",
    "Status",
    "Verdict",
    "decrypt",
    "encrypt",
    "load_certificates",
    "load_lists",
    "sign",
    "verify",
]
