"""The certificate of the mail door: read again when its files change, so that a renewal needs no restart.

A door may also ask clients for a certificate. Which ones are known is in the store; each is an anchor by
itself, as only that one certificate counts and nobody it may have signed. A client with another certificate
is not let in by OpenSSL, so clients are asked only where no strange mail server calls (settings).
"""

from __future__ import annotations

import base64
import hashlib
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import select

from gateway.domain.errors import BadConfig
from gateway.store.models import Certificate as Row

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

    from gateway.mailin.settings import SmtpSettings

log = structlog.get_logger("smtp")


class Certificate:
    """A context that follows its files. A renewal that cannot be read leaves the old certificate in use."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self._files = certificate, key
        self._known: set[bytes] = set()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            self._load()
        except OSError as error:  # ssl.SSLError is one
            raise BadConfig(f"smtp.certificate: {certificate}: {error}") from error

    def context(self) -> ssl.SSLContext:
        """Return the context with the present content of the files."""
        try:
            if self._stamps() != self._loaded:
                self._load()
        except OSError as error:
            log.warning("certificate not renewed", detail=str(error))
        return self._context

    def ask_for(self, certificates: Iterable[bytes]) -> None:
        """Ask clients for a certificate from now on, if there are any to know (DER)."""
        new = [der for der in certificates if der not in self._known]
        for der in new:
            self._known.add(der)
            try:
                self._context.load_verify_locations(cadata=der)
            except ssl.SSLError as error:
                log.warning("client certificate not taken", detail=str(error))
        if new and self._context.verify_mode is ssl.CERT_NONE:
            self._context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
            self._context.verify_mode = ssl.CERT_OPTIONAL

    def _load(self) -> None:
        self._loaded = self._stamps()
        self._context.load_cert_chain(*self._files)

    def _stamps(self) -> list[int]:
        return [path.stat().st_mtime_ns for path in self._files]


def certificate_of(settings: SmtpSettings) -> Certificate | None:
    """Return the certificate that the settings name, None without one; raise `BadConfig`."""
    if not settings.certificate:
        return None
    return Certificate(Path(settings.certificate), Path(settings.key))


def client_certificates(session: Session) -> list[bytes]:
    """Return the certificates (DER) by which clients prove their account."""
    rows = session.scalars(select(Row.der).where(Row.purpose == "client").order_by(Row.id))
    return [base64.b64decode(der) for der in rows]


def fingerprint_of(transport: asyncio.BaseTransport | None) -> str:
    """Return the SHA-256 (hex) of the certificate that a client proved to have, "" without one."""
    ssl_object = transport.get_extra_info("ssl_object") if transport is not None else None
    der = ssl_object.getpeercert(binary_form=True) if ssl_object is not None else None
    return hashlib.sha256(der).hexdigest() if der else ""
