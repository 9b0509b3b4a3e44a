"""How many calls and pages, and how much money, a time may bring, and how long what is too much waits. Pure.

A cap is compared with what the last hour, the last 24 hours, or 30 days, hold; nothing starts anew at
midnight, so a thief gets no second helping there. A fax that waits for its turn is held; only one that waited
a day for money is refused. What may go at the moment is decided by calls that were begun: a fax with more
pages than are left goes all the same if any is left, or it would wait for ever.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
MONTH: Final = timedelta(days=30)
SPANS: Final = {"hour": HOUR, "day": DAY, "month": MONTH}


@dataclass(frozen=True, slots=True)
class Caps:
    """What one account may do; None for no limit. Cost is in the currency of the price list."""

    calls_per_hour: int | None = None
    calls_per_day: int | None = None
    pages_per_hour: int | None = None
    pages_per_day: int | None = None
    cost_per_day: float | None = None
    cost_per_month: float | None = None

    def limits(self) -> Iterator[Limit]:
        """Yield the caps that are set."""
        for field in fields(self):
            most = getattr(self, field.name)
            if most is not None:
                yield Limit(field.name, most, SPANS[field.name.rpartition("_")[2]])

    def over(self, own: Mapping[str, float]) -> Caps:
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
    """At most `most` calls, or pages, or so much money, in any `span`."""

    name: str
    most: float
    span: timedelta

    @property
    def counts(self) -> str:
        """What is counted: calls, pages or cost."""
        return self.name.partition("_")[0]
