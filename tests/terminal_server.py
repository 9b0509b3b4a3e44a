"""A terminal server as one buys it: a serial device behind TCP, plain or after RFC 2217 (pyserial's).

The device is a pty of the simulated exchange. It has no modem lines, so CTS, DSR and DCD are made up, and a
DTR that falls becomes the hang-up speed B0, which the exchange takes for just that.
"""

from __future__ import annotations

import contextlib
import select
import socket
import termios
import threading
from typing import TYPE_CHECKING, Self

import serial
from serial.rfc2217 import PortManager

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

OSPEED = 5


class PtySerial(serial.Serial):  # type: ignore[misc,unused-ignore]
    """A pty that plays a serial device."""

    cts = dsr = property(lambda _self: True)
    cd = ri = property(lambda _self: False)

    def _update_dtr_state(self) -> None:
        settings = termios.tcgetattr(self.fd)
        settings[OSPEED] = termios.B38400 if self._dtr_state else termios.B0
        termios.tcsetattr(self.fd, termios.TCSANOW, settings)

    def _update_rts_state(self) -> None:
        """There is none."""


class _Wire:
    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def write(self, data: bytes) -> None:
        self._connection.sendall(data)


class TerminalServer:
    """Serves one device to one client at a time, on loopback; `settings` are the speed and flow asked for."""

    def __init__(self, device: Path | str, *, rfc2217: bool = False) -> None:
        self._device, self._rfc2217 = str(device), rfc2217
        self._server = socket.create_server(("127.0.0.1", 0))
        self._client: socket.socket | None = None
        self._stopping = False
        self.connections = 0
        self.settings: tuple[int, bool, bool] | None = None
        self._thread = threading.Thread(target=self._serve, name="terminal server")

    @property
    def url(self) -> str:
        scheme = "rfc2217" if self._rfc2217 else "socket"
        return f"{scheme}://127.0.0.1:{self._server.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping = True
        self.drop()
        self._thread.join(30.0)
        self._server.close()

    def drop(self) -> None:
        """Break the connection that stands, as a server that lost its power does."""
        if (client := self._client) is not None:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    def _serve(self) -> None:
        self._server.settimeout(0.1)
        while not self._stopping:
            try:
                self._client, _ = self._server.accept()
            except TimeoutError:
                continue
            self.connections += 1
            with self._client, PtySerial(self._device, 38400, timeout=0) as device:
                with contextlib.suppress(OSError, serial.SerialException):
                    self._bridge(self._client, device)
                self.settings = (device.baudrate, device.rtscts, device.xonxoff)
            self._client = None

    def _bridge(self, client: socket.socket, device: serial.Serial) -> None:
        manager = PortManager(device, _Wire(client)) if self._rfc2217 else None
        while True:
            readable, _, _ = select.select([client, device.fileno()], [], [], 1.0)
            if client in readable:
                heard = client.recv(4096)
                if not heard:
                    return
                _write_all(device, b"".join(manager.filter(heard)) if manager else heard)
            if device.fileno() in readable:
                said = device.read(4096)
                client.sendall(b"".join(manager.escape(said)) if manager else said)


def _write_all(device: serial.Serial, data: bytes) -> None:
    while data:
        select.select([], [device.fileno()], [], 5.0)
        data = data[device.write(data) or 0 :]
