"""When to try a mail or a webhook again: 1 min, 5 min, 15 min, 1 h, then hourly up to 48 hours.

Pure: durability.md section 5. Failure after that is visible, and the document stays downloadable.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

STEPS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))
HOURLY = timedelta(hours=1)
GIVE_UP = timedelta(hours=48)


def mail_retry(created_at: datetime, tries: int, now: datetime) -> datetime | None:
    """Return when to try again after `tries` (>= 1) failures, or None when it is time to give up."""
    due = now + (STEPS[tries - 1] if tries <= len(STEPS) else HOURLY)
    return due if due - created_at <= GIVE_UP else None
