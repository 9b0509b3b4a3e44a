"""`[[account.certificate]]`: certificates of people, mail gateways and TLS clients, from files, checked."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.domain.errors import BadConfig
from gateway.store.certificates import PURPOSES, BadCertificate, Given, check
from gateway.store.provisioning import checks

if TYPE_CHECKING:
    from collections.abc import Mapping

PURPOSE = checks.one_of(*PURPOSES)


def certificates(given: Mapping[str, Any], where: str) -> tuple[Given, ...]:
    """Return the certificates of an account. Raises `BadConfig`, and reads files, but writes nothing."""
    place = f"{where}: certificate"
    items = checks.listed(given, "certificate", where)
    return tuple(_certificate(checks.mapping(item, place), place) for item in items)


def _certificate(given: Mapping[str, Any], where: str) -> Given:
    checks.only(given, ("file", "purpose", "address"), where)
    loaded = _load(checks.text(given, "file", where), where)
    der = loaded.public_bytes(Encoding.DER)
    found = Given(
        purpose=PURPOSE(given.get("purpose", "encrypt"), f"{where}: purpose"),
        der=der,
        fingerprint=hashlib.sha256(der).hexdigest(),
        not_after=loaded.not_valid_after_utc,
        address=checks.text(given, "address", where),
    )
    try:
        check(found)
    except BadCertificate as error:
        raise BadConfig(f"{where}: {error.text}") from error
    return found


def _load(file: str, where: str) -> x509.Certificate:
    try:
        data = Path(file).read_bytes()
    except OSError as error:
        raise BadConfig(f"{where}: {file}: {error.strerror}") from error
    try:
        if b"-----BEGIN" in data:
            return x509.load_pem_x509_certificate(data)
        return x509.load_der_x509_certificate(data)
    except ValueError as error:
        raise BadConfig(f"{where}: {file}: there is no certificate in this file") from error
