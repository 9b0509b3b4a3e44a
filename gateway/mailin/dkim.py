"""DKIM (RFC 6376): whether the mail, as it lies in the spool, is signed by the envelope sender's domain.

A signature is a proof here only if its domain (`d=`) is that of MAIL FROM or one above it: who runs a domain
also decides about those below, never the other way round, so no list of public suffixes is needed. It must
cover From and Subject, each of them as often as they stand in the mail, because what we obey is in there, and
From must name senders of the account only (`author.py`). It must cover the whole body (no `l=`), not be
expired, and use SHA-256 with a key of at least 1024 bits that is not marked as a test.

Signatures are read and keys are fetched here; the cryptography meets the bytes in a child with limits, which
gets the keys and has no need of a network.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from gateway.mailin.author import fault_of_author
from gateway.mailin.dns import DnsTrouble
from gateway.mailin.judging import Opinion
from gateway.mailin.prescan import read_header

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime

    from gateway.mailin.dns import Resolver
    from gateway.mailin.judging import Case
    from gateway.mailin.prescan import Header

log = structlog.get_logger("smtp")

CHECK = "gateway.mailin.dkim_check:check"
SIGNATURES = 5  # of the sender's domain that are looked at
LONGEST_SIGNATURE = 8192
MUST_BE_SIGNED = (b"from", b"subject")
ALGORITHMS = frozenset({b"rsa-sha256", b"ed25519-sha256"})
NAME = re.compile(rb"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,250}[A-Za-z0-9_])?")
SPACE = re.compile(rb"\s+")


@dataclass(frozen=True, slots=True)
class Signature:
    """A DKIM-Signature of the mail: its place among them from 0 (the topmost), and what it says."""

    place: int
    tags: Mapping[bytes, bytes]

    @property
    def domain(self) -> str:
        """The signing domain, in lower case."""
        return self.tags.get(b"d", b"").decode("ascii", "replace").lower().rstrip(".")

    @property
    def key_name(self) -> str:
        """Where the key is published."""
        return f"{self.tags.get(b's', b'').decode('ascii', 'replace')}._domainkey.{self.domain}"


class Dkim:
    """The judge: asks `resolver` for keys; `run` returns what a function ("module:name") says in a child."""

    def __init__(self, resolver: Resolver, run: Callable[..., Awaitable[Any]]) -> None:
        self._resolver = resolver
        self._run = run

    async def __call__(self, case: Case) -> Opinion:
        """Return the opinion on a mail."""
        header = await asyncio.to_thread(_header, case)
        found = [s for s in signatures(header) if is_aligned(s.domain, case.sender.domain)][:SIGNATURES]
        if not found:
            return Opinion(why=f"no DKIM signature of {case.sender.domain}")
        if stranger := fault_of_author(header, case):
            return Opinion(why=f"DKIM of {found[0].domain}: {stranger}")
        mail = await asyncio.to_thread(case.path.read_bytes)
        faults, passing = [], False
        for signature in found:
            fault = fault_of(signature, header, case.at)
            if not fault:
                fault, away = await self._check(mail, signature)
                passing |= away
            if not fault:
                return Opinion(evidence={"by": "dkim", "domain": signature.domain, "key": signature.key_name})
            faults.append(f"DKIM of {signature.domain}: {fault}")
        return Opinion(why="; ".join(faults), passing=passing)

    async def _check(self, mail: bytes, signature: Signature) -> tuple[str, bool]:
        """Return what is wrong with a signature, "" if nothing; and whether that may pass."""
        try:
            keys = await self._resolver.texts(signature.key_name)
        except DnsTrouble:
            return "the key could not be asked for", True
        if not keys:
            return "there is no key", False
        if b"y" in tags_of(keys[0]).get(b"t", b"").split(b":"):
            return "the key is a test", False
        try:
            value = signature.tags.get(b"b", b"")
            return str(await self._run(CHECK, mail, signature.place, value, keys[0])), False
        except Exception:  # the task boundary: a child that dies of a mail proves nothing
            log.exception("DKIM child failed", domain=signature.domain)
            return "the mail could not be checked", True


def _header(case: Case) -> Header:
    with case.path.open("rb") as file:
        return read_header(file.read(case.findings.header_end), 0, case.findings.header_end + 4)


def is_aligned(signer: str, domain: str) -> bool:
    """Say whether a signing domain speaks for a domain of MAIL FROM: the same, or one above it."""
    return "." in signer and (domain == signer or domain.endswith(f".{signer}"))


def signatures(header: Header) -> list[Signature]:
    """Return the signatures of a mail, the topmost first; what cannot be read is left out."""
    found = []
    for place, value in enumerate(header.all(b"dkim-signature")):
        tags = tags_of(value) if len(value) <= LONGEST_SIGNATURE else {}
        if NAME.fullmatch(tags.get(b"d", b"")) and NAME.fullmatch(tags.get(b"s", b"")):
            found.append(Signature(place, tags))
    return found


def tags_of(value: bytes) -> dict[bytes, bytes]:
    """Return the tags of a signature or a key, without white space; {} if a tag stands twice."""
    tags: dict[bytes, bytes] = {}
    for part in SPACE.sub(b"", value).split(b";"):
        name, equals, text = part.partition(b"=")
        if equals and name in tags:
            return {}
        if equals:
            tags[name] = text
    return tags


def fault_of(signature: Signature, header: Header, at: datetime) -> str:
    """Return why a signature proves nothing whatever its arithmetic says, "" if it may."""
    tags = signature.tags
    if tags.get(b"a") not in ALGORITHMS:
        return "the algorithm is not accepted"
    if b"l" in tags:
        return "only a part of the body is signed (l=)"
    for tag in (b"x", b"t"):
        if tag in tags and not tags[tag].isdigit():
            return "a time is no number"
    if b"x" in tags and int(tags[b"x"][:20]) <= at.timestamp():
        return "it is expired"
    signed = tags.get(b"h", b"").lower().split(b":")
    for name in MUST_BE_SIGNED:
        if signed.count(name) < max(1 if name == b"from" else 0, len(header.all(name))):
            return f"{name.decode().capitalize()} is not signed"
    return ""
