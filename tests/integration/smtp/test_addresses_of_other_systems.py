"""Addresses that other fax systems write, at the door: what they become, and what is said to the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from smtp_fixtures import ACCOUNTS, NOON

from gateway.domain.conventions import NAMES
from gateway.store import accounts
from gateway.store.models import Delivery, Fax

if TYPE_CHECKING:
    from smtp_fixtures import Client, Door


def listens_to(door: Door, *names: str) -> None:
    """Switch on conventions of the account."""
    door.store.run(accounts.provision, [ACCOUNTS[0] | {"conventions": list(names)}], now=NOON)


@pytest.mark.parametrize(
    ("address", "meant"),
    [
        ("FAX=+1-202-555-0123/T33S=42@fax.example.org", ("0012025550123", "42", "")),
        ("/FAX=+81-3-6368-4300/@fax.example.org", ("0081363684300", "", "")),
        ("FAX=+81363684300/ATTN=Jo_Smith/CO=JP@fax.example.org", ("0081363684300", "", "Jo Smith")),
    ],
)
def test_addresses_of_internet_fax_are_taken_unasked(
    door: Door, client: Client, address: str, meant: tuple[str, str, str]
) -> None:
    client.fax(address)
    [delivery] = door.rows(Delivery)
    assert (delivery.destination, delivery.sub, delivery.contact) == meant


@pytest.mark.parametrize(
    ("address", "options", "contact"),
    [
        ("FAX=0363684300/FAX-PRIORITY=0@fax.example.org", {"priority": "high"}, ""),
        ("0363684300^FINE^RETRIES=1@fax.example.org", {"resolution": "fine", "dials": 2}, ""),
        ("0363684300@fax-lowres.example.org", {"resolution": "standard"}, ""),
        ("anna/R=low@0363684300.fax.example.org", {"resolution": "standard"}, "anna"),
    ],
)
def test_addresses_with_options_are_taken_where_they_are_switched_on(
    door: Door, client: Client, address: str, options: dict[str, object], contact: str
) -> None:
    listens_to(door, *NAMES)
    client.fax(address)
    [delivery], [fax] = door.rows(Delivery), door.rows(Fax)
    assert (delivery.destination, delivery.contact) == ("0081363684300", contact)
    assert fax.options == options


@pytest.mark.parametrize(
    "address",
    [
        "FAX=0363684300/FAX-PRIORITY=0@fax.example.org",
        "0363684300^FINE@fax.example.org",
        "0363684300@fax-lowres.example.org",
        "anna@0363684300.fax.example.org",
        "VOICE=+81363684300@fax.example.org",
    ],
)
def test_the_same_addresses_are_no_numbers_where_they_are_not(
    door: Door, client: Client, address: str
) -> None:
    [reply] = client.envelope(address)
    assert reply.startswith("553 5.1.3 ")
    assert door.numbers == []


def test_internet_fax_addresses_can_be_switched_off(door: Door, client: Client) -> None:
    listens_to(door, "gfi")
    [reply] = client.envelope("FAX=+81363684300/ATTN=Jo@fax.example.org")
    assert reply.startswith("553 ")


def test_an_impossible_option_is_said_at_once(door: Door, client: Client) -> None:
    listens_to(door, "faxfinder", "courier")
    first, second = client.envelope(
        "FAX=0363684300/COVER-PAGE-ENABLED=true@fax.example.org", "0363684300@fax-cover.example.org"
    )
    assert first == (
        "553 5.1.3 The address asks for something impossible: "
        "COVER-PAGE-ENABLED: this gateway has no cover pages"
    )
    assert second.startswith("553 5.1.3 ")


def test_addresses_that_want_different_things_go_in_mails_of_their_own(door: Door, client: Client) -> None:
    listens_to(door, "satisfaxtion")
    assert [
        reply[:9]
        for reply in client.envelope(
            "0363684300^FINE@fax.example.org",
            "0363684301@fax.example.org",
            "0363684302^FINE@fax.example.org",
        )
    ] == ["250 2.1.5", "452 4.5.3", "250 2.1.5"]
    client.data()
    assert door.numbers == ["0081363684300", "0081363684302"]


def test_strangers_learn_nothing_from_such_addresses(client: Client) -> None:
    replies = client.envelope(
        "anna@0363684300.fax.example.org", "0363684300@fax.example.org", sender="eve@evil.example"
    )
    assert replies[0] == replies[1]
    assert replies[0].startswith("550 5.7.1 Not allowed")


def test_other_domains_are_still_not_ours(client: Client) -> None:
    for domain in ("anna.fax.example.org", "0363684300.example.org", "fax-lowres.example.com"):
        [reply] = client.envelope(f"0363684300@{domain}")
        assert reply.startswith("550 5.7.1 This host relays no mail")
        client.say("RSET")
