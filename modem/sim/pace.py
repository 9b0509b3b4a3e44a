"""When a call's next 20 ms are due by the wall clock: real time, or as fast as its ends allow.

Real time never runs ahead of the wall clock and never catches up in a burst: a stall of this process lets
line time slip, so that no host is robbed of the milliseconds it has to answer in. At "max" a call runs free
in slices while the modem or the far end is busy, and in real time whenever `Call.must_keep_time` says so.
Each call has its own clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modem.sim.call import Phase
from modem.sim.libspandsp import BLOCK_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from modem.sim.call import Call

SLICE = 25
"""Blocks a free running call moves before others and the ports get their turn."""

LATEST = 2 * BLOCK_SECONDS
RECHECK = 0.001


class Pace:
    """The clock of one call."""

    def __init__(self, *, fast: bool) -> None:
        self._fast = fast
        self._due = 0.0
        self._free_from = 0.0

    def _is_free(self, call: Call) -> bool:
        return self._fast and not call.must_keep_time

    def next_due(self, call: Call) -> float:
        """Wall time of the call's next block; what is past is due at once."""
        return self._free_from if self._is_free(call) else self._due

    def run(self, call: Call, now: float, step: Callable[[Call], None]) -> None:
        """Move the call by what is due at `now`."""
        if self._is_free(call):
            self._run_free(call, now, step)
        elif now >= self._due:
            step(call)
            late = now - self._due > LATEST
            self._due = (now if late else self._due) + BLOCK_SECONDS

    def _run_free(self, call: Call, now: float, step: Callable[[Call], None]) -> None:
        self._due = now + BLOCK_SECONDS
        for _ in range(SLICE):
            if call.must_stand_still:
                self._free_from = now + RECHECK
                return
            step(call)
            if call.phase is Phase.ENDED or call.must_keep_time:
                return
