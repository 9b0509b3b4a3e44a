"""How many lines of a group dial at once: the rest stay free for callers.

All lines of a configuration run in one process, so the count is kept here and not in the database. A line
enters before it claims and leaves after its call; a line that answers is not counted.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway.line_table import LineConfig


class Gate:
    """Lets at most `limit` lines through at once, all of them where it is None."""

    def __init__(self, limit: int | None = None) -> None:
        self._limit = limit
        self._inside: set[str] = set()
        self._lock = threading.Lock()

    def enter(self, line: str) -> bool:
        """Let a line through if there is room; one that is inside stays so."""
        with self._lock:
            if line not in self._inside and self._limit is not None and len(self._inside) >= self._limit:
                return False
            self._inside.add(line)
            return True

    def leave(self, line: str) -> None:
        """Make room; harmless for a line that is not inside."""
        with self._lock:
            self._inside.discard(line)


def gates_of(lines: Iterable[LineConfig]) -> dict[str, Gate]:
    """Return the gate of every group, by name; a line without a group has none."""
    return {line.group: Gate(line.max_concurrent) for line in lines if line.group}
