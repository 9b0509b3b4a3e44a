"""Whose move it is between a host and its Class 1 modem: what a fast clock must know.

A line at "max" may only run freely while the modem or the far end is busy; as soon as the host has to act,
line time must pass like wall time, or its think time would be multiplied. This follows the octets both ways
(T.31 command and data phases) and says when that is. It never changes an octet.
"""

from __future__ import annotations

import re
from enum import Enum, auto

DLE_ETX = b"\x10\x03"
SETTLE_BLOCKS = 10
"""Blocks at real time after CONNECT to +FRM: hosts flush their input there, and must not flush the page."""

RESULTS = frozenset(
    {
        b"OK",
        b"ERROR",
        b"RING",
        b"BUSY",
        b"NO CARRIER",
        b"NO ANSWER",
        b"NO DIALTONE",
        b"+FCERROR",
    },
)
_FAX_COMMAND = re.compile(rb"\+F(TM|TH|RM|RH)=\d", re.IGNORECASE)
_ESCAPE = re.compile(rb"\x10(.)", re.DOTALL)


class Move(Enum):
    """Who has to do something next."""

    HOST = auto()  # a result code was given: the next command is the host's
    MODEM = auto()  # a command was given: its result is the modem's
    FRAME = auto()  # the host writes an HDLC frame
    FILL = auto()  # the host fills the modem's buffer with page data


class Turns:
    """Follows one modem. Feed it every piece of both directions, in order."""

    def __init__(self) -> None:
        self.move = Move.HOST
        self.clear_to_send = True
        self._command = b""
        self._line = b""
        self._tail = b""
        self._settle = 0

    @property
    def writing(self) -> bool:
        """True while the host's octets are data and not commands."""
        return self.move in (Move.FRAME, Move.FILL)

    @property
    def host_acts(self) -> bool:
        """True while line time has to pass like wall time."""
        if self.move is Move.FILL:
            return self.clear_to_send
        return self.move is not Move.MODEM or self._settle > 0

    def tick(self) -> None:
        """Count a block of line time."""
        self._settle = max(0, self._settle - 1)

    def dialling(self) -> None:
        """Note a dial command taken: CONNECT will mean that the modem receives frames."""
        self._command = b"D"
        self.move = Move.MODEM

    def answering(self) -> None:
        """Note a ring taken: CONNECT will mean that the modem wants a frame."""
        self._command = b"A"
        self.move = Move.MODEM

    def end_of_data(self, data: bytes) -> int:
        """Index just behind the DLE ETX that ends the host's data, or -1 while there is none."""
        offset = len(self._tail)
        for escape in _ESCAPE.finditer(self._tail + data):
            if escape[1] == b"\x03":
                return escape.end() - offset
        return -1

    def host_wrote(self, data: bytes) -> None:
        """Follow what goes to the modem; it never holds anything behind a DLE ETX."""
        if self.writing:
            self._data(data)
        else:
            self._commands(data)

    def _data(self, data: bytes) -> None:
        if self.end_of_data(data) >= 0:
            self.move, self._tail = Move.MODEM, b""
            return
        pairs = _ESCAPE.sub(b"", self._tail + data)
        self._tail = b"\x10" if pairs.endswith(b"\x10") else b""

    def _commands(self, data: bytes) -> None:
        *lines, self._line = (self._line + data).split(b"\r")
        self._line = self._line[-256:]
        for line in lines:
            if b"AT" in line.upper():
                fax = _FAX_COMMAND.search(line)
                self._command = fax[1].upper() if fax else b""
                self.move = Move.MODEM

    def modem_said(self, piece: bytes) -> None:
        """Follow a piece of the modem's output; a result code is a piece of its own."""
        if piece == b"CONNECT":
            self._connect()
        elif piece == b"+FRH:3":
            self._command = b"RH"
        elif piece in RESULTS:
            self.move = Move.HOST

    def _connect(self) -> None:
        if self._command == b"TM":
            self.move = Move.FILL
        elif self._command in (b"TH", b"A"):
            self.move = Move.FRAME
        elif self._command == b"RM":
            self._settle = SETTLE_BLOCKS
