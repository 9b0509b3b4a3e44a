"""SMTP AUTH: only inside TLS, for the account's own senders, and never a way to try passwords quickly."""

from __future__ import annotations

import base64
import smtplib
import ssl
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from argon2 import PasswordHasher
from smtp_fixtures import ACCOUNTS, MAIL, NOON, Door
from tls_fixtures import TlsClient, make_certificate

from gateway.mailin import auth
from gateway.store import accounts, credentials
from gateway.store.models import Message

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FAX = "+81312345678@fax.example.org"
USERS = [
    {"login": "alice", "password": "Frühling 7", "roles": ["sender"]},
    {"login": "rita", "password": "only reads", "roles": ["reader"]},
]


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Argon2 do as little as it can: what it costs is no subject here."""
    monkeypatch.setattr(credentials, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return make_certificate(tmp_path_factory.mktemp("tls"), "fax.example.org")


@pytest.fixture
def door(tmp_path: Path, certificate: dict[str, str]) -> Iterator[Door]:
    """A door to which loopback proves nothing, with users."""
    with Door(tmp_path, trusted_networks=(), listen_tls=(("127.0.0.1", 0),), **certificate) as door:
        door.store.run(accounts.provision, [ACCOUNTS[0] | {"user": USERS}], now=NOON)
        yield door


@pytest.fixture
def client(door: Door) -> Iterator[TlsClient]:
    """A client inside TLS that has said EHLO."""
    with TlsClient(door.listener.ports[1]) as client:
        yield client.hello()


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def plain(login: str, password: str, as_whom: str = "") -> str:
    return "AUTH PLAIN " + b64(f"{as_whom}\x00{login}\x00{password}")


def test_a_user_who_signed_in_may_send(door: Door, client: TlsClient) -> None:
    assert client.say(plain("alice", "Frühling 7")) == "235 2.7.0 Signed in"
    assert client.fax(FAX).startswith("250 ")
    assert door.rows(Message)[0].evidence == {"by": "auth", "login": "alice"}


def test_libraries_can_sign_in(door: Door, certificate: dict[str, str]) -> None:
    with smtplib.SMTP("127.0.0.1", door.port) as smtp:
        smtp.starttls(context=ssl.create_default_context(cafile=certificate["certificate"]))
        smtp.ehlo()
        assert smtp.esmtp_features["auth"].split() == ["PLAIN", "LOGIN"]
        smtp.user, smtp.password = "rita", "only reads"
        smtp.auth("LOGIN", smtp.auth_login)
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            smtp.sendmail("alice@acme.example", [FAX], MAIL)
    assert "roles of rita" in door.audited("sender.refused")[0].data["why"]


@pytest.mark.parametrize("initial", [True, False])
def test_login_asks_for_the_name_and_the_password(client: TlsClient, initial: bool) -> None:
    if initial:
        asked = client.say(f"AUTH LOGIN {b64('alice')}")
    else:
        assert client.say("AUTH LOGIN") == f"334 {b64('Username:')}"
        asked = client.say(b64("alice"))
    assert asked == f"334 {b64('Password:')}"
    assert client.say(b64("Frühling 7")).startswith("235 ")


def test_plain_may_wait_for_the_challenge(client: TlsClient) -> None:
    assert client.say("AUTH PLAIN") == "334 "
    assert client.say(b64("alice\0alice\0Frühling 7")).startswith("235 ")


def test_passwords_are_not_taken_in_the_clear(door: Door) -> None:
    with door.client() as client:
        client.reply()
        assert "AUTH" not in client.say("EHLO client.example")
        assert client.say(plain("alice", "Frühling 7")).startswith("538 5.7.11 ")
        assert client.envelope(FAX)[0].startswith("550 ")


def test_without_a_certificate_nobody_signs_in(tmp_path: Path) -> None:
    with Door(tmp_path) as door, door.client() as client:
        assert client.hello().say(plain("alice", "Frühling 7")).startswith("502 ")


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("AUTH", "504"),
        ("AUTH CRAM-MD5", "504"),
        ("AUTH PLAIN not-base64!", "501"),
        ("AUTH PLAIN YWxpY2U=", "501"),
        (plain("", "x"), "501"),
        (plain("alice", ""), "501"),
        (plain("alice", "x" * 256), "501"),
        (plain("alice", "Frühling 7", as_whom="bob"), "501"),
        ("AUTH PLAIN AGFsaWNlAP/+", "501"),
    ],
)
def test_what_is_no_sign_in_is_told(client: TlsClient, command: str, code: str) -> None:
    assert client.say(command).startswith(f"{code} ")
    assert client.say(plain("alice", "Frühling 7")).startswith("235 ")


def test_a_client_may_think_better_of_it(client: TlsClient) -> None:
    client.say("AUTH LOGIN")
    assert client.say("*").startswith("501 5.7.0 ")
    assert client.say("NOOP").startswith("250 ")


def test_signing_in_has_its_place(client: TlsClient) -> None:
    client.say("MAIL FROM:<alice@acme.example>")
    assert client.say(plain("alice", "Frühling 7")).startswith("503 ")
    client.say("RSET")
    assert client.say(plain("alice", "Frühling 7")).startswith("235 ")
    assert client.say(plain("alice", "Frühling 7")).startswith("503 ")


@pytest.mark.parametrize("sender", ["carol@classic.example", "mallory@evil.example", ""])
def test_signing_in_opens_no_other_account(client: TlsClient, sender: str) -> None:
    """Not even one that believes the envelope from anywhere."""
    client.say(plain("alice", "Frühling 7"))
    assert client.envelope(FAX, sender=sender)[0].startswith("550 5.7.1 ")


def test_the_third_wrong_password_ends_the_connection(door: Door, client: TlsClient) -> None:
    answers = [client.say(plain("alice", f"guess {n}")) for n in range(3)]
    assert [answer[:9] for answer in answers] == ["535 5.7.8"] * 3
    assert client.reply().startswith("421 4.7.0 ")
    assert client.reply() == ""
    lines = door.audited("sign-in.refused")
    assert [line.actor for line in lines] == ["alice"] * 3
    assert "guess" not in str([line.data for line in lines])


def test_two_wrong_passwords_and_a_right_one(client: TlsClient) -> None:
    for n in range(2):
        client.say(plain("alice", f"guess {n}"))
    assert client.say(plain("alice", "Frühling 7")).startswith("235 ")


def test_unknown_logins_look_like_wrong_passwords(door: Door, client: TlsClient) -> None:
    assert client.say(plain("nobody", "x")) == client.say(plain("alice", "x"))
    assert [line.account_id for line in door.audited("sign-in.refused")] == [None, 1]


def test_an_address_that_guesses_is_put_off_for_a_while(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "is_password", lambda *given: given[1] == "Frühling 7")

    def guess(times: int) -> str:
        with TlsClient(door.listener.ports[1]) as client:
            client.hello()
            return [client.say(plain("alice", "guess")) for _ in range(times)][-1]

    for _ in range(auth.GUESSES // 2):
        assert guess(2).startswith("535 ")
    assert guess(1).startswith("454 4.7.0 ")
    door.now += auth.GUESSING_TIME
    with TlsClient(door.listener.ports[1]) as client:
        assert client.hello().say(plain("alice", "Frühling 7")).startswith("235 ")


def test_a_right_password_is_remembered_for_five_minutes(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    computed = []

    def counted(kept: str | None, password: str) -> bool:
        computed.append(password)
        return kept is not None and credentials.verified(kept, password)

    monkeypatch.setattr(credentials, "is_password", counted)

    def signs_in(typed: str = "Frühling 7") -> bool:
        return door.do(door.listener.sign_in.check("alice", typed, "192.0.2.1")) is not None

    assert signs_in()
    door.now += auth.REMEMBERED - timedelta(seconds=1)
    assert signs_in()
    assert len(computed) == 1
    door.now += timedelta(seconds=1)
    assert signs_in()
    assert len(computed) == 2
    assert not signs_in("Frühling 8")


def test_a_changed_password_is_out_at_once(door: Door) -> None:
    def signs_in() -> bool:
        return door.do(door.listener.sign_in.check("alice", "Frühling 7", "192.0.2.1")) is not None

    assert signs_in()
    changed = {"login": "alice", "password": "Sommer 8", "roles": ["sender"]}
    door.store.run(accounts.provision, [ACCOUNTS[0] | {"user": [changed]}], now=NOON)
    assert not signs_in()


def test_signed_in_clients_may_end_their_lines_as_they_like(client: TlsClient) -> None:
    client.say(plain("alice", "Frühling 7"))
    assert client.fax(FAX, mail=b"Subject: x\n\nbare\n\r\n").startswith("250 ")


def test_whom_a_client_names_in_mail_proves_nothing(client: TlsClient) -> None:
    """RFC 4954 section 5: AUTH= must be taken where AUTH is offered."""
    assert client.say("MAIL FROM:<alice@acme.example> AUTH=<>").startswith("250 ")
    assert client.say(f"RCPT TO:<{FAX}>").startswith("550 ")
