"""What several roles share: the store, the blobs, ids, the clock. Everything below gets them as arguments."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gateway.store.blobs import Floor, LocalBlobs

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.config import Config
    from gateway.store.database import AsyncStore


@dataclass(frozen=True, slots=True)
class Parts:
    """What several roles share."""

    config: Config
    store: AsyncStore
    blobs: LocalBlobs
    new_id: Callable[[], str]
    worker: str


def utc_now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


def new_message_id(domain: str) -> str:
    """Return a fresh Message-ID, with brackets."""
    return f"<{uuid.uuid4().hex}@{domain}>"


def local_blobs(config: Config) -> LocalBlobs:
    """Return the blob store below the state folder, with the configured free-space floor."""
    floor = Floor(config.limits.free_disk_bytes, config.limits.free_disk_fraction)
    return LocalBlobs(config.server.data / "blobs", floor=floor)


def host_port(address: str) -> tuple[str, int]:
    """Split "host:port"; an IPv6 host loses its brackets."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)
