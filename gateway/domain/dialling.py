"""Whether an account may call a number, and the string that is dialled for it (threats.md section 5).

A number goes through `destination` at every door: read, made canonical, held against the tables of `denied`,
the operator's deny and allow lists, and what the account may call abroad. `dial_string` asks all of it again
just before the call, builds the string from our own digits and from nothing else, and reads it back as the
exchange will: what does not mean the same number, or begins with an emergency number, is not dialled. Only
the operator's configuration puts pauses (`,` and `W`) and a PBX digit in front.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

import phonenumbers

from gateway.domain import denied, numbers
from gateway.domain.caps import Caps, NumberCaps
from gateway.domain.costs import Prices
from gateway.domain.errors import BadNumber, NumberDenied

DIALLED: Final = re.compile(r"[0-9*#+]+")
CONFIGURED: Final = re.compile(r"[0-9*#,W]*")
GENERIC: Final = "00"
ONE_COUNTRY: Final = (
    frozenset({"US", "CA", "PR", "VI", "GU", "AS", "MP"}),
    frozenset({"GB", "GG", "JE", "IM"}),
    frozenset({"IT", "VA"}),
    frozenset({"NO", "SJ"}),
    frozenset({"FI", "AX"}),
    frozenset({"AU", "CC", "CX"}),
    frozenset({"MA", "EH"}),
    frozenset({"GP", "BL", "MF"}),
    frozenset({"RE", "YT"}),
    frozenset({"CW", "BQ"}),
)
"""Regions behind one country code that call each other at home rates; others behind it are abroad, as the
Caribbean islands are for +1."""


@dataclass(frozen=True, slots=True)
class Caller:
    """An account as dialling sees it: its country ("81" or "JP", "" for the site's), its area, its rights.

    `trunk_zero`: it may write +81 (0)3: the zero behind a country code is passed over.
    """

    country: str = ""
    area_code: str = ""
    international: bool = False
    trunk_zero: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """The site's rules. Prefixes in `allow`, `deny` and `carriers` are canonical ("0081").

    `country` is where the lines stand, "" for wherever the account is; `home`, the country of the lines' own
    numbers, stands in where neither is known. `trunk` and `international_prefix`
    replace what that country uses. `outside` goes before every number, pauses included; of `carriers`
    (prefix, digits) the longest prefix that fits chooses the digits before the number. `international` off
    forbids calls abroad to every account, `shared_cost` off what costs more. `paused` stops all dialling.
    `caps` hold for accounts that have none of their own; `number` for every destination, whoever calls it.
    `prices` say what calls cost.
    """

    country: str = ""
    home: str = ""
    trunk: str | None = None
    international_prefix: str | None = None
    outside: str = ""
    carriers: tuple[tuple[str, str], ...] = ()
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    international: bool = True
    shared_cost: bool = True
    paused: bool = False
    caps: Caps = field(default_factory=Caps)
    number: NumberCaps = field(default_factory=NumberCaps)
    prices: Prices = field(default_factory=Prices)


def destination(written: str, caller: Caller, rules: Rules) -> numbers.Destination:
    """Return the number that `written` means, if this account may call it.

    Raises `BadNumber` for what is no number, `NumberDenied` for what is not dialled.
    """
    country = caller.country or rules.country or rules.home
    found = numbers.parse(written, country, caller.area_code, tolerate_trunk=caller.trunk_zero)
    if found.simulated_status is None:
        permit(found.canonical, caller, rules)
    return found


def permit(canonical: str, caller: Caller, rules: Rules) -> None:
    """Raise `NumberDenied` unless tables, lists and the account's rights let this number be called."""
    code, national = numbers.split(canonical)
    denied.refuse_denied(code, national)
    if canonical.startswith(rules.deny):
        raise NumberDenied(f"+{code} {national} is on the list of numbers that are not called from here.")
    if rules.allow and not canonical.startswith(rules.allow):
        raise NumberDenied(f"+{code} {national} is not among the numbers that may be called from here.")
    if not rules.shared_cost and denied.costs_more(code, national):
        raise NumberDenied(
            f"+{code} {national} costs more than an ordinary call; it is not called from here."
        )
    home = caller.country or rules.country or rules.home
    if not (caller.international and rules.international) and is_abroad(code, national, home):
        raise NumberDenied(f"+{code} {national} is abroad, and this account may not call abroad.")


def is_abroad(code: str, national: str, country: str) -> bool:
    """Say whether a number is outside `country`; everything is, for someone without a country."""
    home = numbers.region_of(country) if country else None
    if home is None or str(phonenumbers.country_code_for_region(home)) != code:
        return True
    there = phonenumbers.region_code_for_number(denied.number_of(code, national))
    return there is not None and there != home and not any({there, home} <= one for one in ONE_COUNTRY)


def dial_string(canonical: str, caller: Caller, rules: Rules, prefix: str = "") -> str:
    """Return what the modem is told to dial: national form at home, international form abroad.

    `prefix` is the line's own way out; the site's `outside` counts where it is "". Raises `BadNumber` for
    what is not canonical, not dialled (simulator) or not allowed.
    """
    permit(canonical, caller, rules)
    country = rules.country or caller.country or rules.home
    region = numbers.region_of(country) if country else None
    body = _body(canonical, region, rules)
    if _read_back(body, region, rules) != canonical or not DIALLED.fullmatch(body):
        raise BadNumber(f"{body} would not reach {canonical}.")
    denied.refuse_at_the_exchange(body, region)
    before = (prefix or rules.outside) + _carrier(canonical, rules)
    if not CONFIGURED.fullmatch(before):
        raise BadNumber(f"{before!r} is nothing to dial before a number.")
    without_pause = re.split(r"[,W]", before + body)[-1]
    denied.refuse_at_the_exchange(without_pause, region)
    return before + body


def _body(canonical: str, region: str | None, rules: Rules) -> str:
    code, national = numbers.split(canonical)
    if region is None:
        return f"{_prefix_abroad(None, rules)}{code}{national}"
    if str(phonenumbers.country_code_for_region(region)) == code:
        return _trunk(region, rules) + national
    return f"{_prefix_abroad(region, rules)}{code}{national}"


def _read_back(body: str, region: str | None, rules: Rules) -> str:
    """Return the canonical number an exchange in `region` connects for these digits."""
    abroad = _prefix_abroad(region, rules)
    if body.startswith(abroad):
        return f"00{body[len(abroad) :]}"
    if region is None:
        return ""
    trunk = _trunk(region, rules)
    return f"00{phonenumbers.country_code_for_region(region)}{body[len(trunk) :]}"


def _trunk(region: str, rules: Rules) -> str:
    return numbers.trunk_of(region) if rules.trunk is None else rules.trunk


def _prefix_abroad(region: str | None, rules: Rules) -> str:
    """Return the digits dialled before a country code; where carriers differ, the generic 00."""
    if rules.international_prefix is not None:
        return rules.international_prefix
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region) if region is not None else None
    for prefix in (
        metadata and metadata.international_prefix,
        metadata and metadata.preferred_international_prefix,
    ):
        if prefix and re.fullmatch(r"[0-9~]+", prefix):
            return re.sub(r"\D", "", prefix)
    return GENERIC


def _carrier(canonical: str, rules: Rules) -> str:
    fitting = [(prefix, digits) for prefix, digits in rules.carriers if canonical.startswith(prefix)]
    return max(fitting, default=("", ""), key=lambda pair: len(pair[0]))[1]
