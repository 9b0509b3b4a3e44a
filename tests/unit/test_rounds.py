"""The rounds of a watch: a store that does not answer is asked again, and `stop` ends the wait."""

from __future__ import annotations

import asyncio

from gateway.domain.errors import Unavailable
from gateway.notify.rounds import every


async def test_trouble_ends_one_round_and_not_the_watch() -> None:
    stop, looks = asyncio.Event(), []

    async def look() -> None:
        looks.append(len(looks))
        if len(looks) == 1:
            raise Unavailable("The database does not answer at the moment.")
        stop.set()

    await asyncio.wait_for(every(0.0, look, stop), 10.0)
    assert looks == [0, 1]


async def test_stop_ends_the_wait() -> None:
    stop, looked = asyncio.Event(), asyncio.Event()

    async def look() -> None:
        looked.set()

    rounds = asyncio.create_task(every(3600.0, look, stop))
    await looked.wait()
    stop.set()
    await asyncio.wait_for(rounds, 10.0)
