"""The `[[account]]` tables of a provisioning file, checked and turned into values; nothing is written here.

Keys are those of design.md section 5. An unknown key is refused with the nearest known one, an impossible
value with what is possible: a typing error must not become a silent default.
"""

from __future__ import annotations

import difflib
import zoneinfo
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from gateway.domain.dialling import Caller, Rules
from gateway.domain.errors import BadConfig
from gateway.domain.numbers import region_of
from gateway.store.provisioning import certificates, checks, inbound, number_lists, people, preferences

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gateway.domain.number_lists import Entry
    from gateway.store.certificates import Given
    from gateway.store.provisioning.inbound import RouteSpec
    from gateway.store.provisioning.people import UserSpec

EVIDENCE: Final = ("default", "envelope", "verified", "smime")
COLUMNS: Final[Mapping[str, tuple[Any, checks.Check]]] = {
    "sender_evidence": ("default", checks.one_of(*EVIDENCE)),
    "smime_policy": ("verify", checks.one_of("off", "verify", "required", "required+encrypted")),
    "uncertain": ("resend_from_page", checks.one_of("resend_from_page", "ask", "never")),
    "include_body": (False, checks.switch),
}
PLACE: Final = ("name", "country", "area_code", "timezone")
PARTS: Final = ("senders", "user", "number", "token", "list", "certificate")
ACCOUNT_KEYS: Final = (*PLACE, *COLUMNS, *PARTS, *preferences.SHARED, *preferences.OF_ACCOUNT)

UNBOUND: Final = Rules()
"""Rules of a site that forbids nothing of its own."""


@dataclass(frozen=True, slots=True)
class AccountSpec:
    """One `[[account]]`, checked. `columns` are values of the account row, settings included."""

    name: str
    columns: Mapping[str, Any]
    senders: tuple[str, ...]
    users: tuple[UserSpec, ...]
    tokens: tuple[tuple[str, str], ...]
    routes: tuple[RouteSpec, ...]
    lists: Mapping[str, Sequence[Entry]]
    certificates: tuple[Given, ...] = ()


def read_accounts(tables: Sequence[Mapping[str, Any]], rules: Rules = UNBOUND) -> list[AccountSpec]:
    """Return the checked accounts; `rules` are the site's, by which numbers of lists are read.

    Raises `BadConfig`, and reads files of secrets and lists, but writes nothing.
    """
    specs = [_account(checks.mapping(table, "account"), rules) for table in tables]
    names = [spec.name for spec in specs]
    for name in names:
        if names.count(name) > 1:
            raise BadConfig(f"account {name} stands twice in the file")
    return specs


def _account(table: Mapping[str, Any], rules: Rules) -> AccountSpec:
    name = checks.text(table, "name", "account")
    if not name:
        raise BadConfig("an [[account]] needs a name")
    where = f"account {name}"
    checks.only(table, ACCOUNT_KEYS, where)
    country = _country(str(table.get("country", "")), where)
    settings = preferences.of_account(table, where)
    caller = Caller(country, str(table.get("area_code", "")), settings.get("international", False))
    return AccountSpec(
        name=name,
        columns={
            "country": country,
            "area_code": str(table.get("area_code", "")),
            "timezone": _timezone(table.get("timezone", "UTC"), where),
            **{
                key: check(table.get(key, usual), f"{where}: {key}")
                for key, (usual, check) in COLUMNS.items()
            },
            "settings": settings,
        },
        senders=people.senders(table, "senders", where),
        users=people.users(table, where),
        tokens=people.tokens(table, where),
        routes=inbound.routes(table, country, where),
        lists=number_lists.lists(table, caller, rules, where),
        certificates=certificates.certificates(table, where),
    )


def _country(value: str, where: str) -> str:
    if value and region_of(value) is None:
        raise BadConfig(f'{where}: country {value!r} is neither a calling code ("81") nor a country ("JP")')
    return value.upper()


def _timezone(value: Any, where: str) -> str:
    known = zoneinfo.available_timezones()
    if value not in known:
        near = difflib.get_close_matches(str(value), known, n=1)
        hint = f"; the nearest is {near[0]!r}" if near else ""
        raise BadConfig(f"{where}: timezone {value!r} is unknown{hint}")
    return str(value)
