"""Keeps a lease while a call stands, and hears that the owner wants the call cancelled.

A lease that cannot be renewed because another worker has it ends the call at once; one that cannot be
renewed because the store does not answer is left to the journal, which ends the call by itself.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import structlog

from gateway.domain.errors import LostLease, Unavailable
from gateway.store import queue

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.lines.base import Plant
    from gateway.store.leases import Lease

log = structlog.get_logger()

RENEW_SECONDS = 5.0
LEASE_SECONDS = 60.0


class LeaseKeeper:
    """Renews `lease` every few seconds until closed; calls `give_up` once when the call must end."""

    def __init__(self, plant: Plant, lease: Lease, give_up: Callable[[], None]) -> None:
        self._plant, self._lease, self._give_up = plant, lease, give_up
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name=f"lease {lease.number}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop renewing."""
        self._over.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._over.wait(RENEW_SECONDS):
            if self._must_end():
                self._give_up()
                return

    def _must_end(self) -> bool:
        try:
            renewed = self._plant.store.run(queue.renew, self._lease, self._plant.now(), LEASE_SECONDS)
        except LostLease as lost:
            log.error("lease.lost", fax=self._lease.number, detail=lost.detail)  # noqa: TRY400  (no fault of code)
            return True
        except Unavailable as error:
            log.warning("lease.not_renewed", fax=self._lease.number, error=error.text)
            return False
        return renewed.cancel_requested
