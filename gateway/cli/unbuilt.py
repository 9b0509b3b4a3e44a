"""Commands of the contract that later work builds. They exist so that scripts get a clear answer: exit 69."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from gateway.cli.base import EXIT, app, say_error

if TYPE_CHECKING:
    from collections.abc import Callable

COMMANDS = {
    "inbox": "List and fetch received faxes.",
    "route": "Explain what a given inbound call would do.",
    "export": "Export the history.",
    "backup": "Back up state to a folder.",
    "restore": "Restore a backup.",
    "gc": "Delete what retention no longer keeps.",
}


def refuse(name: str) -> Callable[[typer.Context], None]:
    """Return a command that says it is not built yet."""

    def command(context: typer.Context) -> None:  # noqa: ARG001  (Typer passes what followed)
        say_error(f"`{name}` is not built yet.")
        raise typer.Exit(EXIT.NOT_BUILT)

    return command


for _name, _help in COMMANDS.items():
    app.command(
        _name,
        help=f"{_help} Not built yet.\n\nExample: postline {_name}",
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )(refuse(_name))
