"""`postline keys`: tokens that let programs in. A token is printed once, when it is made."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.base import EXIT, ConfigOption, JsonOption, actor, app, say, say_error
from gateway.cli.users import AccountOption, OnlyOption, one, transaction

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from gateway.store.models import Token

group = typer.Typer(
    help="Tokens of programs: list, create, revoke.\n\nExample: postline keys create api --name crm",
    no_args_is_help=True,
)
app.add_typer(group, name="keys")


@group.command("list")
def list_keys(account: OnlyOption = "", config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the tokens of an account, or of all; never their values.

    Example: postline keys list
    """
    from gateway.cli.send import owner_of
    from gateway.store import tokens

    with transaction(config) as session:
        account_id = owner_of(session, account).id if account else None
        rows = [row_of(session, token) for token in tokens.listed(session, account_id=account_id)]
    say("\n".join(map(line_of, rows)) or "there are no tokens", rows, as_json=as_json)


@group.command("create")
def create(
    face: Annotated[str, typer.Argument(help="What it opens: api, axatel, faxplus, ringcentral.")],
    account: AccountOption = "",
    name: Annotated[str, typer.Option(help="What it is for, to know it by.")] = "",
    user: Annotated[str, typer.Option(help="Whose rights it has (default: the account's).")] = "",
    days: Annotated[int, typer.Option(help="Days until it ends; 0: never.", min=0, max=3650)] = 0,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a token and print it; it cannot be shown again.

    Example: postline keys create api --name crm --days 365
    """
    from gateway.cli.send import owner_of
    from gateway.store import tokens

    now, value = datetime.now(UTC), secrets.token_urlsafe(32)
    with transaction(config) as session:
        token = tokens.create(
            session,
            owner_of(session, account),
            face,
            now,
            value=value,
            actor=actor(),
            name=name,
            user=one(session, user) if user else None,
            expires_at=now + timedelta(days=days) if days else None,
        )
        row = row_of(session, token)
    say(value, {**row, "value": value}, as_json=as_json)


@group.command("revoke")
def revoke(
    number: Annotated[int, typer.Argument(help="The token's number, as `list` shows it.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete a token; what it opened is closed at once.

    Example: postline keys revoke 3
    """
    from gateway.store import tokens

    with transaction(config) as session:
        gone = tokens.revoke(session, number, datetime.now(UTC), actor=actor())
    if not gone:
        say_error(f"there is no token {number}")
        raise typer.Exit(EXIT.DATA)
    say(f"{number}: revoked", {"token": number, "revoked": True}, as_json=as_json)


def row_of(session: Session, token: Token) -> dict[str, Any]:
    """Return what may be shown of a token."""
    from gateway.store.accounts import user_behind
    from gateway.store.models import Account

    user = user_behind(session, token.user_id)
    return {
        "token": token.id,
        "account": session.get_one(Account, token.account_id).name,
        "face": token.face,
        "name": token.name,
        "user": user.login if user else "",
        "expires": token.expires_at.isoformat() if token.expires_at else "",
    }


def line_of(row: dict[str, Any]) -> str:
    """Return one token as one line."""
    until = f"until {row['expires']}" if row["expires"] else ""
    words = (str(row["token"]), row["account"], row["face"], row["name"], row["user"], until)
    return "  ".join(word for word in words if word)
