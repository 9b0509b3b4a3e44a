"""No account sees or touches what is another's: every function of the store that takes an account, walked.

The table says how to call each. The owner must get something and only the owner's; the other account must get
nothing, or a refusal, and must change nothing. A function that is not in the table fails this test, so that
nobody adds one without thinking of it.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select
from store_fixtures import NOON, House

import gateway.store
from gateway.domain.errors import Refused
from gateway.domain.number_lists import Entry
from gateway.domain.states import ForwardState, ReceptionState
from gateway.store import (
    accounts,
    audit,
    certificates,
    events,
    faxes,
    history,
    lists,
    queue,
    receptions,
    release,
    resend,
    tokens,
    users,
)
from gateway.store.models import Account, Base, Forward, Reception

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.orm import Session

OWNER, OTHER = 1, 2
ADDRESS = "alice@acme.example"


class World:
    """Two accounts, one of which has one of everything."""

    def __init__(self, house: House) -> None:
        self.house = house
        house.account(
            name="acme",
            country="81",
            senders=[ADDRESS],
            approval={"pages": 2},
            user=[{"login": "alice", "addresses": [ADDRESS]}],
        )
        house.account(name="other", country="81", senders=["bob@other.example"])
        (self.number,) = house.ready(pages=1)
        (self.large,) = house.ready(pages=3)
        (self.final,) = house.ready(pages=1)
        house.run(queue.request_cancel, self.final, NOON, new_id=house.new_id)
        self.fax_id = house.delivery(self.number).fax_id
        self.reception, self.token = house.run(self._fill)

    def _fill(self, session: Session) -> tuple[int, int]:
        owner = session.get_one(Account, OWNER)
        lists.replace(session, owner, "customers", [Entry("0081363684300")], NOON)
        token = tokens.create(session, owner, "api", NOON, value="x" * 32, actor="root")
        for purpose in ("encrypt", "pin"):
            certificates.add(session, OWNER, mailed(purpose), source="mail", actor=ADDRESS, now=NOON)
        number = faxes.allocate(session, "reception")
        row = Reception(
            number=number, account_id=OWNER, state=ReceptionState.ROUTED, line="a", started_at=NOON
        )
        session.add(row)
        session.flush()
        forward = Forward(
            reception_number=number, account_id=OWNER, address=ADDRESS, state=ForwardState.PENDING
        )
        session.add(forward)
        return number, token.id


def mailed(purpose: str) -> certificates.Given:
    """Return a certificate of the owner's address."""
    der = f"{purpose} certificate".encode()
    return certificates.Given(purpose, der, purpose.rjust(64, "0"), NOON + timedelta(days=9), ADDRESS)


def deciding(function: Any) -> Callable[[World, Session, int], Any]:
    """Call a function by which a person decides about a large fax."""
    return lambda w, s, a: function(s, w.large, NOON, actor="x", new_id=w.house.new_id, account_id=a)


CASES: dict[str, Callable[[World, Session, int], Any]] = {
    "audit.latest": lambda _, s, a: audit.latest(s, account_id=a),
    "audit.search": lambda _, s, a: [row for row, _ in audit.search(s, account_id=a, action="list.")],
    "certificates.enrolled": lambda _, s, a: certificates.enrolled(s, a, ADDRESS),
    "certificates.found": lambda _, s, a: certificates.found(s, a),
    "certificates.is_kept": lambda _, s, a: certificates.is_kept(s, a, mailed("pin")),
    "certificates.signers": lambda _, s, a: certificates.signers(s, a),
    "certificates.to_encrypt_to": lambda _, s, a: certificates.to_encrypt_to(s, a, ADDRESS, NOON),
    "events.since": lambda _, s, a: events.since(s, 0, account_id=a),
    "faxes.deliveries": lambda _, s, a: faxes.deliveries(s, account_id=a),
    "faxes.get_delivery": lambda w, s, a: faxes.get_delivery(s, w.number, account_id=a),
    "faxes.get_fax": lambda w, s, a: faxes.get_fax(s, w.fax_id, account_id=a),
    "history.history": lambda _, s, a: history.history(s, history.Search(), account_id=a),
    "lists.entries": lambda _, s, a: lists.entries(s, "customers", account_id=a),
    "lists.names": lambda _, s, a: lists.names(s, account_id=a),
    "lists.recipients": lambda _, s, a: lists.recipients(s, "customers", account_id=a),
    "queue.request_cancel": lambda w, s, a: queue.request_cancel(
        s, w.number, NOON, new_id=w.house.new_id, account_id=a
    ),
    "receptions.get_reception": lambda w, s, a: receptions.get_reception(s, w.reception, account_id=a),
    "receptions.receptions": lambda _, s, a: receptions.receptions(s, account_id=a),
    "release.approve": deciding(release.approve),
    "release.send_back": deciding(release.send_back),
    "release.waiting": lambda _, s, a: release.waiting(s, account_id=a),
    "resend.resend": lambda w, s, a: resend.resend(
        s, w.final, NOON, actor="x", new_id=w.house.new_id, account_id=a
    ),
    "tokens.listed": lambda _, s, a: tokens.listed(s, account_id=a),
    "tokens.revoke": lambda w, s, a: tokens.revoke(s, w.token, NOON, actor="x", account_id=a),
    "users.all_users": lambda _, s, a: users.all_users(s, account_id=a),
    "users.named": lambda _, s, a: users.named(s, "alice", account_id=a),
}
WRITE_FOR_THE_ACCOUNT_NAMED = {
    "audit.note",
    "certificates.add",
    "certificates.enrol",
    "events.append",
    "faxes.store_message",
    "receptions.route",
}
"""They find nothing by it: the account is what the new row belongs to."""


