"""`postline doctor`: what would keep this machine from working, and the remedy for each."""

from __future__ import annotations

from dataclasses import asdict

import typer

from gateway.cli.base import EXIT, ConfigOption, JsonOption, app, say
from gateway.config import load

MARKS = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}


@app.command("doctor")
def doctor(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Look at device, permissions, fonts, disk, configuration and database.

    Example: postline doctor --config postline.toml
    """
    from gateway.observe.doctor import FAIL, examine

    findings = list(examine(load(config)))
    lines = [
        f"{MARKS[f.level]}  {f.subject}: {f.text}" + (f"\n      remedy: {f.remedy}" if f.remedy else "")
        for f in findings
    ]
    say("\n".join(lines), [asdict(f) for f in findings], as_json=as_json)
    if any(f.level == FAIL for f in findings):
        raise typer.Exit(EXIT.CONFIG)
