"""A real Dovecot: each mail in its mailbox becomes one fax, by both protocols, over every way to TLS."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from dovecot_fixtures import dovecot
from pickup_fixtures import Office, mail

from gateway.store.models import Delivery, Message, Pickup

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from dovecot_fixtures import Dovecot

pytestmark = pytest.mark.xdist_group("dovecot")
PROTOCOLS = ("imap", "pop3")
TLS = ("implicit", "starttls", "none")


@pytest.fixture
def server() -> Iterator[Dovecot]:
    with dovecot() as running:
        yield running


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with Office(tmp_path) as office:
        yield office


@pytest.mark.parametrize("tls", TLS)
@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_mail_becomes_a_fax_and_leaves_the_mailbox(
    server: Dovecot, office: Office, protocol: str, tls: str
) -> None:
    letter = mail(body=b".\r\n..\r\n" + "注文\r\n".encode() + b"x" * 5000 + b"\r\n")
    server.deliver(letter)
    await office.pick_up(office.collector(place=server.place(protocol, tls)))
    [delivery] = office.rows(Delivery)
    [row] = office.rows(Pickup)
    [message] = office.rows(Message)
    assert (delivery.destination, row.number, row.outcome) == ("0081312345678", delivery.number, "taken")
    assert (message.door, message.sender, message.peer) == ("mailbox", "alice@acme.example", "mailbox:box")
    assert message.evidence == {"by": "mailbox", "mailbox": "box"}
    assert office.blobs.read(message.blob) == letter
    assert server.mails() == []
    assert office.woken.is_set()


async def test_idle_tells_of_a_mail_that_comes_while_we_wait(server: Dovecot, office: Office) -> None:
    collector, stop = office.collector(place=server.place("imap"), interval_s=500), asyncio.Event()
    running = asyncio.create_task(collector.run(stop))
    for n in (1, 2):
        office.woken.clear()
        server.deliver(mail(message_id=f"{n}@acme.example"))
        async with asyncio.timeout(30):
            await office.woken.wait()
    stop.set()
    await running
    assert len(office.numbers) == 2
