"""TLS client certificates: one that the account named proves its senders; to show none harms nobody."""

from __future__ import annotations

import base64
import hashlib
import smtplib
import ssl
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from smtp_fixtures import MAIL, NOON, Door
from tls_fixtures import TlsClient, make_certificate

from gateway.store.models import Certificate, Message

if TYPE_CHECKING:
    from collections.abc import Iterator

FAX = "+81312345678@fax.example.org"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    names = ("fax.example.org", "copier.acme.example", "mallory.example")
    return {name: make_certificate(tmp_path_factory.mktemp("tls"), name) for name in names}


@pytest.fixture
def copier(certificates: dict[str, dict[str, str]]) -> dict[str, str]:
    return certificates["copier.acme.example"]


def der_of(files: dict[str, str]) -> bytes:
    return ssl.PEM_cert_to_DER_cert(Path(files["certificate"]).read_text(encoding="ascii"))


def know(door: Door, files: dict[str, str], address: str = "", account_id: int = 1) -> None:
    """Let an account name a certificate."""
    der = der_of(files)
    with door.store.begin() as session:
        session.add(
            Certificate(
                account_id=account_id, purpose="client", address=address, source="command",
                fingerprint=hashlib.sha256(der).hexdigest(), der=base64.b64encode(der).decode(),
                not_after=NOON + timedelta(days=1), created_at=NOON,
            )
        )  # fmt: skip
    door.do(door.listener.read_client_certificates())


@pytest.fixture
def door(tmp_path: Path, certificates: dict[str, dict[str, str]]) -> Iterator[Door]:
    own = certificates["fax.example.org"]
    with Door(tmp_path, trusted_networks=(), listen_tls=(("127.0.0.1", 0),), **own) as door:
        yield door


def first_reply(door: Door, own: dict[str, str] | None, sender: str = "alice@acme.example") -> str:
    """Return what RCPT is answered on the TLS port."""
    with TlsClient(door.listener.ports[1], own) as client:
        return client.hello().envelope(FAX, sender=sender)[0]


def test_a_certificate_of_the_account_proves_its_senders(door: Door, copier: dict[str, str]) -> None:
    know(door, copier)
    with TlsClient(door.listener.ports[1], copier) as client:
        assert client.hello().fax(FAX).startswith("250 ")
    evidence = door.rows(Message)[0].evidence
    assert evidence == {"by": "client_certificate", "sha256": hashlib.sha256(der_of(copier)).hexdigest()}


def test_clients_without_one_are_served_and_proved_otherwise(door: Door, copier: dict[str, str]) -> None:
    know(door, copier)
    assert first_reply(door, None).startswith("550 5.7.1 ")
    assert first_reply(door, None, "carol@classic.example").startswith("250 ")


def test_a_certificate_proves_no_other_account(door: Door, copier: dict[str, str]) -> None:
    know(door, copier, account_id=2)
    assert first_reply(door, copier).startswith("550 5.7.1 ")


@pytest.mark.parametrize(
    ("address", "code"),
    [("alice@acme.example", "250"), ("*@acme.example", "250"), ("bob@acme.example", "550")],
)
def test_a_certificate_may_be_for_some_senders_only(
    door: Door, copier: dict[str, str], address: str, code: str
) -> None:
    know(door, copier, address)
    assert first_reply(door, copier).startswith(code)


def test_a_removed_certificate_proves_nothing_at_once(door: Door, copier: dict[str, str]) -> None:
    know(door, copier)
    with door.store.begin() as session:
        session.query(Certificate).delete()
    assert first_reply(door, copier).startswith("550 ")


def test_strange_certificates_are_not_let_in(
    door: Door, copier: dict[str, str], certificates: dict[str, dict[str, str]]
) -> None:
    know(door, copier)
    with pytest.raises((ssl.SSLError, ConnectionError, AssertionError)):
        first_reply(door, certificates["mallory.example"])


def test_nobody_is_asked_while_none_is_known(door: Door, certificates: dict[str, dict[str, str]]) -> None:
    assert first_reply(door, certificates["mallory.example"], "carol@classic.example").startswith("250 ")


def test_on_port_25_strange_mail_servers_may_show_theirs(
    door: Door, copier: dict[str, str], certificates: dict[str, dict[str, str]]
) -> None:
    know(door, copier)
    strange = certificates["mallory.example"]
    context = ssl.create_default_context(cafile=certificates["fax.example.org"]["certificate"])
    context.load_cert_chain(strange["certificate"], strange["key"])
    with smtplib.SMTP("127.0.0.1", door.port) as smtp:
        smtp.starttls(context=context)
        assert smtp.sendmail("carol@classic.example", [FAX], MAIL) == {}


def test_everywhere_means_after_starttls_too(
    tmp_path: Path, copier: dict[str, str], certificates: dict[str, dict[str, str]]
) -> None:
    own = certificates["fax.example.org"]
    with Door(tmp_path, trusted_networks=(), client_certificates="everywhere", **own) as door:
        know(door, copier)
        context = ssl.create_default_context(cafile=own["certificate"])
        context.load_cert_chain(copier["certificate"], copier["key"])
        with smtplib.SMTP("127.0.0.1", door.port) as smtp:
            smtp.starttls(context=context)
            assert smtp.sendmail("alice@acme.example", [FAX], MAIL) == {}
        assert door.rows(Message)[0].evidence["by"] == "client_certificate"


def test_off_means_nobody_is_asked(
    tmp_path: Path, copier: dict[str, str], certificates: dict[str, dict[str, str]]
) -> None:
    own = certificates["fax.example.org"]
    tls = (("127.0.0.1", 0),)
    with Door(tmp_path, trusted_networks=(), client_certificates="off", listen_tls=tls, **own) as door:
        know(door, copier)
        assert first_reply(door, copier).startswith("550 ")
