"""`postline sim`: make the far machines of a simulated line do things."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.base import EXIT, ConfigOption, JsonOption, app, say
from gateway.config import Config, load
from gateway.domain.errors import Refused

sim = typer.Typer(help="The simulated exchange: make a far machine call in, or look at the calls.")
app.add_typer(sim, name="sim")


@sim.command("call")
def call(
    called: Annotated[str, typer.Argument(help="The number to call: one of our simulated lines.")],
    file: Annotated[Path, typer.Argument(help="TIFF to send.", exists=True, dir_okay=False)],
    caller: Annotated[str, typer.Option("--from", help="Number of the calling machine.")] = "+81312345678",
    line: Annotated[str, typer.Option(help="Line to use (default: the only simulated one).")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a simulated far machine call in and send a TIFF; exit 0 only if every page was confirmed.

    Example: postline sim call +81344772288 order.tif --from +81312345678
    """
    from gateway.lines.simulated import control

    settings = load(config)
    with control(settings.server.data, simulated_line(settings, line)) as exchange:
        result = exchange.wait(exchange.call(called, file, caller))
    text = f"simulated call: {result.get('outcome')}, {result.get('confirmed')} page(s) confirmed"
    say(text, result, as_json=as_json)
    if not result.get("success"):
        raise typer.Exit(EXIT.DATA)


@sim.command("calls")
def calls(
    line: Annotated[str, typer.Option(help="Line to look at (default: the only simulated one).")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the calls the exchange has carried.

    Example: postline sim calls --json
    """
    from gateway.lines.simulated import control

    settings = load(config)
    with control(settings.server.data, simulated_line(settings, line)) as exchange:
        carried = exchange.calls()
    text = "\n".join(f"{c.get('call')}: {c.get('outcome')}, {c.get('confirmed')} page(s)" for c in carried)
    say(text or "no call yet", carried, as_json=as_json)


def simulated_line(config: Config, name: str) -> str:
    """Return the named simulated line, or the only one there is."""
    names = [line.name for line in config.line if line.type == "simulated"]
    if name in names:
        return name
    if name or len(names) != 1:
        raise Refused(f"Name a simulated line with --line; there are: {', '.join(names) or 'none'}.")
    return names[0]
