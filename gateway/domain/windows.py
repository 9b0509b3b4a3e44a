"""When an account's faxes may be called out: hours of the day, by day of the week, in its zone. Pure.

Written `08:00-20:00` or `Mon-Fri 08:00-18:00, Sat 09:00-12:00`; `22:00-06:00` runs past midnight and belongs
to the day it begins on. What counts is what a clock on the wall shows: on the night the clocks change, an
hour that does not exist is not waited for, and one that comes twice is open twice. A window says when a call
may *begin*; one that stands is not cut.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from gateway.domain.errors import BadOption

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SPAN: Final = re.compile(
    r"(?:(?P<first>[a-z]{3})(?:\s*-\s*(?P<last>[a-z]{3}))?\s+)?"
    r"(?P<opens>\d{1,2}:\d{2})\s*-\s*(?P<closes>\d{1,2}:\d{2})"
)
MIDNIGHT: Final = 24 * 60
LOOK_AHEAD_DAYS: Final = 16
"""A span of one weekday that the change of clocks takes away comes again after two weeks."""
STEP: Final = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Span:
    """One stretch: days 0 (Monday) to 6, minutes after midnight; `closes` is above 1440 past midnight."""

    days: frozenset[int]
    opens: int
    closes: int

    def holds(self, day: int, minute: int) -> bool:
        """Say whether this minute of this day lies in the stretch."""
        today = day in self.days and self.opens <= minute < self.closes
        return today or ((day - 1) % 7 in self.days and minute + MIDNIGHT < self.closes)


@dataclass(frozen=True, slots=True)
class Window:
    """All stretches of a window; none means always open."""

    spans: tuple[Span, ...] = ()

    def is_open(self, at: datetime, zone: ZoneInfo) -> bool:
        """Say whether a call may begin at this instant."""
        local = at.astimezone(zone)
        return not self.spans or any(
            span.holds(local.weekday(), local.hour * 60 + local.minute) for span in self.spans
        )

    def opening(self, at: datetime, zone: ZoneInfo) -> datetime:
        """Return the first instant from `at` (aware) on at which a call may begin, in UTC."""
        if self.is_open(at, zone):
            return at.astimezone(UTC)
        moments = sorted({*self._starts(at, zone), *_changes(at, zone)})
        return next(moment for moment in moments if moment > at and self.is_open(moment, zone))

    def _starts(self, at: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        """Yield when stretches begin, and midnights: a stretch may begin on a day that has no such hour."""
        first = at.astimezone(zone).date() - timedelta(days=1)
        minutes = {0, *(span.opens for span in self.spans)}
        for day in (first + timedelta(days=n) for n in range(LOOK_AHEAD_DAYS)):
            for minute in minutes:
                wall = datetime.combine(day, time(minute // 60, minute % 60), zone)
                yield wall.astimezone(UTC)
                yield wall.replace(fold=1).astimezone(UTC)


@lru_cache(maxsize=256)
def read(text: str) -> Window:
    """Return the window that `text` describes; "" is always open. Raises `BadOption`."""
    parts = [part.strip().lower() for part in re.split(r"[,;]", text) if part.strip()]
    return Window(tuple(_span(part) for part in parts))


def _span(text: str) -> Span:
    found = SPAN.fullmatch(text)
    if found is None:
        raise BadOption(f"{text!r} is no window; write `Mon-Fri 08:00-20:00` or `08:00-20:00`")
    opens, closes = _minute(found["opens"]), _minute(found["closes"])
    if opens in {closes, MIDNIGHT}:
        raise BadOption(f"{text!r} is never open")
    return Span(_days(found["first"], found["last"]), opens, closes if closes > opens else closes + MIDNIGHT)


def _days(first: str | None, last: str | None) -> frozenset[int]:
    if first is None:
        return frozenset(range(7))
    for day in (first, last or first):
        if day not in DAYS:
            raise BadOption(f"{day!r} is no day; days are {', '.join(DAYS)}")
    begin, end = DAYS.index(first), DAYS.index(last or first)
    return frozenset((begin + n) % 7 for n in range((end - begin) % 7 + 1))


def _minute(text: str) -> int:
    hour, _, minute = text.partition(":")
    total = int(hour) * 60 + int(minute)
    if int(minute) > 59 or total > MIDNIGHT:
        raise BadOption(f"{text} is no time of day")
    return total


def _changes(at: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Yield the instants at which the clocks of this zone change, to the second."""
    before = at.astimezone(UTC)
    for _ in range(LOOK_AHEAD_DAYS * 4):
        after = before + STEP
        if _offset(before, zone) != _offset(after, zone):
            yield _change_between(before, after, zone)
        before = after


def _change_between(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    offset = _offset(before, zone)
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) / 2
        before, after = (middle, after) if _offset(middle, zone) == offset else (before, middle)
    return after.replace(microsecond=0)


def _offset(at: datetime, zone: ZoneInfo) -> timedelta | None:
    return at.astimezone(zone).utcoffset()
