"""SMTP AUTH (RFC 4954): PLAIN and LOGIN, inside TLS only, against the users' passwords.

Nothing is said here about what a user may send: `evidence.py` compares the account with the envelope's.
Argon2 works in a thread, two at a time, so that a flood of guesses costs neither memory nor the loop. A
password that was right is remembered for five minutes under an HMAC with a key of this process; the memory is
tied to the stored hash, so a changed password, or a removed user, is out at once (design.md 5b). An address
that guesses is put off for a while; logins are not locked, as that would let anybody lock a user out.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from gateway.mailin.settings import site_of
from gateway.store import audit, credentials

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from sqlalchemy.orm import Session

    from gateway.store.database import AsyncStore

log = structlog.get_logger("smtp")

MECHANISMS = ("PLAIN", "LOGIN")
AT_ONCE = 2  # Argon2 computations of 64 MiB each
REMEMBERED = timedelta(minutes=5)
MOST_REMEMBERED = 1000
GUESSES = 20  # wrong passwords of an address ...
GUESSING_TIME = timedelta(minutes=15)  # ... within this time
LONGEST = 255  # octets of a login or a password


class BadCredentials(Exception):  # noqa: N818  (an answer of the client, not an error of ours)
    """What the client sent is no login with a password."""


class Cancelled(Exception):  # noqa: N818  (as above)
    """The client thought better of it."""


@dataclass(frozen=True, slots=True)
class Login:
    """A user who signed in: `name` is the login. What the user may do is looked up for each mail."""

    name: str
    user_id: int
    account_id: int


async def credentials_of(
    mechanism: str, response: str, ask: Callable[[str], Awaitable[str]]
) -> tuple[str, str]:
    """Return login and password of one of `MECHANISMS`; `response` came with the command, "" for none.

    `ask` says a challenge and returns the answer. Raise `BadCredentials` or `Cancelled`.
    """
    if mechanism == "PLAIN":
        return plain(response or await _answer(ask, ""))
    name = text(decoded(response or await _answer(ask, "Username:")))
    return name, text(decoded(await _answer(ask, "Password:")))


async def _answer(ask: Callable[[str], Awaitable[str]], question: str) -> str:
    answer = await ask(f"334 {base64.b64encode(question.encode()).decode()}")
    if answer == "*":
        raise Cancelled
    return answer


def plain(response: str) -> tuple[str, str]:
    """Return login and password of a PLAIN response (RFC 4616); raise `BadCredentials`."""
    fields = decoded(response).split(b"\0")
    if len(fields) != 3 or fields[0] not in (b"", fields[1]):
        raise BadCredentials
    return text(fields[1]), text(fields[2])


def decoded(response: str) -> bytes:
    """Return what a response line says, without its base64; raise `BadCredentials`."""
    try:
        return base64.b64decode(response.strip().encode("ascii"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadCredentials from error


def text(octets: bytes) -> str:
    """Return a login or password; raise `BadCredentials` if it can be none."""
    if not 0 < len(octets) <= LONGEST or b"\0" in octets:
        raise BadCredentials
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadCredentials from error


class SignIn:
    """Checks passwords. `key` is random, of this process."""

    def __init__(self, store: AsyncStore, key: bytes, now: Callable[[], datetime]) -> None:
        self._store = store
        self._key = key
        self._now = now
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._right: OrderedDict[bytes, datetime] = OrderedDict()
        self._wrong: dict[str, list[datetime]] = {}

    def is_guessing(self, address: str) -> bool:
        """Say whether too many wrong passwords came from this address of late."""
        since = self._now() - GUESSING_TIME
        return sum(at > since for at in self._wrong.get(site_of(address), ())) >= GUESSES

    async def check(self, name: str, password: str, address: str) -> Login | None:
        """Return who signed in, None if login and password do not belong together."""
        user = await self._store.read(credentials.user_named, name)
        good = await self._fits(name, user.password if user is not None else None, password)
        if user is None or not good:
            self._guessed(site_of(address))
            return None
        return Login(name, user.id, user.account_id)

    async def is_one_of(self, names: Sequence[str], password: str, address: str) -> bool:
        """Say whether this is the password of one of these users; of none is one wrong guess."""
        for name in names:
            user = await self._store.read(credentials.user_named, name)
            if user is not None and await self._fits(name, user.password, password):
                return True
        self._guessed(site_of(address))
        return False

    async def _fits(self, name: str, stored: str | None, password: str) -> bool:
        """Say whether a password fits what was stored for a login, by memory or by computing."""
        mark = hmac.digest(self._key, "\0".join((name, password, stored or "")).encode(), hashlib.sha256)
        good = self._remembers(mark)
        if not good:
            async with self._turn:
                good = await asyncio.to_thread(credentials.is_password, stored, password)
        if good:
            self._remember(mark)
        return good

    async def note_wrong(self, name: str, address: str) -> None:
        """Write down a wrong password, for the account whose login it was."""
        log.warning("wrong password", login=name, peer=address)
        await self._store.run(_note_wrong, name, address, self._now())

    def _remembers(self, mark: bytes) -> bool:
        until = self._right.get(mark)
        return until is not None and self._now() < until

    def _remember(self, mark: bytes) -> None:
        if not self._remembers(mark):  # five minutes from the computation, not from the last use
            self._right[mark] = self._now() + REMEMBERED
            self._right.move_to_end(mark)
        while len(self._right) > MOST_REMEMBERED:
            self._right.popitem(last=False)

    def _guessed(self, site: str) -> None:
        """Remember a wrong password; what is old is forgotten."""
        since = self._now() - GUESSING_TIME
        self._wrong[site] = [at for at in self._wrong.get(site, ()) if at > since] + [self._now()]
        if len(self._wrong) > MOST_REMEMBERED:
            self._wrong = {one: times for one, times in self._wrong.items() if times[-1] > since}


def _note_wrong(session: Session, name: str, address: str, now: datetime) -> None:
    user = credentials.user_named(session, name)
    audit.note(session, "sign-in.refused", now, user.account_id if user else None, name, peer=address)
