"""Pseudo terminals as serial ports of soft modems, with the few modem signals a pty can carry.

A host that closes the port reads as EIO on our side and counts as DTR dropped; so does baud rate B0. Clear to
send is kept by not reading. A pty paces nothing and splits octets anywhere. Linux only (TIOCGPTPEER).
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import termios
import tty
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

TIOCGPTPEER = 0x5441
SPEED = termios.B38400
_OSPEED = 5
CHUNK = 4096


class Port:
    """A pty whose slave is linked at `link`. `fd` is our side; `open` tells whether a host has it open."""

    def __init__(self, link: Path) -> None:
        self._link = link
        self.fd, slave = os.openpty()
        os.set_blocking(self.fd, False)
        tty.setraw(slave)
        target = os.ttyname(slave)
        os.close(slave)
        link.unlink(missing_ok=True)
        link.symlink_to(target)
        self.open = False
        self._had_dtr = True

    def read(self) -> bytes | None:
        """Return what the host wrote, b"" for nothing new, None where no host has the port open."""
        try:
            data = os.read(self.fd, CHUNK)
        except BlockingIOError:
            self.open = True
            return b""
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            self.open = False
            return None
        self.open = True
        return data

    def write(self, data: bytes) -> int:
        """Hand octets to the host; return how many the device took."""
        try:
            return os.write(self.fd, data)
        except BlockingIOError:
            return 0

    def unread(self) -> int:
        """Octets the host has not read yet."""
        slave = self._slave()
        try:
            return int(struct.unpack("i", fcntl.ioctl(slave, termios.FIONREAD, b"\0\0\0\0"))[0])
        finally:
            os.close(slave)

    def dtr_dropped(self) -> bool:
        """Whether the host went to B0 since the last look: hang up and reset."""
        has_dtr = termios.tcgetattr(self.fd)[_OSPEED] != termios.B0
        dropped = self._had_dtr and not has_dtr
        self._had_dtr = has_dtr
        return dropped

    def reset(self) -> None:
        """Make the device as new for the next host: raw, a speed, nothing left to read."""
        slave = self._slave()
        try:
            tty.setraw(slave)
            attributes = termios.tcgetattr(slave)
            attributes[4] = attributes[_OSPEED] = SPEED
            termios.tcsetattr(slave, termios.TCSANOW, attributes)
            termios.tcflush(slave, termios.TCIOFLUSH)
        finally:
            os.close(slave)
        self._had_dtr = True

    def _slave(self) -> int:
        return int(fcntl.ioctl(self.fd, TIOCGPTPEER, os.O_RDWR | os.O_NOCTTY))

    def close(self) -> None:
        """Close the device and take the link away."""
        os.close(self.fd)
        self._link.unlink(missing_ok=True)
