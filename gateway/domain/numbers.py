"""Fax numbers: what people write, and the one canonical form it means.

Canonical is `00`, country code and national number without trunk zero, digits only. Reads every form of
email-interface.md section 1.1 but lists, and RFC 3191 addresses. Refuses what `denied` names, after every
prefix is gone, and short numbers, which are complete nowhere. Whether an account may call a number, and what
is dialled for it, says `dialling`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumberType, ValidationResult

from gateway.domain import denied
from gateway.domain.errors import BadNumber

SIMULATOR = re.compile(r"009999999(\d{1,4})")
RFC3191 = re.compile(r"/?FAX=(?P<number>[^/=]+)(?:/T33S=(?P<sub>[0-9.\- ]+))?/?", re.IGNORECASE)
WRITTEN = re.compile(r"[0-9+\-.,()\[\]/_~\s]+")
LOWEST, HIGHEST, E164 = 3, 20, 15
REMEMBERED = 4096  # numbers whose reading is kept: a mail to 500 asks for each of them twice

SUBSCRIBERS = (
    PhoneNumberType.FIXED_LINE,
    PhoneNumberType.MOBILE,
    PhoneNumberType.VOIP,
    PhoneNumberType.PERSONAL_NUMBER,
    PhoneNumberType.UAN,
    PhoneNumberType.SHARED_COST,
)


@dataclass(frozen=True, slots=True)
class Destination:
    """A number we may dial, canonical; or, with `simulated_status`, one that ends without a call.

    `sub` is the T.30 sub-address of an RFC 3191 address; `shared_cost` marks numbers that cost more than
    an ordinary call and are worth a warning (Japan's 0570).
    """

    canonical: str
    simulated_status: int | None = None
    sub: str = ""
    shared_cost: bool = False


@lru_cache(REMEMBERED)
def parse(
    local_part: str, country: str = "", area_code: str = "", *, tolerate_trunk: bool = False
) -> Destination:
    """Return the number a mail address' local part, or a person, means.

    `country` is the account's, as calling code ("81") or ISO code ("JP"); numbers without an international
    prefix need it. `area_code` completes local numbers. `tolerate_trunk` accepts a trunk zero after a country
    code. Raises `BadNumber` with a sentence for the sender.
    """
    text, sub = _unwrapped(local_part)
    digits = _digits(text)
    if found := SIMULATOR.fullmatch(_generic(digits)):
        return Destination(found[0], simulated_status=int(found[1]))
    region = region_of(country) if country else None
    if country and region is None:
        raise BadNumber(f"{country!r} is not a country.")
    digits = _without_caller_prefix(digits, region)
    number = _international(digits, region, tolerate_trunk=tolerate_trunk) or _national(
        digits, region, area_code
    )
    denied.refuse_denied(*number)
    code, national = number
    return Destination(f"00{code}{national}", sub=sub, shared_cost=denied.costs_more(code, national))


def simulated_status(canonical: str) -> int | None:
    """Return the status that a number of the result simulator asks for, None for any other number."""
    found = SIMULATOR.fullmatch(canonical)
    return int(found[1]) if found else None


@lru_cache(REMEMBERED)
def split(canonical: str) -> tuple[str, str]:
    """Return country code and national number of a canonical number; raise `BadNumber` for anything else."""
    if not canonical.startswith("00") or not canonical.isascii() or not canonical.isdigit():
        raise BadNumber(f"{canonical!r} is not a canonical number.")
    if SIMULATOR.fullmatch(canonical):
        raise BadNumber("Numbers of the result simulator are not dialled.")
    code, national = _split(canonical[2:])
    return code, _without_trunk(code, national, tolerate_trunk=False)


def country_of(written: str) -> str:
    """Return the country code of a number written with "+", "" for anything else: an ident may be a name."""
    digits = re.sub(r"[^0-9+]", "", written)
    if not digits.startswith("+"):
        return ""
    try:
        return split(_generic(digits))[0]
    except BadNumber:
        return ""


def trunk_of(region: str) -> str:
    """Return the digits dialled before a national number in this region, "" where there are none."""
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region)
    return (metadata and metadata.national_prefix) or ""


@lru_cache
def region_of(country: str) -> str | None:
    """Return the ISO code of a calling code ("81", "+81") or ISO code ("jp"); None if there is no such."""
    plain = country.strip().lstrip("+")
    if plain.isascii() and plain.isdigit():
        region = phonenumbers.region_code_for_country_code(int(plain))
        return region if region not in ("ZZ", "001") else None
    return plain.upper() if plain.upper() in phonenumbers.SUPPORTED_REGIONS else None


def _unwrapped(local_part: str) -> tuple[str, str]:
    """Take off quotes and the clothes of RFC 3191; return (number as written, sub-address)."""
    text = local_part.strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = re.sub(r"\\(.)", r"\1", text[1:-1])
    text = unicodedata.normalize("NFKC", text)
    if "=" not in text:
        return text, ""
    found = RFC3191.fullmatch(text)
    if found is None:
        raise BadNumber(f"{local_part!r} is not a fax address.")
    return found["number"], re.sub(r"\D", "", found["sub"] or "")


def _digits(text: str) -> str:
    """Return the digits, with a "+" in front if there was one; refuse what no number contains."""
    if not WRITTEN.fullmatch(text):
        raise BadNumber(f"{text!r} is not a telephone number.")
    digits = re.sub(r"[^0-9+]", "", text)
    if "+" in digits[1:] or not LOWEST <= len(digits.lstrip("+")) <= HIGHEST:
        raise BadNumber(f"{text!r} is not a telephone number.")
    return digits


def _generic(digits: str) -> str:
    return f"00{digits[1:]}" if digits.startswith("+") else digits


def _international(digits: str, region: str | None, *, tolerate_trunk: bool) -> tuple[str, str] | None:
    """Return (country code, national number) if an international prefix says so, else None."""
    generic = _generic(digits)
    if not generic.startswith("00"):
        own = _own_prefix(digits, region)
        if own is None:
            return None
        generic = f"00{digits[own:]}"
    code, national = _split(generic[2:])
    return code, _without_trunk(code, national, tolerate_trunk=tolerate_trunk)


def _without_caller_prefix(digits: str, region: str | None) -> str:
    """Take off what shows or hides the caller; what stands behind it is read as if it stood alone."""
    rule = (
        denied.HIDE_OR_SHOW_CALLER.get(str(phonenumbers.country_code_for_region(region))) if region else None
    )
    found = rule.match(digits) if rule is not None else None
    return digits[found.end() :] if found else digits


def _own_prefix(digits: str, region: str | None) -> int | None:
    """Return the length of the account country's international prefix in front of these digits."""
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region) if region else None
    found = metadata and metadata.international_prefix and re.match(metadata.international_prefix, digits)
    return found.end() if found else None


