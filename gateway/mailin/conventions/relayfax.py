"""RelayFax: lines `NAME: value` at the top of the body. The number stays the address's."""

from __future__ import annotations

import re

from gateway.domain.modifiers import Argument, Modifier
from gateway.mailin.conventions.base import Family, Heard, given, taken

NO = frozenset({"no", "false", "off", "0"})
LINE = re.compile(r"\s*([A-Za-z]{4,20})\s*(?::(.*))?\Z", re.DOTALL)


def confirm(text: str) -> object:
    """Return when a result is sent: always, unless the word says no."""
    return "never" if text.lower() in NO else "always"


def no_cover(text: str) -> object:
    """Return whether a cover page is wished after all: only a "no" to none is one."""
    return text.lower() in NO


ROWS = {
    "FAXPASSWORD": given("password"),
    "BILLINGCODE": given("reference"),
    "CONFIRMSEND": Modifier("notify", "always", Argument.TEXT, confirm),
    "NOCOVERPAGE": Modifier("cover", value=False, argument=Argument.TEXT, read=no_cover),
    "FAXID": given("csid"),
    "BANNERTEXT": given("header"),
}


def line(text: str) -> Heard | None:
    """Return the wish of a line; None for text."""
    found = LINE.match(text)
    row = ROWS.get(found[1].upper()) if found else None
    if found is None or row is None or (found[2] is None and row is not ROWS["NOCOVERPAGE"]):
        return None
    wishes, warnings = taken(f"{found[1].upper()}:", row, (found[2] or "").strip())
    return Heard("", wishes, warnings)


FAMILY = Family("relayfax", line=line, top=True)
