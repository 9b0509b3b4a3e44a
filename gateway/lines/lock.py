"""One process a line: a lock that dies with its holder.

A line settles what its former life left, and takes nobody else for that life. A gateway started twice by
mistake would take live calls for dead ones; so the lock is held before anything else is done.
"""

from __future__ import annotations

import fcntl
from typing import IO, TYPE_CHECKING

from gateway.domain.errors import Unavailable

if TYPE_CHECKING:
    from pathlib import Path


def hold(folder: Path, line: str) -> IO[str]:
    """Return the held lock of a line, to be kept open; raise `Unavailable` if another process has it."""
    folder.mkdir(parents=True, exist_ok=True)
    file = (folder / f"{line}.lock").open("w", encoding="ascii")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise Unavailable(f"Line {line} is run by another process of this machine.") from error
    return file
