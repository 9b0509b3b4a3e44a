"""The certificate of the mail door: read again when its files change, so that a renewal needs no restart."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from gateway.domain.errors import BadConfig

if TYPE_CHECKING:
    from gateway.mailin.settings import SmtpSettings

log = structlog.get_logger("smtp")


class Certificate:
    """A context that follows its files. A renewal that cannot be read leaves the old certificate in use."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self._files = certificate, key
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
