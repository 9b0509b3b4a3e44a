"""Interpage: `fax n1,n2` at the start of the subject. The numbers are those of the addresses here.

Where the subject is nothing else it is taken away, so that no list of numbers is shown as what the fax is
about; that its numbers were not dialled for it is a warning.
"""

from __future__ import annotations

import re

from gateway.mailin.conventions.base import NOT_FOLLOWED, Family, Heard, taken

NUMBERS = re.compile(r"fax\s+\+?[0-9][0-9 ()./+-]*(?:,\s*\+?[0-9][0-9 ()./+-]*)*\Z", re.IGNORECASE)


def subject(text: str) -> Heard:
    """Return no subject where it is a list of numbers."""
    if not NUMBERS.match(text.strip()):
        return Heard(text)
    _, warnings = taken(text.strip(), NOT_FOLLOWED)
    return Heard("", (), warnings)


FAMILY = Family("interpage", subject=subject)
