"""Questions to the DNS about senders' domains, with a time limit and a small memory.

For coroutines (DKIM keys) and for threads (pyspf is blocking). It tells "there is nothing" from
"nobody answered": the one is a fact, the other must never become a final refusal. No other part of the mail
door asks the DNS.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import dns.exception
import dns.name
import dns.nameserver
import dns.resolver

if TYPE_CHECKING:
    from collections.abc import Sequence

THREADS = 4
MEMORY = 2000  # answers kept for their time to live
NOTHING = (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer, dns.name.LabelTooLong, dns.name.EmptyLabel)


class DnsTrouble(Exception):  # noqa: N818  (what happened, not an error of ours)
    """Nobody answered, or the answer was a failure: asked later it may be another."""


class Resolver:
    """Asks `servers` ((address, port), none = the system's), for at most `timeout_s` seconds a question.

    Questions of coroutines are asked in a small pool of threads of its own: however slow the name servers of
    senders are, nothing else waits for a thread because of them.
    """

    def __init__(self, servers: Sequence[tuple[str, int]] = (), timeout_s: float = 5.0) -> None:
        self._resolver = dns.resolver.Resolver(configure=False)
        if servers:
            nameservers = [dns.nameserver.Do53Nameserver(host, port) for host, port in servers]
            self._resolver.nameservers = nameservers
        else:
            _read_system(self._resolver)
        self._resolver.lifetime = self._resolver.timeout = timeout_s
        self._resolver.cache = dns.resolver.LRUCache(MEMORY)
        self._pool = ThreadPoolExecutor(THREADS, "dns")

    async def texts(self, name: str) -> tuple[bytes, ...]:
        """Return the TXT records of a name, their strings joined; () if there are none.

        Raise `DnsTrouble`.
        """
        loop = asyncio.get_running_loop()
        records = await loop.run_in_executor(self._pool, self.blocking, name, "TXT")
        return tuple(b"".join(record.strings) for record in records)

    def blocking(self, name: str, kind: str) -> list[Any]:
        """Return the records of a name, CNAMEs followed; [] if there are none. For threads.

        Raise `DnsTrouble`.
        """
        try:
            return list(self._resolver.resolve(name, kind))
        except NOTHING:
            return []
        except (dns.exception.DNSException, OSError) as error:
            raise DnsTrouble(str(error)) from error

    def close(self) -> None:
        """Let the threads end."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _read_system(resolver: Any) -> None:
    try:
        resolver.read_resolv_conf("/etc/resolv.conf")
    except dns.resolver.NoResolverConfiguration:
        resolver.nameservers = []
