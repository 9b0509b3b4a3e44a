"""`postline probe-modem DEVICE`: what a modem is, whether its port works, and which profile fits."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.base import EXIT, JsonOption, app, say, say_error

if TYPE_CHECKING:
    from modem.examination import Examination

MARKS = {"ok": "ok  ", "note": "note", "warn": "warn", "fail": "FAIL"}


@app.command("probe-modem")
def probe_modem(
    device: Annotated[
        str, typer.Argument(help="/dev/ttyACM0, a pseudo terminal, socket://host:port or rfc2217://host:port")
    ],
    as_json: JsonOption = False,
) -> None:
    """Identify a modem, test its port, name its profile and say what it can do. It makes no call.

    A line of a running gateway holds its port: `postline lines pause NAME` first. Exit 0 only if faxes can be
    sent with it; 74: no such port, no permission, in use, no answer; 65: no fax modem.

    Example: postline probe-modem /dev/ttyACM0
    """
    from modem.examination import examine
    from modem.port import PortError

    try:
        found = examine(device, clock=time.monotonic)
    except PortError as error:
        say_error(str(error))
        raise typer.Exit(EXIT.IO) from error
    say(report(found), as_object(found), as_json=as_json)
    if not found.usable:
        raise typer.Exit(EXIT.DATA if found.answers else EXIT.IO)


def report(found: Examination) -> str:
    """Return the report for a person."""
    speed = f" at {found.speed} bit/s" if found.speed else ""
    lines = [f"{found.device}{speed}"]
    for one in found.findings:
        lines.append(f"{MARKS[one.level]}  {one.subject}: {one.text}")
        if one.remedy:
            lines.append(f"      remedy: {one.remedy}")
    lines.append("" if found.usable else "This modem cannot be used as it is.")
    if found.profile is not None and found.usable:
        lines[-1] = f'This modem can be used: device = "{found.device}", profile = "{found.profile.name}".'
    return "\n".join(lines)


def as_object(found: Examination) -> dict[str, Any]:
    """Return the report for a program."""
    return {
        "device": found.device,
        "usable": found.usable,
        "speed": found.speed,
        "identity": found.identity,
        "profile": found.profile.name if found.profile else None,
        "service_class": found.profile.service_class if found.profile else None,
        "classes": found.classes,
        "rates": found.rates,
        "round_trip_ms": found.round_trip_ms,
        "findings": [asdict(one) for one in found.findings],
        "answers": found.answers,
    }
