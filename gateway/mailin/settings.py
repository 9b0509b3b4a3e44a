"""What the mail door needs to know, as plain values; `app.py` fills it from the configuration.

The defaults are the contract's table of limits. Nothing here reads a file or the environment.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.domain.dialling import Rules

if TYPE_CHECKING:
    from collections.abc import Iterable

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class SmtpLimits:
    """Caps of the mail door; bytes, seconds and counts."""

    message_bytes: int = 29_360_128
    recipients: int = 500
    numbers: int = 20_000
    header_bytes: int = 256 * 1024
    field_bytes: int = 64 * 1024
    fields: int = 1000
    parts: int = 500
    depth: int = 20
    message_depth: int = 3
    received_fields: int = 50
    connections: int = 200
    connections_per_ip: int = 10
    commands_before_mail: int = 100
    errors: int = 10
    idle_commands: int = 20
    idle_s: float = 60.0
    session_s: float = 1800.0
    greeting_s: float = 30.0
    sign_ins: int = 3
    min_rate: float = 1000.0


@dataclass(frozen=True, slots=True)
class Relay:
    """A mail server in front of us whose Authentication-Results count, under its authserv-id."""

    network: Network
    authserv_id: str


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """The listener: where, for which domains, whom to believe.

    `listen` and `listen_tls` are (host, port); port 0 lets the system choose. `certificate` and `key` are
    paths of PEM files, empty = no STARTTLS. `operator` gets the mail of postmaster@ and abuse@. `dialling`
    says which numbers may be called. `client_certificates`: where TLS clients are asked for one, "off",
    "listen_tls" or "everywhere".
    """

    domains: tuple[str, ...]
    operator: tuple[str, ...]
    hostname: str = ""
    listen: tuple[tuple[str, int], ...] = (("0.0.0.0", 25),)  # noqa: S104  (a mail exchanger listens to all)
    listen_tls: tuple[tuple[str, int], ...] = ()
    certificate: str = ""
    key: str = ""
    trusted_networks: tuple[Network, ...] = ()
    trusted_relays: tuple[Relay, ...] = ()
    client_certificates: str = "listen_tls"
    unauthenticated: str = "reject"
    dedupe_hours: float = 24.0
    dialling: Rules = field(default_factory=Rules)
    limits: SmtpLimits = field(default_factory=SmtpLimits)

    def is_trusted(self, address: str) -> bool:
        """Say whether a peer's address lies in a trusted network."""
        return self.trusted_network(address) is not None

    def is_counted(self, address: str) -> bool:
        """Say whether connections of a peer are limited in number: relays and trusted networks are not."""
        return not self.is_trusted(address) and relay_of(address, self.trusted_relays) is None

    def trusted_network(self, address: str) -> Network | None:
        """Return the trusted network a peer's address lies in; None for none, or for no IP address."""
        return network_of(address, self.trusted_networks)


def site_of(address: str) -> str:
    """Return what counts as one client: an IPv4 address, or the /64 (one link) of an IPv6 one."""
    try:
        peer = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    peer = getattr(peer, "ipv4_mapped", None) or peer
    return str(peer) if peer.version == 4 else str(ipaddress.ip_network((peer, 64), strict=False))


def relay_of(address: str, relays: Iterable[Relay]) -> Relay | None:
    """Return the relay that an address belongs to."""
    return next((relay for relay in relays if network_of(address, (relay.network,))), None)


def network_of(address: str, networks: Iterable[Network]) -> Network | None:
    """Return the first of `networks` that an address lies in; None for none, or for no IP address."""
    try:
        peer = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    peer = getattr(peer, "ipv4_mapped", None) or peer
    return next((n for n in networks if peer in n), None)
