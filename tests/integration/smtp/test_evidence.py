"""Who the sender is, and why: the envelope inside trusted networks, or an account's own choice."""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from smtp_fixtures import ACCOUNTS, NOON

from gateway.domain.dialling import Caller
from gateway.mailin.auth import Login
from gateway.mailin.envelope import NULL, parse_address
from gateway.mailin.evidence import KnownSender, Peer, Provable, Stranger, identify
from gateway.mailin.settings import Relay, SmtpSettings
from gateway.store import accounts, migrate
from gateway.store.database import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTINGS = SmtpSettings(
    domains=("fax.example.org",),
    operator=("ops@example.org",),
    trusted_networks=(ipaddress.ip_network("10.1.0.0/16"), ipaddress.ip_network("2001:db8::/32")),
)
INSIDE, OUTSIDE = "10.1.2.3", "192.0.2.9"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path / 'db.sqlite'}"
    migrate.upgrade(url)
    store = Store(url)
    store.run(accounts.provision, ACCOUNTS, now=NOON)
    yield store
    store.close()


def who(
    store: Store, sender: str, peer: str, settings: SmtpSettings = SETTINGS, *judges: str
) -> KnownSender | Provable | Stranger:
    address = parse_address(sender) if sender else NULL
    return store.read(identify, address, Peer(peer), settings, frozenset(judges))


def provision(store: Store, **keys: object) -> None:
    """Change acme."""
    store.run(accounts.provision, [ACCOUNTS[0] | keys], now=NOON)


def with_networks(store: Store, *networks: str) -> None:
    """Let acme send from networks of its own."""
    with store.begin() as session:
        account = accounts.account_named(session, "acme")
        assert account is not None
        account.settings = account.settings | {"networks": list(networks)}


def test_a_trusted_network_proves_the_envelope(store: Store) -> None:
    assert who(store, "Alice@ACME.example", INSIDE) == KnownSender(
        1, Caller("81", "3", international=True), {"by": "trusted_network", "network": "10.1.0.0/16"}
    )


@pytest.mark.parametrize("peer", ["2001:db8::7", "2001:db8::7%eth0", "::ffff:10.1.2.3"])
def test_networks_of_ipv6_count_too(store: Store, peer: str) -> None:
    assert isinstance(who(store, "alice@acme.example", peer), KnownSender)


@pytest.mark.parametrize("peer", [OUTSIDE, "10.2.0.1", "2001:db9::1", "::ffff:192.0.2.9", "", "no address"])
def test_elsewhere_the_envelope_proves_nothing(store: Store, peer: str) -> None:
    found = who(store, "alice@acme.example", peer)
    assert found == Stranger("no proof of the sender", 1)


def test_an_account_may_choose_to_believe_the_envelope_from_anywhere(store: Store) -> None:
    found = who(store, "carol@classic.example", OUTSIDE)
    assert isinstance(found, KnownSender)
    assert found.evidence == {"by": "envelope"}


def test_a_trusted_network_is_the_better_proof(store: Store) -> None:
    found = who(store, "carol@classic.example", INSIDE)
    assert isinstance(found, KnownSender)
    assert found.evidence["by"] == "trusted_network"


@pytest.mark.parametrize(
    ("sender", "stranger"),
    [
        ("", Stranger("null sender")),
        ("mallory@evil.example", Stranger("unknown sender")),
        ("mallory@acme.example", Stranger("unknown sender", 1)),
        ("mallory@classic.example", Stranger("unknown sender", 2)),
        ("mallory@notacme.example", Stranger("unknown sender")),
        ("alice@sub.acme.example", Stranger("unknown sender")),
    ],
)
def test_strangers_are_told_apart_only_in_the_audit(store: Store, sender: str, stranger: Stranger) -> None:
    assert who(store, sender, INSIDE) == stranger


def test_a_domain_of_two_accounts_is_the_operators(store: Store) -> None:
    second = {"name": "second", "country": "81", "senders": ["dave@acme.example"]}
    store.run(accounts.provision, [second], now=NOON)
    assert who(store, "mallory@acme.example", INSIDE) == Stranger("unknown sender")


def test_without_trusted_networks_nobody_is_inside(store: Store) -> None:
    alone = replace(SETTINGS, trusted_networks=())
    assert isinstance(who(store, "alice@acme.example", "127.0.0.1", alone), Stranger)


def test_an_account_may_send_from_networks_of_its_own(store: Store) -> None:
    with_networks(store, "192.0.2.0/28")
    inside = who(store, "alice@acme.example", OUTSIDE)
    assert isinstance(inside, KnownSender)
    assert inside.evidence == {"by": "network", "network": "192.0.2.0/28"}
    assert who(store, "alice@acme.example", "192.0.2.16") == Stranger("no proof of the sender", 1)
    assert isinstance(who(store, "carol@classic.example", "192.0.2.16"), KnownSender)


def test_what_the_mail_itself_may_prove_passes_until_the_end_of_data(store: Store) -> None:
    found = who(store, "alice@acme.example", OUTSIDE, SETTINGS, "dkim", "smime")
    assert isinstance(found, Provable)
    assert found.by == {"dkim", "smime"}
    known = found.proved({"by": "dkim"})
    assert (known.account_id, known.evidence) == (1, {"by": "dkim"})


