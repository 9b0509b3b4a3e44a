"""The simulated line: the modem line's worker on a soft modem, and the exchange process behind it.

An exchange is a process of its own (`python -m modem.sim`) with its own folder under `data/sim/<line>`. It
outlives a kill of the gateway, as a telephone exchange would; a gateway that starts finds it by its socket.
Everything it carries is marked *simulated*, here and in every report.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from gateway.domain.errors import Unavailable
from modem.port import PortError
from modem.sim.control import Control, ControlError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gateway.config import Config
    from gateway.line_table import LineConfig

log = structlog.get_logger()

START_SECONDS = 15.0
CONTROL_SECONDS = 2.0
LOOK_SECONDS = 1.0
AGAIN_SECONDS = 10.0


@dataclass
class ExchangeProcess:
    """A running exchange: the line it is named after, the others on it, the process if we started it."""

    data: Path
    line: LineConfig
    others: Sequence[LineConfig]
    process: subprocess.Popen[bytes] | None
    look_at: float = 0.0

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return folder_of(self.data, self.line.name)

    def look_after(self, now: float) -> None:
        """Start it again if it died; `now` is a monotonic clock. One that will not start is tried later."""
        if now < self.look_at:
            return
        self.look_at = now + LOOK_SECONDS
        if self.alive:
            return
        log.error("exchange.died", line=self.line.name)
        try:
            self.process = start_exchange(self.data, self.line, self.others).process
        except Unavailable as error:
            log.error("exchange.not_restarted", line=self.line.name, error=error.text)  # noqa: TRY400
            self.look_at = now + AGAIN_SECONDS

    @property
    def alive(self) -> bool:
        """Whether it runs: our own process is asked of the system, one we found by its socket."""
        return self.process.poll() is None if self.process is not None else answers(self.folder)

    def stop(self) -> None:
        """End the exchange in an orderly way."""
        try:
            with Control(self.folder / "control.sock", timeout=5.0) as control:
                control.stop()
        except (OSError, ControlError) as error:
            log.warning("exchange.not_stopped", folder=str(self.folder), error=str(error))
        if self.process is not None:
            self.process.wait(timeout=10)


def folder_of(data: Path, line: str) -> Path:
    """Return the folder of a line's exchange."""
    return data / "sim" / line


def device_of(data: Path, line: str, exchange: str = "") -> str:
    """Return the device a simulated line's soft modem appears as, at its own exchange or another line's."""
    return str(folder_of(data, exchange or line) / "ports" / line)


def live_device_of(data: Path, line: LineConfig) -> str:
    """Return the device of a simulated line; raises `PortError` while its exchange does not run.

    The link of an exchange that was killed stays, and the terminal it names may be anybody's by now.
    """
    device = line.device or device_of(data, line.name, line.exchange)
    place = folder_of(data, line.exchange_name) / "control.sock"
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(place))
    except OSError as error:
        cause = f"the simulated exchange does not run ({error.strerror})"
        raise PortError(device, cause, "start it with `postline serve`") from error
    return device


def control(data: Path, line: str) -> Control:
    """Return a client of a line's exchange; raises `Unavailable` when it does not run."""
    try:
        return Control(folder_of(data, line) / "control.sock", timeout=None)
    except OSError as error:
        raise Unavailable(f"The exchange of line {line} does not run: is `postline serve` up?") from error


def start_exchanges(config: Config) -> list[ExchangeProcess]:
    """Start every exchange that does not run yet; return all of them."""
    data, lines = config.server.data, [line for line in config.line if line.type == "simulated"]
    owners = [line for line in lines if not line.exchange]
    return [
        start_exchange(data, owner, [line for line in lines if line.exchange == owner.name])
        for owner in owners
    ]


def start_exchange(data: Path, line: LineConfig, others: Sequence[LineConfig] = ()) -> ExchangeProcess:
    """Start the exchange of a line, with the `others` on it, or find the one that outlived us.

    Raises `Unavailable` if it does not come up.
    """
    folder = folder_of(data, line.name)
    if answers(folder):
        log.info("exchange.found", line=line.name)
        return ExchangeProcess(data, line, others, None)
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "exchange.json"
    settings.write_text(json.dumps(exchange_settings(line, others), indent=1), encoding="utf-8")
    with (folder / "log").open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "modem.sim", "--dir", str(folder), "--config", str(settings)],
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_SECONDS
    while not answers(folder):
        if process.poll() is not None or time.monotonic() > deadline:
            status = process.poll()
            raise Unavailable(
                f"The exchange of line {line.name} did not start; see {folder / 'log'}.",
                detail="it does not answer" if status is None else f"it ended with status {status}",
            )
        time.sleep(0.02)
    return ExchangeProcess(data, line, others, process)


def answers(folder: Path) -> bool:
    """Return whether an exchange listens in this folder."""
    try:
        with Control(folder / "control.sock", timeout=CONTROL_SECONDS) as client:
            client.status()
    except (OSError, ControlError, ValueError):
        return False
    return True


def exchange_settings(line: LineConfig, others: Sequence[LineConfig] = ()) -> dict[str, Any]:
    """Return the configuration of a simulated line's exchange, with the `others` on it."""
    return {
        "speed": line.speed,
        "lines": [{"name": one.name, "number": one.number or one.ident} for one in (line, *others)],
        "far": [far.model_dump(mode="json", exclude_unset=True) for far in line.far],
    }


def seconds_on_line(data: Path, line: LineConfig, measured: float) -> float:
    """Return the line seconds of the call a line has just ended, from answer to on-hook.

    `measured` is what our own clock says: it stands where the call was never answered, and where the exchange
    has no figure. A line at speed "max" carries minutes in seconds, so only the exchange counts right.
    """
    if not measured:
        return 0.0
    try:
        place = folder_of(data, line.exchange_name) / "control.sock"
        with Control(place, timeout=CONTROL_SECONDS) as exchange:
            state = exchange.line(line.name)
    except (OSError, ControlError, ValueError) as error:
        log.warning("exchange.no_line_time", line=line.name, error=str(error))
        return measured
    return measured if state["off_hook"] or state["last"] is None else float(state["last"]["talk_s"])
