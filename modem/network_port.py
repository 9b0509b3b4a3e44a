"""Modems behind TCP: a plain connection (`socket://host:port`) or a serial port after RFC 2217.

A connection that breaks, or whose other end vanishes without a word, is a port that is gone: its owner opens
it again. A plain connection has no speed, no flow control and no modem lines; RFC 2217 has all three.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
import warnings
from typing import TYPE_CHECKING, Any

import serial

from modem.portbase import READ_SIZE, DescriptorPort, PortError, address_of

if TYPE_CHECKING:
    from collections.abc import Mapping

CONNECT_SECONDS = 10.0
DTR_SECONDS = 0.3
KEEPALIVE = ((socket.TCP_KEEPIDLE, 20), (socket.TCP_KEEPINTVL, 5), (socket.TCP_KEEPCNT, 3))
"""A terminal server that lost its power is missed after 35 s."""


class SocketPort(DescriptorPort):
    """A modem behind a plain TCP port (`socket://host:port`)."""

    def __init__(self, url: str) -> None:
        host, port = address_of(url)
        try:
            self._socket = socket.create_connection((host, port), CONNECT_SECONDS)
        except (OSError, ValueError) as error:  # ValueError: no host can be called so
            raise PortError(
                url, f"cannot connect ({error})", "see that the terminal server is reachable"
            ) from error
        keep_alive(self._socket)
        super().__init__(url, self._socket.fileno())

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()


class Rfc2217Port:
    """A serial port behind a terminal server. pyserial speaks the protocol; a thread turns it into a pipe."""

    remark = ""

    def __init__(self, url: str, baud: int, flow: str) -> None:
        self.name = url
        address_of(url)
        try:
            with warnings.catch_warnings(
                action="ignore", category=DeprecationWarning
            ):  # setDaemon, pyserial 3.5
                self._serial: Any = serial.serial_for_url(
                    url, baud, timeout=0.2, rtscts=flow == "rtscts", xonxoff=flow == "xonxoff"
                )
        except (serial.SerialException, OSError, ValueError) as error:
            raise PortError(
                url, f"cannot connect ({error})", "see that the terminal server speaks RFC 2217"
            ) from error
        self._connection: socket.socket = vars(self._serial)["_socket"]  # pyserial has no other way to it
        keep_alive(self._connection)
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        self._open = True
        self._thread = threading.Thread(target=self._pump, name=f"rfc2217 {url}", daemon=True)
        self._thread.start()

    def fileno(self) -> int:
        """Return the end of the pipe; it says nothing about writing, which is buffered."""
        return self._reader

    def read(self) -> bytes:
        """Return what the thread put into the pipe."""
        try:
            data = os.read(self._reader, READ_SIZE)
        except BlockingIOError:
            return b""
        if not data:
            raise self._gone()
        return data

    def write(self, data: bytes) -> int:
        """Hand the octets to pyserial."""
        try:
            return self._serial.write(data) or 0
        except (serial.SerialException, OSError) as error:
            raise self._gone() from error

    def configure(self, baud: int, flow: str) -> None:
        """Tell the server; it answers each setting."""
        try:
            if self._serial.baudrate != baud:
                self._serial.baudrate = baud
            if (self._serial.rtscts, self._serial.xonxoff) != (flow == "rtscts", flow == "xonxoff"):
                self._serial.rtscts = self._serial.xonxoff = False  # both at once would be refused
                self._serial.rtscts, self._serial.xonxoff = flow == "rtscts", flow == "xonxoff"
        except (serial.SerialException, OSError, ValueError) as error:
            raise PortError(
                self.name, f"the terminal server refuses {baud} bit/s, {flow} ({error})", "see its settings"
            ) from error

    def obey_xoff(self, wanted: bool) -> None:
        """Do nothing: the server holds its modem's flow control."""

    def pulse_dtr(self) -> None:
        """Lower DTR at the far side for a moment."""
        pulse(self._serial)

    def signals(self) -> Mapping[str, bool] | None:
        """Return what the server says of its modem's lines."""
        return signals_of(self._serial)

    def close(self) -> None:
        """End the thread, close the connection."""
        if not self._open:
            return
        self._open = False
        os.close(self._reader)  # before the join: the thread may be waiting for room in the pipe
        self._thread.join()
        self._serial.close()
        self._connection.close()  # pyserial leaves one open that broke

    def _gone(self) -> PortError:
        return PortError(self.name, "the connection broke", "see that the terminal server is reachable")

    def _pump(self) -> None:
        with contextlib.suppress(serial.SerialException, OSError):
            while self._open:
                if data := self._serial.read(max(1, self._serial.in_waiting)):
                    os.write(self._writer, data)
        os.close(self._writer)


def keep_alive(connection: socket.socket) -> None:
    """Send small pieces at once, and notice a peer that is no longer there."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in KEEPALIVE:
        connection.setsockopt(socket.IPPROTO_TCP, option, value)


def pulse(port: Any) -> None:
    """Lower DTR long enough for any modem to see it (V.250 6.1: `&D2`, `&D3`), where the port lets us."""
    with contextlib.suppress(OSError, ValueError, serial.SerialException):
        port.dtr = False
        select.select([], [], [], DTR_SECONDS)
        port.dtr = True


def signals_of(port: Any) -> Mapping[str, bool] | None:
    """Return CTS, DSR and DCD; None where the device has no such lines."""
    try:
        return {"CTS": bool(port.cts), "DSR": bool(port.dsr), "DCD": bool(port.cd)}
    except (OSError, ValueError, serial.SerialException):
        return None