@pytest.mark.parametrize("sender", ["", "mallory@evil.example", "mallory@acme.example"])
def test_judges_make_nobody_of_whom_we_do_not_know(store: Store, sender: str) -> None:
    assert isinstance(who(store, sender, OUTSIDE, SETTINGS, "dkim", "smime"), Stranger)


def test_verified_wants_more_than_the_operators_networks(store: Store) -> None:
    provision(store, sender_evidence="verified")
    assert isinstance(who(store, "alice@acme.example", INSIDE), Stranger)
    assert isinstance(who(store, "alice@acme.example", INSIDE, SETTINGS, "dkim"), Provable)
    with_networks(store, "10.1.2.0/24")
    assert isinstance(who(store, "alice@acme.example", INSIDE), KnownSender)


def test_smime_wants_a_signature_wherever_the_mail_comes_from(store: Store) -> None:
    provision(store, sender_evidence="smime")
    with_networks(store, "10.1.2.0/24")
    assert isinstance(who(store, "alice@acme.example", INSIDE, SETTINGS, "dkim"), Stranger)
    found = who(store, "alice@acme.example", INSIDE, SETTINGS, "dkim", "smime")
    assert isinstance(found, Provable)
    assert found.by == {"smime"}


USERS = [{"login": "alice", "roles": ["sender"]}, {"login": "rita", "roles": ["reader"]}]
SIGNED_IN = Peer(OUTSIDE, login=Login("alice", 1, 1))
LEVELS = ("envelope", "default", "verified", "smime")
SHOWN = {
    "MAIL FROM alone": (Peer(OUTSIDE), ()),
    "from `smtp.trusted_networks`": (Peer(INSIDE), ()),
    "from the account's or user's `networks`": (Peer("198.51.100.1"), ()),
    "SMTP AUTH as a user": (SIGNED_IN, ()),
    "SPF pass": (Peer(OUTSIDE), ("spf",)),
    "a relay of": (Peer("203.0.113.1"), ("relay",)),
    "DKIM of that domain": (Peer(OUTSIDE), ("dkim",)),
    "a valid S/MIME signature": (Peer(OUTSIDE), ("smime",)),
}


def table_of_the_guide() -> dict[str, list[bool]]:
    """Return proof -> whether it counts, for each of `LEVELS`, as the operators' guide has it."""
    guide = (Path(__file__).parents[3] / "docs" / "operating.md").read_text(encoding="utf-8")
    _, _, section = guide.partition("### Who is believed")
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")][2:10]
    return {row[0].strip(): [cell.strip() == "yes" for cell in row[1:]] for row in rows}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("proof", SHOWN)
def test_every_level_takes_the_proofs_that_the_guide_says(store: Store, proof: str, level: str) -> None:
    [row] = [cells for name, cells in table_of_the_guide().items() if name.startswith(proof)]
    provision(store, sender_evidence=level, networks=["198.51.100.0/24"], user=USERS)
    peer, judges = SHOWN[proof]
    relays = (Relay(ipaddress.ip_network("203.0.113.0/24"), "mx.example.org"),)
    settings = replace(SETTINGS, trusted_relays=relays)
    found = store.read(identify, parse_address("alice@acme.example"), peer, settings, frozenset(judges))
    assert (not isinstance(found, Stranger)) == row[LEVELS.index(level)]


def test_a_relays_own_address_is_not_asked_about(store: Store) -> None:
    relays = (Relay(ipaddress.ip_network("203.0.113.0/24"), "mx.example.org"),)
    settings = replace(SETTINGS, trusted_relays=relays)
    judges = ("spf", "relay", "dkim")
    behind = who(store, "alice@acme.example", "203.0.113.1", settings, *judges)
    direct = who(store, "alice@acme.example", OUTSIDE, settings, *judges)
    assert isinstance(behind, Provable)
    assert isinstance(direct, Provable)
    assert (behind.by, direct.by) == ({"relay", "dkim"}, {"spf", "dkim"})


def test_a_relay_in_a_network_of_the_account_is_a_relay(store: Store) -> None:
    """Whatever strangers send comes from its address."""
    relays = (Relay(ipaddress.ip_network("203.0.113.1/32"), "mx.example.org"),)
    settings = replace(SETTINGS, trusted_relays=relays)
    with_networks(store, "203.0.113.0/24")
    assert isinstance(who(store, "alice@acme.example", "203.0.113.1", settings, "relay"), Provable)
    assert isinstance(who(store, "alice@acme.example", "203.0.113.2", settings, "relay"), KnownSender)


@pytest.mark.parametrize(
    ("login", "why"),
    [
        (Login("carol", 7, 2), "carol signed in for another account"),
        (Login("rita", 2, 1), "the roles of rita allow no sending"),
        (Login("zoe", 9, 1), "zoe signed in and was removed since"),
    ],
)
def test_who_signed_in_as_somebody_else_is_refused_even_inside(store: Store, login: Login, why: str) -> None:
    provision(store, user=USERS)
    found = store.read(identify, parse_address("alice@acme.example"), Peer(INSIDE, login=login), SETTINGS)
    assert found == Stranger(why, login.account_id)
