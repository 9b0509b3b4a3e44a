"""The HTTP server around the pages: uvicorn on sockets that we bound, ended by our own signal.

It listens where the configuration says; that this is loopback only, `config` sees to.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn

from gateway.domain.errors import BadConfig
from gateway.web.app import build

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gateway.web.site import Site

GRACE_SECONDS = 2


class Server(uvicorn.Server):
    """uvicorn without its signal handlers: the process has its own, and one way to end."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


def bound(host: str, port: int) -> socket.socket:
    """Return a listening socket; raises `BadConfig` where the address is taken or not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise BadConfig(f"http.listen: {host}:{port}: {error.strerror}") from error


async def serve(site: Site, addresses: Sequence[tuple[str, int]]) -> None:
    """Serve the pages of `site` on these addresses until `site.stop` is set."""
    sockets = [bound(host, port) for host, port in addresses]
    config = uvicorn.Config(
        build(site),
        lifespan="off",
        access_log=False,
        log_config=None,
        log_level="warning",
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = Server(config)
    async with asyncio.TaskGroup() as group:
        group.create_task(site.feed.look(), name="feed")
        group.create_task(ended(site, server), name="end")
        await server.serve(sockets=sockets)


async def ended(site: Site, server: Server) -> None:
    """Tell the server when the process stops."""
    await site.stop.wait()
    server.should_exit = True
