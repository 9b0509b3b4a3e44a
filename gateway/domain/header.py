"""The words of a page's header line: which template, and what its placeholders mean (email-interface 2.3).

`/h TEXT` of a mail brings its own template and `/hn` turns the line off; otherwise the account's `header` is
used, "" there meaning off; where nobody said anything there is ours. Tabs in a template part columns; only
ours has them. Unknown braces stay as they were written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

DEFAULT = "{Date} {Time}\t{From} {CSID}\t-> {To}\tP. {Page}/{TotalPages}"
_PLACE = re.compile(r"\{([A-Za-z]+)\}")


@dataclass(frozen=True, slots=True)
class Header:
    """The header of one call. `text` has only {Page} left open.

    `note` stands on page `first`, where the call begins, if that is not the first of the fax. Pages are
    counted from 1. `language` picks the shapes of East Asian characters.
    """

    text: str
    first: int = 1
    note: str = ""
    language: str = "en"

    def columns(self, page: int) -> tuple[str, ...]:
        """Return the columns of the line of this page."""
        *before, last = filled(self.text, {"Page": f"{page:02}"}).split("\t")
        if self.note and page == self.first > 1:
            last = f"({self.note}) {last}" if before else f"{last} ({self.note})"
        return (*before, last)


@dataclass(frozen=True, slots=True)
class Look:
    """How one call sets the pages of a fax; kept with the call, so that they can be shown as they were sent.

    `a4` presses pages longer than A4 together, `cut_white` leaves out the white at the foot of pages.
    """

    header: Header | None = None
    a4: bool = False
    cut_white: bool = False


PLAIN = Look()
"""Pages go out as they were drawn."""


def template(own: str | None, account: str | None) -> str:
    """Return the template for a fax, "" for no header line.

    `own` is what its sender asked for, `account` what the account set: None for nothing, "" for no line.
    """
    return next((text for text in (own, account) if text is not None), DEFAULT)


def filled(text: str, values: Mapping[str, str]) -> str:
    """Fill in the placeholders that `values` names; the others stay."""
    return _PLACE.sub(lambda found: values.get(found[1], found[0]), text)


def moment(local: datetime) -> dict[str, str]:
    """Return {Date} and {Time} of an aware local time, the zone's name with it."""
    return {"Date": local.strftime("%Y-%m-%d"), "Time": local.strftime("%H:%M %Z").strip()}
