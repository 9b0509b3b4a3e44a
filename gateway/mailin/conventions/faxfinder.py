"""Multi-Tech FaxFinder: `FAX=5551212/FAX-PRIORITY=0/RECEIPT=never@`, cover pages off or refused."""

from __future__ import annotations

from gateway.mailin.conventions.base import NOT_FOLLOWED, Family, Written, chosen, given, slashed, wishes_of

PRIORITIES = {"0": "high", "1": "high", "2": "normal", "3": "normal", "4": "low", "5": "low"}
ROWS = {
    "COVER-PAGE-ENABLED": given("cover", lambda text: text.lower() == "true"),
    "FAX-PRIORITY": chosen("priority", PRIORITIES),
    "RECEIPT": chosen("notify", {"always": "always", "never": "never", "failure": "failure"}),
    "INLINE-COMMENTS": NOT_FOLLOWED,
}


def address(local: str, place: str) -> Written | None:
    """Return what such an address means; None for other forms. Letters in numbers are not dialled."""
    found = slashed(local)
    wishes = wishes_of(found[1], ROWS) if found and not place else None
    return None if found is None or wishes is None else Written(found[0], wishes)


FAMILY = Family("faxfinder", address=address)
