"""What is never dialled, as tables: the toll-fraud list of threats.md section 5, and emergency numbers.

Every entry is a start of the *national significant* number, after every prefix is gone, so no way of writing
a number walks around it. The tables name what phonenumbers does not class as premium rate. An operator adds
to them by `[dialling] deny`; nothing takes an entry away, for a fax machine never stands behind one.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberType

from gateway.domain.errors import BadNumber, NumberDenied

if TYPE_CHECKING:
    from collections.abc import Mapping

EMERGENCY: Final = frozenset({"110", "112", "118", "119", "911", "999"})
GLOBAL_NETWORKS: Final = ("870", "878", "881", "882", "883", "888", "979", "999")
"""Satellite and shared networks, where a minute costs what a day costs elsewhere, and codes of no country."""

PREMIUM: Final[Mapping[str, re.Pattern[str]]] = {
    "1": re.compile(r"900|\d{3}976|976\d{4}$"),  # pay-per-call, and the 976 exchange of any area
    "33": re.compile(r"89"),
    "34": re.compile(r"80[367]|90[57]"),
    "39": re.compile(r"89|14[456]|16[46]"),
    "41": re.compile(r"90[016]"),
    "43": re.compile(r"9[03]"),
    "44": re.compile(r"9|70|118|76(?!24)"),  # 070 personal numbers; 076 pagers, but the Isle of Man
    "49": re.compile(r"900|137|118|19[0-4]"),
    "61": re.compile(r"19|14[57]"),  # 0145 and 0147 are satellite telephones
    "7": re.compile(r"80[39]"),
    "81": re.compile(r"990|180"),
    "82": re.compile(r"60"),
    "86": re.compile(r"16[08]|1349|1740[0-5]"),  # 1349 and 1740: satellite
    "852": re.compile(r"900"),
}
"""Country code -> start of the national number."""

NO_FAX_THERE: Final = frozenset(
    {PhoneNumberType.PREMIUM_RATE, PhoneNumberType.PAGER, PhoneNumberType.VOICEMAIL}
)
SHARED_COST: Final[Mapping[str, tuple[str, ...]]] = {"81": ("570",)}
"""Country code -> starts of numbers that cost more than an ordinary call: worth a warning, not a refusal."""

CARRIER_SELECT: Final[Mapping[str, re.Pattern[str]]] = {
    "1": re.compile(r"101\d{4}"),
    "33": re.compile(r"(?:365[01]|16\d\d)(?=0)"),
    "41": re.compile(r"10[78]\d\d(?=0)"),
    "43": re.compile(r"10\d\d(?=0)"),
    "49": re.compile(r"010\d\d(?=0)"),
    "81": re.compile(r"122(?=0)"),
    "82": re.compile(r"08[1-9](?=0)"),
    "86": re.compile(r"179\d\d|1259\d"),
}
"""Country code -> start of a number as dialled there that chooses a carrier; only the operator may choose."""

HIDE_OR_SHOW_CALLER: Final[Mapping[str, re.Pattern[str]]] = {"81": re.compile(r"18[46](?=[0+])")}
"""Country code -> what shows or hides the caller in one call; taken off before anything is checked."""


@lru_cache(4096)  # of numbers that may be called; asked twice for each number of a mail
def refuse_denied(code: str, national: str) -> None:
    """Raise `NumberDenied` for a number of the tables, `BadNumber` for one of an emergency service."""
    rule = PREMIUM.get(code)
    if (
        code in GLOBAL_NETWORKS
        or (rule is not None and rule.match(national))
        or phonenumbers.number_type(number_of(code, national)) in NO_FAX_THERE
    ):
        raise NumberDenied(f"+{code} {national} is not dialled here: premium, satellite or network number.")
    refuse_emergency(national, phonenumbers.region_code_for_country_code(int(code)))


def refuse_emergency(digits: str, region: str) -> None:
    """Refuse emergency numbers, in any country's spelling of them, and the one of `region`."""
    if digits in EMERGENCY or phonenumbers.is_emergency_number(digits, region):
        raise BadNumber(f"{digits} is an emergency number.")


def refuse_at_the_exchange(digits: str, region: str | None) -> None:
    """Refuse a string of digits that an exchange in `region` would take for more, or less, than it says.

    That is one which *begins* with an emergency number where the exchange connects it at once, or is one.
    """
    refuse_emergency(digits, region or "ZZ")
    if region is not None and phonenumbers.connects_to_emergency_number(digits, region):
        raise NumberDenied(f"{digits} would reach an emergency service from here.")


def refuse_carrier_select(digits: str, code: str) -> None:
    """Refuse a number, as written by a person in country `code`, that begins by choosing a carrier."""
    rule = CARRIER_SELECT.get(code)
    if rule is not None and rule.match(digits):
        raise NumberDenied(f"{digits} chooses a telephone company; write the number without that prefix.")


def costs_more(code: str, national: str) -> bool:
    """Say whether a call there costs more than an ordinary one (Japan's 0570 and its like elsewhere)."""
    kind = phonenumbers.number_type(number_of(code, national))
    return kind == PhoneNumberType.SHARED_COST or national.startswith(SHARED_COST.get(code, ("-",)))


def number_of(code: str, national: str) -> PhoneNumber:
    """Return the number as phonenumbers keeps it, leading zeros included."""
    zeros = len(national) - len(str(int(national or "0")))
    return PhoneNumber(
        country_code=int(code),
        national_number=int(national or "0"),
        italian_leading_zero=zeros > 0 or None,
        number_of_leading_zeros=zeros if zeros > 1 else None,
    )
