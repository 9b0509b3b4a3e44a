"""The `[[account]]` tables of a provisioning file, checked and turned into values; nothing is written here.

Keys are those of design.md section 5. An unknown key is refused with the nearest known one, an impossible
value with what is possible: a typing error must not become a silent default.
"""

from __future__ import annotations

import difflib
import re
import zoneinfo
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from gateway.domain import options, windows
from gateway.domain.caps import Caps
from gateway.domain.errors import BadConfig, BadNumber, BadOption
from gateway.domain.numbers import parse, region_of

CHOICES = {
    "sender_evidence": ("default", "envelope", "verified", "smime"),
    "smime_policy": ("off", "verify", "required", "required+encrypted"),
    "uncertain": ("resend_from_page", "ask", "never"),
    "when": ("always", "success", "failure", "never"),
    "format": ("html", "text", "csv", "xml"),
    "language": ("ja", "en", "zh-CN", "ru"),
    "route format": ("pdf", "tiff"),
    "face": ("axatel", "faxplus", "ringcentral", "api"),
}
COLUMNS: dict[str, Any] = {
    "country": "",
    "area_code": "",
    "timezone": "UTC",
    "sender_evidence": "default",
    "smime_policy": "verify",
    "uncertain": "resend_from_page",
    "include_body": False,
}
NOTIFY = {"when": "always", "format": "html", "language": "en", "attach_image": False}
ACCOUNT_KEYS = (
    "name",
    *COLUMNS,
    "senders",
    "notify",
    "retries",
    "international",
    "cut_white",
    "calling_window",
    "caps",
    "approval",
    "header",
    "lines",
    "user",
    "number",
    "token",
)
FORWARDS = 25
SENDER = re.compile(r"[^@\s]+@[^@\s]+|\"[^\"]+\"@[^@\s]+")


@dataclass(frozen=True, slots=True)
class UserSpec:
    """One `[[account.user]]`. `password` in the clear, None if the file sets none."""

    login: str
    extension: str
    roles: tuple[str, ...]
    password: str | None


@dataclass(frozen=True, slots=True)
class RouteSpec:
    """One `[[account.number]]`. `match` is (called, line, sub); called numbers are canonical."""

    match: tuple[str | None, str | None, str | None]
    forward: tuple[str, ...]
    format: str


@dataclass(frozen=True, slots=True)
class AccountSpec:
    """One `[[account]]`, checked. `columns` are values of the account row, settings included."""

    name: str
    columns: Mapping[str, Any]
    senders: tuple[str, ...]
    users: tuple[UserSpec, ...]
    tokens: tuple[tuple[str, str], ...]
    routes: tuple[RouteSpec, ...]


def read_accounts(tables: Sequence[Mapping[str, Any]]) -> list[AccountSpec]:
    """Return the checked accounts. Raises `BadConfig`, and reads secret files, but writes nothing."""
    specs = [_account(_table(table, "account")) for table in tables]
    names = [spec.name for spec in specs]
    for name in names:
        if names.count(name) > 1:
            raise BadConfig(f"account {name} stands twice in the file")
    return specs


def _account(table: Mapping[str, Any]) -> AccountSpec:
    name = _text(table, "name", "account")
    if not name:
        raise BadConfig("an [[account]] needs a name")
    where = f"account {name}"
    _known(table, ACCOUNT_KEYS, where)
    country = _country(str(table.get("country", "")), where)
    return AccountSpec(
        name=name,
        columns=_columns(table, country, where),
        senders=tuple(_sender(item, where) for item in _list(table, "senders", where)),
        users=tuple(_user(_table(item, where), where) for item in _list(table, "user", where)),
        tokens=tuple(_token(_table(item, where), where) for item in _list(table, "token", where)),
        routes=tuple(_route(_table(item, where), country, where) for item in _list(table, "number", where)),
    )


def _columns(table: Mapping[str, Any], country: str, where: str) -> dict[str, Any]:
    columns = {key: table.get(key, default) for key, default in COLUMNS.items()}
    columns["country"], columns["area_code"] = country, str(columns["area_code"])
    for key in ("sender_evidence", "smime_policy", "uncertain"):
        _choice(columns[key], key, where)
    if columns["timezone"] not in zoneinfo.available_timezones():
        raise BadConfig(f"{where}: timezone {columns['timezone']!r} is unknown{_nearest_zone(columns)}")
    if not isinstance(columns["include_body"], bool):
        raise BadConfig(f"{where}: include_body is true or false")
    columns["settings"] = {
        "notify": _notify(table, where),
        "retries": _retries(table, where),
        **_sending(table, where),
    }
    return columns


