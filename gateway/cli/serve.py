"""`postline serve`: the gateway itself."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from gateway.cli.base import ConfigOption, app
from gateway.config import find, load
from gateway.domain.errors import BadConfig
from gateway.observe import log


@app.command("serve")
def serve(
    config: ConfigOption = None,
    role: Annotated[str, typer.Option(help="Run only these roles, comma-separated, in this process.")] = "",
) -> None:
    """Run the gateway until SIGTERM. Without --role it supervises all processes of one machine.

    Example: postline serve --config /etc/postline/postline.toml
    """
    from gateway import app as gateway_app
    from gateway import supervisor

    path = find(config, os.environ)
    settings = load(path)
    log.configure(settings.log.format, settings.log.level)
    roles = tuple(dict.fromkeys(filter(None, role.split(","))))
    if unknown := [name for name in roles if name not in supervisor.ROLES]:
        raise BadConfig(f"unknown role {unknown[0]!r}; there are {', '.join(supervisor.ROLES)}")
    if "lines" in roles and len(roles) > 1:
        raise BadConfig("the role lines needs a process of its own: start it with --role lines")
    gateway_app.prepare(settings)
    if not roles:
        raise typer.Exit(supervisor.Supervisor(settings, supervisor.children_of(path)).run())
    gateway_app.run(settings, roles)
