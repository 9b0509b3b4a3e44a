"""swaks, a mail client we did not write: by every way to hand a mail in, and turned away where it must be."""

from __future__ import annotations

from email import message_from_bytes, policy
from typing import TYPE_CHECKING

import pytest
from mail_door_fixtures import LOGIN, NATIONAL, PASSWORD, TRUSTED, MailDoor, mail_door, swaks

from gateway.demo import settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("swaks")]

SIGN_IN = ("--auth-user", LOGIN, "--auth-password", PASSWORD)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailDoor]:
    with mail_door(tmp_path_factory.mktemp("door")) as door:
        yield door


def verified(door: MailDoor) -> tuple[str, ...]:
    """Options that make swaks check the certificate."""
    return ("--tls-verify", "--tls-ca-path", door.certificate)


def evidence(door: MailDoor) -> str:
    """How the sender of the newest mail was known."""
    return str(door.messages()[-1].evidence["by"])


@pytest.mark.parametrize("protocol", ["SMTP", "ESMTP"])
def test_a_host_of_the_company_sends_plainly(door: MailDoor, protocol: str) -> None:
    before = len(door.messages())
    said = swaks(door.port, "--protocol", protocol, source=TRUSTED)
    assert said.returncode == 0, said.stdout
    assert "2.0.0 queued as" in said.stdout
    assert len(door.messages()) == before + 1
    assert evidence(door) == "trusted_network"


@pytest.mark.parametrize("way", ["PLAIN", "LOGIN"])
@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_a_user_signs_in_inside_tls(door: MailDoor, way: str, tls: str) -> None:
    port, option = (door.port, "--tls") if tls == "starttls" else (door.tls_port, "--tls-on-connect")
    said = swaks(port, option, *verified(door), "--auth", way, *SIGN_IN)
    assert said.returncode == 0, said.stdout
    assert evidence(door) == "auth"


def test_tls_alone_proves_nobody(door: MailDoor) -> None:
    before = len(door.messages())
    said = swaks(door.port, "--tls", *verified(door))
    assert said.returncode == 26, said.stdout  # refused after DATA: the mail might have proved its sender
    assert "550 5.7.1" in said.stdout
    assert len(door.messages()) == before


def test_no_password_is_asked_for_in_the_clear(door: MailDoor) -> None:
    said = swaks(door.port, "--auth", "PLAIN", *SIGN_IN)
    assert said.returncode == 28, said.stdout  # AUTH is not offered
    assert PASSWORD not in said.stdout
    assert "250-AUTH" not in said.stdout


def test_a_wrong_password_is_told_so(door: MailDoor) -> None:
    said = swaks(door.port, "--tls", "--auth", "PLAIN", "--auth-user", LOGIN, "--auth-password", "wrong")
    assert said.returncode == 28, said.stdout
    assert "535 5.7.8" in said.stdout


def test_several_numbers_in_one_mail_are_one_fax_each(door: MailDoor) -> None:
    before = len(door.numbers())
    others = [f"031234567{n}@{settings.DOMAIN}" for n in range(5)]
    said = swaks(door.port, "--to", ",".join(others), source=TRUSTED)
    assert said.returncode == 0, said.stdout
    assert door.numbers()[before:] == [f"008131234567{n}" for n in range(5)]


def test_a_number_that_is_none_is_refused_and_the_others_are_sent(door: MailDoor) -> None:
    before = len(door.numbers())
    said = swaks(door.port, "--to", f"nonsense@{settings.DOMAIN},{NATIONAL}", source=TRUSTED)
    assert said.returncode == 0, said.stdout
    assert "<** 553 " in said.stdout
    assert len(door.numbers()) == before + 1


def test_nothing_is_relayed(door: MailDoor) -> None:
    said = swaks(door.port, "--to", "somebody@elsewhere.example", source=TRUSTED)
    assert said.returncode == 24, said.stdout
    assert "550 5.7.1" in said.stdout


def test_an_attachment_arrives_octet_by_octet(door: MailDoor, tmp_path: Path) -> None:
    octets = bytes(range(256)) * 4000
    file = tmp_path / "pages.bin"
    file.write_bytes(octets)
    said = swaks(door.port, "--attach-name", "pages.bin", "--attach", f"@{file}", source=TRUSTED)
    assert said.returncode == 0, said.stdout[-2000:]
    mail = message_from_bytes(door.raw(door.messages()[-1]), policy=policy.default)
    (attachment,) = mail.iter_attachments()
    assert attachment.get_content() == octets


def test_lines_of_dots_arrive_as_they_were(door: MailDoor) -> None:
    said = swaks(door.port, "--body", ".\n..\n.a\n...", source=TRUSTED)
    assert said.returncode == 0, said.stdout
    assert b"\r\n.\r\n..\r\n.a\r\n...\r\n" in door.raw(door.messages()[-1]) + b"\r\n"


def test_the_same_mail_again_gets_the_old_number(door: MailDoor) -> None:
    header = (
        "--header",
        "Message-Id: <again@client.acme.example>",
        "--header",
        "Date: Mon, 1 Jan 2024 00:00:00 +0000",
    )
    answers = [
        line for _ in range(2)
        for line in swaks(door.port, *header, source=TRUSTED).stdout.splitlines() if "queued as" in line
    ]  # fmt: skip
    assert len(answers) == 2
    assert answers[0] == answers[1]
