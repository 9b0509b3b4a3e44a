"""The five things we do to files, in one place, so that a test can make each of them fail.

Nothing here decides; `blobs` holds the rules. Every function raises OSError as the system gives it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path


class Files:
    """The real file system."""

    def create(self, folder: Path) -> tuple[int, Path]:
        """Open a new file under a name nobody else has; return (descriptor, path)."""
        descriptor, name = tempfile.mkstemp(dir=folder)
        return descriptor, Path(name)

    def write(self, descriptor: int, data: memoryview) -> int:
        """Write some of `data`; return how many octets were taken, perhaps fewer than given."""
        return os.write(descriptor, data)

    def sync(self, descriptor: int) -> None:
        """Force a file's data to stable storage."""
        os.fsync(descriptor)

    def sync_folder(self, folder: Path) -> None:
        """Force a folder's entries to stable storage."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def rename(self, source: Path, target: Path) -> None:
        """Move a file over `target` in one step."""
        source.replace(target)

    def space(self, folder: Path) -> tuple[int, int]:
        """Return (total, free) octets of the disk under `folder`; free is what an ordinary user gets."""
        usage = shutil.disk_usage(folder)
        return usage.total, usage.free
