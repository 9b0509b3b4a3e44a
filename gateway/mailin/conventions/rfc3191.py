"""Addresses of RFC 3191 and 3192 with the names of RFC 2846: `FAX=+12025550123/T33S=42/ATTN=J_Smith@`.

On unless an account says otherwise. ATTN, else ORG, is who the fax is for; the postal names are let through
and not used. Other service selectors (VOICE, VPIM, AMIS) are no fax and are refused.
"""

from __future__ import annotations

from gateway.domain.errors import BadNumber
from gateway.mailin.conventions.base import Family, Written, slashed

CONTACT = ("ATTN", "ORG")
UNUSED = frozenset({"OFNO", "OFNA", "STR", "ADDR", "ADDU", "ADDL", "POB", "ZIP", "CO"})
NO_FAX = frozenset({"VOICE", "VPIM", "AMIS"})


def address(local: str, place: str) -> Written | None:
    """Return what such an address means; None for other forms."""
    service = local.strip("/").partition("=")[0].upper()
    if service in NO_FAX:
        raise BadNumber(f"{service} is not a fax.")
    found = slashed(local)
    if place or found is None:
        return None
    number, pairs = found
    named = {name.upper(): value for name, value in pairs}
    if not named.keys() <= {*CONTACT, *UNUSED, "T33S"}:
        return None
    contact = next((named[name] for name in CONTACT if named.get(name)), "")
    sub = f"/T33S={named['T33S']}" if "T33S" in named else ""
    return Written(f"FAX={number}{sub}", contact=contact.replace("_", " "))


FAMILY = Family("rfc3191", address=address)
