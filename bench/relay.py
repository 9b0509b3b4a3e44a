"""A wire between modems and their host that measures how long the host takes: a process of its own.

`python bench/relay.py FOLDER PORT...` makes a pseudo terminal FOLDER/<name> for every port of an exchange and
carries octets both ways. The time between a result code to the host and the host's next octets is a turn;
turns go to FOLDER/turns.json at SIGTERM, in milliseconds. What a host does by itself is no turn: a reset, and
whatever follows `ATH`. The process asks for the best priority it can get: it measures the host, not itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import sys
import time
import tty
from pathlib import Path
from typing import Any

RESULTS = (b"OK\r\n", b"CONNECT\r\n", b"NO CARRIER\r\n", b"ERROR\r\n")
BY_ITSELF = (b"ATZ", b"ATH", b"AT+VCID")


class Wire:
    """One port: octets both ways, held back on the way to a modem that takes no more, and the host's turns.

    A turn is (milliseconds, what the modem said, what the host said).
    """

    def __init__(self, port: Path, link: Path, selector: selectors.BaseSelector) -> None:
        self._modem = os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self._host, self._slave = os.openpty()  # the slave stays open: a host may come and go
        tty.setraw(self._slave)
        tty.setraw(self._modem)
        os.set_blocking(self._host, False)
        link.symlink_to(os.ttyname(self._slave))
        self.turns: list[tuple[float, str, str]] = []
        self._said: tuple[float, bytes] | None = None
        self._on_hook = True
        self._waiting = b""
        self._selector = selector
        selector.register(self._modem, selectors.EVENT_READ, self._from_modem)
        selector.register(self._host, selectors.EVENT_READ, self._from_host)

    def _from_modem(self, ready: int) -> None:
        """Carry what the modem says, and note the moment of a result code."""
        if ready & selectors.EVENT_WRITE:
            self._to_modem(b"")
        if ready & selectors.EVENT_READ:
            data = os.read(self._modem, 4096)
            os.write(self._host, data)
            if data.endswith(RESULTS) and not self._on_hook:
                self._said = time.monotonic(), data

    def _from_host(self, _ready: int) -> None:
        """Carry what the host says: the end of a turn where one was open."""
        now = time.monotonic()
        data = os.read(self._host, 4096)
        if self._said is not None and not data.startswith(BY_ITSELF):
            then, said = self._said
            self.turns.append((round(1000 * (now - then), 3), text(said), text(data)))
        self._said = None
        if data.startswith((b"ATD", b"ATA")):
            self._on_hook = False
        elif data.startswith(b"ATH"):
            self._on_hook = True
        self._to_modem(data)

    def _to_modem(self, data: bytes) -> None:
        """Write what the modem takes; while something waits the host is not listened to."""
        waited = bool(self._waiting)
        self._waiting += data
        with contextlib.suppress(BlockingIOError):  # the modem holds us off
            self._waiting = self._waiting[os.write(self._modem, self._waiting) :]
        if waited and not self._waiting:
            self._selector.modify(self._modem, selectors.EVENT_READ, self._from_modem)
            self._selector.register(self._host, selectors.EVENT_READ, self._from_host)
        elif self._waiting and not waited:
            both = selectors.EVENT_READ | selectors.EVENT_WRITE
            self._selector.modify(self._modem, both, self._from_modem)
            self._selector.unregister(self._host)


def text(octets: bytes) -> str:
    """Return the beginning of what was said, readable."""
    return octets[-24:].decode("ascii", "replace").strip() if len(octets) < 64 else f"{len(octets)} octets"


def main() -> None:
    """Carry octets until SIGTERM."""
    folder, ports = Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]]
    with contextlib.suppress(PermissionError):
        os.nice(-20)
    folder.mkdir(exist_ok=True)
    selector = selectors.DefaultSelector()
    wires = [Wire(port, folder / port.name, selector) for port in ports]
    stop: list[Any] = []
    signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
    while not stop:
        for key, ready in selector.select(0.2):
            key.data(ready)
    turns = [turn for wire in wires for turn in wire.turns]
    (folder / "turns.json").write_text(json.dumps(turns), encoding="utf-8")


if __name__ == "__main__":
    main()
