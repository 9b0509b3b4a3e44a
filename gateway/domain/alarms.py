"""What looks like toll fraud: the velocity alarms of threats.md section 5, judged from counts. Pure.

A country an account never called before, many calls at night, many numbers that failed, many that were
refused. An alarm tells the operator; it stops nothing by itself, for an honest account does each of these
once a year. The counts come from the store (`store.alarms`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import phonenumbers

from gateway.domain import denied, numbers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from zoneinfo import ZoneInfo

SPAN: Final = timedelta(hours=1)
QUIET: Final = timedelta(hours=24)
"""How long the same alarm of the same account is not raised again."""
NIGHT: Final = (22, 6)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When an alarm is raised, counted over one hour; 0, or False, never."""

    new_country: bool = True
    night_calls: int = 20
    failed_numbers: int = 20
    refused_numbers: int = 10


@dataclass(frozen=True, slots=True)
class Counts:
    """What an account did in the last hour. `countries`: those it called for the first time ever."""

    countries: tuple[str, ...] = ()
    night_calls: int = 0
    failed_numbers: int = 0
    refused_numbers: int = 0


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm.

    `kind`: new-country | night-calls | failed-numbers | refused-numbers | approval | no-line.
    """

    kind: str
    what: str

    @property
    def key(self) -> str:
        """What makes two alarms the same: a second country is news, a second hour of the night is not."""
        return f"{self.kind} {self.what}" if self.kind in {"new-country", "approval"} else self.kind


def raised(counts: Counts, thresholds: Thresholds) -> Iterator[Alarm]:
    """Yield the alarms these counts give."""
    if thresholds.new_country:
        yield from (Alarm("new-country", country) for country in counts.countries)
    for kind, count, most in (
        ("night-calls", counts.night_calls, thresholds.night_calls),
        ("failed-numbers", counts.failed_numbers, thresholds.failed_numbers),
        ("refused-numbers", counts.refused_numbers, thresholds.refused_numbers),
    ):
        if most and count >= most:
            yield Alarm(kind, str(count))


def is_night(at: datetime, zone: ZoneInfo) -> bool:
    """Say whether it is between ten in the evening and six in the morning there."""
    begins, ends = NIGHT
    hour = at.astimezone(zone).hour
    return hour >= begins or hour < ends


def country_of(canonical: str) -> str:
    """Return the ISO code of the country a canonical number is in, "+code" where that is not known."""
    code, national = numbers.split(canonical)
    return phonenumbers.region_code_for_number(denied.number_of(code, national)) or f"+{code}"
