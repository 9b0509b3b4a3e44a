"""`postline users`: who logs in and who sends, changed one by one; `provision` does the same from a file."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.base import ConfigOption, JsonOption, actor, app, say
from gateway.config import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from gateway.store.models import User

group = typer.Typer(
    help="Users: list, add, password, roles, addresses, remove.\n\nExample: postline users add alice",
    no_args_is_help=True,
)
app.add_typer(group, name="users")

LoginArgument = Annotated[str, typer.Argument(help="The login.")]
AccountOption = Annotated[str, typer.Option("--account", help="Whose user (default: the only account).")]
OnlyOption = Annotated[str, typer.Option("--account", help="Only this account's (default: all).")]
RoleOption = Annotated[
    list[str] | None, typer.Option("--role", help="owner, admin, sender, reader or operator; repeatable.")
]
AddressOption = Annotated[
    list[str] | None, typer.Option("--address", help="A sender, or a pattern of them; repeatable.")
]
PasswordOption = Annotated[
    Path | None, typer.Option("--password-file", help="File with the password, - for standard input.")
]


@group.command("list")
def list_users(account: OnlyOption = "", config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the users of an account, or of all.

    Example: postline users list
    """
    with transaction(config) as session:
        rows = users_of(session, account)
    say("\n".join(map(line_of, rows)) or "there are no users", rows, as_json=as_json)


@group.command("add")
def add(
    login: LoginArgument,
    account: AccountOption = "",
    name: Annotated[str, typer.Option(help="The person's name.")] = "",
    role: RoleOption = None,
    address: AddressOption = None,
    password_file: PasswordOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add a user; without a password they may send, but not log in.

    Example: postline users add alice --role admin --address alice@acme.example
    """
    from gateway.cli.send import owner_of
    from gateway.domain.roles import USUAL
    from gateway.store import users

    password = read_password(password_file) if password_file else None
    now, who = datetime.now(UTC), actor()
    with transaction(config) as session:
        owner = owner_of(session, account)
        user = users.add(
            session,
            owner,
            login,
            now,
            actor=who,
            name=name,
            roles=role or USUAL,
            addresses=patterns(address or ()),
        )
        if password is not None:
            users.set_password(session, user, password, now, actor=who)
        row = row_of(session, user)
    say(f"added {line_of(row)}", row, as_json=as_json)


@group.command("password")
def password(
    login: LoginArgument,
    password_file: PasswordOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set a user's password; asks for it unless a file is named. It never stands on the command line.

    Example: postline users password alice
    """
    from gateway.store import users

    value = read_password(password_file)
    with transaction(config) as session:
        users.set_password(session, one(session, login), value, datetime.now(UTC), actor=actor())
    say(f"{login}: password set", {"login": login, "password": True}, as_json=as_json)


@group.command("roles")
def roles(
    login: LoginArgument,
    role: Annotated[list[str], typer.Argument(help="All the roles the user has from now on.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a user these roles and no others.

    Example: postline users roles alice sender reader
    """
    from gateway.store import users

    with transaction(config) as session:
        user = one(session, login)
        users.set_roles(session, user, role, datetime.now(UTC), actor=actor())
        row = row_of(session, user)
    say(line_of(row), row, as_json=as_json)


@group.command("addresses")
def addresses(
    login: LoginArgument,
    address: Annotated[list[str] | None, typer.Argument(help="All senders of this user; none: none.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make these senders the user's, and no others.

    Example: postline users addresses alice alice@acme.example
    """
    from gateway.store import users

    with transaction(config) as session:
        user = one(session, login)
        users.set_addresses(session, user, patterns(address or ()), datetime.now(UTC), actor=actor())
        row = row_of(session, user)
    say(line_of(row), row, as_json=as_json)


@group.command("remove")
def remove(login: LoginArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Delete a user with their tokens and senders; their faxes stay.

    Example: postline users remove alice
    """
    from gateway.store import users

    with transaction(config) as session:
        users.remove(session, one(session, login), datetime.now(UTC), actor=actor())
    say(f"{login}: removed", {"login": login, "removed": True}, as_json=as_json)


@contextmanager
def transaction(config: Path | None) -> Iterator[Session]:
    """Open one writing transaction on the configured database."""
    from gateway.store.database import Store

    store = Store(load(config).server.database_url)
    try:
        with store.begin() as session:
            yield session
    finally:
        store.close()


def one(session: Session, login: str) -> User:
    """Return the user of a login; raise `Refused`."""
    from gateway.domain.errors import Refused
    from gateway.store import users

    user = users.named(session, login)
    if user is None:
        raise Refused(f"There is no user {login}.")
    return user


def users_of(session: Session, account: str) -> list[dict[str, Any]]:
    """Return the users of an account, or of all, for a program."""
    from gateway.cli.send import owner_of
    from gateway.store import users

    account_id = owner_of(session, account).id if account else None
    return [row_of(session, user) for user in users.all_users(session, account_id=account_id)]


def row_of(session: Session, user: User) -> dict[str, Any]:
    """Return what may be shown of a user."""
    from gateway.store.models import Account

    return {
        "login": user.login,
        "account": session.get_one(Account, user.account_id).name,
        "name": user.settings.get("name", ""),
        "roles": user.roles,
        "addresses": user.settings.get("addresses", []),
        "extension": user.extension,
        "password": user.password is not None,
    }


def line_of(row: dict[str, Any]) -> str:
    """Return one user as one line."""
    access = "" if row["password"] else "(no password)"
    words = (row["login"], row["account"], row["name"], ",".join(row["roles"]), *row["addresses"], access)
    return "  ".join(word for word in words if word)


def patterns(addresses: list[str] | tuple[str, ...]) -> list[str]:
    """Return checked sender patterns; raise `BadConfig`."""
    from gateway.store.provisioning import checks

    return list(dict.fromkeys(checks.pattern(address, "address") for address in addresses))


def read_password(file: Path | None) -> str:
    """Return a password: from a file, from standard input, or asked for twice."""
    if file is not None and str(file) != "-":
        return file.read_text(encoding="utf-8").rstrip("\r\n")
    if file is not None or not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
