"""The simulated exchange as a process: one loop over ports, control connections and the calls' clocks.

One thread does everything, so a slow disk or a loaded machine lets line time slip instead of robbing hosts of
their turn-round. It outlives its hosts: a port that is closed is hung up, reset, and waits for the next.
"""

from __future__ import annotations

import os
import selectors
import signal
import time
from typing import TYPE_CHECKING, Any

from modem.sim.control import ControlServer
from modem.sim.exchange import Exchange
from modem.sim.ledger import Ledger
from modem.sim.ports import Port

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from modem.sim.line import Line
    from modem.sim.settings import Settings

LOOK_AT_CLOSED = 0.05
LOOK_AT_DTR = 0.5


class PortLine:
    """A line and its port: octets both ways, DTR, clear to send."""

    def __init__(self, line: Line, port: Port, exchange: Exchange, selector: selectors.BaseSelector) -> None:
        self.line = line
        self.port = port
        self._exchange = exchange
        self._selector = selector
        self._listening = False
        self._next_look = 0.0
        self._next_dtr = 0.0

    def serve(self, now: float) -> None:
        """Move what can be moved; called after every turn of the loop."""
        if self.port.open or now >= self._next_look:
            self._next_look = now + LOOK_AT_CLOSED
            self._read()
        if self.port.open:
            self._write()
            self._look_at_dtr(now)
        else:
            self.line.to_host()  # nobody hears what the modem says
        self._listen(wanted=self.port.open and self.line.accepts)

    def _read(self) -> None:
        was_open = self.port.open
        while self.line.accepts:
            data = self.port.read()
            if data is None and was_open:
                self._host_left()
            if not data:
                return
            was_open = True
            self._exchange.host_wrote(self.line, data)

    def _write(self) -> None:
        data = self.line.to_host()
        taken = self.port.write(data) if data else 0
        if taken < len(data):
            self.line.put_back(data[taken:])
        self.line.unread = self.port.unread() if data or self.line.unread else 0

    def _look_at_dtr(self, now: float) -> None:
        if now >= self._next_dtr:
            self._next_dtr = now + LOOK_AT_DTR
            if self.port.dtr_dropped():
                self._host_left()

    def _host_left(self) -> None:
        self._exchange.host_left(self.line)
        self.port.reset()

    def _listen(self, *, wanted: bool) -> None:
        if wanted and not self._listening:
            self._selector.register(self.port.fd, selectors.EVENT_READ)
        elif self._listening and not wanted:
            self._selector.unregister(self.port.fd)
        self._listening = wanted


class Server:
    """The whole process. `directory` gets ports/, received/, control.sock, ledger.jsonl and pid."""

    def __init__(
        self,
        directory: Path,
        settings: Settings,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        for name in ("ports", "received"):
            (directory / name).mkdir(parents=True, exist_ok=True)
        self._clock = clock
        self._stopping = False
        self._selector = selectors.DefaultSelector()
        self._ledger = Ledger(directory / "ledger.jsonl", wall)
        first = self._ledger.last_call + 1
        self.exchange = Exchange(settings, directory / "received", self._ledger.write, first)
        self._ports = [
            PortLine(line, Port(directory / "ports" / line.name), self.exchange, self._selector)
            for line in self.exchange.lines.values()
        ]
        self._control = ControlServer(directory / "control.sock", self._selector, self.exchange, self.stop)
        self._pid = directory / "pid"

    def stop(self, *_signal: Any) -> None:
        """End the loop after this turn."""
        self._stopping = True

    def run(self) -> None:
        """Serve until `stop`, SIGTERM or SIGINT."""
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGINT, self.stop)
        self._pid.write_text(f"{os.getpid()}\n", encoding="ascii")
        try:
            while not self._stopping:
                self._turn()
        finally:
            self._close()

    def _turn(self) -> None:
        for port in self._ports:
            port.serve(self._clock())
        for key, _events in self._selector.select(self._patience()):
            if callable(key.data):
                key.data()
        self.exchange.advance(self._clock())
        self._control.serve()

    def _patience(self) -> float:
        due = self.exchange.next_due()
        return LOOK_AT_CLOSED if due is None else min(LOOK_AT_CLOSED, max(0.0, due - self._clock()))

    def _close(self) -> None:
        self.exchange.close()
        self._control.close()
        for port in self._ports:
            port.port.close()
        self._ledger.close()
        self._selector.close()
        self._pid.unlink(missing_ok=True)
