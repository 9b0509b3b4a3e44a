"""`postline demo`: the whole exchange on a simulated line, in the browser or, with --once, as a test."""

from __future__ import annotations

import os
import tempfile
import time
import webbrowser
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.base import EXIT, JsonOption, app, say, say_error
from gateway.observe import log


@app.command("demo")
def demo(
    once: Annotated[
        bool, typer.Option("--once", help="No browser: run the scenario, leave evidence, end.")
    ] = False,
    keep: Annotated[Path | None, typer.Option(help="Where evidence goes (default: temporary).")] = None,
    as_json: JsonOption = False,
    fast: Annotated[
        bool, typer.Option("--fast", help="Let the buttons' calls run at full speed, too.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show the log of all processes.")] = False,
) -> None:
    """Show a whole fax exchange on a simulated line: loopback only, temporary state, Ctrl-C ends it.

    Example: postline demo --once --keep ./evidence
    """
    from gateway.demo.settings import Ports, first_demo
    from gateway.demo.theatre import Theatre

    level = "info" if verbose else "error"
    log.configure("text", level)
    began = time.monotonic()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="postline-demo-")))
        ports = Ports.pick(usual=stack.enter_context(first_demo()))
        theatre = Theatre(folder, keep or folder / "evidence", ports, level=level, fast=fast)
        evidence = theatre.play(once=once, ready=lambda url: None if once else invite(url))
        if not once:
            return
        seconds = round(time.monotonic() - began, 1)
        lines = [f"{'ok  ' if good else 'FAIL'}  {check}" for check, good in evidence.checks.items()]
        where = f"; evidence in {keep}" if keep else ""
        summary = f"on a simulated line, in {seconds} s{where}"
        say("\n".join([*lines, summary]), {**evidence.index, "seconds": seconds}, as_json=as_json)
        if theatre.failure:
            say_error(theatre.failure)
        if not evidence.ok or theatre.failure:
            raise typer.Exit(EXIT.DATA)


def invite(url: str) -> None:
    """Say where the pages are, and open a browser where there is one."""
    print(f"\n  Postline demo (simulated line): {url}\n  Ctrl-C ends it.\n", flush=True)
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):  # not a text browser here
        webbrowser.open(url)
