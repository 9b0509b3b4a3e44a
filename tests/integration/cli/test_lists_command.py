"""`postline lists`: import, show, remove, in words and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cli_fixtures import ACCOUNT, Console, configured

from gateway.store import audit, faxes
from gateway.store.database import Store

if TYPE_CHECKING:
    from pathlib import Path

CUSTOMERS = "company,person,number\nACME 商事,佐藤,+81363684300\nGlobex,,+81312345678\n"


@pytest.fixture
def console(tmp_path: Path) -> Console:
    (tmp_path / "accounts.toml").write_text(ACCOUNT)
    console = Console(configured(tmp_path))
    console.say("provision", tmp_path / "accounts.toml")
    return console


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "customers.csv"
    file.write_text(CUSTOMERS, encoding="utf-8")
    return file


def test_a_list_is_imported_named_printed_and_removed(console: Console, file: Path) -> None:
    assert console.say("lists", "show") == "there are no lists"
    assert console.say("lists", "import", "Customers", file) == "customers: written, 2 numbers"
    assert console.say("lists", "import", "customers", file) == "customers: unchanged, 2 numbers"
    assert console.answer("lists", "show") == {"customers": 2}
    assert console.say("lists", "show", "Customers") == CUSTOMERS.strip()
    assert console.answer("lists", "show", "customers")[0] == {
        "company": "ACME 商事",
        "person": "佐藤",
        "number": "0081363684300",
        "sub": "",
    }
    assert console.answer("lists", "remove", "customers") == {"list": "customers", "removed": True}
    assert console.refuse("lists", "remove", "customers") == "postline: there is no list customers"
    assert console.refuse("lists", "show", "customers") == "postline: there is no list customers"


def test_doubles_are_counted_and_bad_lines_refuse_all(console: Console, file: Path) -> None:
    file.write_text(CUSTOMERS + "Again,,03-1234-5678\n", encoding="utf-8")
    assert console.say("lists", "import", "a", file).endswith("2 numbers, 1 lines named a number twice")
    file.write_text(CUSTOMERS + "Abroad,,+12025550123\n", encoding="utf-8")
    assert console.refuse("lists", "import", "a", file).startswith("line 4: +1 2025550123 is abroad")
    assert console.answer("lists", "show") == {"a": 2}
    assert "cannot name a list" in console.refuse("lists", "import", "0312345678", file)
    assert console.refuse("lists", "import", "a", file, "--account", "nobody") == "No such account."


def test_who_changed_a_list_is_in_the_audit(console: Console, file: Path, tmp_path: Path) -> None:
    console.say("lists", "import", "customers", file)
    store = Store(f"sqlite:///{tmp_path / 'state' / 'postline.sqlite'}")
    row = store.read(audit.latest, account_id=1)[0]
    store.close()
    assert (row.action, row.data["list"], row.data["numbers"]) == ("list.created", "customers", 2)
    assert row.actor.endswith("(command line)")


def test_a_document_is_sent_to_a_list_from_the_shell(console: Console, file: Path, tmp_path: Path) -> None:
    console.say("lists", "import", "customers", file)
    (tmp_path / "order.txt").write_text("Good morning\n")
    sent = console.answer("send", "list=Customers", tmp_path / "order.txt")
    assert [console.answer("status", sent["number"] + n)["with"] for n in (0, 1)] == [
        "0081363684300",
        "0081312345678",
    ]
    assert console.answer("status", sent["number"])["cost"] == 0
    store = Store(f"sqlite:///{tmp_path / 'state' / 'postline.sqlite'}")
    fax = store.read(faxes.get_fax, 1)
    store.close()
    assert fax is not None
    assert fax.batch == "customers"
    assert fax.message is not None
    assert fax.message.evidence == {"by": "command"}
    assert console.refuse("send", "list=press", tmp_path / "order.txt") == "There is no list press."
    waiting = console.refuse("send", "list=customers", tmp_path / "order.txt", "--wait")
    assert waiting == "--wait follows one number, not a list."
