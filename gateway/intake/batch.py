"""Submissions that wait at the same time are written in one transaction, and share its sync.

A commit costs a sync whether it carries one mail or twenty. While one is under way the submissions of other
connections gather here, and the next commit takes them all. It waits a moment for mails whose bytes are being
put on stable storage already; one that comes alone waits for nobody.
Nobody gets a number before the commit that holds it has returned. If it fails for want of room or of a
database, all of it failed; if one submission is at fault, each is written by itself, so that it harms nobody
else (durability.md section 3).
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from gateway.domain.errors import StorageFull, Unavailable
from gateway.intake.submission import accept_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime, timedelta

    from gateway.intake.submission import Accepted, Submission
    from gateway.store.database import AsyncStore

    Waiting = tuple[Submission, asyncio.Future[Accepted]]

MOST = 64  # submissions in a commit: bounds how long the first of them waits for the last
GATHER_S = 0.01  # how long a commit waits for mails that are under way


class Counter:
    """Where the submissions of one process are handed in. `window`: how long a repeated one is known."""

    def __init__(self, store: AsyncStore, now: Callable[[], datetime], window: timedelta) -> None:
        self._store = store
        self._now = now
        self._window = window
        self._waiting: list[Waiting] = []
        self._clerk: asyncio.Task[None] | None = None
        self._under_way = 0
        self._moved = asyncio.Event()

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """Let a commit wait for a submission that is on its way here; leave the block when it is done."""
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1
            self._moved.set()

    async def accept(self, submission: Submission) -> Accepted:
        """Return the numbers once they are on stable storage; a caller that is cancelled is accepted still.

        Raises `StorageFull` or `Unavailable`, and then nothing was stored.
        """
        future: asyncio.Future[Accepted] = asyncio.get_running_loop().create_future()
        self._waiting.append((submission, future))
        self._moved.set()
        if self._clerk is None:
            self._clerk = asyncio.create_task(self._write(), name="accepting")
        return await asyncio.shield(future)

    async def _write(self) -> None:
        """Write until nobody waits."""
        try:
            while self._waiting:
                await self._gather()
                await self._write_one(self._next())
        finally:
            left, self._clerk, self._waiting = self._waiting, None, []
            _leave(left)  # nobody, unless we were cancelled

    async def _gather(self) -> None:
        """Wait for those who are under way, but not for long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(GATHER_S):
                while len(self._waiting) < min(self._under_way, MOST):
                    self._moved.clear()
                    await self._moved.wait()

    def _next(self) -> list[Waiting]:
        """Take who waits; of the same mail handed in twice only the first, so that the second finds it."""
        batch: list[Waiting] = []
        later: list[Waiting] = []
        keys: set[str] = set()
        for waiting in self._waiting:
            key = waiting[0].dedupe
            fits = len(batch) < MOST and (key is None or key not in keys)
            (batch if fits else later).append(waiting)
            keys |= {key} if key is not None else set()
        self._waiting = later
        return batch

    async def _write_one(self, batch: Sequence[Waiting]) -> None:
        try:
            accepted = await self._store.run(accept_all, [s for s, _ in batch], self._now(), self._window)
        except (StorageFull, Unavailable) as error:
            for _, future in batch:
                future.set_exception(error)
        except Exception as error:  # noqa: BLE001  (the boundary of a unit of work: its own caller hears of it)
            if len(batch) == 1:
                batch[0][1].set_exception(error)
                return
            for waiting in batch:
                await self._write_one([waiting])
        except asyncio.CancelledError:
            _leave(batch)
            raise
        else:
            for (_, future), numbers in zip(batch, accepted, strict=True):
                future.set_result(numbers)


def _leave(batch: Sequence[Waiting]) -> None:
    """Let callers go whom the clerk, cancelled, can tell nothing: no answer is no promise."""
    for _, future in batch:
        future.cancel()
