"""STARTTLS and TLS from the start, with a certificate that may be renewed under a running listener."""

from __future__ import annotations

import os
import smtplib
import ssl
from typing import TYPE_CHECKING, Any

import pytest
from smtp_fixtures import MAIL, Door
from tls_fixtures import make_certificate

from gateway.domain.errors import BadConfig
from gateway.mailin.settings import SmtpSettings
from gateway.mailin.tls import certificate_of

if TYPE_CHECKING:
    from pathlib import Path

FAX = "+81312345678@fax.example.org"


@pytest.fixture
def certificate(tmp_path: Path) -> dict[str, str]:
    return make_certificate(tmp_path, "fax.example.org")


def trusting(settings: dict[str, str]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=settings["certificate"])


def name_on(connection: Any) -> str:
    """Return the common name on the certificate that the server showed."""
    return dict(pair for [pair] in connection.getpeercert()["subject"])["commonName"]


def test_a_mail_over_starttls(tmp_path: Path, certificate: dict[str, str]) -> None:
    with Door(tmp_path, **certificate) as door, smtplib.SMTP("127.0.0.1", door.port) as smtp:
        smtp.ehlo()
        assert smtp.has_extn("starttls")
        smtp.starttls(context=trusting(certificate))
        smtp.ehlo()
        assert not smtp.has_extn("starttls")
        assert smtp.sendmail("alice@acme.example", [FAX], MAIL) == {}
        assert door.numbers == ["0081312345678"]


def test_a_mail_over_tls_from_the_start(tmp_path: Path, certificate: dict[str, str]) -> None:
    with Door(tmp_path, listen_tls=(("127.0.0.1", 0),), **certificate) as door:
        port = door.listener.ports[1]
        with smtplib.SMTP_SSL("127.0.0.1", port, context=trusting(certificate)) as smtp:
            smtp.ehlo()
            assert not smtp.has_extn("starttls")
            assert smtp.sendmail("alice@acme.example", [FAX], MAIL) == {}
        assert door.numbers == ["0081312345678"]


def test_what_was_said_before_tls_is_forgotten(tmp_path: Path, certificate: dict[str, str]) -> None:
    """Commands sent ahead in the clear are not obeyed inside (CVE-2024-34083), nor is the old EHLO."""
    with Door(tmp_path, **certificate) as door, door.client() as client:
        client.hello()
        client.send(b"STARTTLS\r\nMAIL FROM:<alice@acme.example>\r\n")
        assert client.reply().startswith("220 ")
        encrypted = trusting(certificate).wrap_socket(client.socket, server_hostname="fax.example.org")
        with encrypted, encrypted.makefile("rb") as lines:
            encrypted.sendall(b"RCPT TO:<+81312345678@fax.example.org>\r\nMAIL FROM:<alice@acme.example>\r\n")
            assert [lines.readline()[:4] for _ in range(2)] == [b"503 ", b"503 "]


def test_a_failed_handshake_ends_only_that_connection(tmp_path: Path, certificate: dict[str, str]) -> None:
    with Door(tmp_path, **certificate) as door:
        with door.client() as client:
            client.hello()
            assert client.say("STARTTLS").startswith("220 ")
            client.send(b"this is no TLS at all\r\n")
            assert client.reply() == ""
        with door.client() as client:
            assert client.hello().fax(FAX).startswith("250 ")


def test_a_renewed_certificate_needs_no_restart(tmp_path: Path, certificate: dict[str, str]) -> None:
    with Door(tmp_path, **certificate) as door:
        for name in ("fax.example.org", "new.example.org"):
            settings = make_certificate(tmp_path, name)
            os.utime(settings["certificate"], ns=(1, sum(name.encode())))  # even on a coarse clock
            with smtplib.SMTP("127.0.0.1", door.port) as smtp:
                smtp.starttls(context=trusting(settings))
                assert name_on(smtp.sock) == name


def test_a_renewal_drops_no_session(tmp_path: Path, certificate: dict[str, str]) -> None:
    """Who is inside TLS stays, and ends the mail; who comes anew sees the new certificate."""
    with Door(tmp_path, **certificate) as door, smtplib.SMTP("127.0.0.1", door.port) as old:
        old.starttls(context=trusting(certificate))
        old.ehlo()
        assert old.mail("alice@acme.example")[0] == 250
        renewed = make_certificate(tmp_path, "new.example.org")
        os.utime(renewed["certificate"], ns=(1, 1))
        with smtplib.SMTP("127.0.0.1", door.port) as new:
            new.starttls(context=trusting(renewed))
            assert name_on(new.sock) == "new.example.org"
        assert name_on(old.sock) == "fax.example.org"
        assert old.rcpt(FAX)[0] == 250
        assert old.data(MAIL)[0] == 250
        assert door.numbers == ["0081312345678"]


def test_tls_from_the_start_follows_a_renewal_too(tmp_path: Path, certificate: dict[str, str]) -> None:
    with Door(tmp_path, listen_tls=(("127.0.0.1", 0),), **certificate) as door:
        renewed = make_certificate(tmp_path, "new.example.org")
        os.utime(renewed["certificate"], ns=(1, 1))
        with smtplib.SMTP_SSL("127.0.0.1", door.listener.ports[1], context=trusting(renewed)) as smtp:
            assert name_on(smtp.sock) == "new.example.org"


def test_a_broken_renewal_keeps_the_old_certificate(tmp_path: Path, certificate: dict[str, str]) -> None:
    with Door(tmp_path, **certificate) as door:
        context = trusting(certificate)
        (tmp_path / "certificate.pem").write_text("half a certif", encoding="ascii")
        with smtplib.SMTP("127.0.0.1", door.port) as smtp:
            smtp.starttls(context=context)
            assert name_on(smtp.sock) == "fax.example.org"


def test_a_certificate_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    settings = SmtpSettings(
        domains=("fax.example.org",),
        operator=("ops@example.org",),
        certificate=str(tmp_path / "none.pem"),
        key=str(tmp_path / "none.key"),
    )
    with pytest.raises(BadConfig, match=r"smtp\.certificate"):
        certificate_of(settings)
