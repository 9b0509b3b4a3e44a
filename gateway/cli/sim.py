"""`postline sim`: make the far machines of a simulated line do things."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.base import EXIT, ConfigOption, JsonOption, app, say
from gateway.config import Config, load
from gateway.domain.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modem.sim.control import Control

sim = typer.Typer(
    help="The simulated exchange: make a far machine call in, or look at the calls.\n\n"
    "Example: postline sim call +81344772288 order.tif"
)
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
    with exchange_of(load(config), line) as exchange:
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
    with exchange_of(load(config), line) as exchange:
        carried = exchange.calls()
    text = "\n".join(f"{c.get('call')}: {c.get('outcome')}, {c.get('confirmed')} page(s)" for c in carried)
    say(text or "no call yet", carried, as_json=as_json)


@contextmanager
def exchange_of(config: Config, line: str) -> Iterator[Control]:
    """Speak with the exchange of a line; what it refuses is `Refused`."""
    from gateway.lines.simulated import control
    from modem.sim.control import ControlError

    with control(config.server.data, simulated_line(config, line)) as exchange:
        try:
            yield exchange
        except ControlError as error:
            raise Refused(f"The simulated exchange refused: {error}") from error


def simulated_line(config: Config, name: str) -> str:
    """Return the line whose exchange the named one is on, or the only exchange there is."""
    lines = [line for line in config.line if line.type == "simulated"]
    for line in lines:
        if line.name == name:
            return line.exchange_name
    names = [line.name for line in lines if not line.exchange]
    if name or len(names) != 1:
        raise Refused(f"Name a simulated line with --line; there are: {', '.join(names) or 'none'}.")
    return names[0]
