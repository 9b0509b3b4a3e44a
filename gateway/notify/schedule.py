"""When a mail that the next hop did not take is tried again (`spec/durability.md` section 5).

One minute, five, fifteen, an hour, then hourly until 48 hours after the mail was owed; then it has failed.
Pure: the time is an argument.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

WAITS: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))
GIVE_UP_AFTER: Final = timedelta(hours=48)


def next_try(tries: int, owed_since: datetime, now: datetime) -> datetime | None:
    """Return when to try again after `tries` vain tries (the one just made included), or None to give up."""
    due = now + WAITS[min(tries, len(WAITS)) - 1]
    return due if due <= owed_since + GIVE_UP_AFTER else None
