"""The memory of used signatures, and the certificates that accounts and the operator gave us."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from smime_fixtures import Authority, pem

from gateway.domain.errors import BadConfig
from gateway.store import accounts, certificates, replays
from gateway.store.certificates import BadCertificate, Given
from gateway.store.database import Store
from gateway.store.models import Account, Audit, Replay
from gateway.store.replays import Use

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy.orm import Session

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ALICE = "alice@acme.example"
TABLES: list[dict[str, Any]] = [
    {
        "name": "acme",
        "country": "81",
        "senders": [ALICE],
        "number": [
            {"match": {"called": "+81344772288"}, "forward": [ALICE, "backup@gmail.example"]},
            {"match": {"line": "usb0"}, "forward": ["Alice@Acme.example"]},
        ],
    },
    {"name": "other", "country": "81", "senders": ["*@other.example"], "number": []},
]
FIRST = Use(
    1, "d" * 64, "a" * 64, ("00811", "00812"), vouched=False, until=NOON + 73 * HOUR, repeats=24 * HOUR
)


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    opened = Store(url)
    yield opened
    opened.close()


@pytest.fixture
def ids(store: Store) -> dict[str, int]:
    store.run(accounts.provision, TABLES, now=NOON)
    return {name: store.read(accounts.account_named, name).id for name in ("acme", "other")}  # type: ignore[union-attr]


def use(store: Store, ids: dict[str, int], at: datetime = NOON, *, who: str = "acme", **changes: Any) -> bool:
    return store.run(replays.first_use, replace(FIRST, account_id=ids[who], **changes), at)


def test_a_signature_serves_the_recipients_it_came_with(store: Store, ids: dict[str, int]) -> None:
    assert use(store, ids)
    assert use(store, ids, NOON + HOUR)
    assert use(store, ids, NOON + HOUR, recipients=("00812",))
    assert not use(store, ids, NOON + HOUR, recipients=("00813",))
    assert not use(store, ids, NOON + HOUR, recipients=("00811", "00813"))


def test_another_wording_is_a_replay(store: Store, ids: dict[str, int]) -> None:
    assert use(store, ids)
    assert not use(store, ids, asked="b" * 64)


def test_recipients_under_the_signature_may_follow(store: Store, ids: dict[str, int]) -> None:
    assert use(store, ids, vouched=True)
    assert use(store, ids, vouched=True, recipients=("00813",))
    assert not use(store, ids, vouched=True, recipients=("00813",), asked="b" * 64)


def test_the_same_again_after_a_day_is_no_mistake(store: Store, ids: dict[str, int]) -> None:
    assert use(store, ids)
    assert use(store, ids, NOON + 24 * HOUR)
    assert not use(store, ids, NOON + 24 * HOUR + timedelta(seconds=1))


def test_accounts_do_not_share_the_memory(store: Store, ids: dict[str, int]) -> None:
    assert use(store, ids)
    assert use(store, ids, who="other", asked="b" * 64)


def test_a_refused_use_leaves_no_row(store: Store, ids: dict[str, int]) -> None:
    assert use(store, ids)
    assert not use(store, ids, recipients=("00811", "00813"))
    assert store.read(lambda s: s.query(Replay).count()) == 2


def test_a_signature_that_is_too_old_to_pass_is_forgotten(store: Store, ids: dict[str, int]) -> None:
    assert use(store, ids)
    store.run(replays.forget, NOON + 73 * HOUR)
    assert store.read(lambda s: s.query(Replay).count()) == 2
    store.run(replays.forget, NOON + 73 * HOUR + timedelta(seconds=1))
    assert store.read(lambda s: s.query(Replay).count()) == 0


# -- certificates


def given(purpose: str = "encrypt", address: str = ALICE, mark: str = "f", days: int = 100) -> Given:
    return Given(purpose, mark.encode(), mark * 64, NOON + timedelta(days=days), address)


def add(store: Store, account_id: int | None, one: Given, *, source: str = "command") -> int:
    def write(session: Session) -> int:
        return certificates.add(session, account_id, one, source=source, actor="me", now=NOON).id

    return store.run(write)


def usable(
    store: Store, account_id: int | None, address: str = ALICE, at: datetime = NOON
) -> tuple[bytes, ...]:
    return store.read(certificates.to_encrypt_to, account_id, address, at)


def test_the_same_certificate_is_kept_once_and_noted_once(store: Store, ids: dict[str, int]) -> None:
    assert add(store, ids["acme"], given()) == add(store, ids["acme"], given(address="Alice@ACME.example"))
    assert add(store, None, given()) == add(store, None, given())
    noted = store.read(
        lambda s: [row.account_id for row in s.query(Audit).filter_by(action="certificate.added")]
    )
    assert noted == [ids["acme"], None]


def test_an_account_s_own_certificate_goes_before_the_operator_s(store: Store, ids: dict[str, int]) -> None:
    add(store, None, given(mark="o"))
    assert usable(store, ids["acme"]) == (b"o",)
    add(store, ids["acme"], given(mark="a"))
    add(store, ids["acme"], given(mark="b"))
    assert usable(store, ids["acme"], "ALICE@acme.example") == (b"b", b"a")
    assert usable(store, ids["other"]) == (b"o",)
    assert usable(store, None) == (b"o",)
    assert usable(store, ids["acme"], "bob@acme.example") == ()


def test_a_certificate_that_is_over_is_no_certificate(store: Store, ids: dict[str, int]) -> None:
    add(store, ids["acme"], given(days=1))
    assert usable(store, ids["acme"], at=NOON + timedelta(hours=23)) == (b"f",)
    assert usable(store, ids["acme"], at=NOON + timedelta(days=1)) == ()


def test_a_mailed_certificate_takes_the_place_of_the_one_mailed_before(
    store: Store, ids: dict[str, int]
) -> None:
    add(store, ids["acme"], given(mark="c"))
    for mark in "mn":
        store.run(certificates.enrol, ids["acme"], given(mark=mark), actor=ALICE, now=NOON)
    assert usable(store, ids["acme"]) == (b"n", b"c")
    removed = store.read(lambda s: s.query(Audit).filter_by(action="certificate.removed").one())
    assert (removed.actor, removed.data["fingerprint"]) == (ALICE, "m" * 64)


def test_signers_are_the_account_s_and_the_operator_s(store: Store, ids: dict[str, int]) -> None:
    add(store, ids["acme"], given("pin", mark="p"))
    add(store, None, given("gateway", "", mark="g"))
    add(store, ids["other"], given("domain", "*@other.example", mark="d"))
    add(store, ids["acme"], given("client", "", mark="c"))
    add(store, ids["acme"], given())
    found = store.read(lambda s: [row.fingerprint[0] for row in certificates.signers(s, ids["acme"])])
    assert found == ["p", "g"]


@pytest.mark.parametrize(
    "wrong",
    [
        given("sign"),
        given("encrypt", ""),
        given("pin", ""),
        given("gateway"),
        given("domain", "acme.example"),
    ],
    ids=lambda one: f"{one.purpose} {one.address}",
)
def test_a_certificate_that_serves_no_purpose_is_refused(store: Store, wrong: Given) -> None:
    with pytest.raises(BadCertificate):
        add(store, None, wrong)


def test_who_knows_an_address(store: Store, ids: dict[str, int]) -> None:
    assert store.read(certificates.accounts_of, "ALICE@acme.example") == [ids["acme"]]
    assert store.read(certificates.accounts_of, "backup@gmail.example") == [ids["acme"]]
    assert store.read(certificates.accounts_of, "any@other.example") == [], "a pattern names nobody"


def test_an_address_that_mailed_a_certificate_is_enrolled_for_good(store: Store, ids: dict[str, int]) -> None:
    add(store, ids["acme"], given())
    assert not store.read(certificates.enrolled, ids["acme"], ALICE), (
        "the operator's word alone changes nothing"
    )
    store.run(certificates.enrol, ids["acme"], given(mark="m", days=-1), actor=ALICE, now=NOON)
    assert store.read(certificates.enrolled, ids["acme"], "Alice@acme.example")
    assert not store.read(certificates.enrolled, ids["other"], ALICE)


def test_the_owner_of_a_certificate_has_a_name(store: Store, ids: dict[str, int]) -> None:
    add(store, ids["acme"], given())
    add(store, None, given())

    def names(session: Session) -> list[str]:
        rows = [*certificates.found(session, ids["acme"]), *certificates.found(session, None)]
        return [certificates.owner_name(session, row) for row in rows]

    assert store.read(names) == ["acme", ""]
    assert store.read(lambda s: s.get(Account, ids["acme"]).name) == "acme"


# -- from a provisioning file


def provisioned(store: Store, *tables: dict[str, Any], prune: bool = False) -> str:
    return str(store.run(accounts.provision, list(tables), prune=prune, now=NOON))


def test_certificates_are_provisioned_once_and_pruned_when_the_file_forgets_them(
    store: Store, tmp_path: Path
) -> None:
    person = Authority.root().person()
    (tmp_path / "alice.pem").write_bytes(pem(person.certificate))
    (tmp_path / "alice.cer").write_bytes(person.certificate.public_bytes(Encoding.DER))
    given_twice = [
        {"file": str(tmp_path / "alice.pem"), "address": ALICE},
        {"file": str(tmp_path / "alice.cer"), "address": ALICE, "purpose": "pin"},
    ]
    table = {"name": "acme", "country": "81", "certificate": given_twice}
    assert provisioned(store, table) == "created: acme"
    assert provisioned(store, table) == "unchanged: acme"
    account_id = store.read(lambda s: s.query(Account).one().id)
    store.run(certificates.enrol, account_id, given(mark="m"), actor=ALICE, now=NOON)
    assert provisioned(store, table | {"certificate": []}) == "unchanged: acme"
    assert provisioned(store, table | {"certificate": []}, prune=True) == "updated: acme"
    assert store.read(lambda s: [row.source for row in certificates.found(s, account_id)]) == ["mail"]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"file": "/nowhere/a.pem", "address": ALICE}, "No such file"),
        ({"file": "/etc/hostname", "address": ALICE}, "there is no certificate in this file"),
        ({"path": "x"}, "'path' is not a key here"),
    ],
)
def test_a_certificate_that_cannot_be_read_changes_nothing(
    store: Store, wrong: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(BadConfig, match=sentence):
        provisioned(store, {"name": "acme", "certificate": [wrong]})
    assert store.read(lambda s: s.query(Account).count()) == 0


def test_an_account_that_goes_takes_its_memory_of_signatures_with_it(
    store: Store, ids: dict[str, int]
) -> None:
    assert use(store, ids)
    assert "acme" in provisioned(store, TABLES[1], prune=True)
    assert store.read(lambda s: s.query(Replay).count()) == 0
