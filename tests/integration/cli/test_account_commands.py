"""`postline users`, `keys` and `audit`, as an operator types them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from cli_fixtures import ACCOUNT, Console, configured

from gateway.store import accounts
from gateway.store.database import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def console(tmp_path: Path) -> Console:
    (tmp_path / "accounts.toml").write_text(ACCOUNT)
    console = Console(configured(tmp_path))
    console.say("provision", tmp_path / "accounts.toml")
    return console


@pytest.fixture
def store(console: Console) -> Iterator[Store]:
    store = Store(f"sqlite:///{console.config.parent / 'state' / 'postline.sqlite'}")
    yield store
    store.close()


def test_a_user_is_added_given_a_password_and_roles_and_removed(console: Console, store: Store) -> None:
    assert console.say("users", "list") == "there are no users"
    added = console.say(
        "users", "add", "bob", "--name", "Bob", "--role", "reader", "--address", "Bob@acme.example"
    )
    assert added == "added bob  acme  Bob  reader  bob@acme.example  (no password)"
    console.say("users", "password", "bob", stdin="correct horse\n")
    assert store.read(accounts.find_user, "bob", "correct horse") is not None
    console.say("users", "roles", "bob", "sender", "admin")
    console.say("users", "addresses", "bob")
    assert console.answer("users", "list", "--account", "acme") == [
        {
            "login": "bob",
            "account": "acme",
            "name": "Bob",
            "roles": ["sender", "admin"],
            "addresses": [],
            "extension": "",
            "password": True,
        }
    ]
    assert console.say("users", "remove", "bob") == "bob: removed"
    assert console.refuse("users", "remove", "bob") == "There is no user bob."


def test_a_password_comes_from_a_file_or_standard_input_and_never_from_the_line(
    console: Console, store: Store, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("from a file\n")
    console.say("users", "add", "bob", "--password-file", tmp_path / "password")
    assert store.read(accounts.find_user, "bob", "from a file") is not None
    console.say("users", "password", "bob", "--password-file", "-", stdin="from a pipe\n")
    assert store.read(accounts.find_user, "bob", "from a pipe") is not None
    assert (
        console.refuse("users", "password", "bob", stdin="short\n") == "A password has at least 8 characters."
    )
    assert "No such option" in console.refuse("users", "add", "eve", "--password", "x")


def test_what_is_wrong_is_said_and_nothing_is_left_behind(console: Console) -> None:
    assert console.refuse("users", "add", "bob", "--role", "root").startswith("There is no role 'root'")
    assert "is not a mail address" in console.refuse("users", "add", "bob", "--address", "bob")
    assert console.refuse("users", "add", "bob", "--account", "nobody") == "No such account."
    assert console.answer("users", "list") == []


def test_a_token_is_printed_once_and_revoked_by_its_number(console: Console, store: Store) -> None:
    made = console.answer("keys", "create", "api", "--name", "crm", "--days", "30")
    now = datetime.now(UTC)
    assert store.read(accounts.find_token, "api", made["value"], now) is not None
    listed = console.say("keys", "list")
    assert made["value"] not in listed
    assert listed.startswith(f"{made['token']}  acme  api  crm  until 20")
    assert made["value"] not in str(console.answer("keys", "list", "--account", "acme"))
    assert console.say("keys", "revoke", made["token"]) == f"{made['token']}: revoked"
    assert store.read(accounts.find_token, "api", made["value"], now) is None
    assert console.refuse("keys", "revoke", made["token"]) == f"postline: there is no token {made['token']}"


def test_a_token_may_have_a_users_rights(console: Console) -> None:
    console.say("users", "add", "bob")
    assert console.answer("keys", "create", "faxplus", "--user", "bob")["user"] == "bob"
    assert console.refuse("keys", "create", "faxplus", "--user", "eve") == "There is no user eve."
    assert console.refuse("keys", "create", "telex").startswith("There is no face 'telex'")


def test_the_audit_tells_who_did_what_newest_last(console: Console) -> None:
    console.say("users", "add", "bob")
    console.say("users", "roles", "bob", "reader")
    rows = console.answer("audit", "--action", "user.", "--account", "acme")
    assert [(row["action"], row["account"]) for row in rows] == [
        ("user.added", "acme"),
        ("user.roles", "acme"),
    ]
    assert all(row["actor"].endswith("(command line)") for row in rows)
    [line] = console.say("audit", "--limit", "1").splitlines()
    assert "user.roles" in line
    assert '"before": ["sender"]' in line
    assert console.say("audit", "--action", "nothing.") == "nothing"


def test_an_account_that_anybody_could_spend_for_is_warned_of_wherever_one_looks(
    console: Console, tmp_path: Path
) -> None:
    classic = tmp_path / "classic.toml"
    classic.write_text(ACCOUNT + 'sender_evidence = "envelope"\n')
    said = "account acme: anybody can send in its name, and it has no spending cap"
    assert said in console.run("provision", classic).stderr
    assert console.answer("check-config")["warnings"] == [said]
    [finding] = [one for one in console.run("doctor", "--json").stdout.splitlines() if "spending cap" in one]
    assert said in finding
    classic.write_text(ACCOUNT + 'sender_evidence = "envelope"\ncaps = { cost_per_day = 500 }\n')
    assert "no price list" in console.run("provision", classic).stderr
    console.config.write_text(console.config.read_text() + '[dialling]\nprices = { "*" = { minute = 10 } }\n')
    assert console.run("provision", classic).stderr == ""
