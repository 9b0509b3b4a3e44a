"""The lines: one thread a port, a synchronous store, nothing else in the process."""

from __future__ import annotations

import signal
import socket
import time
from functools import partial
from typing import TYPE_CHECKING

from gateway.lines import lock, pool
from gateway.lines.base import Plant
from gateway.roles.parts import local_blobs, new_message_id, utc_now
from gateway.store.database import Store

if TYPE_CHECKING:
    from gateway.config import Config


def run_lines(config: Config) -> None:
    """Run the lines of this configuration: one thread a port, nothing else."""
    plant = Plant(
        store=Store(config.server.database_url),
        blobs=local_blobs(config),
        now=utc_now,
        clock=time.monotonic,
        new_id=partial(new_message_id, config.server.domains[0]),
        host=socket.gethostname(),
        dialling=config.rules(),
        operator=tuple(config.server.operator),
    )
    plant.store.check()
    locks = [lock.hold(config.server.data / "lines", line.name) for line in config.line]
    lines = pool.build(plant, config)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: lines.stop())
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # lines have no file to read anew, and must not die of it
    lines.start()
    lines.join()
    for held in locks:
        held.close()
    plant.store.close()
