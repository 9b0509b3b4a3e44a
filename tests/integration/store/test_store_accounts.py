"""Provisioning and identification, on both databases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select
from store_fixtures import NOON, House

from gateway.domain.dialling import Caller
from gateway.domain.errors import BadConfig
from gateway.store import accounts
from gateway.store.models import Account, Route, Sender, Token, User

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.store.accounts import Changes

FULL: dict[str, Any] = {
    "name": "acme",
    "country": "81",
    "area_code": "3",
    "timezone": "Asia/Tokyo",
    "senders": ["Alice@acme.example", "*@orders.acme.example"],
    "sender_evidence": "envelope",
    "smime_policy": "required",
    "uncertain": "ask",
    "notify": {"when": "failure", "format": "csv", "language": "ja", "attach_image": True},
    "include_body": True,
    "retries": {"dials": 6, "interval_minutes": 5},
    "international": True,
    "calling_window": "Mon-Fri 08:00-20:00",
    "caps": {"calls_per_hour": 60, "pages_per_day": 500},
    "approval": {"pages": 100},
    "header": "{From} P.{Page}",
    "user": [{"login": "alice", "extension": "101", "password": "correct horse", "roles": ["owner"]}],
    "number": [{"match": {"called": "+81344772288"}, "forward": ["alice@acme.example", "b@gmail.example"]}],
    "token": [{"face": "axatel", "value": "s3cret"}],
}


def provision(house: House, *tables: dict[str, Any], prune: bool = False) -> Changes:
    changes: Changes = house.run(accounts.provision, tables, prune=prune, now=NOON)
    return changes


def sender(house: House, address: str) -> str | None:
    account = house.store.read(accounts.account_for_sender, address)
    return None if account is None else str(account.name)


def count(house: House, kind: Any) -> int:
    with house.store.reading() as session:
        return len(session.scalars(select(kind)).all())


def test_an_account_is_written_as_the_file_says(house: House) -> None:
    provision(house, FULL)
    with house.store.reading() as session:
        account = accounts.account_named(session, "acme")
        assert account is not None
        assert (account.country, account.area_code, account.timezone) == ("81", "3", "Asia/Tokyo")
        assert (account.sender_evidence, account.smime_policy, account.uncertain) == (
            "envelope",
            "required",
            "ask",
        )
        assert account.include_body
        told = ("notify", "retries", "international", "calling_window", "caps", "approval", "header")
        assert account.settings == {key: FULL[key] for key in told}
        assert accounts.caller(account) == Caller("81", "3", international=True)
        assert {s.pattern for s in account.senders} == {"alice@acme.example", "*@orders.acme.example"}
        (route,) = accounts.routes(session)
        assert (route.called, route.forward, route.format) == (
            "0081344772288",
            ["alice@acme.example", "b@gmail.example"],
            "pdf",
        )


def test_provisioning_twice_changes_nothing_the_second_time(house: House) -> None:
    other = {**FULL, "name": "new", "senders": [], "user": [], "token": []}
    assert str(provision(house, FULL, other)) == "created: new; updated: acme"
    with house.store.reading() as session:
        before = session.scalars(select(User.password)).all()
    assert str(provision(house, FULL, other)) == "unchanged: acme, new"
    with house.store.reading() as session:
        assert session.scalars(select(User.password)).all() == before


def test_passwords_and_tokens_are_not_readable_in_the_database(house: House) -> None:
    provision(house, FULL)
    with house.store.reading() as session:
        user = session.scalars(select(User)).one()
        token = session.scalars(select(Token)).one()
    assert user.password is not None
    assert user.password.startswith("$argon2id$")
    assert len(token.sha256) == 64
    assert "s3cret" not in token.sha256


def test_a_password_opens_its_own_login_only(house: House) -> None:
    nobody = {"login": "nobody"}
    provision(house, {**FULL, "user": [*FULL["user"], nobody]})
    found = house.store.read(accounts.find_user, "alice", "correct horse")
    assert found is not None
    assert found.roles == ["owner"]
    for login, password in (("alice", "wrong"), ("bob", "correct horse"), ("nobody", ""), ("alice", "")):
        assert house.store.read(accounts.find_user, login, password) is None


def test_a_changed_password_is_changed(house: House) -> None:
    provision(house, FULL)
    changed = provision(house, {**FULL, "user": [{**FULL["user"][0], "password": "battery staple"}]})
    assert changed.updated == ("acme",)
    assert house.store.read(accounts.find_user, "alice", "correct horse") is None
    assert house.store.read(accounts.find_user, "alice", "battery staple") is not None


def test_a_token_opens_its_own_face_only(house: House) -> None:
    provision(house, FULL)
    assert house.store.read(accounts.find_token, "axatel", "s3cret", NOON) is not None
    assert house.store.read(accounts.find_token, "faxplus", "s3cret", NOON) is None
    assert house.store.read(accounts.find_token, "axatel", "other", NOON) is None


def test_secrets_may_stand_in_files(house: House, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("from a file\n")
    (tmp_path / "token").write_text("tok\r\n")
    user = {"login": "carol", "password_file": str(tmp_path / "password")}
    token = {"face": "api", "value_file": str(tmp_path / "token")}
    provision(house, {"name": "acme", "user": [user], "token": [token]})
    assert house.store.read(accounts.find_user, "carol", "from a file") is not None
    assert house.store.read(accounts.find_token, "api", "tok", NOON) is not None


def test_what_the_file_does_not_name_stays_until_it_is_pruned(house: House) -> None:
    provision(house, FULL)
    smaller = {"name": "acme", "country": "81", "senders": ["carol@acme.example"]}
    provision(house, smaller)
    assert [count(house, kind) for kind in (Sender, User, Token, Route)] == [3, 1, 1, 1]
    provision(house, smaller, prune=True)
    assert [count(house, kind) for kind in (Sender, User, Token, Route)] == [1, 0, 0, 0]
    assert sender(house, "carol@acme.example") == "acme"


def test_pruning_deletes_an_unused_account_and_locks_out_a_used_one(house: House) -> None:
    (number,) = house.accept("0081312345678")
    provision(house, {"name": "idle", "senders": ["idle@x.example"]})
    changes = provision(house, {"name": "new"}, prune=True)
    assert set(changes.removed) == {"acme", "idle"}
    assert sender(house, "alice@acme.example") is None
    with house.store.reading() as session:
        assert set(session.scalars(select(Account.name))) == {"acme", "new"}
    assert house.delivery(number).number == number
    assert provision(house, {"name": "new"}, prune=True).removed == ()


def test_an_exact_sender_comes_before_a_pattern_and_a_close_pattern_before_a_wide_one(house: House) -> None:
    house.account(name="wide", senders=["*@*.example"])
    house.account(name="close", senders=["*@acme.example"])
    assert sender(house, "alice@acme.example") == "acme"
    assert sender(house, "ALICE@ACME.EXAMPLE") == "acme"
    assert sender(house, "bob@acme.example") == "close"
    assert sender(house, "bob@other.example") == "wide"
    assert sender(house, "bob@other.test") is None


@pytest.mark.parametrize(
    "address", ["", "   ", "<>", "alice", "@acme.example", "*@acme.example", "%@acme.example"]
)
def test_nobody_is_nobody(house: House, address: str) -> None:
    assert sender(house, address) is None


def test_what_cannot_be_meant_changes_nothing(house: House) -> None:
    with pytest.raises(BadConfig, match="account acme: 'nmae'"):
        provision(house, {"name": "first"}, {"name": "acme", "nmae": "x"})
    with house.store.reading() as session:
        assert accounts.account_named(session, "first") is None


@pytest.mark.parametrize("part", ["senders", "user", "token"])
def test_what_belongs_to_another_account_is_not_taken_from_it(house: House, part: str) -> None:
    provision(house, FULL)
    with pytest.raises(BadConfig, match=r"account thief: .* belongs to account acme"):
        provision(house, {"name": "thief", part: FULL[part]})
    with house.store.reading() as session:
        assert accounts.account_named(session, "thief") is None


def test_routes_keep_the_order_of_the_file(house: House) -> None:
    numbers = [
        {"match": {"line": line}, "forward": ["a@b.example"], "format": "tiff"} for line in ("c", "a", "b")
    ]
    provision(house, {"name": "acme", "number": numbers})
    with house.store.reading() as session:
        assert [route.line for route in accounts.routes(session)] == ["c", "a", "b"]
    provision(house, {"name": "acme", "number": numbers[::-1]})
    with house.store.reading() as session:
        assert [route.line for route in accounts.routes(session)] == ["b", "a", "c"]
    assert count(house, Route) == 3
