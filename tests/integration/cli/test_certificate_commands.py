"""`postline keys certificate`, as an operator types it; and what check-config says of `[smime]`'s files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cli_fixtures import ACCOUNT, Console, configured
from smime_fixtures import ALICE, Authority, ec_key, pem, usage

from gateway.store import audit
from gateway.store.database import Store
from smime.certificates import fingerprint

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime.now(UTC)
DATES: dict[str, Any] = {"first": NOW - timedelta(days=1), "last": NOW + timedelta(days=30)}
ROOT = Authority.root("Anchor", **DATES)
PERSON = ROOT.person(key=ec_key("person"), **DATES)
MARK = fingerprint(PERSON.certificate)


@pytest.fixture
def console(tmp_path: Path) -> Console:
    (tmp_path / "accounts.toml").write_text(ACCOUNT)
    (tmp_path / "alice.pem").write_bytes(pem(PERSON.certificate))
    console = Console(configured(tmp_path))
    console.say("provision", tmp_path / "accounts.toml")
    return console


def add(console: Console, *options: str, file: str = "alice.pem") -> tuple[str | Path, ...]:
    return ("keys", "certificate", "add", str(console.config.parent / file), *options)


def test_a_certificate_is_kept_listed_and_removed(console: Console) -> None:
    assert console.say("keys", "certificate", "list") == "there are no certificates"
    kept = console.answer(*add(console, "--address", "Alice@ACME.example"))
    assert kept == {
        "certificate": 1,
        "account": "acme",
        "purpose": "encrypt",
        "address": ALICE,
        "fingerprint": MARK,
        "source": "command",
        "until": f"{DATES['last']:%Y-%m-%d}",
    }
    assert console.answer(*add(console, "--address", ALICE)) == kept, "the same again changes nothing"
    assert console.answer("keys", "certificate", "list", "--account", "acme") == [kept]
    assert console.say("keys", "certificate", "remove", "1") == "1: removed"
    assert console.say("keys", "certificate", "list") == "there are no certificates"
    assert console.refuse("keys", "certificate", "remove", "1").endswith("there is no certificate 1")
    store = Store(f"sqlite:///{console.config.parent / 'state' / 'postline.sqlite'}")
    try:
        with store.reading() as session:
            actions = [row.action for row in session.query(audit.Audit) if "certificate" in row.action]
    finally:
        store.close()
    assert actions == ["certificate.added", "certificate.removed"]


def test_the_operator_gives_one_for_all_accounts(console: Console) -> None:
    line = console.say(*add(console, "--purpose", "domain", "--address", "*@acme.example", "--operator"))
    assert line.startswith(f"kept 1  (operator)  domain  *@acme.example  {MARK[:16]}  until ")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ((), "needs an address"),
        (("--purpose", "signing", "--address", ALICE), "purpose is one of"),
        (("--purpose", "gateway", "--address", ALICE), "takes no address"),
        (("--purpose", "domain", "--address", "acme.example"), "vouches for *@domain"),
    ],
)
def test_what_serves_no_purpose_is_refused(console: Console, options: tuple[str, ...], sentence: str) -> None:
    assert sentence in console.refuse(*add(console, *options))


def test_a_certificate_that_cannot_be_used_is_refused(console: Console) -> None:
    folder = console.config.parent
    over = ROOT.person(key=ec_key("person"), first=NOW - timedelta(days=9), last=NOW - timedelta(days=1))
    signing = ROOT.person(key=ec_key("person"), usage_bits=usage("digital_signature"), **DATES)
    (folder / "over.pem").write_bytes(pem(over.certificate))
    (folder / "signing.pem").write_bytes(pem(signing.certificate))
    (folder / "noise.pem").write_bytes(b"no certificate")
    for file, sentence in {
        "over.pem": "the certificate ended on",
        "signing.pem": "not for encryption",
        "noise.pem": "noise.pem",
    }.items():
        assert sentence in console.refuse(*add(console, "--address", ALICE, file=file))


def test_check_config_reads_the_files_of_smime(console: Console) -> None:
    console.say("check-config")
    with console.config.open("a") as file:
        file.write('\n[smime]\ntrust = ["/nowhere/roots.pem"]\n')
    assert "smime.trust: /nowhere/roots.pem: No such file" in console.refuse("check-config")
