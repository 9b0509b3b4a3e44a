"""A modem of a few lines on a pty: says OK to everything, until it is told to hang or to ring."""

from __future__ import annotations

import os
import select
import threading
import tty
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType


class PtyModem:
    """`device` is its port; `heard` every command so far. Set `hangs` and it says nothing more."""

    def __init__(self) -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.device = os.ttyname(self._slave)
        self.heard: list[str] = []
        self.hangs = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="pty modem")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(10.0)
        os.close(self._master)
        os.close(self._slave)

    def say(self, text: str) -> None:
        """Say a line of its own accord."""
        os.write(self._master, f"\r\n{text}\r\n".encode())

    def is_heard(self) -> bool:
        """Say whether something we said waits to be read."""
        return bool(select.select([self._slave], [], [], 0)[0])

    def _work(self) -> None:
        line = b""
        while not self._stop.is_set():
            if not select.select([self._master], [], [], 0.02)[0]:
                continue
            *commands, line = (line + os.read(self._master, 4096)).split(b"\r")
            for command in commands:
                self._obey(command.lstrip(b"\x10\x03\x18").decode("ascii", "replace"))

    def _obey(self, command: str) -> None:
        if command:
            self.heard.append(command)
        if command and not self.hangs.is_set():
            self.say("0,1\r\n\r\nOK" if command == "AT+FCLASS=?" else "OK")
