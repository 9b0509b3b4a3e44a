"""The SMTP listener: sockets, how many connections there may be, and an orderly end.

What is said on a connection is `conversation.py`; what becomes of a mail is `transaction.py`.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from typing import TYPE_CHECKING, TypeVar

import structlog

from gateway.domain.errors import PostlineError
from gateway.mailin.auth import SignIn
from gateway.mailin.conversation import Conversation
from gateway.mailin.data_reader import remove_leftovers
from gateway.mailin.settings import site_of
from gateway.mailin.tls import certificate_of, client_certificates

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Coroutine

    from gateway.mailin.desk import Desk
    from gateway.mailin.tls import Certificate

T = TypeVar("T")

log = structlog.get_logger("smtp")

FOLLOW_S = 30.0  # between two looks at the clients' certificates in the store


class Listener:
    """Listens on all configured addresses between `start` and `stop`. `ports` are the ones it got."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.stopping = False
        self.sign_in = SignIn(desk.store, secrets.token_bytes(32), desk.now)
        self._certificate = certificate_of(desk.settings)
        self._asking = certificate_of(desk.settings)  # the same, for where clients are asked for theirs
        self._following: asyncio.Task[None] | None = None
        self._servers: list[asyncio.Server] = []
        self._open: set[Conversation] = set()
        self._by_site: Counter[str] = Counter()
        self._work: set[asyncio.Task[object]] = set()

    @property
    def ports(self) -> list[int]:
        """The ports listened on: those of `listen`, then those of `listen_tls`."""
        return [socket.getsockname()[1] for server in self._servers for socket in server.sockets]

    async def start(self) -> None:
        """Open the sockets; raise OSError if one cannot be had."""
        settings = self.desk.settings
        self.desk.spool.mkdir(parents=True, exist_ok=True)
        self._tidy()
        await self.read_client_certificates()
        for host, port in settings.listen:
            await self._listen(host, port, self._plain, None)
        for host, port in settings.listen_tls:
            context = self._for_tls.context() if self._for_tls else None
            await self._listen(host, port, self._implicit, context)
        self._following = asyncio.create_task(self._follow())
        log.info("listening", ports=self.ports)

    async def stop(self, grace_s: float = 30.0) -> None:
        """Take no more connections, end the idle ones with 421, and wait for mails that are being taken."""
        self.stopping = True
        if self._following is not None:
            self._following.cancel()
        for server in self._servers:
            server.close()
        for conversation in list(self._open):
            await conversation.say_goodbye()
        tasks = [c.task for c in self._open if c.task is not None]
        if tasks or self._work:
            await asyncio.wait([*tasks, *self._work], timeout=grace_s)
        for conversation in list(self._open):
            conversation.hang_up()
        if self._work:  # a mail that is all here is stored, however long the disk takes
            await asyncio.wait(self._work)

    async def to_the_end(self, work: Coroutine[object, object, T]) -> T:
        """Return the result of `work`, which goes on if the caller is cancelled."""
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    def opened(self, conversation: Conversation) -> None:
        """Count a connection."""
        self._open.add(conversation)
        self._by_site[site_of(conversation.peer)] += 1

    def closed(self, conversation: Conversation) -> None:
        """Count it no more."""
        if conversation in self._open:
            self._open.remove(conversation)
            self._by_site[site_of(conversation.peer)] -= 1
            self._by_site += Counter()  # drops the zeros

    async def read_client_certificates(self) -> None:
        """Learn which certificates of clients are known now."""
        if self._asking is None or self.desk.settings.client_certificates == "off":
            return
        try:
            self._asking.ask_for(await self.desk.store.read(client_certificates))
        except PostlineError as error:
            log.warning("client certificates not read", detail=error.detail)

    def is_crowded(self, conversation: Conversation) -> bool:
        """Say whether this connection is one too many; trusted networks and relays are not counted."""
        limits = self.desk.settings.limits
        if not self.desk.settings.is_counted(conversation.peer):
            return False
        return (
            len(self._open) > limits.connections
            or self._by_site[site_of(conversation.peer)] > limits.connections_per_ip
        )

    def _tidy(self) -> None:
        """Remove what no session that still lives can be writing."""
        limits = self.desk.settings.limits
        oldest = self.desk.now().timestamp() - 2 * (limits.session_s + limits.idle_s)
        if removed := remove_leftovers(self.desk.spool, oldest):
            log.warning("unfinished mails removed", count=removed)

    async def _listen(
        self, host: str, port: int, factory: Callable[[], Conversation], context: ssl.SSLContext | None
    ) -> None:
        loop = asyncio.get_running_loop()
        handshake = self.desk.settings.limits.greeting_s if context else None
        server = await loop.create_server(
            factory, host, port, ssl=context, ssl_handshake_timeout=handshake, reuse_address=True
        )
        self._servers.append(server)

    async def _follow(self) -> None:
        """Read the clients' certificates again and again."""
        while True:
            await asyncio.sleep(FOLLOW_S)
            await self.read_client_certificates()

    @property
    def _for_starttls(self) -> Certificate | None:
        everywhere = self.desk.settings.client_certificates == "everywhere"
        return self._asking if everywhere else self._certificate

    @property
    def _for_tls(self) -> Certificate | None:
        return self._certificate if self.desk.settings.client_certificates == "off" else self._asking

    def _plain(self) -> Conversation:
        return Conversation(self, self._for_starttls.context() if self._for_starttls else None)

    def _implicit(self) -> Conversation:
        if self._for_tls:
            self._for_tls.context()
        return Conversation(self, None)

    def _ended(self, task: asyncio.Task[object]) -> None:
        self._work.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("a mail could not be stored", error=repr(error))
