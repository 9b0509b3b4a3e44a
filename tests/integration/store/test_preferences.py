"""Users behind senders, and whose preference holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from store_fixtures import NOON, House

from gateway.store import accounts, audit
from gateway.store.models import Account, Sender, User

if TYPE_CHECKING:
    from gateway.store.models import Audit

ACME: dict[str, Any] = {
    "name": "acme",
    "country": "81",
    "senders": ["*@acme.example", "alice@acme.example"],
    "csid": "ACME",
    "notify": {"language": "ja", "format": "csv"},
    "smime": {"revocation": "soft"},
}
ALICE = {"login": "alice", "addresses": ["alice@acme.example"], "csid": "ALICE", "notify": {"language": "ru"}}
BOB = {"login": "bob", "addresses": ["bob@acme.example", "bob+*@acme.example"]}


def provision(house: House, *tables: dict[str, Any], **named: Any) -> accounts.Changes:
    changes: accounts.Changes = house.run(accounts.provision, tables, now=NOON, **named)
    return changes


def behind(house: House, address: str) -> str | None:
    with house.store.reading() as session:
        row = accounts.sender_row(session, address)
        user = accounts.user_behind(session, row.user_id) if row else None
        return user.login if user else None


def audited(house: House, account: str) -> list[Audit]:
    with house.store.reading() as session:
        row = accounts.account_named(session, account)
        return list(audit.latest(session, account_id=row.id if row else None))


def test_the_closest_sender_names_the_user(house: House) -> None:
    provision(house, {**ACME, "user": [ALICE, BOB]})
    assert behind(house, "Alice@acme.example") == "alice"
    assert behind(house, "bob+orders@acme.example") == "bob"
    assert behind(house, "carol@acme.example") is None
    assert behind(house, "alice@elsewhere.example") is None


def test_an_address_goes_from_one_user_to_another(house: House) -> None:
    provision(house, {**ACME, "user": [ALICE, BOB]})
    moved = [{"login": "alice"}, {**BOB, "addresses": ["alice@acme.example"]}]
    assert provision(house, {**ACME, "user": moved}).updated == ("acme",)
    assert behind(house, "alice@acme.example") == "bob"
    assert behind(house, "bob@acme.example") == "bob"  # not named any more, and not pruned


def test_a_pruned_user_leaves_no_one_behind_the_address(house: House) -> None:
    provision(house, {**ACME, "user": [ALICE, BOB]})
    provision(house, ACME, prune=True)
    assert behind(house, "alice@acme.example") is None
    with house.store.reading() as session:
        rows = session.scalars(select(Sender).where(Sender.account_id == 1)).all()
        assert {row.pattern: row.user_id for row in rows} == dict.fromkeys(ACME["senders"])


def test_the_user_goes_before_the_account_and_the_account_before_the_default() -> None:
    account = Account(name="acme", settings={"csid": "ACME", "networks": ["192.0.2.0/24"]})
    user = User(login="alice", settings={"csid": "ALICE"})
    assert accounts.preference(account, user, "csid", "none") == "ALICE"
    assert accounts.preference(account, None, "csid", "none") == "ACME"
    assert accounts.preference(account, user, "networks", []) == ["192.0.2.0/24"]
    assert accounts.preference(account, user, "contact", "none") == "none"


def test_a_table_is_put_together_key_by_key() -> None:
    account = Account(name="acme", settings={"notify": {"language": "ja", "format": "csv"}})
    user = User(login="alice", settings={"notify": {"language": "ru"}})
    usual = {"when": "always", "language": "en"}
    assert accounts.preference(account, user, "notify", usual) == {
        "when": "always",
        "language": "ru",
        "format": "csv",
    }
    assert accounts.preference(account, user, "smime", {}) == {}
    assert account.settings == {"notify": {"language": "ja", "format": "csv"}}
    assert usual == {"when": "always", "language": "en"}


def test_who_changed_which_part_of_an_account_is_audited_and_a_secret_is_not(house: House) -> None:
    provision(house, {**ACME, "user": [{**BOB, "password": "correct horse"}]}, actor="root (command line)")
    (row,) = [row for row in audited(house, "acme") if row.action == "account.changed"]
    assert row.actor == "root (command line)"
    assert row.data == {"account": "acme", "changed": ["columns", "users", "senders"]}
    provision(house, {**ACME, "user": [{**BOB, "password": "correct horse"}]}, actor="again")
    assert [row.actor for row in audited(house, "acme") if row.action == "account.changed"] == [row.actor]
    everything = [row for name in ("acme", "") for row in audited(house, name)]
    assert "correct horse" not in "".join(str(row.data) for row in everything)


def test_what_was_audited_of_an_account_outlives_it(house: House) -> None:
    provision(house, {"name": "idle", "senders": ["idle@x.example"]}, actor="one")
    provision(house, ACME, prune=True, actor="two")
    told = [(row.action, row.actor) for row in audited(house, "") if row.data.get("account") == "idle"]
    assert told == [("account.removed", "two"), ("account.created", "one")]
