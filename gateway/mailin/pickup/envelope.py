"""Who sent a fetched mail and to whom: the envelope that SMTP had, from what the last server wrote down.

The sender is the topmost Return-Path: the server that delivered the mail put it there (RFC 5321 section
4.4), and every lower one may be a sender's invention. The recipients are those of the topmost X-Original-To,
else Delivered-To, else Envelope-To, as far as they are ours; else those of To and Cc (email-interface section
1.2). Lower fields of the same name tell of earlier journeys of the mail: nobody asked us for those numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.mailin import headers
from gateway.mailin.conventions import place_of
from gateway.mailin.envelope import Address, BadPath, Kind, classify, parse_address

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from gateway.mailin.prescan import Header

DELIVERED = (b"x-original-to", b"delivered-to", b"envelope-to")
WRITTEN = (b"to", b"cc")
RETURN_PATH = re.compile(r"\s*<?([^<>]*?)>?\s*\Z")
MOST_ADDRESSES = 20_000


@dataclass(frozen=True, slots=True)
class Envelope:
    """`sender`: None where the mail does not say, null for a report. `recipients` are in our domains."""

    sender: Address | None
    recipients: tuple[Address, ...]


def envelope_of(header: Header, domains: Collection[str], user: str = "") -> Envelope:
    """Return the envelope of a mail with this header.

    `domains` are ours, in lower case. `user` is whose mailbox it is: a catch-all box in our domain is the
    last stop of every mail and nobody's fax number.
    """
    own = user.lower().rpartition("@")[0] or user.lower()
    found = _recipients(header, domains, own)
    return Envelope(sender_of(header), tuple(found))


def sender_of(header: Header) -> Address | None:
    """Return the address of the topmost Return-Path; None without one, or where it is no address."""
    paths = header.all(b"return-path")
    match = RETURN_PATH.match(paths[0].decode("ascii", "replace")) if paths else None
    if match is None:
        return None
    try:
        return parse_address(match[1], null_allowed=True)
    except BadPath:
        return None


def _recipients(header: Header, domains: Collection[str], own: str) -> Iterable[Address]:
    for name in DELIVERED:
        if ours := _ours([header.first(name)], domains, own):
            return ours
    return _ours([value for name in WRITTEN for value in header.all(name)], domains, own)


def _ours(values: Iterable[bytes], domains: Collection[str], own: str) -> list[Address]:
    """Return the addresses of ours among these fields, each once, in order."""
    written = headers.mailboxes([value.decode("utf-8", "replace") for value in values])[:MOST_ADDRESSES]
    found: dict[str, Address] = {}
    for _, text in written:
        try:
            address = parse_address(text)
        except BadPath:
            continue
        if address.domain and address.local.lower() != own and _is_ours(address, domains):
            found.setdefault(address.key, address)
    return list(found.values())


def _is_ours(address: Address, domains: Collection[str]) -> bool:
    foreign = classify(address, domains) is Kind.FOREIGN
    return not foreign or bool(place_of(address.domain, domains))