def _sending(table: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return what the file says about calling out; a key that it leaves out is left out here too."""
    checks: Mapping[str, Callable[[Any, str], Any]] = {
        "international": _switch,
        "cut_white": _switch,
        "calling_window": _window,
        "caps": lambda given, place: _counts(given, [field.name for field in fields(Caps)], place),
        "approval": lambda given, place: _counts(given, ("pages", "numbers"), place),
        "header": _header,
        "lines": _group,
    }
    return {key: check(table[key], f"{where}: {key}") for key, check in checks.items() if key in table}


def _switch(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise BadConfig(f"{where} is true or false")
    return value


def _window(value: Any, where: str) -> str:
    try:
        windows.read(str(value))
    except BadOption as error:
        raise BadConfig(f"{where}: {error.text}") from error
    return str(value)


def _header(value: Any, where: str) -> str:
    try:
        return str(options.header(value))
    except BadOption as error:
        raise BadConfig(f"{where}: {error.text}") from error


def _group(value: Any, where: str) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9_.-]{0,64}", value):
        raise BadConfig(f"{where} is the `group` of some lines, not {value!r}")
    return value


def _counts(value: Any, keys: Sequence[str], where: str) -> dict[str, int]:
    given = _table(value, where)
    _known(given, keys, where)
    for key, count in given.items():
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            raise BadConfig(f"{where}.{key} is a number from 0 on, not {count!r}")
    return dict(given)


def _notify(table: Mapping[str, Any], where: str) -> dict[str, Any]:
    given = _table(table.get("notify", {}), f"{where}: notify")
    _known(given, NOTIFY, f"{where}: notify")
    merged = {**NOTIFY, **given}
    for key in ("when", "format", "language"):
        _choice(merged[key], key, f"{where}: notify")
    return merged


def _retries(table: Mapping[str, Any], where: str) -> dict[str, int]:
    given = _table(table.get("retries", {}), f"{where}: retries")
    limits = {"dials": (1, 6), "interval_minutes": (1, 30)}
    _known(given, limits, f"{where}: retries")
    for key, value in given.items():
        low, high = limits[key]
        if not isinstance(value, int) or not low <= value <= high:
            raise BadConfig(f"{where}: retries.{key} is a number from {low} to {high}, not {value!r}")
    return dict(given)


def _user(table: Mapping[str, Any], where: str) -> UserSpec:
    _known(table, ("login", "extension", "password", "password_file", "roles"), f"{where}: user")
    login = _text(table, "login", f"{where}: user")
    if not login:
        raise BadConfig(f"{where}: a user needs a login")
    roles = tuple(str(role) for role in _list(table, "roles", where))
    return UserSpec(
        login, str(table.get("extension", "")), roles, _secret(table, "password", f"user {login}")
    )


def _token(table: Mapping[str, Any], where: str) -> tuple[str, str]:
    _known(table, ("face", "value", "value_file"), f"{where}: token")
    face = _choice(table.get("face"), "face", f"{where}: token")
    value = _secret(table, "value", f"{where}: token")
    if not value:
        raise BadConfig(f"{where}: a token needs a value or value_file")
    return face, value


def _route(table: Mapping[str, Any], country: str, where: str) -> RouteSpec:
    where = f"{where}: number"
    _known(table, ("match", "forward", "format"), where)
    match = _table(table.get("match", {}), where)
    _known(match, ("called", "line", "sub"), f"{where}.match")
    if not match:
        raise BadConfig(f"{where}: match needs called, line or sub")
    forward = tuple(_address(item, where) for item in _list(table, "forward", where))
    if not 1 <= len(forward) <= FORWARDS:
        raise BadConfig(f"{where}: forward takes 1 to {FORWARDS} addresses")
    called = _called(match["called"], country, where) if "called" in match else None
    line, sub = (str(match[key]) if key in match else None for key in ("line", "sub"))
    return RouteSpec((called, line, sub), forward, _choice(table.get("format", "pdf"), "route format", where))


def _called(number: Any, country: str, where: str) -> str:
    try:
        return parse(str(number), country).canonical
    except BadNumber as error:
        raise BadConfig(f"{where}: called {number!r}: {error.text}") from error


def _country(value: str, where: str) -> str:
    if value and region_of(value) is None:
        raise BadConfig(f'{where}: country {value!r} is neither a calling code ("81") nor a country ("JP")')
    return value.upper()


def _sender(item: Any, where: str) -> str:
    if not isinstance(item, str) or not SENDER.fullmatch(item.strip()):
        raise BadConfig(f"{where}: sender {item!r} is not a mail address or a pattern such as *@example.org")
    return item.strip().lower()


def _address(item: Any, where: str) -> str:
    if not isinstance(item, str) or "*" in item or not SENDER.fullmatch(item.strip()):
        raise BadConfig(f"{where}: {item!r} is not a mail address")
    return item.strip()


def _secret(table: Mapping[str, Any], key: str, where: str) -> str | None:
    """Return a secret given as `key` or read from the file named by `key_file`, without its line end."""
    file = table.get(f"{key}_file")
    if file is None:
        return None if key not in table else _text(table, key, where)
    if key in table:
        raise BadConfig(f"{where}: give {key} or {key}_file, not both")
    try:
        return Path(str(file)).read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise BadConfig(f"{where}: {key}_file {file}: {error.strerror}") from error


def _choice(value: Any, key: str, where: str) -> str:
    if value not in CHOICES[key]:
        raise BadConfig(f"{where}: {key} is one of {', '.join(CHOICES[key])}, not {value!r}")
    return str(value)


def _text(table: Mapping[str, Any], key: str, where: str) -> str:
    value = table.get(key, "")
    if not isinstance(value, str):
        raise BadConfig(f"{where}: {key} is a text, not {value!r}")
    return value


def _list(table: Mapping[str, Any], key: str, where: str) -> Sequence[Any]:
    value = table.get(key, [])
    if not isinstance(value, list | tuple):
        raise BadConfig(f"{where}: {key} is a list")
    return value


def _table(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise BadConfig(f"{where}: {value!r} is not a table")
    return value


def _known(table: Mapping[str, Any], keys: Sequence[str] | Mapping[str, Any], where: str) -> None:
    for key in table:
        if key not in keys:
            near = difflib.get_close_matches(key, keys, n=1, cutoff=0.0)
            raise BadConfig(f"{where}: {key!r} is not a key here; the nearest is {near[0]!r}")


def _nearest_zone(columns: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(str(columns["timezone"]), zoneinfo.available_timezones(), n=1)
    return f"; the nearest is {near[0]!r}" if near else ""
