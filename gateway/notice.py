"""The shape of every mail a person reads from us: what happened, why and what to do, the particulars.

One pair of templates (`notice.txt`, `notice.html` of `gateway.stationery`) draws all of them, so that a
result and a forward read alike. The words are chosen, and already in the reader's language, when a
`Notice` is made; values from outside are cleaned here, once, for all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gateway.mail import for_people
from gateway.stationery import OURS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from gateway.stationery import Stationery

Row = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Notice:
    """What a mail says. `reasons` and `rows` are (label, value); a row without a value is left out.

    `banner` stands above everything ("" for none): that a line was simulated, that a fax is incomplete.
    `facts` are the values behind the words, for templates of an operator's that say it otherwise.
    """

    opening: str
    rows: tuple[Row, ...]
    reasons: tuple[Row, ...] = ()
    banner: str = ""
    remarks: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)

    def as_text(self, language: str, stationery: Stationery = OURS) -> str:
        """Return the notice as plain text."""
        return stationery.draw("notice.txt", language, notice=self.clean())

    def as_html(self, language: str, stationery: Stationery = OURS) -> str:
        """Return the notice as an HTML document; every value is escaped."""
        return stationery.draw("notice.html", language, notice=self.clean())

    def clean(self) -> Notice:
        """Return the same notice with every value on one line, without controls or direction marks."""
        return Notice(
            for_people(self.opening),
            tuple((label, for_people(value)) for label, value in self.rows),
            tuple((label, for_people(value)) for label, value in self.reasons),
            for_people(self.banner),
            tuple(for_people(remark) for remark in self.remarks),
            {name: for_people(value) for name, value in self.facts.items()},
        )


def zone_of(name: str) -> ZoneInfo:
    """Return an account's time zone; UTC where the name is none: the news matters more than its clock."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def clock_time(moment: datetime, zone: str) -> str:
    """Return `YYYY-MM-DD hh:mm:ss` in a zone."""
    return moment.astimezone(zone_of(zone)).strftime("%Y-%m-%d %H:%M:%S")


def zoned_time(moment: datetime, zone: str) -> str:
    """Return `clock_time` with the name of the zone, for people."""
    return f"{clock_time(moment, zone)} ({zone_of(zone).key})"
