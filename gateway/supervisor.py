"""`postline serve` without a role: keeps the gateway's processes alive.

Two children by default: *lines*, whose threads have 55-100 ms budgets and share nothing with anybody, and
*the rest* on one event loop. Each simulated exchange is a further process that outlives a `kill -9` of ours,
as a telephone exchange would; it is stopped only by an orderly end. Knows nothing of faxes.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING

import structlog

from gateway.lines import simulated

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from types import FrameType

    from gateway.config import Config

log = structlog.get_logger()

ROLES = ("smtp", "mailbox", "http", "render", "lines", "outbox")
GROUPS = (("lines",), ("smtp", "mailbox", "http", "render", "outbox"))
FIRST_WAIT, LONGEST_WAIT, STEADY = 0.5, 30.0, 60.0
LOOK_SECONDS = 0.2


@dataclass
class Child:
    """One supervised process and how patient we are with it."""

    roles: tuple[str, ...]
    argv: list[str]
    environ: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    wait: float = FIRST_WAIT
    again_at: float = 0.0
    told_to_end: int = 0

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process is not None and self.process.poll() is None

    def start(self, now: float) -> None:
        """Start the process."""
        self.process = subprocess.Popen(self.argv, env={**os.environ, **self.environ}, start_new_session=True)
        self.started = now
        log.info("process.started", roles=",".join(self.roles), pid=self.process.pid)

    def look_after(self, now: float) -> None:
        """Start the process again if it died, more slowly each time it dies young."""
        if self.alive:
            return
        if self.process is not None:
            log.error("process.died", roles=",".join(self.roles), status=self.process.returncode)
            self.wait = FIRST_WAIT if now - self.started > STEADY else min(self.wait * 2, LONGEST_WAIT)
            self.again_at, self.process = now + self.wait, None
        if now >= self.again_at:
            self.start(now)

    def end(self, times: int) -> None:
        """See that the process was sent SIGTERM so many times: once ends it in order, again ends its call."""
        while self.told_to_end < times:
            self.told_to_end += 1
            self.send(signal.SIGTERM)

    def send(self, number: int) -> None:
        """Pass a signal on."""
        if self.process is not None and self.alive:
            self.process.send_signal(number)


@dataclass
class Supervisor:
    """Starts the exchanges and the children, restarts those that die, ends everything in order.

    Signal handlers only count; the loop acts. So a signal that comes while a child is being started reaches
    that child too, and no lock is taken in a handler.
    """

    config: Config
    children: list[Child]
    clock: Callable[[], float] = time.monotonic
    ends: int = 0
    hang_ups: int = 0
    _tick: Event = field(default_factory=Event)

    def run(self) -> int:
        """Work until a SIGTERM or SIGINT, then until the last child is gone; return the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self.on_signal)
        exchanges = simulated.start_exchanges(self.config)
        while not self.ends:
            for child in self.children:
                child.look_after(self.clock())
            for exchange in exchanges:
                exchange.look_after(self.clock())
            self._pass_hang_ups_on()
            self._tick.wait(LOOK_SECONDS)
        while any(child.alive for child in self.children):
            for child in self.children:
                child.end(self.ends)
            self._tick.wait(LOOK_SECONDS)
        for exchange in exchanges:
            exchange.stop()
        return 0

    def stop(self) -> None:
        """End in order, from another thread."""
        self.ends += 1

    def on_signal(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002  (signal's signature)
        """SIGHUP is passed on; the first SIGTERM ends at a page's end, the second ends the call."""
        if number == signal.SIGHUP:
            self.hang_ups += 1
        else:
            self.ends += 1

    def _pass_hang_ups_on(self) -> None:
        while self.hang_ups:
            self.hang_ups -= 1
            for child in self.children:
                child.send(signal.SIGHUP)


def children_of(config_file: Path, environ: Mapping[str, str] | None = None) -> list[Child]:
    """Return one child a group of roles, started as `postline serve --role ...`, with `environ` added."""
    return [
        Child(
            roles,
            [
                sys.executable,
                "-m",
                "gateway",
                "serve",
                "--config",
                str(config_file),
                "--role",
                ",".join(roles),
            ],
            environ or {},
        )
        for roles in GROUPS
    ]
