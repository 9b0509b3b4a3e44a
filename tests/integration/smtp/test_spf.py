"""SPF against a name server of our own: a pass proves the domain of MAIL FROM, all else proves nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from dns_fixtures import BROKEN, SILENT, NameServer
from smtp_fixtures import Door

from gateway.mailin.dns import Resolver
from gateway.mailin.envelope import parse_address
from gateway.mailin.spf import Spf
from gateway.store.models import Message

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gateway.mailin.envelope import Address
    from gateway.mailin.judging import Opinion

FAX = "+81312345678@fax.example.org"
PASS = "v=spf1 ip4:127.0.0.0/8 -all"


@pytest.fixture
def names() -> Iterator[NameServer]:
    with NameServer() as server:
        yield server


def spf(names: NameServer, timeout_s: float = 2.0) -> Spf:
    return Spf(Resolver(names.servers, timeout_s))


def outside(folder: Path, names: NameServer) -> Door:
    return Door(folder, spf=spf(names), trusted_networks=())


async def asked(names: NameServer, address: str = "192.0.2.9", timeout_s: float = 2.0) -> Opinion:
    """Return the opinion on alice@acme.example at an address."""
    return await spf(names, timeout_s)(address, parse_address("alice@acme.example"), "mail.acme.example")


def test_a_host_the_domain_names_may_send(tmp_path: Path, names: NameServer) -> None:
    names.txt("acme.example", PASS)
    with outside(tmp_path, names) as door, door.client() as client:
        assert client.hello().fax(FAX).startswith("250 ")
        assert door.rows(Message)[0].evidence == {"by": "spf", "domain": "acme.example"}


def test_a_quoted_local_part_names_no_other_domain_to_ask(tmp_path: Path, names: NameServer) -> None:
    names.txt("evil@orders.acme.example", PASS)
    names.txt("orders.acme.example", "v=spf1 -all")
    with outside(tmp_path, names) as door, door.client() as client:
        [reply] = client.hello().envelope(FAX, sender='"x@evil"@orders.acme.example')
        assert reply.startswith("550 5.7.1 ")
        assert {question.partition(" ")[0] for question in names.asked} == {"orders.acme.example"}


@pytest.mark.parametrize(
    "record", ["v=spf1 -all", "v=spf1 ~all", "v=spf1 ?all", "v=spf1 ip4:127.0.0.1/99 -all", "no record"]
)
def test_other_hosts_are_refused_at_rcpt_and_in_the_words_for_strangers(
    tmp_path: Path, names: NameServer, record: str
) -> None:
    names.txt("acme.example", record)
    with outside(tmp_path, names) as door, door.client() as client:
        [refused] = client.hello().envelope(FAX)
        client.say("RSET")
        assert [refused] == client.envelope(FAX, sender="mallory@evil.example")
        assert refused.startswith("550 5.7.1 ")
        assert "SPF of acme.example" in door.audited("sender.refused")[0].data["why"]


def test_a_name_server_that_fails_puts_off(tmp_path: Path, names: NameServer) -> None:
    there = spf(names)

    async def from_afar(_address: str, sender: Address, hello: str) -> Opinion:
        return await there("192.0.2.9", sender, hello)

    names.moods["acme.example"] = BROKEN
    with Door(tmp_path, spf=from_afar, trusted_networks=()) as door, door.client() as client:
        assert client.hello().envelope(FAX)[0].startswith("451 4.7.0 ")
        assert len(door.audited("sender.put_off")) == 1
        names.moods.clear()
        names.txt("acme.example", "v=spf1 ip4:192.0.2.9 -all")
        client.say("RSET")
        assert client.fax(FAX).startswith("250 ")


def test_a_program_on_this_machine_does_not_wait_for_name_servers(tmp_path: Path, names: NameServer) -> None:
    names.moods["acme.example"] = BROKEN
    with outside(tmp_path, names) as door, door.client() as client:
        assert client.hello().envelope(FAX)[0].startswith("550 5.7.1 ")


def test_trusted_networks_ask_nobody(tmp_path: Path, names: NameServer) -> None:
    with Door(tmp_path, spf=spf(names)) as door, door.client() as client:
        assert client.hello().fax(FAX).startswith("250 ")
        assert names.asked == []


def test_strangers_ask_nobody(tmp_path: Path, names: NameServer) -> None:
    with outside(tmp_path, names) as door, door.client() as client:
        assert client.hello().envelope(FAX, sender="mallory@evil.example")[0].startswith("550 ")
        assert names.asked == []


def test_one_question_a_mail_whatever_its_recipients(tmp_path: Path, names: NameServer) -> None:
    names.txt("acme.example", PASS)
    with outside(tmp_path, names) as door, door.client() as client:
        client.hello().envelope(*[f"+8131234567{n}@fax.example.org" for n in range(5)])
        assert names.asked == ["acme.example TXT"]


@pytest.mark.parametrize("address", ["192.0.2.9", "::ffff:192.0.2.9", "2001:db8::9", "2001:db8::9%eth0"])
async def test_addresses_of_both_kinds(names: NameServer, address: str) -> None:
    names.txt("acme.example", "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all")
    assert (await asked(names, address)).evidence is not None


@pytest.mark.parametrize(
    "record", ["v=spf1 a:mail.acme.example -all", "v=spf1 mx -all", "v=spf1 include:inc.example -all"]
)
async def test_mechanisms_that_look_up(names: NameServer, record: str) -> None:
    names.txt("acme.example", record)
    names.txt("inc.example", "v=spf1 ip4:192.0.2.9 -all")
    names.records["acme.example", "MX"] = ["10 mail.acme.example."]
    names.records["mail.acme.example", "A"] = ["192.0.2.9"]
    assert (await asked(names)).evidence == {"by": "spf", "domain": "acme.example"}
    assert (await asked(names, "192.0.2.10")).evidence is None


@pytest.mark.parametrize(("includes", "passes"), [(10, True), (11, False)])
async def test_ten_look_ups_and_not_one_more(names: NameServer, includes: int, passes: bool) -> None:
    for n in range(includes - 1):
        names.txt(f"i{n}.example", "v=spf1 -all")
    names.txt("last.example", "v=spf1 ip4:192.0.2.9 -all")
    many = " ".join(f"include:i{n}.example" for n in range(includes - 1))
    names.txt("acme.example", f"v=spf1 {many} include:last.example -all")
    opinion = await asked(names)
    assert (opinion.evidence is not None) == passes
    assert not opinion.passing


@pytest.mark.parametrize(("voids", "passes"), [(2, True), (3, False)])
async def test_two_void_look_ups_and_not_one_more(names: NameServer, voids: int, passes: bool) -> None:
    many = " ".join(f"a:void{n}.example" for n in range(voids))
    names.txt("acme.example", f"v=spf1 {many} ip4:192.0.2.9 -all")
    assert ((await asked(names)).evidence is not None) == passes


async def test_silence_is_not_for_good(names: NameServer) -> None:
    names.moods["acme.example"] = SILENT
    opinion = await asked(names, timeout_s=0.2)
    assert opinion.passing
    assert opinion.evidence is None


async def test_a_loop_of_includes_ends(names: NameServer) -> None:
    names.txt("acme.example", "v=spf1 include:acme.example -all")
    assert (await asked(names)).why == "SPF of acme.example: permerror"
