"""RightFax: codes `<CODE:argument>` anywhere in the body, in any case, never across lines.

A code that is taken is removed; any other stays on the page, as there. Documents of a library would be files
of the server: a fax that wants one is refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gateway.mailin.conventions.base import NOT_FOLLOWED, Family, Heard, fixed, given, taken
from gateway.mailin.conventions.gfi import no_file

if TYPE_CHECKING:
    from gateway.domain.modifiers import Wish

CODE = re.compile(r"<([A-Za-z][A-Za-z0-9]{1,15})(?::([^<>\n]{0,200}))?>")
ROWS = {
    "NOCOVER": fixed("cover", value=False),
    "COVER": given("cover"),
    "TONAME": given("contact"),
    "BILLINFO1": given("reference"),
    "BILLINFO2": NOT_FOLLOWED,
    "TOFAXNUM": NOT_FOLLOWED,
    "LIBDOC": given("cover", no_file),
    "LIBDOC2": given("cover", no_file),
}


def line(text: str) -> Heard | None:
    """Return a line without its codes; None where it has none."""
    wishes: list[Wish] = []
    warnings: list[str] = []

    def out(found: re.Match[str]) -> str:
        row = ROWS.get(found[1].upper())
        if row is None:
            return found[0]
        heard, told = taken(f"<{found[1]}>", row, (found[2] or "").strip())
        wishes.extend(heard)
        warnings.extend(told)
        return ""

    rest = CODE.sub(out, text)
    return Heard(rest, tuple(wishes), tuple(warnings)) if wishes or warnings else None


FAMILY = Family("rightfax", line=line)
