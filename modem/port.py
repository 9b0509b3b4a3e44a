"""Ports: the bytes to and from a modem, and nothing else.

`open_port` takes a device, a pseudo terminal, `socket://host:port` or `rfc2217://host:port` and returns a
`Port` that never blocks. Serial lines are locked in the UUCP way and exclusively, with the flow control of
the modem's profile. A port that cannot be opened says why: no such device, which group may, which program
has it. It knows no AT command.
"""

from __future__ import annotations

import contextlib
import errno
import grp
import os
import select
import stat
import termios
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

import serial

from modem.network_port import Rfc2217Port, SocketPort, pulse, signals_of
from modem.portbase import READ_SIZE, DescriptorPort, Port, PortError
from modem.uucp import LOCKS, UucpLock, is_pseudo_terminal, process_name, users_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modem.profiles import Profile

__all__ = [
    "MemoryPort",
    "Port",
    "PortError",
    "Rfc2217Port",
    "SerialPort",
    "SocketPort",
    "UucpLock",
    "is_pseudo_terminal",
    "open_port",
]

OTHER_PROGRAM = "stop that program or give Postline another modem"
IFLAG = 0


class SerialPort(DescriptorPort):
    """A serial device or pseudo terminal through pyserial: raw, locked, with DTR where there is one."""

    def __init__(self, device: str, baud: int, flow: str, locks: Path = LOCKS) -> None:
        self._lock = UucpLock(device, locks)
        self.remark = self._lock.remark
        self._pseudo = is_pseudo_terminal(device)
        self._soft = flow == "xonxoff" and not self._pseudo
        self._obeys = False
        try:
            self._serial = serial.Serial(
                device,
                baud,
                timeout=0,
                write_timeout=0,
                rtscts=flow == "rtscts" and not self._pseudo,
                exclusive=True,
            )
        except (serial.SerialException, termios.error, OSError, ValueError) as error:
            self._lock.release()
            raise _cannot_open(device, error) from error
        super().__init__(device, self._serial.fileno())

    def configure(self, baud: int, flow: str) -> None:
        """Change speed and flow control of the open device; a pseudo terminal has neither."""
        self._soft = flow == "xonxoff" and not self._pseudo
        if self._pseudo:
            return
        try:
            self._serial.baudrate = baud
            self._serial.rtscts = flow == "rtscts"
        except (serial.SerialException, termios.error, OSError, ValueError) as error:
            cause = f"the device refuses {baud} bit/s, {flow} ({error})"
            raise PortError(
                self.name, cause, "override `baud` or `flow` in the profile of this line"
            ) from error

    def obey_xoff(self, wanted: bool) -> None:
        """Let the kernel stop and start our output at DC3 and DC1, or let both pass as data."""
        if not self._soft or wanted == self._obeys:
            return
        self._obeys = wanted
        with contextlib.suppress(termios.error):
            settings = termios.tcgetattr(self._descriptor)
            settings[IFLAG] = settings[IFLAG] | termios.IXON if wanted else settings[IFLAG] & ~termios.IXON
            termios.tcsetattr(self._descriptor, termios.TCSANOW, settings)
            if not wanted:
                termios.tcflow(
                    self._descriptor, termios.TCOON
                )  # a DC3 without its DC1 must not hold commands

    def pulse_dtr(self) -> None:
        """Lower DTR for a moment; a pseudo terminal has none and is left alone."""
        if not self._pseudo:
            pulse(self._serial)

    def signals(self) -> Mapping[str, bool] | None:
        """Return the modem's lines; None of a pseudo terminal."""
        return None if self._pseudo else signals_of(self._serial)

    def _closed_by_peer(self) -> bool:
        """With VMIN and VTIME 0, as pyserial sets them, an empty read may also mean that nothing came."""
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        return any(mask & (select.POLLHUP | select.POLLERR) for _, mask in poll.poll(0))

    def close(self) -> None:
        """Close the device, then give the lock back."""
        self._serial.close()
        self._lock.release()


class MemoryPort:
    """Two queues for tests and for programs that drive a modem in their own process."""

    remark = ""

    def __init__(self, name: str = "memory") -> None:
        self.name = name
        self.to_modem: deque[bytes] = deque()
        self.settings: tuple[int, str] | None = None
        self.obeys: list[bool] = []
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

    def configure(self, baud: int, flow: str) -> None:
        """Keep the settings."""
        self.settings = (baud, flow)

    def obey_xoff(self, wanted: bool) -> None:
        """Keep every change."""
        if self.obeys[-1:] != [wanted]:
            self.obeys.append(wanted)

    def pulse_dtr(self) -> None:
        """Count it."""
        self.pulses += 1

    def signals(self) -> Mapping[str, bool] | None:
        """Return None: a queue has no lines."""
        return None

    def close(self) -> None:
        """Close the pipe."""
        if not self.closed:
            self.closed = True
            os.close(self._reader)
            os.close(self._writer)


def open_port(device: str, profile: Profile, locks: Path = LOCKS) -> Port:
    """Open a device, pty or URL with the speed and flow control of `profile`; raises PortError."""
    if device.startswith("socket://"):
        return SocketPort(device)
    if device.startswith("rfc2217://"):
        return Rfc2217Port(device, profile.baud, profile.flow)
    return SerialPort(device, profile.baud, profile.flow, locks)


def _cannot_open(device: str, error: Exception) -> PortError:
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.EBUSY, errno.EAGAIN):
        return PortError(device, f"another program uses it{_who_uses(device)}", OTHER_PROGRAM)
    if number == errno.ENOENT or (number is None and not _is_character_device(device)):
        return PortError(
            device, "there is no such device", "plug the modem in, or correct `device` of this line"
        )
    if number in (errno.EACCES, errno.EPERM):
        return PortError(device, "permission denied", _how_to_be_permitted(device))
    if number in (errno.ENXIO, errno.EIO):
        return PortError(device, "nothing is connected there", "see that the modem is on")
    return PortError(device, str(error), "see that it is a serial port")


def _who_uses(device: str) -> str:
    users = [f"{process_name(process)}, process {process}" for process in users_of(device)]
    return f" ({'; '.join(users)})" if users else ""


def _how_to_be_permitted(device: str) -> str:
    try:
        group = grp.getgrgid(Path(device).stat().st_gid).gr_name
    except (OSError, KeyError):
        return "add the user Postline runs as to the group of the device"
    return f"add the user Postline runs as to the group {group}: usermod -aG {group} USER, then start again"


def _is_character_device(device: str) -> bool:
    try:
        return stat.S_ISCHR(Path(device).stat().st_mode)
    except OSError:
        return False
