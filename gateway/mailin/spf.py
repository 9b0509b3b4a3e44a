"""SPF (RFC 7208): may this IP address send for the domain of MAIL FROM? A pass is a proof of that domain.

pyspf does the evaluation: in a thread of a small pool, as it blocks; with our resolver; within twenty seconds
in all, ten look-ups and two void ones (section 4.6.4). Only a pass counts here; the wish of a domain to have
failures refused is not ours to follow, as an unproved mail is refused anyway unless its DKIM or S/MIME
signature proves it. Explanations of the far side are never repeated.

A program on this machine (loopback) is asked about too, but it does not wait for name servers that are not
there: no domain speaks of it, and without a network it should hear 550, not 451.
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import spf as pyspf
import structlog

from gateway.mailin.dns import DnsTrouble
from gateway.mailin.judging import Opinion

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.mailin.dns import Resolver
    from gateway.mailin.envelope import Address

log = structlog.get_logger("smtp")

THREADS = 4
SECONDS = 20.0
SECONDS_FOR_OURSELVES = 3.0


class Spf:
    """Asks whether a host may use a sender's domain; `seconds` is for one question in all."""

    def __init__(self, resolver: Resolver, seconds: float = SECONDS) -> None:
        self._resolver = resolver
        self._seconds = seconds
        self._pool = ThreadPoolExecutor(THREADS, "spf")

    async def __call__(self, address: str, sender: Address, hello: str) -> Opinion:
        """Return the opinion on a sender at an IP address that said `hello`."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._seconds + 1):
                result = await loop.run_in_executor(self._pool, self._evaluate, address, sender, hello)
        except TimeoutError:
            result = "temperror"
        why = f"SPF of {sender.domain}: {result}"
        if result == "pass":
            return Opinion(evidence={"by": "spf", "domain": sender.domain}, why=why)
        return Opinion(why=why, passing=result == "temperror")

    def close(self) -> None:
        """Let the threads end."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _evaluate(self, address: str, sender: Address, hello: str) -> str:
        peer = ipaddress.ip_address(address.partition("%")[0])
        peer = getattr(peer, "ipv4_mapped", None) or peer
        seconds = min(self._seconds, SECONDS_FOR_OURSELVES) if peer.is_loopback else self._seconds
        one_at = f"{sender.local.replace('@', '=')}@{sender.domain}"  # pyspf takes what follows the first one
        query = _Query(self._resolver, str(peer), one_at, hello, seconds)
        try:
            result = str(query.check()[0])
        except Exception:  # the task boundary of a library that reads the records of strangers
            log.exception("SPF failed", domain=sender.domain)
            return "permerror"
        return "none" if result == "temperror" and peer.is_loopback else result


class _Query(pyspf.query):  # type: ignore[misc]  # pyspf has no types
    """An evaluation whose questions go to our resolver, until its time is over."""

    def __init__(self, resolver: Resolver, address: str, sender: str, hello: str, seconds: float) -> None:
        super().__init__(i=address, s=sender, h=hello)
        self._resolver = resolver
        self._ends = time.monotonic() + seconds

    def dns(
        self,
        name: str,
        qtype: str,
        cnames: object = None,  # noqa: ARG002  (pyspf's signature; our resolver follows CNAMEs)
        ignore_void: bool = False,
    ) -> list[Any]:
        """Return the values of a name, as pyspf wants them; nothing counts as a void look-up."""
        if time.monotonic() > self._ends:
            raise pyspf.TempError("out of time")
        try:
            records = self._resolver.blocking(str(name), qtype)
        except DnsTrouble as error:
            raise pyspf.TempError(str(error)) from error
        if not records and not ignore_void:
            self.void_lookups += 1
            if self.void_lookups > pyspf.MAX_VOID_LOOKUPS:
                raise pyspf.PermError("too many void look-ups")
        return [VALUES[qtype](record) for record in records]


VALUES: dict[str, Callable[[Any], Any]] = {
    "A": lambda record: record.address,
    "AAAA": lambda record: record.address,
    "MX": lambda record: (record.preference, record.exchange),
    "PTR": lambda record: record.target.to_text(omit_final_dot=True),
    "TXT": lambda record: record.strings,
}
