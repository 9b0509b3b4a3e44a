"""A real Dovecot: each mail in its mailbox becomes one fax, by both protocols, over every way to TLS."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from dovecot_fixtures import dovecot
from pickup_fixtures import Office, mail

from gateway.mailbox_table import MailboxConfig
from gateway.mailin.pickup.box import Denied, Trouble
from gateway.mailin.pickup.pop3 import Pop3
from gateway.observe import doctor
from gateway.store.models import Delivery, Message, Pickup

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from dovecot_fixtures import Dovecot

    from gateway.mailin.pickup.box import Place

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


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_server_whose_certificate_nobody_vouches_for_gets_no_password(
    server: Dovecot, office: Office, protocol: str, tls: str
) -> None:
    server.deliver(mail())
    with pytest.raises(Trouble, match="a certificate we do not trust"):
        await office.pick_up(office.collector(place=server.place(protocol, tls, ca_file="")))
    assert "method=PLAIN" not in server.log()
    assert len(server.mails()) == 1


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_certificate_of_another_name_is_not_taken(
    server: Dovecot, office: Office, protocol: str
) -> None:
    place = replace(server.place(protocol), host="127.0.0.1")
    with pytest.raises(Trouble, match="a certificate we do not trust"):
        await office.pick_up(office.collector(place=place))


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_wrong_password_is_told_from_a_server_in_trouble(
    server: Dovecot, office: Office, protocol: str
) -> None:
    place = replace(server.place(protocol), password="guess")
    with pytest.raises(Denied, match="would not let faxbox in"):
        await office.pick_up(office.collector(place=place))


async def test_a_server_that_is_away_is_trouble(server: Dovecot, office: Office) -> None:
    places = [server.place(protocol) for protocol in PROTOCOLS]
    server.stop()
    for place in places:
        with pytest.raises(Trouble, match="cannot be reached"):
            await office.pick_up(office.collector(place=place))


async def test_a_maildrop_that_somebody_else_holds_is_no_refused_password(
    server: Dovecot, office: Office
) -> None:
    with (server.folder / "dovecot.conf").open("a") as configuration:
        configuration.write("protocol pop3 {\n  pop3_lock_session = yes\n}\n")
    server.stop()
    server.start()
    server.deliver(mail())
    held = await asyncio.to_thread(Pop3.open, server.place("pop3"))
    try:
        with pytest.raises(Trouble) as locked:
            await office.pick_up(office.collector(place=server.place("pop3")))
        assert not isinstance(locked.value, Denied), locked.value.detail
    finally:
        await asyncio.to_thread(held.close)


@pytest.mark.parametrize("capability", ["+", "IMAP4rev1 LITERAL+ IDLE", "IMAP4rev1 UIDPLUS"])
@pytest.mark.parametrize(("after", "left"), [("move", 0), ("delete", 0), ("keep", 2)])
async def test_imap_moves_deletes_or_keeps_and_touches_no_other_mail(
    office: Office, capability: str, after: str, left: int
) -> None:
    with dovecot(capability) as server:
        collector = office.collector(place=server.place("imap"), after=after, move_to="Erledigt ファクス")
        await office.pick_up(collector)
        for n in range(2):
            server.deliver(mail(message_id=f"{n}@acme.example"))
        server.deliver(mail(sender="mallory@evil.example"))
        await office.pick_up(collector)
        assert len(office.numbers) == 2
        assert len(server.mails()) == left + 1
        if after == "move":
            assert len(server.mails("Erledigt &MNUwoTCvMLk-")) == 2


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_long_line_and_a_large_mail_arrive_octet_for_octet(
    server: Dovecot, office: Office, protocol: str
) -> None:
    letter = mail(body=b"<p>" + b"x" * 100_000 + b"\r\n" + b"0123456789abcdef\r\n" * 200_000)
    server.deliver(letter)
    await office.pick_up(office.collector(place=server.place(protocol)))
    [message] = office.rows(Message)
    assert office.blobs.read(message.blob) == letter


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_mail_too_large_is_refused_by_its_head_alone(
    server: Dovecot, tmp_path: Path, protocol: str
) -> None:
    async with Office(tmp_path, limits={"message_bytes": 10_000}) as office:
        server.deliver(mail(body=b"x\r\n" * 10_000))
        await office.pick_up(office.collector(place=server.place(protocol)))
        [row] = office.owed("refusal")
        assert (row.recipient, row.data["cause"]) == ("alice@acme.example", "too-large")
        assert office.settled.popitem()[1] == "refused"


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_bare_line_ends_in_a_maildir_arrive_as_crlf(
    server: Dovecot, office: Office, protocol: str
) -> None:
    server.deliver(mail().replace(b"\r\n", b"\n"))
    await office.pick_up(office.collector(place=server.place(protocol)))
    [message] = office.rows(Message)
    assert office.blobs.read(message.blob) == mail()


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_dovecot_that_nobody_runs_as_root_is_read_like_any(office: Office, protocol: str) -> None:
    with dovecot(user="nobody" if os.geteuid() == 0 else "") as server:
        server.deliver(mail())
        await office.pick_up(office.collector(place=server.place(protocol)))
        assert (len(office.numbers), server.mails()) == (1, [])


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_doctor_logs_in_counts_and_touches_nothing(server: Dovecot, protocol: str) -> None:
    server.deliver(mail())
    found = doctor.mailbox(config_of(server.place(protocol)))
    assert (found.level, found.text) == (doctor.OK, "faxbox at localhost: 1 mails lie there")
    assert len(server.mails()) == 1


def test_the_doctor_tells_a_wrong_password_from_a_wrong_certificate_and_a_closed_port(
    server: Dovecot,
) -> None:
    place = server.place("imap")
    for wrong, words, remedy in (
        (replace(place, password="guess"), "would not let faxbox in", "password_file"),
        (replace(place, ca_file=""), "a certificate we do not trust", "ca_file"),
        (replace(place, port=1), "cannot be reached", "docs/mailbox-pickup.md"),
    ):
        found = doctor.mailbox(config_of(wrong))
        assert found.level == doctor.FAIL
        assert words in found.text
        assert remedy in found.remedy


def config_of(place: Place) -> MailboxConfig:
    return MailboxConfig(
        name="box",
        protocol=place.protocol,
        host=place.host,
        port=place.port,
        tls=place.tls,
        ca_file=place.ca_file,
        user=place.user,
        password=place.password,
    )
