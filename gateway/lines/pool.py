"""The lines process: one thread a line, and an orderly end.

The first SIGTERM lets every line finish the page that stands (a reception is taken to its end: the caller
would have to send it all again); the second ends calls with DCN. A line that dies of a fault of ours is
logged and started again after a while; the others go on meanwhile.
"""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

import structlog

from gateway.lines import simulated
from gateway.lines.gate import gates_of
from gateway.lines.worker import ModemLine, profile_of
from gateway.store import lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.config import Config
    from gateway.line_table import LineConfig
    from gateway.lines.base import Line, Plant
    from gateway.lines.gate import Gate

log = structlog.get_logger()

AGAIN_SECONDS = 10.0


class Pool:
    """All lines of one process."""

    def __init__(self, lines: Sequence[Line], *, again_seconds: float = AGAIN_SECONDS) -> None:
        self._lines, self._again_seconds = lines, again_seconds
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(line,), name=f"line {line.name}") for line in lines
        ] or [threading.Thread(target=self._stop.wait, name="no line")]

    def start(self) -> None:
        """Start every line."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ask the lines to end: at once where idle, after the page where not; again: end the calls."""
        if self._stop.is_set():
            for line in self._lines:
                line.hang_up()
        self._stop.set()

    def join(self) -> None:
        """Wait for every line; a signal handler may run meanwhile."""
        for thread in self._threads:
            while thread.is_alive():
                thread.join(0.2)

    def _run(self, line: Line) -> None:
        while not self._stop.is_set():
            try:
                line.run(self._stop)
            except Exception:
                log.exception("line.died", line=line.name)
                self._stop.wait(self._again_seconds)


def build(plant: Plant, config: Config) -> Pool:
    """Return the pool of the lines in the configuration; rows of lines that went from it are deleted."""
    for name in plant.store.run(lines.forget, [line.name for line in config.line], plant.host):
        log.info("line.forgotten", line=name)
    gates = gates_of(config.line)
    return Pool([modem_line(plant, config, line, gates.get(line.group)) for line in config.line])


def modem_line(plant: Plant, config: Config, line: LineConfig, gate: Gate | None = None) -> ModemLine:
    """Return one line; a simulated one finds its device, and its line time, at its exchange."""
    if line.type == "modem":
        return ModemLine(plant, line, lambda: line.device, gate=gate)
    device = partial(simulated.live_device_of, config.server.data, line)
    seconds = partial(simulated.seconds_on_line, config.server.data, line)
    return ModemLine(plant, line, device, profile_of(line), line_seconds=seconds, gate=gate)
