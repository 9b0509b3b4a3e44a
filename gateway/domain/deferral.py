"""`/d yyyy-mm-dd hh:mm`: when a deferred fax is due. Pure (email-interface.md section 2.2, rule 8).

The date may be left out: the next time it is hh:mm in the account's zone. A moment that has passed means now.
A local time that does not exist, or exists twice, on the night the clocks change, is the later valid instant.
More than 30 days ahead is refused (code -114 of the InterFAX interfaces), never shortened.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from gateway.domain.errors import BadOption, TooFarAhead

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

WRITTEN: Final = re.compile(
    r"(?:(?P<year>\d{4})[-/](?P<month>\d{1,2})[-/](?P<day>\d{1,2})(?:\s+|T))?(?P<hour>\d{1,2}):(?P<minute>\d{2})"
)
LONGEST: Final = timedelta(days=30)


def written(value: object) -> str:
    """Return `yyyy-mm-dd hh:mm` or `hh:mm`, checked; raise `BadOption` for anything else."""
    text = unicodedata.normalize("NFKC", str(value or "")).strip()
    refusal = BadOption(f"{text!r} is no time; write `2030-01-31 09:30`, or `09:30` for the next such time")
    found = WRITTEN.fullmatch(text)
    if found is None:
        raise refusal
    try:
        clock = time(int(found["hour"]), int(found["minute"]))
        if found["year"] is None:
            return f"{clock:%H:%M}"
        return f"{date(int(found['year']), int(found['month']), int(found['day'])):%Y-%m-%d} {clock:%H:%M}"
    except ValueError as error:
        raise refusal from error


def due(value: str, zone: ZoneInfo, asked_at: datetime) -> datetime:
    """Return the instant (UTC) of a checked value, for someone in `zone` who asked at `asked_at` (aware).

    Raises `TooFarAhead` beyond 30 days.
    """
    day, _, clock = value.rpartition(" ")
    at = time.fromisoformat(clock)
    if not day:
        return _next(at, zone, asked_at)
    moment = _instant(date.fromisoformat(day), at, zone)
    if moment > asked_at + LONGEST:
        raise TooFarAhead(f"{value} is more than {LONGEST.days} days ahead.")
    return max(moment, asked_at.astimezone(UTC))


def _next(at: time, zone: ZoneInfo, asked_at: datetime) -> datetime:
    today = asked_at.astimezone(zone).date()
    days = (today + timedelta(days=n) for n in range(-1, 3))  # a zone may lose a whole day
    return min(moment for day in days if (moment := _instant(day, at, zone)) > asked_at)


def _instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    wall = datetime.combine(day, at, zone)
    return max(wall.astimezone(UTC), wall.replace(fold=1).astimezone(UTC))
