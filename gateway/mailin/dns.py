"""Questions to the DNS about senders' domains, with a time limit and a small memory.

One resolver for coroutines (DKIM keys) and for threads (pyspf is blocking). It tells "there is nothing" from
"nobody answered": the one is a fact, the other must never become a final refusal. No other part of the mail
door asks the DNS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dns.asyncresolver
import dns.exception
import dns.name
import dns.nameserver
import dns.resolver

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dns.rdata import Rdata

MEMORY = 2000  # answers kept for their time to live
NOTHING = (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer, dns.name.LabelTooLong, dns.name.EmptyLabel)


class DnsTrouble(Exception):  # noqa: N818  (what happened, not an error of ours)
    """Nobody answered, or the answer was a failure: asked later it may be another."""


class Resolver:
    """Asks `servers` ((address, port), none = the system's), for at most `timeout_s` seconds a question."""

    def __init__(self, servers: Sequence[tuple[str, int]] = (), timeout_s: float = 5.0) -> None:
        self._coroutines = dns.asyncresolver.Resolver(configure=False)
        self._threads = dns.resolver.Resolver(configure=False)
        cache = dns.resolver.LRUCache(MEMORY)
        for resolver in (self._coroutines, self._threads):
            if servers:
                resolver.nameservers = [dns.nameserver.Do53Nameserver(host, port) for host, port in servers]
            else:
                _read_system(resolver)
            resolver.lifetime = resolver.timeout = timeout_s
            resolver.cache = cache

    async def texts(self, name: str) -> tuple[bytes, ...]:
        """Return the TXT records of a name, their strings joined; () if there are none.

        Raise `DnsTrouble`.
        """
        try:
            answer = await self._coroutines.resolve(name, "TXT")
        except NOTHING:
            return ()
        except (dns.exception.DNSException, OSError) as error:
            raise DnsTrouble(str(error)) from error
        return tuple(b"".join(record.strings) for record in answer)

    def blocking(self, name: str, kind: str) -> list[Rdata]:
        """Return the records of a name, CNAMEs followed; [] if there are none. For threads.

        Raise `DnsTrouble`.
        """
        try:
            return list(self._threads.resolve(name, kind))
        except NOTHING:
            return []
        except (dns.exception.DNSException, OSError) as error:
            raise DnsTrouble(str(error)) from error


def _read_system(resolver: Any) -> None:
    try:
        resolver.read_resolv_conf("/etc/resolv.conf")
    except dns.resolver.NoResolverConfiguration:
        resolver.nameservers = []
