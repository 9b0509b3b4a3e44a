"""Ports: the bytes to and from a modem, and nothing else.

`open_port` takes a device, a pseudo terminal, `socket://host:port` or `rfc2217://host:port` and returns a
`Port` that never blocks. Serial lines are locked in the UUCP way and exclusively. A port that cannot be
opened, or goes away, says which device, why, and what to do. It knows no AT command.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import stat
import threading
import warnings
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

import serial

if TYPE_CHECKING:
    from modem.profiles import Profile

LOCKS = Path("/var/lock")
READ_SIZE = 65536
CONNECT_SECONDS = 10.0


class PortError(Exception):
    """A port cannot be opened or is gone: `device`, `cause` and `remedy` in words for the operator."""

    def __init__(self, device: str, cause: str, remedy: str) -> None:
        super().__init__(f"{device}: {cause}; {remedy}")
        self.device, self.cause, self.remedy = device, cause, remedy


class Port(Protocol):
    """Moves octets without blocking."""

    @property
    def name(self) -> str:
        """The device as it was asked for."""
        ...

    def fileno(self) -> int:
        """Return the descriptor to wait on for reading (and writing)."""
        ...

    def read(self) -> bytes:
        """Return what is there, b"" when nothing is; raises PortError when the port is gone."""
        ...

    def write(self, data: bytes) -> int:
        """Take some of `data` and return how many octets; raises PortError when the port is gone."""
        ...

    def pulse_dtr(self) -> None:
        """Lower DTR for a moment: a modem that obeys no command hangs up, where the port has such a line."""
        ...

    def close(self) -> None:
        """Give the port and its lock back; harmless when repeated."""
        ...


class _DescriptorPort:
    """Reading and writing one non-blocking descriptor."""

    def __init__(self, name: str, descriptor: int) -> None:
        self.name = name
        self._descriptor = descriptor
        os.set_blocking(descriptor, False)

    def fileno(self) -> int:
        return self._descriptor

    def read(self) -> bytes:
        try:
            data = os.read(self._descriptor, READ_SIZE)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise self._gone(error.strerror) from error
        if not data and self._closed_by_peer():
            raise self._gone("the other end closed it")
        return data

    def write(self, data: bytes) -> int:
        try:
            return os.write(self._descriptor, data)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise self._gone(error.strerror) from error

    def pulse_dtr(self) -> None:
        """Do nothing: a plain descriptor has no modem lines."""

    def close(self) -> None:
        """Do nothing: whoever opened the descriptor closes it."""

    def _closed_by_peer(self) -> bool:
        return True

    def _gone(self, cause: str | None) -> PortError:
        return PortError(self.name, f"the port is gone ({cause})", "see that the modem is plugged in and on")


class SerialPort(_DescriptorPort):
    """A serial device or pseudo terminal through pyserial: raw, locked, with DTR where there is one."""

    def __init__(self, device: str, baud: int, flow: str, locks: Path = LOCKS) -> None:
        self._lock = UucpLock(device, locks)
        pseudo = is_pseudo_terminal(device)
        try:
            self._serial = serial.Serial(
                device,
                baud,
                timeout=0,
                write_timeout=0,
                rtscts=flow == "rtscts" and not pseudo,
                xonxoff=flow == "xonxoff" and not pseudo,
                exclusive=True,
            )
        except serial.SerialException as error:
            self._lock.release()
            raise _cannot_open(device, error) from error
        super().__init__(device, self._serial.fileno())

    def pulse_dtr(self) -> None:
        """Lower DTR for 0.1 s; a pseudo terminal has none and says so."""
        _pulse(self._serial)

    def _closed_by_peer(self) -> bool:
        """With VMIN and VTIME 0, as pyserial sets them, an empty read may also mean that nothing came."""
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        return any(mask & (select.POLLHUP | select.POLLERR) for _, mask in poll.poll(0))

    def close(self) -> None:
        """Close the device, then give the lock back."""
        self._serial.close()
        self._lock.release()


class SocketPort(_DescriptorPort):
    """A modem behind a plain TCP port (`socket://host:port`)."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        try:
            self._socket = socket.create_connection((parts.hostname or "", parts.port or 0), CONNECT_SECONDS)
        except (OSError, ValueError) as error:
            raise PortError(
                url, f"cannot connect ({error})", "see that the terminal server is reachable"
            ) from error
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().__init__(url, self._socket.fileno())

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()


