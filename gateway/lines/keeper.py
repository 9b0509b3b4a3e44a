"""Keeps the leases of a call while it stands, and hears that an owner wants a delivery cancelled.

A lease that cannot be renewed because another worker has it leaves the call; one that cannot be renewed
because the store does not answer is left to the journal, which ends the call by itself.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import structlog

from gateway.domain.errors import LostLease, Unavailable
from gateway.store import queue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gateway.lines.base import Plant
    from gateway.store.leases import Lease

log = structlog.get_logger()

RENEW_SECONDS = 5.0
LOOK_SECONDS = 1.5
"""How long an owner who cancels a running call waits for the line to hear of it; only a read."""
LEASE_SECONDS = 60.0


class LeaseKeeper:
    """Renews leases every few seconds until closed; calls `leave` once with each that must leave the call."""

    def __init__(self, plant: Plant, leases: Sequence[Lease], leave: Callable[[Lease], None]) -> None:
        self._plant, self._leases, self._leave = plant, list(leases), leave
        self._told: set[int] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name=f"lease {leases[0].number}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop renewing."""
        self._over.set()
        self._thread.join()

    def _work(self) -> None:
        passed = 0.0
        while not self._over.wait(pause := min(LOOK_SECONDS, RENEW_SECONDS)):
            passed += pause
            if passed < RENEW_SECONDS:
                self._look()
                continue
            passed = 0.0
            for lease in list(self._leases):
                self._renew(lease)

    def _look(self) -> None:
        waiting = [lease.number for lease in self._leases if lease.number not in self._told]
        try:
            wanted = self._plant.store.read(queue.cancel_requested, waiting)
        except Unavailable:
            return  # the renewal will say so
        for lease in self._leases:
            if lease.number in wanted:
                self._cancelled(lease)

    def _renew(self, lease: Lease) -> None:
        try:
            renewed = self._plant.store.run(queue.renew, lease, self._plant.now(), LEASE_SECONDS)
        except LostLease as lost:
            log.error("lease.lost", fax=lease.number, detail=lost.detail)  # noqa: TRY400  (no fault of code)
            self._leases.remove(lease)
            self._leave(lease)
        except Unavailable as error:
            log.warning("lease.not_renewed", fax=lease.number, error=error.text)
        else:
            if renewed.cancel_requested:
                self._cancelled(lease)

    def _cancelled(self, lease: Lease) -> None:
        if lease.number not in self._told:
            self._told.add(lease.number)
            self._leave(lease)
