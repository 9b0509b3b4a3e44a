"""The `[dns]` table of the configuration: whom the mail door asks about senders' domains (SPF, DKIM)."""

from __future__ import annotations

import ipaddress
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

PORT = 53


class DnsTable(BaseModel):
    """Name servers; none named = the system's (`/etc/resolv.conf`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    nameservers: list[str] = []
    timeout_s: Annotated[float, Field(gt=0, le=20)] = 5.0

    @field_validator("nameservers")
    @classmethod
    def _servers_are_addresses(cls, servers: list[str]) -> list[str]:
        for server in servers:
            server_of(server)
        return servers

    @property
    def servers(self) -> tuple[tuple[str, int], ...]:
        """The name servers as (address, port)."""
        return tuple(map(server_of, self.nameservers))


def server_of(text: str) -> tuple[str, int]:
    """Read `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1` or `[2001:db8::1]:5353`; raise ValueError."""
    host, port = text, str(PORT)
    if text.startswith("[") or text.count(":") == 1:
        host, _, port = text.rpartition(":") if not text.endswith("]") else (text, "", port)
    try:
        address, number = ipaddress.ip_address(host.strip("[]")), int(port)
    except ValueError as error:
        raise ValueError(f"{text!r} is not an IP address, nor one with a port") from error
    if not 0 < number < 65536:
        raise ValueError(f"{text!r}: there is no such port")
    return str(address), number
