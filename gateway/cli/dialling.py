"""`postline dialling`: the kill switch, and what a number becomes before a modem dials it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.base import ConfigOption, JsonOption, actor, app, say
from gateway.config import load

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from gateway.config import Config

group = typer.Typer(
    help="Stop and start all dialling; explain what is dialled.\n\nExample: postline dialling pause",
    no_args_is_help=True,
)
app.add_typer(group, name="dialling")


@group.command("pause")
def pause(
    config: ConfigOption = None,
    as_json: JsonOption = False,
    reason: Annotated[str, typer.Option(help="Why, for the audit.")] = "",
) -> None:
    """Stop all dialling at once, on every host; calls that stand go on, and faxes are still accepted.

    Example: postline dialling pause --reason "calls to Latvia"
    """
    from gateway.store import switches
    from gateway.store.database import Store

    store = Store(load(config).server.database_url)
    try:
        changed = store.run(switches.pause, datetime.now(UTC), actor=actor(), reason=reason)
    finally:
        store.close()
    text = "dialling is stopped" if changed else "dialling was stopped already"
    say(text, {"paused": True, "changed": changed}, as_json=as_json)


@group.command("resume")
def resume(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Let dialling go on; what waited is called in its order.

    Example: postline dialling resume
    """
    from gateway.store import switches
    from gateway.store.database import Store

    settings = load(config)
    store = Store(settings.server.database_url)
    try:
        changed = store.run(switches.resume, datetime.now(UTC), actor=actor())
    finally:
        store.close()
    text = "dialling goes on" if changed else "dialling was not stopped"
    if settings.dialling.paused:
        text += ", but [dialling] paused = true still stops it"
    say(text, {"paused": settings.dialling.paused, "changed": changed}, as_json=as_json)


@group.command("test")
def explain(
    number: Annotated[str, typer.Argument(help="A number, as a sender would write it.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
    account: Annotated[str, typer.Option(help="Account that would send (default: the only one).")] = "",
) -> None:
    """Show what a number means and what would be dialled for it; exit 65 and the rule if it is not dialled.

    Example: postline dialling test 03-4477-2288
    """
    from gateway.store.database import Store

    settings = load(config)
    store = Store(settings.server.database_url)
    try:
        found = store.read(explained, number, account, settings)
    finally:
        store.close()
    text = f"{number} is {found['canonical']}; dialled: {found['dialled'] or 'nothing, it is a test number'}"
    say(
        text + (" (costs more than an ordinary call)" if found["shared_cost"] else ""), found, as_json=as_json
    )


def explained(session: Session, number: str, account: str, config: Config) -> dict[str, Any]:
    """Return the canonical number and the dial string, without a line's own prefix; raise `BadNumber`."""
    from gateway.cli.send import owner_of
    from gateway.domain import dialling
    from gateway.store import switches
    from gateway.store.accounts import caller

    who, rules = caller(owner_of(session, account)), config.rules()
    found = dialling.destination(number, who, rules)
    real = found.simulated_status is None
    return {
        "canonical": found.canonical,
        "dialled": dialling.dial_string(found.canonical, who, rules) if real else "",
        "sub": found.sub,
        "shared_cost": found.shared_cost,
        "paused": rules.paused or switches.paused(session) is not None,
    }
