"""What a user may do: one table from role to permissions. Pure.

A user has any number of roles and may do what any of them may. A role is of the user's own account, but for
`operator`: that is whoever runs the site, and only the site's command line gives it. Whoever approves a large
fax is never the one who sent it; that is asked where it is approved, not here.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Permission(StrEnum):
    """One thing that a page, a command or a door asks for."""

    SEND = "send"  # a fax, by any door; with it cancel and resend one's own
    READ_OWN = "read-own"  # the faxes one sent oneself
    READ_ALL = "read-all"  # every fax of the account, received ones too
    CHANGE_ALL = "change-all"  # cancel and resend what others of the account sent
    APPROVE = "approve"  # let large faxes of others go, or return them
    LISTS = "lists"  # write the account's lists of numbers
    USERS = "users"  # users, their roles and passwords, senders, tokens, certificates
    SETTINGS = "settings"  # what the account prefers, its inbound numbers
    SPENDING = "spending"  # caps and what needs approval
    SITE = "site"  # lines, dialling, every account


ROLES: Final[Mapping[str, frozenset[Permission]]] = {
    "owner": frozenset(Permission) - {Permission.SITE},
    "admin": frozenset(Permission) - {Permission.SITE, Permission.SPENDING},
    "sender": frozenset({Permission.SEND, Permission.READ_OWN}),
    "reader": frozenset({Permission.READ_OWN, Permission.READ_ALL}),
    "operator": frozenset({Permission.SITE, Permission.READ_OWN}),
}
USUAL: Final = ("sender",)
"""What a user is of whom nothing is said."""


def may(roles: Iterable[str], permission: Permission) -> bool:
    """Say whether a user with these roles may; a role that is not in the table gives nothing."""
    return any(permission in ROLES.get(role, frozenset()) for role in roles)
