"""What dead workers left behind: calls and receptions without an end, settled by a line that stands idle.

A line settles its own former life whenever it holds no call: what bears its name then is nobody else's. Of
others it takes what their lease gave up (durability.md section 5), but not while the wall clock has just
jumped: the calls of workers that are alive must not expire before these had time to renew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from gateway.domain.errors import Unavailable
from gateway.store import queue, receptions

if TYPE_CHECKING:
    from gateway.lines.base import Plant

log = structlog.get_logger()

EVERY_SECONDS = 30.0
AGAIN_SECONDS = 2.0
JUMP_SECONDS = 15.0


class Leftovers:
    """Settles for the line whose workers are named `worker`; asked often, it looks every `EVERY_SECONDS`."""

    def __init__(self, plant: Plant, worker: str) -> None:
        self._plant, self._worker = plant, worker
        self._due = plant.clock()
        self._offset = self._wall_ahead_of_clock()

    def settle_if_due(self) -> None:
        """Look, unless that was done a moment ago."""
        if self._plant.clock() >= self._due:
            self.settle()

    def settle(self) -> None:
        """Look now; a store that does not answer is asked again soon, a clock that jumped is waited for."""
        self._due = self._plant.clock() + JUMP_SECONDS
        if self._clock_jumped():
            log.warning("clock.jumped", worker=self._worker)
            return
        try:
            self._deliveries()
            self._receptions()
        except Unavailable as error:
            log.warning("line.not_recovered", worker=self._worker, error=error.text)
            self._due = self._plant.clock() + AGAIN_SECONDS
        else:
            self._due = self._plant.clock() + EVERY_SECONDS

    def _deliveries(self) -> None:
        plant = self._plant
        for found in plant.store.run(
            queue.recover, plant.now(), new_id=plant.new_id, worker_prefix=self._worker
        ):
            log.warning("delivery.recovered", fax=found.number, row=found.row, state=found.state)

    def _receptions(self) -> None:
        for number in self._plant.store.run(
            receptions.recover_receptions, self._plant.now(), worker_prefix=self._worker
        ):
            log.warning("reception.recovered", fax=number)

    def _clock_jumped(self) -> bool:
        before, self._offset = self._offset, self._wall_ahead_of_clock()
        return abs(self._offset - before) > JUMP_SECONDS

    def _wall_ahead_of_clock(self) -> float:
        return self._plant.now().timestamp() - self._plant.clock()
