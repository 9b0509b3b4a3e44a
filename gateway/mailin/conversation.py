"""What is said on an SMTP connection: our commands, and the mail itself (RFC 5321).

Paths are read by `envelope.py` and DATA by `data_reader.py` instead of the library (threats.md section 2 says
why). Nothing is decided here about senders and numbers: `transaction.py` does that.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import structlog

from gateway.domain.errors import PostlineError, StorageFull
from gateway.mailin import replies
from gateway.mailin.auth import MECHANISMS, BadCredentials, Cancelled, credentials_of
from gateway.mailin.connection import Connection, Goodbye, Patience, Wire
from gateway.mailin.data_reader import Pace, SpoolFile, read_data
from gateway.mailin.envelope import BadPath, parse_path
from gateway.mailin.evidence import Peer
from gateway.mailin.parameters import BadParameter, of_mail, of_recipient
from gateway.mailin.tls import fingerprint_of
from gateway.mailin.transaction import Transaction

if TYPE_CHECKING:
    import asyncio
    import ssl
    from collections.abc import Awaitable, Callable

    from gateway.mailin.auth import Login
    from gateway.mailin.data_reader import Received
    from gateway.mailin.listener import Listener
    from gateway.mailin.replies import Reply

    Command = Callable[["Conversation", str], Awaitable[Reply | str | None]]

log = structlog.get_logger("smtp")

GRACE = 1 << 20  # bytes read beyond the size limit, so that a client a little too large hears 552


class Conversation(Connection):
    """One connection of a listener."""

    def __init__(self, listener: Listener, tls: ssl.SSLContext | None) -> None:
        super().__init__(listener.desk.settings, tls)
        self._listener = listener
        self._desk = listener.desk
        self._hello = ""
        self._transaction: Transaction | None = None
        self._login: Login | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; after STARTTLS all that was said is forgotten (RFC 3207 section 4.2)."""
        self._hello, self._transaction, self._login = "", None, None
        super().connection_made(transport)

    def opened(self) -> None:
        """Be counted."""
        self._listener.opened(self)

    def closed(self) -> None:
        """Be counted no more."""
        self._listener.closed(self)

    def unwelcome(self) -> Reply | None:
        """Return why no further command is taken."""
        if self._listener.stopping:
            return replies.CLOSING
        return replies.BUSY if self._listener.is_crowded(self) else None

    async def obey(self, command: str, argument: str) -> Reply | str | None:
        """Carry out a command."""
        method = COMMANDS.get(command)
        return replies.UNKNOWN_COMMAND if method is None else await method(self, argument)

    async def _ehlo(self, argument: str) -> Reply | str:
        if not argument:
            return replies.BAD_ARGUMENT
        self._hello, self._transaction = argument, None
        words = [self.hostname, f"SIZE {self.limits.message_bytes}", "8BITMIME", "PIPELINING", "DSN"]
        if self.tls_context and not self._tls_protocol:
            words.append("STARTTLS")
        if self.encrypted:
            words.append(f"AUTH {' '.join(MECHANISMS)}")
        return "\r\n".join([*(f"250-{word}" for word in words), "250 ENHANCEDSTATUSCODES"])

    async def _helo(self, argument: str) -> Reply | str:
        if not argument:
            return replies.BAD_ARGUMENT
        self._hello, self._transaction = argument, None
        return f"250 {self.hostname}"

    async def _starttls(self, argument: str) -> Reply | None:
        if not self.tls_context or self._tls_protocol is not None:
            return replies.NOT_DONE
        if argument:
            return replies.BAD_ARGUMENT
        try:
            await self.smtp_STARTTLS(None)
        except Exception as error:  # whatever the handshake found wrong ends this connection, and only it
            log.info("no TLS", peer=self.peer, reason=repr(error.__cause__ or error))
            raise Goodbye from error
        return None

    async def _auth(self, argument: str) -> Reply:
        mechanism, _, response = argument.partition(" ")
        if refusal := self._no_sign_in(mechanism.upper()):
            return refusal
        try:
            name, password = await credentials_of(mechanism.upper(), response.strip(), self.ask)
        except Cancelled:
            return replies.SIGN_IN_CANCELLED
        except BadCredentials:
            return replies.BAD_RESPONSE
        return await self._check_password(name, password)

    def _no_sign_in(self, mechanism: str) -> Reply | None:
        """Return why nobody can sign in here and now, None if one can."""
        if not self._hello or self._transaction or self._login:
            return replies.WRONG_ORDER
        if not self.encrypted:
            return replies.NOT_IN_THE_CLEAR if self.tls_context else replies.NOT_DONE
        if mechanism not in MECHANISMS:
            return replies.NO_MECHANISM
        return replies.GUESSING if self._listener.sign_in.is_guessing(self.peer) else None

    async def _check_password(self, name: str, password: str) -> Reply:
        try:
            self._login = await self._listener.sign_in.check(name, password, self.peer)
            if self._login is None:
                await self._listener.sign_in.note_wrong(name, self.peer)
        except PostlineError as error:
            log.warning("nobody can sign in", detail=error.detail)
            return replies.OUR_FAULT
        if self._login is not None:
            return replies.SIGNED_IN
        self.patience.sign_ins += 1
        if self.patience.sign_ins >= self.limits.sign_ins:
            await self.push(str(replies.WRONG_PASSWORD))
            raise Goodbye(replies.TOO_MANY_GUESSES)
        return replies.WRONG_PASSWORD

    async def _rset(self, argument: str) -> Reply:
        if argument:
            return replies.BAD_ARGUMENT
        self._transaction = None
        return replies.OK

    async def _noop(self, _argument: str) -> Reply:
        return replies.OK

    async def _vrfy(self, _argument: str) -> Reply:
        return replies.TELL_NOBODY

    async def _quit(self, argument: str) -> Reply:
        if argument:
            return replies.BAD_ARGUMENT
        raise Goodbye(replies.BYE)

    async def _mail(self, argument: str) -> Reply:
        if not self._hello or self._transaction:
            return replies.WRONG_ORDER
        try:
            path = parse_path(argument, "FROM:", null_allowed=True)
            asked = of_mail(path.parameters, with_auth=self.encrypted)
        except BadPath:
            return replies.BAD_SENDER
        except BadParameter as error:
            return error.reply
        if asked.size > self.limits.message_bytes:
            return replies.TOO_LARGE
        try:
            self._desk.blobs.check_space(asked.size)
        except StorageFull:
            return replies.DISK_FULL
        peer = Peer(self.peer, self._hello, self._login, fingerprint_of(self.transport))
        self._transaction = Transaction(self._desk, path.address, peer, asked.envelope)
        return replies.SENDER_OK

    async def _rcpt(self, argument: str) -> Reply:
        if self._transaction is None:
            return replies.WRONG_ORDER
        try:
            path = parse_path(argument, "TO:")
            reply = await self._transaction.recipient(path.address, of_recipient(path.parameters))
        except BadPath:
            return replies.BAD_RECIPIENT
        except BadParameter as error:
            return error.reply
        except PostlineError as error:
            log.warning("recipient put off", detail=error.detail)
            return replies.OUR_FAULT
        if reply.good:
            self.patience.before_mail = 0
        return reply

    async def _data(self, argument: str) -> Reply:
        transaction = self._transaction
        if argument:
            return replies.BAD_ARGUMENT
        if transaction is None or not transaction.taken:
            return replies.WRONG_ORDER if transaction is None else replies.NO_RECIPIENTS
        self._transaction = None
        reply = await self._take_mail(transaction)
        self.patience = Patience(mistakes=self.patience.mistakes, sign_ins=self.patience.sign_ins)
        return reply

    async def _take_mail(self, transaction: Transaction) -> Reply:
        try:
            spool = SpoolFile(self._desk.spool)
        except OSError as error:
            log.warning("no spool file", detail=str(error))
            return replies.OUR_FAULT
        try:
            received = await self._read_mail(spool, transaction)
        except BaseException:
            spool.discard()
            raise
        refusal = replies.TOO_LARGE if received.too_large else None
        if received.bare and not transaction.trusted:
            refusal = refusal or replies.BARE_LINE_END
        if refusal is None:
            return await self._listener.to_the_end(transaction.finish(spool))
        spool.discard()
        if not received.ended:
            await self.turn_away(refusal)
        return refusal

    async def _read_mail(self, spool: SpoolFile, transaction: Transaction) -> Received:
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        limits = self.limits
        pace = Pace(limits.idle_s, self.session_ends, limits.min_rate, self.loop.time)
        try:
            return await read_data(
                Wire(self._reader),
                spool,
                pace,
                limit=limits.message_bytes,
                grace=min(GRACE, limits.message_bytes),
                normalise=transaction.trusted,
            )
        except ConnectionError:
            raise
        except OSError as error:
            log.warning("spool failed", detail=str(error))
            full = error.errno in {errno.ENOSPC, errno.EDQUOT}
            raise Goodbye(replies.DISK_FULL if full else replies.OUR_FAULT) from error


COMMANDS: dict[str, Command] = {
    "EHLO": Conversation._ehlo,  # noqa: SLF001  (its own table, below the class because it names its methods)
    "HELO": Conversation._helo,  # noqa: SLF001
    "STARTTLS": Conversation._starttls,  # noqa: SLF001
    "AUTH": Conversation._auth,  # noqa: SLF001
    "MAIL": Conversation._mail,  # noqa: SLF001
    "RCPT": Conversation._rcpt,  # noqa: SLF001
    "DATA": Conversation._data,  # noqa: SLF001
    "RSET": Conversation._rset,  # noqa: SLF001
    "NOOP": Conversation._noop,  # noqa: SLF001
    "VRFY": Conversation._vrfy,  # noqa: SLF001
    "QUIT": Conversation._quit,  # noqa: SLF001
}
