"""One SMTP connection: lines, order, patience. The protocol class of aiosmtpd, with its weak spots replaced.

Kept from the library: the transports and STARTTLS. Replaced, each for a measured reason (threats.md section
2): the command loop (bare LF, a clock that starts at the last command, errors shown to the client) and
cancelling at half-close. What the commands mean is `conversation.py`; the library's AUTH is not used.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from aiosmtpd.smtp import SMTP

from gateway.mailin import replies
from gateway.mailin.data_reader import Gone, TooSlow
from gateway.mailin.replies import Reply

if TYPE_CHECKING:
    import ssl

    from gateway.mailin.settings import SmtpSettings

log = structlog.get_logger("smtp")

LONGEST_COMMAND = 2048
FAREWELL_S = 2.0
FAREWELL_BYTES = 4 << 20
OFFENCES = frozenset({500, 501, 502, 503, 550, 555})
IDLE_COMMANDS = frozenset({"RSET", "NOOP", "VRFY"})


class Goodbye(Exception):  # noqa: N818  (the reason a conversation ends, not an error)
    """End the connection, after saying `reply` if there is one."""

    def __init__(self, reply: Reply | None = None) -> None:
        super().__init__(str(reply))
        self.reply = reply


@dataclass(slots=True)
class Patience:
    """What a client has used up: mistakes, wrong passwords, commands before a mail, idle commands."""

    mistakes: int = 0
    sign_ins: int = 0
    before_mail: int = 0
    idle: int = 0


class Wire:
    """The library's stream, as `read_data` wants it."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader

    async def read(self, n: int) -> bytes:
        """Return up to `n` bytes; empty at the end."""
        return await self._reader.read(n)

    def unread(self, data: bytes) -> None:
        """Put bytes back in front, where STARTTLS would also throw them away."""
        self._reader._buffer[:0] = data  # type: ignore[attr-defined]  # noqa: SLF001  (asyncio has no other)


