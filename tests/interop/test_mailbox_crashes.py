"""`kill -9` between any two steps of a pickup from a real Dovecot: each mail is one fax all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from dovecot_fixtures import dovecot, table
from house import House
from waiting import wait_until

from gateway.demo import settings
from gateway.store.models import Pickup

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dovecot_fixtures import Dovecot

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("dovecot")]
ROLES = ("smtp", "mailbox")  # House waits for the mail door; nothing is drawn or dialled here


@pytest.fixture
def server() -> Iterator[Dovecot]:
    with dovecot() as running:
        yield running


def letter(n: int) -> bytes:
    head = f"Return-Path: <{settings.SENDER}>\r\nTo: 031234567{n}@{settings.DOMAIN}\r\nSubject: {n}\r\n"
    return f"{head}From: {settings.SENDER}\r\n\r\nPage {n}\r\n".encode()  # no Message-ID: only the row knows


def picked_up(house: House) -> int:
    return house.store.read(lambda session: session.query(Pickup).count())


@pytest.mark.parametrize(
    ("protocol", "point"),
    [
        ("imap", "pickup.fetched"),
        ("imap", "smtp.committed"),
        ("pop3", "pickup.settled"),
        ("pop3", "pickup.disposed"),
    ],
)
def test_each_mail_is_one_fax_after_a_kill(
    tmp_path: Path, server: Dovecot, protocol: str, point: str
) -> None:
    for n in range(2):
        server.deliver(letter(n))
    with House(tmp_path, extra=table(server.place(protocol))) as house:
        house.start(ROLES, crash_at=point)
        house.wait_for_death(ROLES)
        house.start(ROLES)
        wait_until(lambda: not server.mails(), 60, f"an empty mailbox\n{house.log(ROLES)}")
        assert picked_up(house) == len(house.numbers()) == 2, house.log(ROLES)
