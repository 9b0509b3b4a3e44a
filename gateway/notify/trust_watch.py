"""Looks every minute at what trust rests on: lists that ran out, certificates that end, mails that wait.

Reading the files anew is `keyring.py`'s business; this role tells the operator before senders do. A store
that does not answer is asked again a minute later. Signatures too old to pass are forgotten on the way.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

import smime
from gateway.domain.errors import Unavailable
from gateway.notify.protection import NO_CERTIFICATE
from gateway.store import replays, trust_alarms
from gateway.store.trust_alarms import Trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from cryptography import x509
    from sqlalchemy.orm import Session

    from gateway.keyring import Keyring
    from gateway.store.database import AsyncStore

EVERY_SECONDS: Final = 60.0
SOON: Final = timedelta(days=30)

log = structlog.get_logger("watch")


@dataclass(frozen=True, slots=True)
class TrustWatch:
    """Tells of troubles with certificates and lists; `operators` get a mail each, once a day."""

    store: AsyncStore
    keys: Callable[[], Keyring]
    operators: tuple[str, ...]
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    every_seconds: float = EVERY_SECONDS

    async def run(self, stop: asyncio.Event) -> None:
        """Look until `stop` is set."""
        while not stop.is_set():
            await self.look()
            try:
                await asyncio.wait_for(stop.wait(), self.every_seconds)
            except TimeoutError:
                continue

    async def look(self) -> None:
        """Look once."""
        try:
            found = await self.store.run(self._tell)
        except Unavailable as error:
            log.warning("not looked", error=error.text, detail=error.detail)
            return
        for trouble in found:
            log.warning("alarm", kind=trouble.kind, what=trouble.what)

    def _tell(self, session: Session) -> list[Trouble]:
        now = self.now()
        replays.forget(session, now)
        return trust_alarms.tell(
            session,
            troubles(self.keys(), now),
            now,
            operators=self.operators,
            new_id=self.new_id,
            waiting=NO_CERTIFICATE,
        )


def troubles(keys: Keyring, now: datetime) -> Iterator[Trouble]:
    """Yield what the files of `[smime]` will soon be, or are, wrong about."""
    for one in smime.load_lists(keys.lists):
        if one.next_update_utc is not None and one.next_update_utc < now:
            yield Trouble("list-ran-out", one.issuer.rfc4514_string())
    for own in keys.own[:1]:
        yield from _ending("own-certificate", smime.load_certificates(own.chain[:1]), now)
    yield from _ending("anchor", smime.load_certificates(keys.anchors), now)


def _ending(kind: str, certificates: list[x509.Certificate], now: datetime) -> Iterator[Trouble]:
    for one in certificates:
        if one.not_valid_after_utc < now + SOON:
            until = one.not_valid_after_utc.date().isoformat()
            yield Trouble(kind, f"{one.subject.rfc4514_string()}, {until}")
