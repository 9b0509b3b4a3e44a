"""What every command shares: the Typer application, exit codes, common options, two ways to print."""

from __future__ import annotations

import getpass
import json
import os
import sys
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Any

import typer


class EXIT(IntEnum):
    """Exit codes, after sysexits.h."""

    OK = 0
    USAGE = 2
    DATA = 65
    NOT_BUILT = 69
    SOFTWARE = 70
    IO = 74
    TEMPFAIL = 75
    CONFIG = 78


app = typer.Typer(
    name="postline",
    help="The gateway between mail and fax.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="Configuration file (default: $POSTLINE_CONFIG, ./postline.toml, /etc)."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def say(text: str, data: Any, *, as_json: bool) -> None:
    """Print `text` for a person or `data` for a program."""
    print(json.dumps(data, ensure_ascii=False, default=str) if as_json else text)


def say_error(text: str) -> None:
    """Print a fault to standard error, in one form for all commands."""
    print(f"postline: {text}", file=sys.stderr)


def actor() -> str:
    """Return who gave the command, for the audit."""
    try:
        return f"{getpass.getuser()} (command line)"
    except (KeyError, OSError):  # a user id without a name, as in a container
        return f"user {os.getuid()} (command line)"
