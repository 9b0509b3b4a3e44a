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

    def send(self, number: int) -> None:
        """Pass a signal on."""
        if self.process is not None and self.alive:
            self.process.send_signal(number)


@dataclass
class Supervisor:
    """Starts the children and the exchanges, restarts what dies, ends everything in order."""

    config: Config
    children: list[Child]
    clock: Callable[[], float] = time.monotonic
    stopping: Event = field(default_factory=Event)

    def run(self) -> int:
        """Work until a SIGTERM or SIGINT, then until the last child is gone; return the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self.on_signal)
        exchanges = simulated.start_exchanges(self.config)
        while not self.stopping.is_set():
            for child in self.children:
                child.look_after(self.clock())
            self.stopping.wait(0.2)
        for child in self.children:
            if child.process is not None:
                child.process.wait()
        for exchange in exchanges:
            exchange.stop()
        return 0

    def stop(self) -> None:
        """End in order, from another thread."""
        self.stopping.set()
        for child in self.children:
            child.send(signal.SIGTERM)

    def on_signal(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002  (signal's signature)
        """SIGHUP re-reads certificates; the first SIGTERM ends at a page's end, the second ends the call."""
        if number != signal.SIGHUP:
            self.stopping.set()
        for child in self.children:
            child.send(signal.SIGTERM if number == signal.SIGINT else number)


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
