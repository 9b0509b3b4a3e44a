"""Courier: the domain's first label says how: `5558888@fax-lowres.example.org`; `-cover` is refused."""

from __future__ import annotations

from gateway.domain.modifiers import Wish
from gateway.mailin.conventions.base import Family, Written, fixed

PLACES = {"-lowres": fixed("resolution", "standard"), "-cover": fixed("cover", value=True)}


def address(local: str, place: str) -> Written | None:
    """Return what such an address means; None for other domains."""
    row = PLACES.get(place)
    return None if row is None else Written(local, (Wish(f"fax{place}", row, ""),))


FAMILY = Family("courier", address=address)