class Connection(SMTP, ABC):
    """One connection. `tls` is None on a port that is TLS from the start, or without a certificate."""

    line_length_limit = 65_536  # of the stream's buffer: bounds what a client can make us hold

    def __init__(self, settings: SmtpSettings, tls: ssl.SSLContext | None) -> None:
        self.limits = settings.limits
        super().__init__(
            handler=None,
            data_size_limit=self.limits.message_bytes,
            hostname=settings.hostname or settings.domains[0],
            ident="Postline ESMTP",
            tls_context=tls,
            timeout=self.limits.session_s + self.limits.idle_s,  # a last resort; our clocks are in `_line`
            loop=asyncio.get_running_loop(),
        )
        self.session_ends = self.loop.time() + self.limits.session_s
        self.patience = Patience()
        self.peer = ""
        self._known = False
        self._busy = False

    # What a subclass says about itself -------------------------------------------------------------------

    @abstractmethod
    async def obey(self, command: str, argument: str) -> Reply | str | None:
        """Carry out a command; return what to say, None if nothing more."""

    @abstractmethod
    def opened(self) -> None:
        """Learn that the connection begins; `peer` is known."""

    @abstractmethod
    def closed(self) -> None:
        """Learn that the connection is over."""

    @abstractmethod
    def unwelcome(self) -> Reply | None:
        """Return why no further command is taken, None if one is."""

    # The transport ---------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, or begin again after STARTTLS."""
        if not self._known:
            self._known = True
            name = transport.get_extra_info("peername")
            self.peer = str(name[0]) if isinstance(name, tuple) else ""
            self.opened()
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """End; a mail that is being stored is stored all the same."""
        self.closed()
        super().connection_lost(error)

    def eof_received(self) -> bool | None:
        """Let a client that stops sending still hear our answer (the library would cancel everything)."""
        stays_open = asyncio.StreamReaderProtocol.eof_received(self)
        return False if self.encrypted else stays_open

    @property
    def task(self) -> asyncio.Task[None] | None:
        """The conversation as a task."""
        return self._handler_coroutine

    async def say_goodbye(self) -> None:
        """End a connection that waits for a command; one that is busy ends after its answer."""
        if not self._busy:
            await self._last_words(replies.CLOSING)
            self.hang_up()

    def hang_up(self) -> None:
        """End the connection without a word."""
        if self.task is not None:
            self.task.cancel()
        self._writer.close()

    # The conversation ------------------------------------------------------------------------------------

    async def _handle_client(self) -> None:
        """Hold the conversation: the task that the library starts for a connection."""
        try:
            await self._converse()
        except Goodbye as end:
            await self._last_words(end.reply)
        except TooSlow:
            await self._last_words(replies.TOO_SLOW)
        except (Gone, ConnectionError, asyncio.IncompleteReadError):
            log.info("client gone", peer=self.peer)
        except Exception:  # the task boundary: this connection fails, the listener goes on
            log.exception("conversation failed", peer=self.peer)
            await self._last_words(replies.OUR_FAULT)
        finally:
            self._writer.close()

    async def _last_words(self, reply: Reply | None) -> None:
        if reply is not None:
            try:
                await self.push(str(reply))
            except ConnectionError:
                log.info("client gone", peer=self.peer)

    async def _converse(self) -> None:
        if refusal := self.unwelcome():
            raise Goodbye(refusal)
        await self.push(f"220 {self.hostname} {self.__ident__}")
        wait = self.limits.greeting_s
        while True:
            line = await self._line(wait)
            wait = self.limits.idle_s
            self._busy = True
            reply = await self._one(line)
            if reply is not None:
                await self._say(reply)
            self._busy = False
            if farewell := self.unwelcome():
                raise Goodbye(farewell)

    async def _line(self, wait: float) -> bytes:
        """Return the next command line with its end; a line that does not fit the buffer ends everything."""
        left = min(wait, self.session_ends - self.loop.time())
        if left <= 0:
            raise TooSlow
        try:
            async with asyncio.timeout(left):
                return await self._reader.readuntil(b"\n")
        except TimeoutError as error:
            raise TooSlow from error
        except asyncio.LimitOverrunError as error:
            raise Goodbye(replies.LINE_TOO_LONG) from error

    @property
    def encrypted(self) -> bool:
        """Whether we speak inside TLS."""
        return self.transport is not None and self.transport.get_extra_info("sslcontext") is not None

    async def ask(self, challenge: str) -> str:
        """Say a challenge (RFC 4954) and return the client's next line without its end."""
        await self.push(challenge)
        line = await self._line(self.limits.idle_s)
        return line.rstrip(b"\r\n").decode("ascii", "replace") if len(line) <= LONGEST_COMMAND else ""

    async def _one(self, line: bytes) -> Reply | str | None:
        if len(line) > LONGEST_COMMAND:
            return replies.LINE_TOO_LONG
        text = line[:-2].decode("ascii", "replace")
        if not line.endswith(b"\r\n") or not text.isascii() or not text.isprintable():
            return replies.BAD_LINE
        command, _, argument = text.partition(" ")
        self._count(command.upper())
        return await self.obey(command.upper(), argument.strip())

    def _count(self, command: str) -> None:
        self.patience.before_mail += 1
        self.patience.idle += command in IDLE_COMMANDS
        if (
            self.patience.before_mail > self.limits.commands_before_mail
            or self.patience.idle > self.limits.idle_commands
        ):
            raise Goodbye(replies.TOO_MANY_ERRORS)

    async def _say(self, reply: Reply | str) -> None:
        """Say it, and end with a client that only makes mistakes."""
        self.patience.mistakes += isinstance(reply, Reply) and reply.code in OFFENCES
        if self.patience.mistakes > self.limits.errors:
            raise Goodbye(replies.TOO_MANY_ERRORS)
        await self.push(str(reply))

    async def turn_away(self, reply: Reply) -> None:
        """Say why and hang up; read on for a moment, for a reset connection would swallow the answer."""
        await self._last_words(reply)
        left = FAREWELL_BYTES
        try:
            async with asyncio.timeout(FAREWELL_S):
                while left > 0 and (data := await self._reader.read(self.line_length_limit)):
                    left -= len(data)
        except (TimeoutError, ConnectionError):
            log.info("turned away in the middle of a mail", peer=self.peer)
        raise Goodbye
