"""What every port is: a descriptor to wait on, octets in and out without blocking, and one kind of error.

The contract `modem.run` works with; devices, sockets and locks are in the modules beside it. A port that
cannot be opened, or goes away, says which device, why, and what to do. It knows no AT command.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

READ_SIZE = 65536


class PortError(Exception):
    """A port cannot be opened or is gone: `device`, `cause` and `remedy` in words for the operator."""

    def __init__(self, device: str, cause: str, remedy: str) -> None:
        super().__init__(f"{device}: {cause}; {remedy}")
        self.device, self.cause, self.remedy = device, cause, remedy


def address_of(url: str) -> tuple[str, int]:
    """Return host and port of a URL; raises PortError where one is missing."""
    scheme = url.partition("://")[0]
    with contextlib.suppress(ValueError):
        parts = urlsplit(url)
        if parts.hostname and parts.port:
            return parts.hostname, parts.port
    raise PortError(url, "there is no host and port in it", f"write it as {scheme}://host:port")


class Port(Protocol):
    """Moves octets without blocking."""

    @property
    def name(self) -> str:
        """The device as it was asked for."""
        ...

    @property
    def remark(self) -> str:
        """What an operator should know although the port works, as a lock that could not be made; or ""."""
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

    def configure(self, baud: int, flow: str) -> None:
        """Go on at this speed with this flow control (a profile's `baud` and `flow`), where there are such.

        Raises PortError where the device refuses.
        """
        ...

    def obey_xoff(self, wanted: bool) -> None:
        """Let DC3 of the modem stop us, or take DC1 and DC3 for data. Only XON/XOFF ports do either.

        A page that comes in may contain both octets; a modem that is fed may mean them (T.31 6.3).
        """
        ...

    def pulse_dtr(self) -> None:
        """Lower DTR for a moment: a modem that obeys no command hangs up, where the port has such a line."""
        ...

    def signals(self) -> Mapping[str, bool] | None:
        """Return the modem's lines (CTS, DSR, DCD); None where the port has none."""
        ...

    def close(self) -> None:
        """Give the port and its lock back; harmless when repeated."""
        ...


class DescriptorPort:
    """Reading and writing one non-blocking descriptor that has no speed, no flow control and no lines."""

    remark = ""

    def __init__(self, name: str, descriptor: int) -> None:
        self.name = name
        self._descriptor = descriptor
        os.set_blocking(descriptor, False)

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._descriptor

    def read(self) -> bytes:
        """Return what is there."""
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
        """Take what the device takes."""
        try:
            return os.write(self._descriptor, data)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise self._gone(error.strerror) from error

    def configure(self, baud: int, flow: str) -> None:
        """Do nothing: a plain descriptor has no speed."""

    def obey_xoff(self, wanted: bool) -> None:
        """Do nothing: the descriptor blocks by itself."""

    def pulse_dtr(self) -> None:
        """Do nothing: a plain descriptor has no modem lines."""

    def signals(self) -> Mapping[str, bool] | None:
        """Return None."""
        return None

    def close(self) -> None:
        """Do nothing: whoever opened the descriptor closes it."""

    def _closed_by_peer(self) -> bool:
        return True

    def _gone(self, cause: str | None) -> PortError:
        return PortError(self.name, f"the port is gone ({cause})", "see that the modem is plugged in and on")
