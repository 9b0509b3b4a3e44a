"""How many calls and pages an hour and a day may bring, and how long one that is too many waits. Pure.

A cap is compared with what the last hour, or the last 24 hours, hold; nothing starts anew at midnight, so a
thief gets no second helping there. A fax that waits for its turn is held, never refused. What may go at the
moment is decided by calls that were begun: a fax with more pages than are left goes all the same if any is
left, or it would wait for ever.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Caps:
    """What one account may do; None for no limit."""

    calls_per_hour: int | None = None
    calls_per_day: int | None = None
    pages_per_hour: int | None = None
    pages_per_day: int | None = None

    def limits(self) -> Iterator[Limit]:
        """Yield the caps that are set."""
        for field in fields(self):
            most = getattr(self, field.name)
            if most is not None:
                yield Limit(field.name, most, HOUR if field.name.endswith("hour") else DAY)

    def over(self, own: Mapping[str, int]) -> Caps:
        """Return these caps with those of an account's own settings in their place."""
        return Caps(**{field.name: own.get(field.name, getattr(self, field.name)) for field in fields(self)})


@dataclass(frozen=True, slots=True)
class NumberCaps:
    """What one destination gets, whoever calls it: calls at the same time, calls an hour and a day."""

    at_once: int = 1
    calls_per_hour: int | None = None
    calls_per_day: int | None = None

    def limits(self) -> Iterator[Limit]:
        """Yield the caps over time that are set."""
        return Caps(self.calls_per_hour, self.calls_per_day).limits()


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` calls, or pages, in any `span`."""

    name: str
    most: int
    span: timedelta

    @property
    def counts_pages(self) -> bool:
        """Whether pages are counted, not calls."""
        return self.name.startswith("pages")
