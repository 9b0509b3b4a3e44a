"""What each role may do, and what none gives by accident."""

from __future__ import annotations

import pytest

from gateway.domain.roles import ROLES, USUAL, Permission, may


def test_the_roles_are_those_of_the_contract() -> None:
    assert set(ROLES) == {"owner", "admin", "sender", "reader", "operator"}
    assert set(USUAL) <= set(ROLES)


@pytest.mark.parametrize(
    ("role", "permission", "allowed"),
    [
        ("sender", Permission.SEND, True),
        ("sender", Permission.READ_ALL, False),
        ("reader", Permission.READ_ALL, True),
        ("reader", Permission.SEND, False),
        ("admin", Permission.USERS, True),
        ("admin", Permission.SPENDING, False),
        ("owner", Permission.SPENDING, True),
        ("operator", Permission.SITE, True),
        ("operator", Permission.SEND, False),
        ("operator", Permission.READ_ALL, False),
    ],
)
def test_a_role_may_what_the_table_says(role: str, permission: Permission, *, allowed: bool) -> None:
    assert may([role], permission) is allowed


def test_only_the_operator_runs_the_site() -> None:
    assert [role for role in ROLES if may([role], Permission.SITE)] == ["operator"]


def test_several_roles_add_up_and_unknown_ones_give_nothing() -> None:
    assert may(["reader", "sender"], Permission.SEND)
    assert may(["reader", "sender"], Permission.READ_ALL)
    assert not any(may(roles, permission) for permission in Permission for roles in ([], ["root"], ["Owner"]))
