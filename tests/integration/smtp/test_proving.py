"""The proofs as the roles get them: configuration in, judges out, DKIM's arithmetic in a real child."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from dns_fixtures import NameServer
from smtp_fixtures import Door
from test_dkim import FAX, MAIL, published, rsa_key, signed

from gateway.config import parse
from gateway.roles import proving
from gateway.roles.mail_in import smtp_settings
from gateway.store.models import Message

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONFIG = """\
[server]
domains = ["fax.example.org"]
operator = ["ops@example.org"]

[smtp]
trusted_relays = [{{ network = "192.0.2.0/24", authserv_id = "mx.example.org" }}]

[dns]
nameservers = ["127.0.0.1:{port}"]
timeout_s = 2

[mail]
smarthost = "smtp://mail.example.org:587"
sender = "fax@fax.example.org"
"""


@pytest.fixture
def names() -> Iterator[NameServer]:
    with NameServer() as server:
        server.txt("fax._domainkey.acme.example", published(rsa_key(2048)))
        server.txt("acme.example", "v=spf1 ip4:192.0.2.1 -all")
        yield server


def test_a_signed_mail_that_spf_says_nothing_for_is_proved_in_a_child(
    tmp_path: Path, names: NameServer
) -> None:
    config = parse(CONFIG.format(port=names.port))
    with proving.proofs(config, smtp_settings(config)) as proofs:
        judges, spf = dict(proofs.judges), proofs.spf
        with Door(tmp_path, judges=judges, spf=spf, trusted_networks=()) as door, door.client() as client:
            client.hello()
            assert client.fax(FAX, mail=signed(MAIL * 2)).startswith("250 ")
            assert client.fax(FAX, mail=signed().replace(b"morning", b"evening")).startswith("550 ")
            assert [row.evidence["by"] for row in door.rows(Message)] == ["dkim"]


def test_relays_come_from_the_configuration(names: NameServer) -> None:
    config = parse(CONFIG.format(port=names.port))
    settings = smtp_settings(config)
    assert not settings.is_counted("192.0.2.77")
    assert settings.is_counted("198.51.100.1")
    assert not settings.is_trusted("192.0.2.77")
