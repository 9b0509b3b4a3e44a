"""The composition root: prepares the state, starts the roles of a process and ends them in order.

What a role is made of stands in `gateway/roles/`; a process imports only those it runs. The only modules that
know which clock, ids and folders are in use; everything below gets them as arguments.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

import structlog

from gateway.roles.parts import Parts, local_blobs, new_message_id, utc_now
from gateway.store import migrate, orphans
from gateway.store.database import AsyncStore

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from gateway.config import Config

log = structlog.get_logger()

ORPHAN_AGE = timedelta(hours=1)
BLOCKING_THREADS = 16  # mostly for mails that wait for the disk: their syncs share its work
ROLES = {
    "smtp": "mail_in:smtp_role",
    "mailbox": "mail_in:mailbox_role",
    "render": "drawing:render_role",
    "outbox": "outbox:outbox_role",
    "http": "pages:http_role",
}
"""Role -> where its coroutine `(parts, stop, accepted)` stands below `gateway.roles`."""


def prepare(config: Config) -> None:
    """Create the state folder and bring the database to this release's schema."""
    config.server.data.mkdir(parents=True, exist_ok=True)
    migrate.upgrade(config.server.database_url)


def run(config: Config, roles: Sequence[str]) -> None:
    """Run these roles in this process until SIGTERM."""
    if tuple(roles) == ("lines",):
        from gateway.roles.lines import run_lines  # noqa: PLC0415  (the other process need not load modems)

        run_lines(config)
    else:
        asyncio.run(run_rest(config, roles))


async def run_rest(config: Config, roles: Sequence[str]) -> None:
    """Run every role but the lines on one event loop."""
    parts = Parts(
        config=config,
        store=AsyncStore(config.server.database_url),
        blobs=local_blobs(config),
        new_id=partial(new_message_id, config.server.domains[0]),
        worker=f"{socket.gethostname()}/rest/{os.getpid()}",
    )
    await parts.store.check()
    if "outbox" in roles:
        await set_orphans_aside(parts)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(BLOCKING_THREADS, "blocking"))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, hung_up)
    accepted = asyncio.Event()
    try:
        async with asyncio.TaskGroup() as group:
            for role in roles:
                group.create_task(guarded(role, role_named(role)(parts, stop, accepted), stop), name=role)
    finally:
        await parts.store.close()


def role_named(role: str) -> Callable[[Parts, asyncio.Event, asyncio.Event], Awaitable[None]]:
    """Return the coroutine of a role; its module is imported here and nowhere before."""
    module, _, name = ROLES[role].partition(":")
    found: Callable[[Parts, asyncio.Event, asyncio.Event], Awaitable[None]] = getattr(
        import_module(f"gateway.roles.{module}"), name
    )
    return found


async def set_orphans_aside(parts: Parts) -> None:
    """Put files that a crash left without a row into quarantine, and name rows that lost their file."""
    now = utc_now()
    aside = await parts.store.run(orphans.quarantine, parts.blobs, now - ORPHAN_AGE, now)
    lost = await parts.store.read(orphans.missing, parts.blobs)
    if aside:
        log.warning("blobs.quarantined", count=len(aside))
    if lost:
        log.error("blobs.missing", count=len(lost), first=lost[0])


def hung_up() -> None:
    """Say that SIGHUP was heard: certificates are read again at the next connection whenever they change."""
    log.info("certificates follow their files")


async def guarded(role: str, work: Awaitable[None], stop: asyncio.Event) -> None:
    """Run one role; if it fails, end the process in order, so that the supervisor starts it anew."""
    try:
        await work
    except Exception:
        log.exception("role.failed", role=role)
        stop.set()
        raise
