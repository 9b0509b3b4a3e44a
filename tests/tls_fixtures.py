"""TLS for tests of the mail door: certificates made by openssl, and a client that speaks inside TLS."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
from typing import TYPE_CHECKING

from smtp_fixtures import Client

if TYPE_CHECKING:
    from pathlib import Path


def make_certificate(folder: Path, name: str, *, days: int = 2) -> dict[str, str]:
    """Make a self-signed certificate; return the settings that use it."""
    openssl = shutil.which("openssl")
    assert openssl, "install the Debian package openssl"
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-days", str(days), "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name},IP:127.0.0.1",
         "-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return {"certificate": str(certificate), "key": str(key)}


class TlsClient(Client):
    """A client on a port that is TLS from the start; `own` is the certificate it shows."""

    def __init__(self, port: int, own: dict[str, str] | None = None) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if own:
            context.load_cert_chain(own["certificate"], own["key"])
        plain = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.socket = context.wrap_socket(plain)
        self._input = self.socket.makefile("rb")
        self.sent = 0
        self.port = port
