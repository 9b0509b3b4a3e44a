"""`senders`, `[[account.user]]` and `[[account.token]]`: who sends and who logs in, checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from gateway.domain.errors import BadConfig
from gateway.domain.roles import ROLES, USUAL
from gateway.store.provisioning import checks, preferences

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FACES: Final = ("axatel", "faxplus", "ringcentral", "api")
ROLE_LIST: Final = checks.words(*ROLES)
OWN_KEYS: Final = ("login", "name", "addresses", "extension", "password", "password_file", "roles")
USER_KEYS: Final = (*OWN_KEYS, *preferences.SHARED)


@dataclass(frozen=True, slots=True)
class UserSpec:
    """One `[[account.user]]`. `password` in the clear, None if the file sets none.

    `addresses` are sender patterns that are this user's; `settings` what differs from the account's, with
    `name` and `addresses`.
    """

    login: str
    extension: str
    roles: tuple[str, ...]
    password: str | None
    addresses: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)


def users(given: Mapping[str, Any], where: str) -> tuple[UserSpec, ...]:
    """Return the users of an account, each login and each address once."""
    found = tuple(_user(checks.mapping(item, where), where) for item in checks.listed(given, "user", where))
    _once([user.login for user in found], f"{where}: login")
    _once([address for user in found for address in user.addresses], f"{where}: address")
    return found


def senders(given: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    """Return the sender patterns of a list, each once, in lower case."""
    found = (checks.pattern(item, f"{where}: sender") for item in checks.listed(given, key, where))
    return tuple(dict.fromkeys(found))


def tokens(given: Mapping[str, Any], where: str) -> tuple[tuple[str, str], ...]:
    """Return (face, value) of each token; the value is a secret."""
    place = f"{where}: token"
    return tuple(_token(checks.mapping(item, place), place) for item in checks.listed(given, "token", where))


def _user(given: Mapping[str, Any], where: str) -> UserSpec:
    checks.only(given, USER_KEYS, f"{where}: user")
    login = checks.text(given, "login", f"{where}: user")
    if not login:
        raise BadConfig(f"{where}: a user needs a login")
    where = f"{where}: user {login}"
    addresses = senders(given, "addresses", where)
    own = {"name": checks.line_of_text(200)(given["name"], f"{where}: name")} if "name" in given else {}
    return UserSpec(
        login=login,
        extension=str(given.get("extension", "")),
        roles=tuple(ROLE_LIST(given.get("roles", USUAL), f"{where}: roles")),
        password=checks.secret(given, "password", where),
        addresses=addresses,
        settings={
            **preferences.of_user(given, where),
            **own,
            **({"addresses": list(addresses)} if addresses else {}),
        },
    )


def _token(given: Mapping[str, Any], where: str) -> tuple[str, str]:
    checks.only(given, ("face", "value", "value_file"), where)
    face: str = checks.one_of(*FACES)(given.get("face"), f"{where}: face")
    value = checks.secret(given, "value", where)
    if not value:
        raise BadConfig(f"{where}: a token needs a value or value_file")
    return face, value


def _once(names: Sequence[str], what: str) -> None:
    for name in names:
        if names.count(name) > 1:
            raise BadConfig(f"{what} {name} stands twice in the file")
