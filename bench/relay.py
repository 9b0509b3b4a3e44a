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
from functools import partial
from pathlib import Path
from typing import Any

RESULTS = (b"OK\r\n", b"CONNECT\r\n", b"NO CARRIER\r\n", b"ERROR\r\n")
BY_ITSELF = (b"ATZ", b"ATH", b"AT+VCID")


class Wire:
    """One port: `modem` and `host` are descriptors, `turns` the milliseconds of the host's turns."""

    def __init__(self, port: Path, link: Path) -> None:
        self.modem = os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self.host, self._slave = os.openpty()
        tty.setraw(self._slave)
        tty.setraw(self.modem)
        os.set_blocking(self.host, False)
        link.symlink_to(os.ttyname(self._slave))
        self.turns: list[tuple[float, str, str]] = []
        self._said: tuple[float, bytes] | None = None
        self._on_hook = True

    def from_modem(self) -> None:
        """Carry what the modem says, and note the moment of a result code."""
        data = os.read(self.modem, 4096)
        write(self.host, data)
        if data.endswith(RESULTS) and not self._on_hook:
            self._said = time.monotonic(), data

    def from_host(self) -> None:
        """Carry what the host says: the end of a turn where one was open."""
        data = os.read(self.host, 4096)
        now = time.monotonic()
        write(self.modem, data)
        if self._said is not None and not data.startswith(BY_ITSELF):
            then, said = self._said
            self.turns.append((round(1000 * (now - then), 3), text(said), text(data)))
        self._said = None
        if data.startswith((b"ATD", b"ATA")):
            self._on_hook = False
        elif data.startswith(b"ATH"):
            self._on_hook = True


def text(octets: bytes) -> str:
    """Return the beginning of what was said, readable."""
    return octets[-24:].decode("ascii", "replace").strip() if len(octets) < 64 else f"{len(octets)} octets"


def write(descriptor: int, data: bytes) -> None:
    """Write all of it: neither side may be held up for long, so a full buffer is waited for."""
    while data:
        try:
            data = data[os.write(descriptor, data) :]
        except BlockingIOError:
            time.sleep(0.0005)


def main() -> None:
    """Carry octets until SIGTERM."""
    folder, ports = Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]]
    with contextlib.suppress(PermissionError):
        os.nice(-20)
    folder.mkdir(exist_ok=True)
    wires = [Wire(port, folder / port.name) for port in ports]
    selector = selectors.DefaultSelector()
    for wire in wires:
        selector.register(wire.modem, selectors.EVENT_READ, wire.from_modem)
        selector.register(wire.host, selectors.EVENT_READ, wire.from_host)
    stop: list[Any] = []
    signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
    while not stop:
        for key, _ in selector.select(0.2):
            partial(key.data)()
    turns = [turn for wire in wires for turn in wire.turns]
    (folder / "turns.json").write_text(json.dumps(turns), encoding="utf-8")


if __name__ == "__main__":
    main()
