"""Lists in the store: replaced whole, read in order, each account its own, every change audited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from store_fixtures import NOON, House

from gateway.domain.number_lists import Entry
from gateway.store import accounts, audit, lists
from gateway.store.faxes import Recipient
from gateway.store.models import ListEntry

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.orm import Session

SATO = Entry("0081363684300", person="Sato", company="ACME")
GLOBEX = Entry("0012025550123", sub="42", company="Globex")
TEST = Entry("0099999996017")


def write(house: House, name: str, *entries: Entry, account: str = "acme", actor: str = "root") -> bool:
    def run(session: Session) -> bool:
        owner = accounts.account_named(session, account)
        assert owner is not None
        return lists.replace(session, owner, name, entries, NOON, actor=actor)

    return bool(house.run(run))


def remove(house: House, name: str) -> bool:
    def run(session: Session) -> bool:
        owner = accounts.account_named(session, "acme")
        assert owner is not None
        return lists.remove(session, owner, name, NOON, actor="root")

    return bool(house.run(run))


def rows(house: House) -> int:
    with house.store.reading() as session:
        return session.scalar(select(func.count(ListEntry.id))) or 0


def audited(house: House) -> list[tuple[str, Any]]:
    found = house.store.read(audit.latest, account_id=1)
    return [(row.action, row.data.get("numbers")) for row in found if row.action.startswith("list.")]


def test_a_list_is_read_in_its_order_with_whom_it_is_for(house: House) -> None:
    assert write(house, "all", GLOBEX, SATO, TEST)
    assert house.store.read(lists.recipients, "all", account_id=1) == (
        Recipient("0012025550123", contact="Globex", sub="42"),
        Recipient("0081363684300", contact="Sato"),
        Recipient("0099999996017", simulated_status=6017),
    )


def test_a_list_is_replaced_whole_and_the_same_again_is_no_change(house: House) -> None:
    assert write(house, "all", SATO, GLOBEX)
    assert not write(house, "all", SATO, GLOBEX)
    assert write(house, "all", GLOBEX, SATO)
    assert write(house, "all", TEST)
    assert house.store.read(lists.entries, "all", account_id=1) == [TEST]
    assert rows(house) == 1
    assert audited(house) == [("list.changed", 1), ("list.changed", 2), ("list.created", 2)]


def test_another_account_sees_nothing_of_it(house: House) -> None:
    house.account(name="other", senders=["bob@other.example"])
    write(house, "all", SATO)
    assert write(house, "all", GLOBEX, account="other")
    assert house.store.read(lists.entries, "all", account_id=1) == [SATO]
    assert house.store.read(lists.entries, "all", account_id=2) == [GLOBEX]
    assert house.store.read(lists.names, account_id=2) == {"all": 1}
    assert house.store.read(lists.entries, "none", account_id=1) is None


def test_a_removed_list_leaves_nothing_but_its_audit_row(house: House) -> None:
    write(house, "all", SATO)
    assert remove(house, "all")
    assert not remove(house, "all")
    assert rows(house) == 0
    assert house.store.read(lists.names, account_id=1) == {}
    assert audited(house)[0][0] == "list.removed"


def test_a_file_provisions_lists_and_pruning_takes_away_what_it_does_not_name(
    house: House, tmp_path: Path
) -> None:
    file = tmp_path / "customers.csv"
    file.write_text("company,person,number\nACME,Sato,03-6368-4300\n", encoding="utf-8")
    acme = {"name": "acme", "country": "81", "senders": ["alice@acme.example"]}
    full = {
        **acme,
        "list": [{"name": "Customers", "file": str(file)}, {"name": "t", "numbers": ["009999999-0"]}],
    }
    changes = house.run(accounts.provision, [full], now=NOON)
    assert str(changes) == "updated: acme"
    assert house.store.read(lists.names, account_id=1) == {"customers": 1, "t": 1}
    assert str(house.run(accounts.provision, [full], now=NOON)) == "unchanged: acme"
    house.run(accounts.provision, [acme], now=NOON)
    assert set(house.store.read(lists.names, account_id=1)) == {"customers", "t"}
    house.run(accounts.provision, [{**full, "list": full["list"][:1]}], now=NOON, prune=True)
    assert set(house.store.read(lists.names, account_id=1)) == {"customers"}
