"""Trusted relays: what a mail server in front of us found out about the sender (RFC 8601).

A relay is trusted by its network *and* its authserv-id. Its own address proves nothing about senders. Of the
Authentication-Results in a mail only the topmost counts, and only with the id configured for that relay: all
below it may have been there when the mail came to it. What counts in it, each for the envelope sender:

    auth=pass    smtp.auth or smtp.mailfrom is the sender's address
    spf=pass     smtp.mailfrom is the sender, or the sender's domain
    dkim=pass    header.d is the sender's domain, or one above it, and From names senders of the account only
    dmarc=pass   header.from is the sender's domain, and the same of From (`author.py`)
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import authres
from authres.core import AuthResError

from gateway.mailin.author import fault_of_author
from gateway.mailin.dkim import is_aligned
from gateway.mailin.judging import Opinion
from gateway.mailin.prescan import read_header
from gateway.mailin.settings import relay_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gateway.mailin.envelope import Address
    from gateway.mailin.judging import Case
    from gateway.mailin.settings import Relay

    Results = Sequence[authres.AuthenticationResult]

FIELD = b"authentication-results"
LONGEST = 16_384


class Relays:
    """The judge for mail that came by a trusted relay."""

    def __init__(self, relays: Sequence[Relay]) -> None:
        self._relays = tuple(relays)

    async def __call__(self, case: Case) -> Opinion:
        """Return the opinion on a mail."""
        relay = relay_of(case.peer, self._relays)
        if relay is None:
            return Opinion(why="not from a trusted relay")
        return await asyncio.to_thread(_judge, case, relay)


def _judge(case: Case, relay: Relay) -> Opinion:
    with case.path.open("rb") as file:
        header = read_header(file.read(case.findings.header_end), 0, case.findings.header_end + 4)
    results = results_of(header.first(FIELD), relay.authserv_id)
    if results is None:
        return Opinion(why=f"no Authentication-Results of {relay.authserv_id} on top")
    stranger = fault_of_author(header, case)
    if method := proof_in(results, case.sender, of_domain=not stranger):
        return Opinion(evidence={"by": "relay", "relay": relay.authserv_id, "method": method})
    passing = any(result.result == "temperror" for result in results)
    why = f"{relay.authserv_id} found no proof of {case.sender.domain}"
    return Opinion(why=f"{why}; {stranger}" if stranger else why, passing=passing)


def results_of(value: bytes, authserv_id: str) -> Results | None:
    """Return the results in a field's value if it is of this server and can be read, None otherwise."""
    if not value or len(value) > LONGEST:
        return None
    try:
        parsed = authres.AuthenticationResultsHeader.parse_value(value.decode("ascii", "replace"))
    except (AuthResError, RecursionError):  # comments in comments by the thousand
        return None
    if parsed.authserv_id.lower() != authserv_id.lower():
        return None
    return list(parsed.results)


def proof_in(results: Results, sender: Address, *, of_domain: bool = True) -> str:
    """Return the method that proves an envelope sender, the best first; "" for none.

    Without `of_domain`, what proves the domain of From only is left out.
    """
    passed = [result for result in results if result.result == "pass"]
    for method, proves in PROOFS.items():
        if method in OF_DOMAIN and not of_domain:
            continue
        if any(result.method == method and proves(result, sender) for result in passed):
            return method
    return ""


def _properties(result: authres.AuthenticationResult, *wanted: tuple[str, str]) -> list[str]:
    """Return the values of some properties ("smtp", "mailfrom"), in lower case."""
    return [str(p.value).lower() for p in result.properties if (p.type.lower(), p.name.lower()) in wanted]


def _auth(result: authres.AuthenticationResult, sender: Address) -> bool:
    return sender.key in _properties(result, ("smtp", "auth"), ("smtp", "mailfrom"))


def _spf(result: authres.AuthenticationResult, sender: Address) -> bool:
    return any(
        value in (sender.key, sender.domain, f"@{sender.domain}")
        for value in _properties(result, ("smtp", "mailfrom"))
    )


def _dkim(result: authres.AuthenticationResult, sender: Address) -> bool:
    return any(is_aligned(value, sender.domain) for value in _properties(result, ("header", "d")))


def _dmarc(result: authres.AuthenticationResult, sender: Address) -> bool:
    return sender.domain in _properties(result, ("header", "from"))


PROOFS: dict[str, Callable[[authres.AuthenticationResult, Address], bool]] = {
    "auth": _auth,
    "dmarc": _dmarc,
    "dkim": _dkim,
    "spf": _spf,
}
OF_DOMAIN = frozenset({"dmarc", "dkim"})
