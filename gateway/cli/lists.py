"""`postline lists`: an account's lists of numbers, to which one mail may go."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.base import EXIT, ConfigOption, JsonOption, actor, app, say, say_error
from gateway.config import load

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from gateway.config import Config
    from gateway.domain.number_lists import Entry, Row

group = typer.Typer(
    help="Lists of numbers: show, import, remove.\n\nExample: postline lists import customers customers.csv",
    no_args_is_help=True,
)
app.add_typer(group, name="lists")

AccountOption = Annotated[str, typer.Option("--account", help="Whose list (default: the only account).")]
NameArgument = Annotated[str, typer.Argument(help="Name of the list; mail to NAME@ goes to it.")]


@group.command("show")
def show(
    name: Annotated[str, typer.Argument(help="A list to print as CSV; none for all names.")] = "",
    account: AccountOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Name the lists of an account, or print one as the CSV that `import` takes.

    Example: postline lists show customers > customers.csv
    """
    from gateway.store.database import Store

    store = Store(load(config).server.database_url)
    try:
        if not name:
            found = store.read(sizes, account)
            text = "\n".join(f"{name}  {count} numbers" for name, count in found.items())
            say(text or "there are no lists", found, as_json=as_json)
            return
        entries = store.read(one, account, name)
    finally:
        store.close()
    if entries is None:
        say_error(f"there is no list {name}")
        raise typer.Exit(EXIT.DATA)
    say(as_csv(entries), [row_of(entry) for entry in entries], as_json=as_json)


@group.command("import")
def take(
    name: NameArgument,
    file: Annotated[Path, typer.Argument(help="CSV with company, person, number.")],
    account: AccountOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a list, new or in place of the one of this name; a line that cannot be called refuses all.

    Example: postline lists import customers customers.csv
    """
    from gateway.domain import number_lists
    from gateway.store.database import Store

    rows = number_lists.read(file.read_bytes())
    settings = load(config)
    store = Store(settings.server.database_url)
    try:
        done = store.run(written, settings, account, number_lists.name(name), rows)
    finally:
        store.close()
    verb = "written" if done["changed"] else "unchanged"
    doubles = f", {done['doubles']} lines named a number twice" if done["doubles"] else ""
    say(f"{done['list']}: {verb}, {done['numbers']} numbers{doubles}", done, as_json=as_json)


@group.command("remove")
def remove(
    name: NameArgument, account: AccountOption = "", config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Delete a list; faxes that went to it stay.

    Example: postline lists remove customers
    """
    from gateway.store.database import Store

    store = Store(load(config).server.database_url)
    try:
        gone = store.run(removed, account, name.lower())
    finally:
        store.close()
    if not gone:
        say_error(f"there is no list {name}")
        raise typer.Exit(EXIT.DATA)
    say(f"{name}: removed", {"list": name, "removed": True}, as_json=as_json)


def sizes(session: Session, account: str) -> dict[str, int]:
    """Return the lists of an account with their sizes."""
    from gateway.cli.send import owner_of
    from gateway.store import lists

    return lists.names(session, account_id=owner_of(session, account).id)


def one(session: Session, account: str, name: str) -> list[Entry] | None:
    """Return one list of an account."""
    from gateway.cli.send import owner_of
    from gateway.store import lists

    return lists.entries(session, name.lower(), account_id=owner_of(session, account).id)


def written(session: Session, config: Config, account: str, name: str, rows: list[Row]) -> dict[str, Any]:
    """Write a list by the dial rules of its account; raise `BadList` with the lines that cannot be called."""
    from gateway.cli.send import owner_of
    from gateway.domain import dialling, number_lists
    from gateway.store import accounts, lists

    owner = owner_of(session, account)
    caller, rules = accounts.caller(owner), config.rules()
    entries = number_lists.entries(rows, lambda number: dialling.destination(number, caller, rules))
    changed = lists.replace(session, owner, name, entries, datetime.now(UTC), actor=actor())
    return {
        "account": owner.name,
        "list": name,
        "numbers": len(entries),
        "doubles": len(rows) - len(entries),
        "changed": changed,
    }


def removed(session: Session, account: str, name: str) -> bool:
    """Delete a list of an account; say whether there was one."""
    from gateway.cli.send import owner_of
    from gateway.store import lists

    return lists.remove(session, owner_of(session, account), name, datetime.now(UTC), actor=actor())


def as_csv(entries: list[Entry]) -> str:
    """Return a list as the text of a CSV file."""
    from gateway.domain import number_lists

    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(number_lists.written(entries))
    return out.getvalue().rstrip("\n")


def row_of(entry: Entry) -> dict[str, str]:
    """Return one number of a list for a program."""
    return {
        "company": entry.company,
        "person": entry.person,
        "number": entry.destination,
        "sub": entry.sub,
    }
