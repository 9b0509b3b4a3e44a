"""The rounds of the watches: look, wait, look again, until the process ends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from gateway.domain.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

log = structlog.get_logger("watch")


async def every(seconds: float, look: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
    """Look now and every so many seconds until `stop` is set; a store that does not answer is asked later."""
    while not stop.is_set():
        try:
            await look()
        except Unavailable as error:
            log.warning("not looked", error=error.text, detail=error.detail)
        try:
            await asyncio.wait_for(stop.wait(), seconds)
        except TimeoutError:
            continue
