"""What an account, or a user in its place, prefers: the keys kept in `settings`, one check each.

`SHARED` may stand in an `[[account]]` and in an `[[account.user]]`; the user's value goes before
(`accounts.preference`). `OF_ACCOUNT` is about who pays and what is dialled, which no user changes. A key that
the file leaves out is left out here too: what holds then is the reader's to say.
"""

from __future__ import annotations

import re
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

from gateway.domain import conventions, options, windows
from gateway.domain.caps import Caps
from gateway.domain.errors import BadConfig
from gateway.store.provisioning.checks import (
    Check,
    address,
    amount,
    charset,
    count,
    line_of_text,
    mapping,
    money,
    networks,
    one_of,
    option,
    pattern,
    switch,
    table,
    words,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

NOTIFY: Final[Mapping[str, Check]] = {
    "when": one_of("always", "success", "failure", "never"),
    "format": one_of("html", "text", "csv", "xml"),
    "language": one_of("ja", "en", "zh-CN", "ru"),
    "attach_image": switch,
    "default_address": address,
    "only_default": switch,
    "legacy_iso2022jp": switch,
    "report": switch,
    "contents": switch,
    "sign": switch,
    "encrypt": one_of("never", "try", "required"),
    "batch": switch,
    "dsn": one_of("instead", "besides", "never"),
    "mdn": switch,
}
NOTIFY_DEFAULTS: Final = {"when": "always", "format": "html", "language": "en", "attach_image": False}
SMIME: Final[Mapping[str, Check]] = {
    "allow_weak": switch,
    "allow_outer_signature": switch,
    "allow_no_attributes": switch,
    "revocation": one_of("auto", "off", "soft", "hard"),
}
RESERVED: Final = frozenset(
    {"postmaster", "abuse", "hostmaster", "webmaster", "security", "noc", "mailer-daemon", "digitalid"}
)
"""What addresses of ours are called that mean something whoever writes to them (`mailin.envelope`)."""
NEVER_BY_DEFAULT: Final = frozenset({"defer", "password"})
"""Options that only a single fax can have."""


def defaults(value: Any, where: str) -> dict[str, Any]:
    """Let options through that hold for every fax, as their schema writes them."""
    given = mapping(value, where)
    if barred := NEVER_BY_DEFAULT & set(given):
        raise BadConfig(f"{where}: {min(barred)!r} cannot hold for every fax")
    return dict(option(options.check)(given, where))


def window(value: Any, where: str) -> str:
    """Let a calling window through ("Mon-Fri 08:00-20:00")."""
    option(windows.read)(str(value), where)
    return str(value)


def group(value: Any, where: str) -> str:
    """Let the group of some lines through."""
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9_.-]{0,64}", value):
        raise BadConfig(f"{where} is the `group` of some lines, not {value!r}")
    return value


def axatel(value: Any, where: str) -> dict[str, str]:
    """Let Axatel's way through: who may use it, and the address that stands for the number in the subject."""
    given: dict[str, str] = table({"mask": pattern, "address": address})(value, where)
    if "mask" not in given:
        raise BadConfig(f"{where} needs a mask: which senders may name a number in the subject")
    local = given.get("address", "").partition("@")[0].lower()
    if local in RESERVED or local.startswith("fwd+"):
        raise BadConfig(f"{where}.address: {given['address']!r} has a meaning already; choose another name")
    return given


SHARED: Final[Mapping[str, Check]] = {
    "notify": table(NOTIFY),
    "header": option(options.header),
    "defaults": defaults,
    "csid": line_of_text(20),
    "contact": line_of_text(200),
    "conventions": words(*conventions.NAMES),
    "subject_errors": one_of("refuse", "ignore"),
    "unsupported_files": one_of("fail", "ignore"),
    "attachment_order": one_of("mime", "name"),
    "default_charset": charset,
    "trunk_zero": switch,
    "networks": networks,
    "password_required": switch,
    "require_protected_headers": switch,
    "signed_mail_limit": switch,
    "smime": table(SMIME),
    "axatel": axatel,
}
OF_ACCOUNT: Final[Mapping[str, Check]] = {
    "retries": table({"dials": count(1, 6), "interval_minutes": count(1, 30)}),
    "international": switch,
    "cut_white": switch,
    "calling_window": window,
    "caps": table({field.name: money if field.name.startswith("cost") else amount for field in fields(Caps)}),
    "approval": table({"pages": amount, "numbers": amount}),
    "lines": group,
}


def of_account(given: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the settings of an account row; `notify` and `retries` are always there."""
    found = _read(given, {**SHARED, **OF_ACCOUNT}, where)
    return {
        **found,
        "notify": {**NOTIFY_DEFAULTS, **found.get("notify", {})},
        "retries": found.get("retries", {}),
    }


def of_user(given: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the settings of a user row: what differs from the account's, and nothing else."""
    return _read(given, SHARED, where)


def _read(given: Mapping[str, Any], checks: Mapping[str, Check], where: str) -> dict[str, Any]:
    return {key: check(given[key], f"{where}: {key}") for key, check in checks.items() if key in given}
