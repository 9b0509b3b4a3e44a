"""Trusted relays: the topmost Authentication-Results counts, with the relay's own name on it; no other."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smtp_fixtures import MAIL as BARE
from smtp_fixtures import Door

from gateway.mailin.envelope import parse_address
from gateway.mailin.judging import Opinion
from gateway.mailin.relays import Relays, proof_in, results_of
from gateway.mailin.settings import Relay
from gateway.store.models import Message

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gateway.mailin.envelope import Address

FAX = "+81312345678@fax.example.org"
MAIL = b"From: Alice <alice@acme.example>\r\n" + BARE
RELAYS = (Relay(ipaddress.ip_network("127.0.0.0/8"), "mx.example.org"),)


async def passes(_address: str, _sender: Address, _hello: str) -> Opinion:
    """Be an SPF that would believe anybody."""
    return Opinion(evidence={"by": "spf"})


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    """A door behind a relay at loopback."""
    judges = {"relay": Relays(RELAYS)}
    with Door(tmp_path, judges=judges, spf=passes, trusted_networks=(), trusted_relays=RELAYS) as door:
        yield door


def answer(door: Door, *fields: str, sender: str = "alice@acme.example", mail: bytes = MAIL) -> str:
    head = "".join(f"{field}\r\n" for field in fields).encode()
    with door.client() as client:
        return client.hello().fax(FAX, mail=head + mail, sender=sender)


def results(text: str, server: str = "mx.example.org") -> str:
    return f"Authentication-Results: {server}; {text}"


@pytest.mark.parametrize(
    ("found", "method"),
    [
        ("auth=pass smtp.auth=alice@acme.example", "auth"),
        ("auth=pass (cram) smtp.mailfrom=Alice@ACME.example", "auth"),
        ("spf=pass smtp.mailfrom=alice@acme.example", "spf"),
        ("spf=pass smtp.mailfrom=acme.example", "spf"),
        ("spf=fail smtp.mailfrom=acme.example; dkim=pass header.d=acme.example", "dkim"),
        ("dmarc=pass (p=reject) header.from=acme.example; spf=pass smtp.mailfrom=acme.example", "dmarc"),
        (
            "dkim=fail header.d=acme.example;\r\n dkim=pass header.d=acme.example header.i=@acme.example",
            "dkim",
        ),
    ],
)
def test_what_the_relay_found_out_counts(door: Door, found: str, method: str) -> None:
    assert answer(door, results(found)).startswith("250 ")
    assert door.rows(Message)[0].evidence == {"by": "relay", "relay": "mx.example.org", "method": method}


@pytest.mark.parametrize(
    "found",
    [
        "none",
        "spf=fail smtp.mailfrom=acme.example",
        "spf=softfail smtp.mailfrom=alice@acme.example",
        "spf=pass smtp.mailfrom=evil.example",
        "spf=pass smtp.mailfrom=bob@acme.example",
        "spf=pass smtp.helo=acme.example",
        "dkim=pass header.d=evil.example",
        "dkim=pass header.d=sub.acme.example",
        "dkim=pass header.i=@acme.example",
        "dmarc=pass header.from=evil.example",
        "dmarc=fail header.from=acme.example",
        "auth=pass smtp.auth=mallory@acme.example",
        "iprev=pass policy.iprev=192.0.2.1",
        "x-own=pass smtp.mailfrom=alice@acme.example",
        "this cannot be read",
    ],
)
def test_what_it_did_not_find_out_does_not(door: Door, found: str) -> None:
    assert answer(door, results(found)).startswith("550 5.7.1 Not allowed to send here")


PROOF = "spf=pass smtp.mailfrom=acme.example"


@pytest.mark.parametrize(
    "fields",
    [
        (),
        (results(PROOF, "mx.evil.example"),),
        (results("none"), results(PROOF)),
        (results(PROOF, "mx.evil.example"), results(PROOF)),
        ("X-" + results(PROOF),),
        ("ARC-" + results(PROOF),),
    ],
)
def test_only_the_topmost_and_only_its_own(door: Door, fields: tuple[str, ...]) -> None:
    assert answer(door, *fields).startswith("550 ")


AUTHOR = b"From: %s\r\n" + BARE
OF_DOMAIN = ("dkim=pass header.d=acme.example", "dmarc=pass header.from=acme.example")


@pytest.mark.parametrize("found", OF_DOMAIN)
@pytest.mark.parametrize(
    "mail",
    [
        AUTHOR % b"mallory@acme.example",
        AUTHOR % b'"alice@acme.example" <mallory@acme.example>',
        AUTHOR % b"alice@acme.example, mallory@acme.example",
        AUTHOR % b"carol@classic.example",
        AUTHOR % (b"(" * 5000),
        AUTHOR % b"undisclosed:;",
        b"From: mallory@acme.example\r\n" + MAIL,
        MAIL.replace(b"From", b"X-From"),
    ],
)
def test_a_proof_of_the_domain_is_none_of_another_author(door: Door, found: str, mail: bytes) -> None:
    """Whoever has a mail box in that domain could have had it signed."""
    assert answer(door, results(found), mail=mail).startswith("550 5.7.1 Not allowed to send here")
    assert answer(door, results(f"{found}; {PROOF}"), mail=mail).startswith("250 ")
    assert door.rows(Message)[-1].evidence["method"] == "spf"


@pytest.mark.parametrize("found", OF_DOMAIN)
def test_any_sender_of_the_account_may_be_the_author(door: Door, found: str) -> None:
    assert answer(door, results(found), mail=AUTHOR % b"Shop <shop@ORDERS.acme.example>").startswith("250 ")


def test_comments_without_end_break_nothing(door: Door) -> None:
    assert answer(door, results("(" * 6000)).startswith("550 5.7.1 ")


def test_what_lies_below_the_relays_own_does_no_harm(door: Door) -> None:
    fields = ("Received: from x by mx.example.org", results(PROOF), results("spf=fail", "mx.evil.example"))
    assert answer(door, *fields).startswith("250 ")


def test_the_relays_address_is_nobodys(door: Door) -> None:
    """SPF is not asked about a relay: it would be asked about the wrong address."""
    assert answer(door).startswith("550 ")


def test_trouble_of_the_relay_is_not_for_good(door: Door) -> None:
    assert answer(door, results("spf=temperror smtp.mailfrom=acme.example")).startswith("451 4.7.0 ")


def test_from_elsewhere_the_field_is_worth_nothing(tmp_path: Path) -> None:
    away = (Relay(ipaddress.ip_network("192.0.2.0/24"), "mx.example.org"),)
    judges = {"relay": Relays(away)}
    with Door(tmp_path, judges=judges, trusted_networks=(), trusted_relays=away) as door, door.client() as c:
        assert c.hello().envelope(FAX)[0].startswith("550 ")


def test_connections_of_a_relay_are_not_counted(tmp_path: Path) -> None:
    limits = {"connections_per_ip": 1}
    with (
        Door(tmp_path, limits=limits, trusted_networks=(), trusted_relays=RELAYS) as door,
        door.client() as first,
        door.client() as second,
    ):
        first.hello()
        second.hello()


@given(st.binary(max_size=300))
def test_nothing_a_field_says_breaks_the_reader(value: bytes) -> None:
    found = results_of(b"mx.example.org; " + value, "mx.example.org")
    if found is not None:
        assert proof_in(found, parse_address("alice@acme.example")) in {"", "auth", "spf", "dkim", "dmarc"}
