"""Accounts that require a password: what is taken, what is refused, and that the password is kept nowhere."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from smtp_fixtures import ACCOUNTS, NOON, Door

from gateway.domain.modifiers import MODIFIERS, with_aliases
from gateway.mailin.message import read
from gateway.mailin.password import PasswordJudge, given_in
from gateway.store import accounts
from gateway.store.database import AsyncStore
from gateway.store.models import Audit, Message

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gateway.mailin.judging import Case, Opinion

FAX = "+81312345678@fax.example.org"
ALICE = {
    "login": "alice",
    "password": "open sesame",
    "roles": ["sender"],
    "addresses": ["alice@acme.example"],
}
BOB = {"login": "bob", "password": "hunter2", "roles": ["sender"]}
REFUSED = "550 5.7.8 This account sends with a password only"


class Later:
    """A judge that is there once its door is."""

    judge: PasswordJudge

    async def __call__(self, case: Case) -> Opinion:
        return await self.judge(case)


@contextlib.contextmanager
def guarded(folder: Path, *users: dict[str, Any]) -> Iterator[Door]:
    """Run a door whose account requires a password."""
    later = Later()
    with Door(folder, judges={"password": later}) as door:
        account = ACCOUNTS[0] | {"password_required": True, "user": list(users)}
        door.store.run(accounts.provision, [account], now=NOON)
        store = AsyncStore(door.url)
        later.judge = PasswordJudge(store, door.listener.sign_in, with_aliases({"/kennwort": "/pw"}))
        yield door
        door.do(store.close())


def mail(subject: str, *, n: int = 0) -> bytes:
    return f"Message-ID: <{n}@acme.example>\r\nSubject: {subject}\r\nX-After: 1\r\n\r\nHello\r\n".encode()


def whys(door: Door) -> list[str]:
    return [row.data["why"] for row in door.audited("mail.rejected")]


@pytest.mark.parametrize(
    ("subject", "left"),
    [
        ("Order 5 /rf /pw open sesame", "Order 5 /rf"),
        ("Order 5 /PW open sesame /rf", "Order 5 /rf"),
        ('Order 5 /h "a /b c" /kennwort "open sesame"', 'Order 5 /h "a /b c"'),
        ("/pw open sesame", ""),
        ("=?utf-8?b?6KaL56mNIC9wdyBvcGVuIHNlc2FtZQ==?=", "見積"),
        ("Order\r\n /pw open\r\n sesame", "Order"),
    ],
)
def test_the_right_password_lets_a_mail_in_and_is_not_stored(tmp_path: Path, subject: str, left: str) -> None:
    with guarded(tmp_path, ALICE) as door, door.client() as client:
        assert client.hello().fax(FAX, mail=mail(subject)).startswith("250 2.0.0 queued as")
        [message] = door.rows(Message)
        stored = door.blobs.read(message.blob)
        plain, kept = read(mail(left), {}), read(stored, {})
    assert b"sesame" not in stored
    assert b"c2VzYW" not in stored
    assert (kept.subject, kept.options, kept.documents) == (plain.subject, plain.options, plain.documents)
    assert stored.endswith(b"\r\nX-After: 1\r\n\r\nHello\r\n")
    assert message.size == len(stored)
    assert not [row for row in door_rows(tmp_path) if "sesame" in str(row.data)]


def door_rows(folder: Path) -> list[Audit]:
    """Return the audit as it lies on the disk."""
    from gateway.store.database import Store

    store = Store(f"sqlite:///{folder / 'db.sqlite'}")
    rows = store.read(lambda session: session.query(Audit).all())
    store.close()
    return rows


@pytest.mark.parametrize(
    ("subject", "why"),
    [
        ("Order", "no password"),
        ("Order /pw", "no password"),
        ("Order /pw sesame", "wrong password"),
        ("Order /pw open sesame /b /etc", "no password"),  # no modifier, for something stands behind it
        ("Order /pw hunter2", "wrong password"),  # another user's
    ],
)
def test_no_or_a_wrong_password_is_refused_where_the_sender_still_hears_it(
    tmp_path: Path, subject: str, why: str
) -> None:
    with guarded(tmp_path, ALICE, BOB) as door, door.client() as client:
        assert client.hello().fax(FAX, mail=mail(subject)).startswith(REFUSED)
        assert whys(door) == [why]
        assert door.counts == {"Message": 0, "Fax": 0, "Delivery": 0, "Outbox": 0}
        assert "sesame" not in str([row.data for row in door.rows(Audit)])
        assert door.spooled == []


def test_an_address_that_is_nobodys_may_use_the_password_of_any_user(tmp_path: Path) -> None:
    with guarded(tmp_path, ALICE, BOB) as door, door.client() as client:
        client.hello()
        for n, password in enumerate(("open sesame", "hunter2")):
            reply = client.fax(FAX, mail=mail(f"x /pw {password}", n=n), sender="shop@orders.acme.example")
            assert reply.startswith("250 ")


def test_a_second_subject_with_the_password_is_not_stored_either(tmp_path: Path) -> None:
    twice = b"Subject: x /pw open sesame\r\nSUBJECT: y /pw open sesame\r\n\r\nHello\r\n"
    with guarded(tmp_path, ALICE) as door, door.client() as client:
        assert client.hello().fax(FAX, mail=twice).startswith("250 ")
        [message] = door.rows(Message)
        assert door.blobs.read(message.blob) == b"Subject: x\r\n\r\nHello\r\n"


def test_guessing_ends_and_accounts_without_the_rule_notice_nothing(tmp_path: Path) -> None:
    with guarded(tmp_path, ALICE) as door:
        replies = []
        for n in range(21):
            with door.client() as client:
                replies.append(client.hello().fax(FAX, mail=mail(f"x /pw {n}", n=n))[:9])
        assert replies == ["550 5.7.8"] * 20 + ["454 4.7.0"]
        with door.client() as client:
            assert client.hello().fax(FAX, sender="carol@classic.example").startswith("250 ")


def test_a_door_without_the_judge_lets_nothing_in(tmp_path: Path) -> None:
    with Door(tmp_path) as door, door.client() as client:
        door.store.run(
            accounts.provision, [ACCOUNTS[0] | {"password_required": True, "user": [ALICE]}], now=NOON
        )
        assert client.hello().fax(FAX, mail=mail("x /pw open sesame")).startswith(REFUSED)


def test_the_rest_of_a_subject_means_what_it_meant() -> None:
    written = 'Order A/B /h see /etc /pw x /fontsize 12 /ref "a /b"'
    given = given_in(written, MODIFIERS)
    assert (given.password, given.rest) == ("x", 'Order A/B /h "see /etc" /fontsize 12 /ref "a /b"')
