"""What every page works with, made by `gateway.roles.pages`; pages find it in the application's state."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from starlette.requests import Request

    from gateway.store.blobs import BlobStore
    from gateway.store.database import AsyncStore
    from gateway.web.live import Feed
    from gateway.web.paper import Paper


@dataclass(frozen=True, slots=True)
class Demo:
    """The demo around us. `numbers`: what a far machine does (fax, busy, noisy, ...) -> its number.

    `call_in` lets the far machine of that number call us and send its document; it blocks until the call
    has begun, and raises `Unavailable`. It returns whether a line of ours is free: if not, the caller hears
    the busy tone. `paper` draws pages of the evidence.
    """

    folder: Path
    smtp: tuple[str, int]
    sender: str
    domain: str
    numbers: dict[str, str]
    paper: Paper
    call_in: Callable[[str], bool]

    @property
    def mailboxes(self) -> Path:
        """Where the demo's next hop keeps mails, one folder an address."""
        return self.folder / "mailboxes"

    @property
    def evidence(self) -> Path:
        """Where the story leaves its evidence and `index.json`."""
        return self.folder / "evidence"


@dataclass(frozen=True, slots=True)
class LineFacts:
    """What the configuration says of a line: its group, in | out | both, when it dials ("" at any time)."""

    group: str = ""
    direction: str = "both"
    hours: str = ""


@dataclass(frozen=True, slots=True)
class Site:
    """Explicit dependencies of all pages. `secret` signs form tokens; `hosts` are the names we answer to.

    `lines` are the configured lines by name; `silent` says that the configuration allows no dialling.
    `certificates` gives our certificates, each with its chain, as DER; `domain` is our first mail domain.
    """

    store: AsyncStore
    blobs: BlobStore
    paper: Paper
    feed: Feed
    now: Callable[[], datetime]
    new_token: Callable[[], str]
    secret: bytes
    hosts: frozenset[str]
    stop: asyncio.Event
    https: bool = False
    demo: Demo | None = None
    lines: Mapping[str, LineFacts] = field(default_factory=dict)
    silent: bool = False
    certificates: Callable[[], Sequence[tuple[bytes, ...]]] = tuple
    domain: str = ""


def site_of(request: Request) -> Site:
    """Return the site a request belongs to."""
    site: Site = request.app.state.site
    return site