def taking_an_account() -> Iterator[str]:
    """Yield every public function of the store that takes the number of an account."""
    for module in pkgutil.walk_packages(gateway.store.__path__, "gateway.store."):
        if ".migrations" in module.name:
            continue
        found = importlib.import_module(module.name)
        for name, function in inspect.getmembers(found, inspect.isfunction):
            here = function.__module__ == module.name and not name.startswith("_")
            if here and "account_id" in inspect.signature(function).parameters:
                yield f"{module.name.removeprefix('gateway.store.')}.{name}"


def snapshot(session: Session) -> dict[str, list[Any]]:
    """Return every row of every table."""
    tables = Base.metadata.sorted_tables
    return {table.name: sorted(map(repr, session.execute(select(table)))) for table in tables}


def owners(result: Any) -> set[int]:
    """Return whose rows a result is, as far as it is rows."""
    rows = result if isinstance(result, list | tuple) else [result]
    return {row.account_id for row in rows if hasattr(row, "account_id")}


@pytest.fixture
def world(house: House) -> World:
    return World(house)


def test_every_function_that_takes_an_account_is_known_here() -> None:
    assert sorted(taking_an_account()) == sorted(CASES.keys() | WRITE_FOR_THE_ACCOUNT_NAMED)


def test_the_owner_gets_something_and_only_what_is_the_owners(world: World) -> None:
    for name, call in CASES.items():
        with world.house.store.begin() as session:
            result = call(world, session, OWNER)
            assert result, name
            assert owners(result) <= {OWNER}, name
            session.rollback()


def test_another_account_gets_nothing_and_changes_nothing(world: World) -> None:
    for name, call in CASES.items():
        with world.house.store.begin() as session:
            before = snapshot(session)
            try:
                result = call(world, session, OTHER)
            except Refused:
                result = None
            session.flush()
            assert OWNER not in owners(result), name
            if name not in {"audit.latest", "audit.search"}:  # it has lines of its own
                assert not result, name
            assert snapshot(session) == before, name


def test_who_sent_a_fax_does_not_approve_it(world: World) -> None:
    house = world.house
    (user,) = house.store.read(users.all_users, account_id=OWNER)

    def give(session: Session) -> None:
        delivery = faxes.get_delivery(session, world.large)
        assert delivery is not None
        delivery.fax.user_id = user.id

    house.run(give)
    with pytest.raises(Refused, match="cannot approve it"):
        house.run(release.approve, world.large, NOON, actor="alice", new_id=house.new_id, user_id=user.id)
    named = {"actor": "boss", "new_id": house.new_id, "account_id": OWNER, "user_id": user.id + 1}
    assert house.run(release.approve, world.large, NOON, **named)


def test_a_sender_of_one_account_never_sends_for_another(world: World) -> None:
    def whose(address: str) -> str | None:
        found = world.house.store.read(accounts.account_for_sender, address)
        return found.name if found else None

    assert (whose(ADDRESS), whose("bob@other.example"), whose("eve@acme.example")) == ("acme", "other", None)
