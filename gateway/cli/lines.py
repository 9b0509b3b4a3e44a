"""`postline lines`: what each line does now; take one out of service, and give it back."""

from __future__ import annotations

import socket
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.base import EXIT, ConfigOption, JsonOption, actor, app, say, say_error
from gateway.config import Config, load

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from gateway.line_table import LineConfig
    from gateway.store.models import LineStatus

COLUMNS = ("line", "state", "since", "call", "device", "profile", "asked", "detail")
WATCH_SECONDS = 1.0
NEVER_SEEN = "not running"

lines = typer.Typer(
    help="Show the lines: state, call, device, profile.\n\nExample: postline lines --watch",
    invoke_without_command=True,
)
app.add_typer(lines, name="lines")


@lines.callback(invoke_without_command=True)
def show(
    context: typer.Context,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Print the table again whenever it changes.")
    ] = False,
) -> None:
    """Show every line: what it does, since when, which fax, which modem and profile, what is wrong.

    Example: postline lines --watch
    """
    if context.invoked_subcommand is not None:
        return
    from gateway.store.database import Store

    loaded, before = load(config), None
    store = Store(loaded.server.database_url)
    try:
        while True:
            rows = store.read(rows_of, loaded)
            if rows != before:
                say(table(rows), rows, as_json=as_json)
            before = rows
            if not watch:
                return
            time.sleep(WATCH_SECONDS)
    finally:
        store.close()


@lines.command("pause")
def pause(
    name: Annotated[str, typer.Argument(help="The line, as `postline lines` calls it.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a line out of service: a call that stands ends by itself, then the line gives its port back.

    Example: postline lines pause usb0
    """
    switch(load(config), name, paused=True, as_json=as_json)


@lines.command("resume")
def resume(
    name: Annotated[str, typer.Argument(help="The line, as `postline lines` calls it.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a paused line back to service.

    Example: postline lines resume usb0
    """
    switch(load(config), name, paused=False, as_json=as_json)


def switch(config: Config, name: str, *, paused: bool, as_json: bool) -> None:
    """Write the operator's word; the line hears it within a second."""
    from gateway.store import lines as store_lines
    from gateway.store.database import Store

    store, now = Store(config.server.database_url), datetime.now(UTC)
    known = store.run(store_lines.pause, name, now, paused=paused, actor=actor())
    store.close()
    if not known:
        say_error(unknown(config, name))
        raise typer.Exit(EXIT.DATA)
    word = "paused" if paused else "in service again"
    say(f"{name}: {word}", {"line": name, "paused": paused}, as_json=as_json)


def unknown(config: Config, name: str) -> str:
    """Say why there is no row of a line."""
    names = [one.name for one in config.line]
    if name in names:
        return f"line {name!r} has never run: is `postline serve` up?"
    return f"no line {name!r} has ever run; there are: {', '.join(names) or 'none'}"


def rows_of(session: Session, config: Config) -> list[dict[str, Any]]:
    """Return what is known of every line, those configured first and in that order."""
    from gateway.lines.lock import is_held
    from gateway.store.lines import all_lines

    seen = {row.name: row for row in all_lines(session)}
    configured = [row_of(line, seen.pop(line.name, None)) for line in config.line]
    rows = configured + [row_of(None, row) for row in seen.values()]
    for row in rows:
        if row.pop("here") and not is_held(config.server.data / "lines", row["line"]):
            row |= {"state": NEVER_SEEN, "call": None}
    return rows


def row_of(line: LineConfig | None, status: LineStatus | None) -> dict[str, Any]:
    """Return one line: what the file says of it, and what its worker last reported.

    Every key is always there; `here` says that the worker is, or was, one of this machine.
    """
    row: dict[str, Any] = {
        "line": line.name if line else status.name if status else "",
        "configured": line is not None,
        "kind": line.type if line else status.kind if status else "",
        "group": line.group if line else "",
        "direction": line.direction if line else "",
        "device": (line.device if line else "") or (status.device if status else ""),
        "state": NEVER_SEEN,
        "since": "",
        "call": None,
        "detail": "",
        "profile": "",
        "modem": "",
        "asked": "",
        "paused": False,
        "here": False,
    }
    if status is not None:
        row |= {"state": status.state, "since": stamp(status.since), "call": status.number}
        row |= {"detail": status.detail, "profile": status.profile, "modem": status.modem}
        row |= {"asked": stamp(status.probed_at), "paused": status.paused}
        row["here"] = status.worker.startswith(f"{socket.gethostname()}/")
    return row


def stamp(at: datetime | None) -> str:
    """Return a time in UTC to the second; "" for none."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ") if at else ""


def table(rows: list[dict[str, Any]]) -> str:
    """Return the lines as columns; empty columns are left out, the detail stands below its line."""
    if not rows:
        return "no line is configured"
    shown = [name for name in COLUMNS[:-1] if any(row.get(name) for row in rows)]
    cells = [shown, *([str(row.get(name) or "") for name in shown] for row in rows)]
    widths = [max(len(line[n]) for line in cells) for n in range(len(shown))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    ]
    for place, row in reversed(list(enumerate(rows, 1))):
        if row.get("detail"):
            lines.insert(place + 1, f"      {row['detail']}")
    return "\n".join(lines)
