"""`postline provision FILE`: accounts, senders, users and inbound numbers from a TOML file."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.base import ConfigOption, JsonOption, actor, app, say, say_error
from gateway.config import load
from gateway.domain.errors import BadConfig


@app.command("provision")
def provision(
    file: Annotated[Path, typer.Argument(help="TOML file with [[account]] tables.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
    prune: Annotated[bool, typer.Option("--prune", help="Delete what the file does not name.")] = False,
) -> None:
    """Create or update accounts by name. Running it twice changes nothing the second time.

    Example: postline provision accounts.toml
    """
    from gateway.app import prepare
    from gateway.observe.doctor import of_accounts
    from gateway.store import accounts
    from gateway.store.database import Store

    settings = load(config)
    try:
        tree = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadConfig(f"{file}: {error}") from error
    if unknown := sorted(set(tree) - {"account"}):
        raise BadConfig(f"{file}: unknown {', '.join(unknown)}; a provision file has [[account]] tables")
    prepare(settings)
    store = Store(settings.server.database_url)
    try:
        changes = store.run(
            accounts.provision,
            tree.get("account", []),
            prune=prune,
            now=datetime.now(UTC),
            actor=actor(),
            rules=settings.rules(),
        )
    finally:
        store.close()
    say(str(changes), {"changes": str(changes)}, as_json=as_json)
    for finding in of_accounts(settings):
        say_error(f"warning: {finding.text}")
