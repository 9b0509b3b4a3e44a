"""A mail to a list: one fax, a delivery for each number, and the two limits that hold there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from smtp_fixtures import MAIL, NOON, Door

from gateway.domain.number_lists import Entry
from gateway.mailin.replies import BAD_NUMBER, NO_LIST
from gateway.store import accounts, lists
from gateway.store.models import Delivery, Fax

if TYPE_CHECKING:
    from pathlib import Path

    from smtp_fixtures import Client
    from sqlalchemy.orm import Session

SATO = Entry("0081363684300", person="Sato", company="ACME")
ITO = Entry("0081312345678", company="Globex")
AT = "@fax.example.org"


def write(door: Door, name: str, *entries: Entry, account: str = "acme") -> None:
    def run(session: Session) -> None:
        owner = accounts.account_named(session, account)
        assert owner is not None
        lists.replace(session, owner, name, entries, NOON)

    door.store.run(run)


@pytest.mark.parametrize(
    "local", ["customers", "Customers", "list=customers", "LIST=Customers", '"list=customers"']
)
def test_a_list_becomes_one_fax_with_a_delivery_for_each_number(
    door: Door, client: Client, local: str
) -> None:
    write(door, "customers", SATO, ITO)
    reply = client.fax(local + AT)
    deliveries = door.rows(Delivery)
    assert reply == f"250 2.0.0 queued as {deliveries[0].number}"
    assert [(d.destination, d.contact) for d in deliveries] == [
        (SATO.destination, "Sato"),
        (ITO.destination, "Globex"),
    ]
    [fax] = door.rows(Fax)
    assert fax.batch == "customers"


def test_lists_and_numbers_mix_and_no_number_is_faxed_twice(door: Door, client: Client) -> None:
    write(door, "customers", SATO, ITO)
    write(door, "press", ITO, Entry("0081344772288"))
    client.fax("0312345678" + AT, "customers" + AT, "list=press" + AT)
    assert door.numbers == ["0081312345678", "0081363684300", "0081344772288"]
    [fax] = door.rows(Fax)
    assert fax.batch == "customers, press"


def test_a_list_of_another_account_is_none(door: Door, client: Client) -> None:
    write(door, "customers", SATO, account="classic")
    replies = client.envelope("customers" + AT, "list=customers" + AT)
    assert replies[-2:] == [
        str(BAD_NUMBER),
        str(NO_LIST),
    ]


def test_a_number_is_a_number_even_where_a_list_has_a_name_like_one(door: Door, client: Client) -> None:
    write(door, "0344772288x", SATO)
    client.fax("0344772288" + AT)
    assert door.numbers == ["0081344772288"]


def test_all_lists_of_a_mail_hold_so_many_numbers_and_not_one_more(tmp_path: Path) -> None:
    with Door(tmp_path, limits={"numbers": 3}) as door, door.client() as client:
        write(door, "two", SATO, ITO)
        write(door, "three", SATO, ITO, Entry("0081344772288"))
        write(door, "four", *(Entry(f"008131234567{n}") for n in range(4)))
        replies = client.hello().envelope("two" + AT, "four" + AT, "three" + AT)
        assert [reply[:9] for reply in replies[-3:]] == ["250 2.1.5", "452 4.5.3", "250 2.1.5"]
        assert client.say(f"RCPT TO:<0366778899{AT}>").startswith("452 4.5.3"), (
            "a number behind them counts too"
        )
        assert client.say(f"RCPT TO:<0344772288{AT}>").startswith("250 2.1.5"), "one that is there does not"
        assert client.data(MAIL).startswith("250")
        assert len(door.rows(Delivery)) == 3


def test_a_list_is_one_of_the_recipients_that_are_counted(tmp_path: Path) -> None:
    with Door(tmp_path, limits={"recipients": 2}) as door, door.client() as client:
        write(door, "many", *(Entry(f"008131234567{n}") for n in range(9)))
        replies = client.hello().envelope("many" + AT, "0344772288" + AT, "0363684300" + AT)
        assert [reply[:9] for reply in replies[-3:]] == ["250 2.1.5", "250 2.1.5", "452 4.5.3"]


def test_a_user_whose_roles_do_not_let_them_send_is_refused_like_anyone(door: Door, client: Client) -> None:
    reader = {"login": "bob", "addresses": ["bob@acme.example"], "roles": ["reader"]}
    both = {"login": "eve", "addresses": ["eve@acme.example"], "roles": ["reader", "sender"]}
    acme = {"name": "acme", "country": "81", "user": [reader, both]}
    door.store.run(accounts.provision, [acme], now=NOON)
    assert client.envelope("0344772288" + AT, sender="bob@acme.example")[-1].startswith("550 5.7.1")
    [row] = door.audited("sender.refused")
    assert row.data["why"] == "this user may not send"
    client.say("RSET")
    assert client.envelope("0344772288" + AT, sender="eve@acme.example")[-1].startswith("250")
