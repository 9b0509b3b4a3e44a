"""One process a line: a lock that dies with its holder.

A line settles what its former life left, and takes nobody else for that life. A gateway started twice by
mistake would take live calls for dead ones; so the lock is held before anything else is done.
"""

from __future__ import annotations

import fcntl
import select
from typing import IO, TYPE_CHECKING

from gateway.domain.errors import Unavailable

if TYPE_CHECKING:
    from pathlib import Path


LOOKERS, LOOK_SECONDS = 3, 0.05
"""How often, and how long apart, the lock is tried: somebody may just be looking."""


def hold(folder: Path, line: str) -> IO[str]:
    """Return the held lock of a line, to be kept open; raise `Unavailable` if another process has it."""
    folder.mkdir(parents=True, exist_ok=True)
    file = place(folder, line).open("w", encoding="ascii")
    for _ in range(LOOKERS):
        if _locked(file, fcntl.LOCK_EX):
            return file
        select.select([], [], [], LOOK_SECONDS)
    file.close()
    raise Unavailable(f"Line {line} is run by another process of this machine.")


def is_held(folder: Path, line: str) -> bool:
    """Say whether a process of this machine runs a line. Looking takes the lock for an instant, shared."""
    try:
        with place(folder, line).open(encoding="ascii") as file:
            return not _locked(file, fcntl.LOCK_SH)
    except FileNotFoundError:
        return False


def place(folder: Path, line: str) -> Path:
    """Return where the lock of a line is."""
    return folder / f"{line}.lock"


def _locked(file: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
