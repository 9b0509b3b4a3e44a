"""Split what a modem sends into tokens: result codes, reports, caller identification, RING, and data.

Works on any split of the byte stream and on junk around the codes. It decodes only as far as it is asked
(`next`), because the meaning of what follows a CONNECT depends on what the driver did about the tokens
before it. It knows no commands and no time. T.31 clauses 6 and 8.4 (results, DLE shielding).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

DLE, ETX, SUB = 0x10, 0x03, 0x1A
LONGEST_LINE = 256


class Code(StrEnum):
    """Final and intermediate result codes a Class 1 modem may give."""

    OK = "OK"
    ERROR = "ERROR"
    CONNECT = "CONNECT"
    NO_CARRIER = "NO CARRIER"
    NO_ANSWER = "NO ANSWER"
    NO_DIALTONE = "NO DIALTONE"
    BUSY = "BUSY"
    FCERROR = "+FCERROR"
    VOICE = "VCON"
    DELAYED = "DELAYED"
    BLACKLISTED = "BLACKLISTED"


_SPELLINGS = {code.value: code for code in Code} | {
    "NO DIAL TONE": Code.NO_DIALTONE,
    "FCERROR": Code.FCERROR,
    "VOICE": Code.VOICE,
    "DATA": Code.VOICE,
    "BLACK LISTED": Code.BLACKLISTED,
    "+FDCERROR": Code.FCERROR,
}
_CALLER_KEYS = {
    **{key: key for key in ("NMBR", "NDID", "NAME", "DATE", "TIME")},
    "DDN_NMBR": "NMBR",
    "ANID": "NMBR",
    "CALLER NUMBER": "NMBR",
    "CALLER NAME": "NAME",
}
"""As modems spell them -> as V.253 does. ANID: iaxmodem; DDN_NMBR: Rockwell in Japan; CALLER ...: ZyXEL."""
_JUNK_BEFORE = re.compile(r"^[^A-Za-z0-9+]+")
_REPORT = re.compile(r"^(\+F[A-Z]+):\s*(.*)$")
_CALLER = re.compile(rf"^({'|'.join(_CALLER_KEYS)})\s*[=:]\s*(.*)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Result:
    """A result code; `detail` is what stood behind it ("2400" of CONNECT 2400, a DELAYED time)."""

    code: Code
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """An unsolicited `+Fxx:value` line, such as +FRH:3."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class CallerLine:
    """One line of caller identification between rings, `key` in capitals (NMBR, NDID, ...)."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Ring:
    """RING, whatever the modem writes behind it."""


@dataclass(frozen=True, slots=True)
class Text:
    """Any other line: an answer to a query, an echo, junk."""

    text: str


@dataclass(frozen=True, slots=True)
class Data:
    """Octets of a frame or a carrier, shielding removed. Chunks fall as the port delivered them."""

    data: bytes


@dataclass(frozen=True, slots=True)
class DataEnd:
    """DLE ETX: the data phase is over, lines follow."""


Token = Result | Report | CallerLine | Ring | Text | Data | DataEnd


def shield(data: bytes) -> bytes:
    """Double every DLE, as T.31 asks for in both directions."""
    return data.replace(b"\x10", b"\x10\x10")


def classify(line: str) -> Token:
    """Return the meaning of one line without its terminator; never fails."""
    bare = _JUNK_BEFORE.sub("", line.strip())
    upper = bare.upper()
    if code := _SPELLINGS.get(upper):
        return Result(code)
    if upper.startswith("RING") and "RINGING" not in upper:
        return Ring()
    if match := _CALLER.match(bare):
        return CallerLine(_CALLER_KEYS[match[1].upper()], match[2].strip().strip('"'))
    if match := _REPORT.match(bare):
        return Report(match[1], match[2].strip())
    head, _, detail = upper.partition(" ")
    if head in (Code.CONNECT, Code.DELAYED, Code.BLACKLISTED):
        return Result(_SPELLINGS[head], detail.strip())
    return Text(bare)


class AtParser:
    """Incremental tokenizer of one modem's output. Set `data_follows` before a command that opens data."""

    def __init__(self) -> None:
        self.data_follows = False
        self._input = bytearray()
        self._line = bytearray()
        self._in_data = False
        self._after_connect = False

    @property
    def in_data(self) -> bool:
        """Whether the next octets belong to a data phase."""
        return self._in_data

    def feed(self, data: bytes) -> None:
        """Take octets as they came."""
        self._input += data

    def next(self) -> Token | None:
        """Return the next token, or None when more octets are needed."""
        while waiting := len(self._input):
            token = self._next_data() if self._in_data else self._next_line()
            if token is not None or len(self._input) == waiting:
                return token
        return None

    def enter_data(self) -> None:
        """Treat what follows as data: the modem is already in its data phase."""
        self._in_data = True
        self._line.clear()

    def leave_data(self) -> None:
        """Treat what follows as lines: the data phase was aborted, or the modem lost its DLE ETX."""
        self._in_data = False
        self._after_connect = False
        self._line.clear()

    def _next_line(self) -> Token | None:
        end = next((i for i, octet in enumerate(self._input) if octet in (0x0D, 0x0A)), None)
        taken = self._input[:end] if end is not None else bytes(self._input)
        self._line += bytes(octet for octet in taken if 0x20 <= octet < 0x7F)
        del self._line[:-LONGEST_LINE]
        if end is None:
            self._input.clear()
            return None
        del self._input[: end + 1]
        line = self._line.decode("ascii")
        self._line.clear()
        return self._meaning(line) if line.strip() else None

    def _meaning(self, line: str) -> Token:
        token = classify(line)
        if token == Result(Code.CONNECT) and self.data_follows:
            self._in_data = self._after_connect = True
        return token

    def _next_data(self) -> Token | None:
        if self._after_connect:
            self._after_connect = False
            if self._input[0] == 0x0A:
                del self._input[0]
                return None
        position = self._input.find(DLE)
        if position == 0:
            return self._next_shielded()
        end = position if position > 0 else len(self._input)
        chunk = bytes(self._input[:end])
        del self._input[:end]
        return Data(chunk)

    def _next_shielded(self) -> Token | None:
        if len(self._input) < 2:
            return None
        second = self._input[1]
        del self._input[:2]
        if second == ETX:
            self._in_data = False
            return DataEnd()
        if second in (DLE, SUB):
            return Data(b"\x10" if second == DLE else b"\x10\x10")
        return None