def _split(rest: str) -> tuple[str, str]:
    """Split country code and national number; refuse numbers no country has."""
    for length in (1, 2, 3):
        code, national = rest[:length], rest[length:]
        if code in denied.GLOBAL_NETWORKS or (
            code.isdigit() and int(code) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE
        ):
            _check_length(code, national)
            return code, national
    raise BadNumber(f"No country has the code that {rest} begins with.")


def _check_length(code: str, national: str) -> None:
    if code in denied.GLOBAL_NETWORKS or _length_fits(code, national):
        return
    if _stripped(code, national) != national and _length_fits(code, _stripped(code, national)):
        return  # wrong by the trunk zero alone: the sentence about that one helps more
    raise BadNumber(f"+{code} {national} has the wrong length for a number there.")


def _length_fits(code: str, national: str) -> bool:
    """Say whether subscribers there have numbers of this length; service numbers must be known ones."""
    number = denied.number_of(code, national)
    if len(code) + len(national) > E164 or not phonenumbers.is_possible_number(number):
        return False
    if national.startswith("0"):  # countries whose numbers begin with a zero have them in the tables
        return phonenumbers.is_valid_number(number)
    return phonenumbers.is_valid_number(number) or any(
        phonenumbers.is_possible_number_for_type_with_reason(number, kind) == ValidationResult.IS_POSSIBLE
        for kind in SUBSCRIBERS
    )  # not IS_POSSIBLE_LOCAL_ONLY: a number without its area is complete nowhere else


def _without_trunk(code: str, national: str, *, tolerate_trunk: bool) -> str:
    stripped = _stripped(code, national)
    if stripped != national and not tolerate_trunk:
        raise BadNumber(f"Leave out the 0 after the country code: +{code} {stripped}.")
    return stripped


def _stripped(code: str, national: str) -> str:
    """Return the national number without the trunk zero that does not belong after a country code."""
    region = phonenumbers.region_code_for_country_code(int(code))
    return national[1:] if region is not None and _complete(national, region) else national


def _national(digits: str, region: str | None, area_code: str) -> tuple[str, str]:
    """Complete a number without international prefix by the account's country and area code."""
    if region is None:
        raise BadNumber("Write the number with + and country code: the account has no country.")
    code = str(phonenumbers.country_code_for_region(region))
    denied.refuse_emergency(digits, region)
    denied.refuse_carrier_select(digits, code)
    try:
        number = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException as error:
        raise BadNumber(f"{digits!r} is not a telephone number.") from error
    if str(number.country_code) != code:
        raise BadNumber(f"{digits!r} is not a telephone number of this country.")
    national = phonenumbers.national_significant_number(number)
    local = _with_area(code, digits, area_code, region)
    if not phonenumbers.is_valid_number(number) and not _complete(digits, region):
        if (behind := digits.removeprefix(trunk_of(region))) != digits and _length_fits(code, behind):
            return code, behind
        if local is None:
            raise BadNumber(f"{digits} lacks the area code.")
        return code, local
    _check_length(code, national)
    return code, national


def _complete(digits: str, region: str) -> bool:
    """Say whether a number begins as national numbers of this country do, where they have a trunk zero."""
    return trunk_of(region) == "0" and digits.startswith("0")


def _with_area(code: str, digits: str, area_code: str, region: str) -> str | None:
    """Return the national number if `digits` can be a local number of the account's area, else None."""
    area = re.sub(r"\D", "", area_code)
    if not area or _complete(digits, region):
        return None
    if _complete(area, region):
        area = area[1:]
    number = denied.number_of(code, area + digits)
    return area + digits if phonenumbers.is_possible_number(number) else None
