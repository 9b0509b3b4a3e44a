"""Users and tokens changed one by one, on both databases; and that every change names who made it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from store_fixtures import NOON, House

from gateway.domain.errors import Refused
from gateway.store import accounts, audit, tokens, users
from gateway.store.models import Account

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from gateway.store.models import Audit, User

VALUE = "a-value-nobody-can-guess"


def do(house: House, login: str, change: Callable[..., Any], *arguments: Any) -> None:
    """Change a user, as root."""

    def run(session: Session) -> None:
        user = users.named(session, login)
        assert user is not None
        change(session, user, *arguments, NOON, actor="root")

    house.run(run)


def add(house: House, login: str, account: int = 1, **named: Any) -> User:
    def run(session: Session) -> User:
        return users.add(session, session.get_one(Account, account), login, NOON, actor="root", **named)

    user: User = house.run(run)
    return user


def behind(house: House, address: str) -> str | None:
    with house.store.reading() as session:
        row = accounts.sender_row(session, address)
        user = accounts.user_behind(session, row.user_id) if row else None
        return user.login if user else None


def audited(house: House, account: int = 1) -> list[Audit]:
    rows = house.store.read(audit.latest, account_id=account)
    return [row for row in reversed(rows) if row.action.startswith(("user.", "token."))]


def test_a_user_may_send_at_once_and_log_in_once_there_is_a_password(house: House) -> None:
    add(house, "bob", name="Bob", addresses=["bob@acme.example"])
    assert behind(house, "bob@acme.example") == "bob"
    assert house.store.read(accounts.find_user, "bob", "") is None
    do(house, "bob", users.set_password, "correct horse")
    found = house.store.read(accounts.find_user, "bob", "correct horse")
    assert found is not None
    assert found.roles == ["sender"]
    assert found.settings == {"name": "Bob", "addresses": ["bob@acme.example"]}


def test_every_change_of_a_user_is_audited_with_who_made_it_and_without_the_password(house: House) -> None:
    add(house, "bob", addresses=["bob@acme.example"])
    do(house, "bob", users.set_password, "correct horse")
    do(house, "bob", users.set_roles, ["admin", "reader", "admin"])
    do(house, "bob", users.remove)
    rows = audited(house)
    assert [row.action for row in rows] == [
        "user.added",
        "user.addresses",
        "user.password",
        "user.roles",
        "user.removed",
    ]
    assert {row.actor for row in rows} == {"root"}
    assert rows[3].data == {"login": "bob", "before": ["sender"], "roles": ["admin", "reader"]}
    assert "correct horse" not in str([row.data for row in rows])


def test_addresses_are_replaced_and_old_ones_may_send_no_more(house: House) -> None:
    add(house, "bob", addresses=["bob@acme.example", "b+*@acme.example"])
    do(house, "bob", users.set_addresses, ["robert@acme.example", "alice@acme.example"])
    assert behind(house, "alice@acme.example") == "bob"
    assert behind(house, "robert@acme.example") == "bob"
    assert house.store.read(accounts.sender_row, "bob@acme.example") is None


def test_a_removed_user_takes_senders_and_tokens_along_and_nobody_elses(house: House) -> None:
    add(house, "bob", addresses=["bob@acme.example"])
    add(house, "eve", addresses=["eve@acme.example"])
    for login in ("bob", "eve", ""):
        make(house, value=VALUE + login, user=login)
    do(house, "bob", users.remove)
    assert house.store.read(accounts.sender_row, "bob@acme.example") is None
    assert behind(house, "eve@acme.example") == "eve"
    assert [
        house.store.read(accounts.find_token, "api", VALUE + login, NOON) is not None
        for login in ("bob", "eve", "")
    ] == [
        False,
        True,
        True,
    ]


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        ({"login": "alice"}, "There is a user alice already"),
        ({"login": ""}, "1 to 100 characters"),
        ({"login": "a\nb"}, "1 to 100 characters"),
        ({"login": "x" * 101}, "1 to 100 characters"),
        ({"login": "bob", "roles": ["root"]}, "no role 'root'; there are owner, admin, sender"),
        ({"login": "bob", "addresses": ["carol@acme.example"]}, "belongs to somebody else"),
        ({"login": "bob", "addresses": ["boss@other.example"]}, "belongs to somebody else"),
    ],
)
def test_what_is_taken_or_does_not_exist_is_refused(
    house: House, named: dict[str, Any], sentence: str
) -> None:
    house.account(name="other", senders=["boss@other.example"])
    add(house, "alice", addresses=["carol@acme.example"])
    with pytest.raises(Refused, match=sentence):
        add(house, **named)
    assert [user.login for user in house.store.read(users.all_users)] == ["alice"]


@pytest.mark.parametrize(("password", "fits"), [("1234567", False), ("12345678", True)])
def test_a_password_has_eight_characters_and_not_one_less(house: House, password: str, *, fits: bool) -> None:
    add(house, "bob")
    if fits:
        do(house, "bob", users.set_password, password)
    else:
        with pytest.raises(Refused, match="at least 8"):
            do(house, "bob", users.set_password, password)
    assert (house.store.read(accounts.find_user, "bob", password) is not None) is fits


def test_a_user_is_found_in_the_own_account_only(house: House) -> None:
    house.account(name="other", senders=["boss@other.example"])
    add(house, "bob")
    add(house, "boss", account=2)
    assert house.store.read(users.named, "bob", account_id=2) is None
    assert [user.login for user in house.store.read(users.all_users, account_id=2)] == ["boss"]
    assert len(house.store.read(users.all_users)) == 2


def make(house: House, *, value: str = VALUE, user: str = "", account: int = 1, **named: Any) -> int:
    def run(session: Session) -> int:
        owner = session.get_one(Account, account)
        whose = users.named(session, user) if user else None
        face = named.pop("face", "api")
        return tokens.create(session, owner, face, NOON, value=value, actor="root", user=whose, **named).id

    return int(house.run(run))


def test_a_token_opens_its_face_until_its_time_is_over_or_it_is_revoked(house: House) -> None:
    number = make(house, name="crm", expires_at=NOON + timedelta(days=1))
    almost = NOON + timedelta(days=1, seconds=-1)
    assert house.store.read(accounts.find_token, "api", VALUE, almost) is not None
    assert house.store.read(accounts.find_token, "api", VALUE, NOON + timedelta(days=1)) is None
    assert house.store.read(accounts.find_token, "axatel", VALUE, NOON) is None
    assert house.run(tokens.revoke, number, NOON, actor="root")
    assert house.store.read(accounts.find_token, "api", VALUE, NOON) is None
    assert not house.run(tokens.revoke, number, NOON, actor="root")
    rows = audited(house)
    assert [(row.action, row.data["name"]) for row in rows] == [
        ("token.created", "crm"),
        ("token.revoked", "crm"),
    ]
    assert VALUE not in str([row.data for row in rows])


def test_a_token_is_revoked_by_its_own_account_only(house: House) -> None:
    house.account(name="other", senders=["boss@other.example"])
    number = make(house)
    assert not house.run(tokens.revoke, number, NOON, actor="boss", account_id=2)
    assert [token.id for token in house.store.read(tokens.listed, account_id=1)] == [number]
    assert house.store.read(tokens.listed, account_id=2) == []


def test_a_token_that_could_be_guessed_or_has_another_accounts_rights_is_refused(house: House) -> None:
    house.account(name="other", senders=["boss@other.example"])
    add(house, "boss", account=2)
    with pytest.raises(Refused, match="at least 20 characters"):
        make(house, value="x" * 19)
    with pytest.raises(Refused, match="no face 'telex'"):
        make(house, face="telex")
    with pytest.raises(Refused, match="boss is no user of account acme"):
        make(house, user="boss")
    assert make(house, value="x" * 20)


def test_the_audit_is_searched_by_account_and_by_the_beginning_of_the_action(house: House) -> None:
    house.account(name="other", senders=["boss@other.example"])
    add(house, "bob")
    add(house, "boss", account=2)
    found = house.store.read(audit.search, action="user.")
    assert [(row.data["login"], account) for row, account in found] == [("boss", "other"), ("bob", "acme")]
    assert [row.data["login"] for row, _ in house.store.read(audit.search, account_id=1, action="user")] == [
        "bob"
    ]
    assert house.store.read(audit.search, action="user%") == []
    [(newest, account)] = house.store.read(audit.search, limit=1)
    assert (newest.action, account) == ("user.added", "other")
    assert [account for row, account in house.store.read(audit.search, action="provision")] == ["", ""]