class Rfc2217Port:
    """A serial port behind a terminal server. pyserial speaks the protocol; a thread turns it into a pipe."""

    def __init__(self, url: str, baud: int, flow: str) -> None:
        self.name = url
        try:
            with warnings.catch_warnings(
                action="ignore", category=DeprecationWarning
            ):  # setDaemon, pyserial 3.5
                self._serial = serial.serial_for_url(
                    url, baud, timeout=0.2, rtscts=flow == "rtscts", xonxoff=flow == "xonxoff"
                )
        except (serial.SerialException, OSError, ValueError) as error:
            raise PortError(
                url, f"cannot connect ({error})", "see that the terminal server speaks RFC 2217"
            ) from error
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

    def pulse_dtr(self) -> None:
        """Lower DTR at the far side for 0.1 s."""
        _pulse(self._serial)

    def close(self) -> None:
        """End the thread, close the connection."""
        if not self._open:
            return
        self._open = False
        self._thread.join()
        self._serial.close()
        os.close(self._reader)

    def _gone(self) -> PortError:
        return PortError(self.name, "the connection broke", "see that the terminal server is reachable")

    def _pump(self) -> None:
        with contextlib.suppress(serial.SerialException, OSError):
            while self._open:
                if data := self._serial.read(max(1, self._serial.in_waiting)):
                    os.write(self._writer, data)
        os.close(self._writer)


class MemoryPort:
    """Two queues for tests and for programs that drive a modem in their own process."""

    def __init__(self, name: str = "memory") -> None:
        self.name = name
        self.to_modem: deque[bytes] = deque()
        self.pulses = 0
        self.closed = False
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)

    def fileno(self) -> int:
        """Return a descriptor that is readable when the modem said something."""
        return self._reader

    def say(self, data: bytes) -> None:
        """Let the modem say something."""
        os.write(self._writer, data)

    def read(self) -> bytes:
        """Return what the modem said."""
        try:
            return os.read(self._reader, READ_SIZE)
        except BlockingIOError:
            return b""

    def write(self, data: bytes) -> int:
        """Keep it for the modem."""
        self.to_modem.append(data)
        return len(data)

    def pulse_dtr(self) -> None:
        """Count it."""
        self.pulses += 1

    def close(self) -> None:
        """Close the pipe."""
        if not self.closed:
            self.closed = True
            os.close(self._reader)
            os.close(self._writer)


class UucpLock:
    """`LCK..ttyACM0` with our process number, as every program that shares modems expects it.

    Where the directory does not exist or is not ours to write, the exclusive open alone guards the port.
    """

    def __init__(self, device: str, locks: Path) -> None:
        self._path = locks / f"LCK..{Path(device).resolve().name}"
        self._held = False
        if is_pseudo_terminal(device) or not os.access(locks, os.W_OK):
            return
        self._held = self._create() or (self._is_stale() and self._create())
        if not self._held:
            raise PortError(
                device,
                f"another program ({self._holder()}) holds {self._path}",
                "stop that program or give Postline another modem",
            )

    def release(self) -> None:
        """Remove the lock if it is ours."""
        if self._held:
            self._path.unlink(missing_ok=True)
            self._held = False

    def _create(self) -> bool:
        try:
            descriptor = os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
        except FileExistsError:
            return False
        with os.fdopen(descriptor, "w") as file:
            file.write(f"{os.getpid():10d}\n")
        return True

    def _holder(self) -> int:
        try:
            return int(self._path.read_text(encoding="ascii", errors="replace").split()[0])
        except (OSError, ValueError, IndexError):
            return 0

    def _is_stale(self) -> bool:
        """Remove the lock of a process that is gone; an unreadable one is respected."""
        holder = self._holder()
        if holder <= 0:
            return False
        try:
            os.kill(holder, 0)
        except ProcessLookupError:
            self._path.unlink(missing_ok=True)
            return True
        except PermissionError:
            return False
        return False


def is_pseudo_terminal(device: str) -> bool:
    """Tell whether a device (or what it links to) is a pty: no modem lines, no speed, no lock file."""
    return str(Path(device).resolve()).startswith("/dev/pts/")


def open_port(device: str, profile: Profile, locks: Path = LOCKS) -> Port:
    """Open a device, pty or URL with the speed and flow control of `profile`; raises PortError."""
    if device.startswith("socket://"):
        return SocketPort(device)
    if device.startswith("rfc2217://"):
        return Rfc2217Port(device, profile.baud, profile.flow)
    return SerialPort(device, profile.baud, profile.flow, locks)


def _pulse(port: serial.SerialBase) -> None:
    with contextlib.suppress(OSError, serial.SerialException):
        port.dtr = False
        select.select([], [], [], 0.1)
        port.dtr = True


def _cannot_open(device: str, error: serial.SerialException) -> PortError:
    known = {
        errno.ENOENT: ("there is no such device", "plug the modem in, or correct `device` of this line"),
        errno.EACCES: ("permission denied", "add the user Postline runs as to the group of the device"),
        errno.EBUSY: ("another program uses it", "stop that program or give Postline another modem"),
        errno.EAGAIN: ("another program uses it", "stop that program or give Postline another modem"),
        errno.ENXIO: ("nothing is connected there", "see that the modem is on"),
        errno.EIO: ("nothing is connected there", "see that the modem is on"),
    }
    cause, remedy = known.get(error.errno or 0, (str(error), "see that it is a serial port"))
    if error.errno is None and not _is_character_device(device):
        cause, remedy = known[errno.ENOENT]
    return PortError(device, cause, remedy)


def _is_character_device(device: str) -> bool:
    try:
        return stat.S_ISCHR(Path(device).stat().st_mode)
    except OSError:
        return False
