"""NET SatisFAXtion: options behind the number, `5551212^NOCOVER^A4^RETRIES=2^BILLING=x@`."""

from __future__ import annotations

from gateway.domain.errors import BadOption
from gateway.domain.modifiers import more_dials
from gateway.mailin.conventions.base import Family, Written, fixed, given, wishes_of

ROWS = {
    "NOCOVER": fixed("cover", value=False),
    "A4": fixed("paper", "a4"),
    "LETTER": fixed("paper", "letter"),
    "LEGAL": fixed("paper", "legal"),
    "COARSE": fixed("resolution", "standard"),
    "STANDARD": fixed("resolution", "standard"),
    "FINE": fixed("resolution", "fine"),
    "RETRIES": given("dials", more_dials),
    "BILLING": given("reference"),
}


def address(local: str, place: str) -> Written | None:
    """Return what such an address means; None for other forms, `BadOption` for an option it does not have."""
    number, *options = local.split("^")
    if place or not options:
        return None
    pairs = [(name, value) for name, _, value in (option.partition("=") for option in options)]
    wishes = wishes_of(pairs, ROWS)
    if wishes is None:
        raise BadOption(f"{'^'.join(options)!r} is not one of {', '.join(ROWS)}")
    return Written(number, wishes)


FAMILY = Family("satisfaxtion", address=address)
