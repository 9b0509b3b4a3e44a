"""Looks every minute for what resembles toll fraud, and for faxes that wait for a person (`store.alarms`).

Faxes that waited a day for their account's credit fail here (`store.spending`).

It runs beside the outbox, which mails what it owes. Nothing depends on this role but that someone is
told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from gateway.notify.rounds import every
from gateway.store import alarms, spending

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from gateway.domain.alarms import Thresholds
    from gateway.store.database import AsyncStore
    from gateway.store.leases import LineTraits

EVERY_SECONDS: Final = 60.0

log = structlog.get_logger("watch")


@dataclass(frozen=True, slots=True)
class AlarmWatch:
    """Raises alarms; `operators` get a mail each, `home` is the site's country, `lines` are all there are."""

    store: AsyncStore
    thresholds: Thresholds
    operators: tuple[str, ...]
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    home: str = ""
    lines: Sequence[LineTraits] | None = None
    every_seconds: float = EVERY_SECONDS

    async def run(self, stop: asyncio.Event) -> None:
        """Look until `stop` is set."""
        await every(self.every_seconds, self.look, stop)

    async def look(self) -> None:
        """Look once; raise `Unavailable` if the store does not answer."""
        for number in await self.store.run(spending.give_up, self.now(), new_id=self.new_id):
            log.warning("no credit", number=number)
        found = await self.store.run(
            alarms.look,
            self.thresholds,
            self.now(),
            operators=self.operators,
            new_id=self.new_id,
            home=self.home,
            lines=self.lines,
        )
        for alarm in found:
            log.warning("alarm", kind=alarm.kind, what=alarm.what)
