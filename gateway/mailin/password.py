"""The second factor of accounts that require one: SMTP AUTH, or `/pw PASSWORD` at the end of the subject.

Asked at the end of DATA, where a refusal still reaches the sending server and no mail of ours is needed
(email-interface section 1.4). The password is that of the user behind the sender, or of any user of the
account where the address is nobody's. It is taken out of the subject before the mail is stored; what a
signature or encryption covers is left as it is, so such a subject should not hold it.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from email import message_from_bytes
from email.header import Header
from typing import TYPE_CHECKING

from sqlalchemy import select

from gateway.domain.modifiers import MODIFIERS
from gateway.domain.options import SCHEMA
from gateway.mailin import headers, replies, subject
from gateway.mailin.data_reader import SpoolFile
from gateway.mailin.judging import Opinion
from gateway.store.models import User

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sqlalchemy.orm import Session

    from gateway.domain.modifiers import Modifier
    from gateway.mailin.auth import SignIn
    from gateway.mailin.evidence import KnownSender, Provable
    from gateway.mailin.judging import Case
    from gateway.store.database import AsyncStore

USERS = 10  # of an account whose sender is nobody's address, at most: each costs a tenth of a second
FIELD = re.compile(rb"(?im)^subject[ \t]*:[^\n]*\n(?:[ \t][^\n]*\n)*")
CHUNK = 1 << 20
LONGEST_LINE = 900


@dataclass(frozen=True, slots=True)
class Given:
    """The password in a subject, "" for none, and the subject without it."""

    password: str
    rest: str


@dataclass(frozen=True, slots=True)
class PasswordJudge:
    """The judge. `modifiers` are those in force, an operator's names among them."""

    store: AsyncStore
    sign_in: SignIn
    modifiers: Mapping[str, Modifier] = field(default_factory=lambda: MODIFIERS)

    async def __call__(self, case: Case) -> Opinion:
        """Return a refusal unless the subject holds the password, and the subject to store instead."""
        if self.sign_in.is_guessing(case.peer):
            return Opinion(refusal=replies.GUESSING, why="too many wrong passwords")
        given = await asyncio.to_thread(self._given, case.path, case.findings.header_end)
        if not given.password:
            return Opinion(refusal=replies.PASSWORD_NEEDED, why="no password")
        logins = await self.store.read(_logins, case.who)
        if not await self.sign_in.is_one_of(logins, given.password, case.peer):
            return Opinion(refusal=replies.PASSWORD_NEEDED, why="wrong password")
        return Opinion(why="password", subject=given.rest)

    def _given(self, path: Path, header_end: int) -> Given:
        with path.open("rb") as file:
            mail = message_from_bytes(file.read(header_end))
        return given_in(headers.text(mail, "Subject"), self.modifiers)


def given_in(written: str, modifiers: Mapping[str, Modifier] = MODIFIERS) -> Given:
    """Return the password in a decoded subject and the subject without it."""
    found = subject.parse(written, modifiers)
    password, rest = "", [found.visible] if found.visible else []
    for wish in found.wishes:
        if SCHEMA[wish.modifier.option].kept:
            quoted = f'"{wish.argument}"' if "/" in wish.argument else wish.argument
            rest.append(f"{wish.word} {quoted}".rstrip())
        else:
            password = wish.argument
    return Given(password, " ".join(rest))


def rewrite(spool: SpoolFile, header_end: int, written: str) -> None:
    """Put this subject in the place of the one in a spool file, and of every other there."""
    plain = written.isascii() and len(written) < LONGEST_LINE
    encoded = written if plain else Header(written, "utf-8", header_name="Subject").encode(linesep="\r\n")
    ours = SpoolFile(spool.path.parent)
    try:
        with spool.path.open("rb") as old:
            block = FIELD.sub(b"", old.read(header_end))
            ours.write(b"Subject: " + encoded.encode("ascii") + b"\r\n" + block)
            while data := old.read(CHUNK):
                ours.write(data)
        ours.close()
        spool.become(ours)
    finally:
        ours.discard()


def _logins(session: Session, who: KnownSender | Provable) -> list[str]:
    """Return whose passwords open this sender's way."""
    query = select(User.login).where(User.account_id == who.account_id, User.password.is_not(None))
    if who.user_id is not None:
        query = query.where(User.id == who.user_id)
    return list(session.scalars(query.order_by(User.id).limit(USERS)))
