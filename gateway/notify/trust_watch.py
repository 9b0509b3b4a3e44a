"""Looks every minute at what trust rests on: lists that ran out, certificates that end, mails that wait.

Reading the files anew is `keyring.py`'s business; this role tells the operator before senders do. Signatures
too old to pass are forgotten on the way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from gateway.keyring import endings
from gateway.notify.protection import NO_CERTIFICATE
from gateway.notify.rounds import every
from gateway.store import replays, trust_alarms
from gateway.store.trust_alarms import Trouble

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy.orm import Session

    from gateway.keyring import Keyring
    from gateway.store.database import AsyncStore

EVERY_SECONDS: Final = 60.0

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
        await every(self.every_seconds, self.look, stop)

    async def look(self) -> None:
        """Look once; raise `Unavailable` if the store does not answer."""
        for trouble in await self.store.run(self._tell):
            log.warning("alarm", kind=trouble.kind, what=trouble.what)

    def _tell(self, session: Session) -> list[Trouble]:
        now = self.now()
        replays.forget(session, now)
        return trust_alarms.tell(
            session,
            [Trouble(kind, what) for kind, what in endings(self.keys(), now)],
            now,
            operators=self.operators,
            new_id=self.new_id,
            waiting=NO_CERTIFICATE,
        )
