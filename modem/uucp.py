"""UUCP lock files: `LCK..ttyACM0` with our process number, as all programs that share modems expect them.

Read in both forms in use, ten characters of text (HDB) and a binary integer; written as text. A lock whose
process is gone is taken over, one nobody can read is respected. Where the folder is missing or not ours to
write, the exclusive open alone guards the port, and `remark` says so. Pseudo terminals need no lock.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from modem.portbase import PortError

LOCKS = Path("/var/lock")
_HELD: set[Path] = set()
"""Locks of this process. One that bears our number and is not here is a former life's: numbers come again."""


class UucpLock:
    """The lock of one device, held from now until `release`; raises PortError if another program has it."""

    def __init__(self, device: str, locks: Path = LOCKS) -> None:
        self._path = locks / f"LCK..{Path(device).resolve().name}"
        self._held = False
        self.remark = ""
        if is_pseudo_terminal(device):
            return
        if self._path.exists() and not self._is_stale():
            raise self._refused(device)
        if not os.access(locks, os.W_OK):
            self.remark = f"no lock file: {locks} is not there or not writable; only programs that open"
            self.remark += f" {device} exclusively are kept out"
            return
        self._path.unlink(missing_ok=True)
        if not self._create():
            raise self._refused(device)

    def release(self) -> None:
        """Remove the lock if it is ours."""
        if self._held:
            self._held = False
            _HELD.discard(self._path)
            self._path.unlink(missing_ok=True)

    def _create(self) -> bool:
        """Make the lock; False where another program was quicker."""
        try:
            descriptor = os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
        except OSError:
            return False
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"{os.getpid():10d}\n")
        self._held = holder_of(self._path) == os.getpid()  # two that met a stale lock: the last one has it
        if self._held:
            _HELD.add(self._path)
        return self._held

    def _is_stale(self) -> bool:
        """Say whether the lock's process is gone; a lock that names none is respected."""
        holder = holder_of(self._path)
        if holder == os.getpid():
            return self._path not in _HELD
        return holder > 0 and not is_alive(holder)

    def _refused(self, device: str) -> PortError:
        holder = holder_of(self._path)
        who = f"{process_name(holder)}, process {holder}" if holder > 0 else "nobody knows which"
        return PortError(
            device,
            f"another program ({who}) holds {self._path}",
            "stop that program or give Postline another modem"
            if holder > 0
            else f"remove {self._path} if no program uses the modem",
        )


def holder_of(path: Path) -> int:
    """Return the process number a lock file names, in either form; 0 where it names none."""
    try:
        raw = path.read_bytes()
    except OSError:
        return 0
    words = raw.decode("ascii", "replace").split()
    if words and words[0].isdigit():
        return int(words[0])
    return int.from_bytes(raw, sys.byteorder, signed=True) if len(raw) == 4 else 0


def is_alive(process: int) -> bool:
    """Say whether a process runs, ours or another user's."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def process_name(process: int) -> str:
    """Return what a process calls itself; "unknown" where the system does not tell."""
    try:
        return Path(f"/proc/{process}/comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return "unknown"


def users_of(device: str) -> list[int]:
    """Return the other processes that have a device open, as far as the system tells us."""
    wanted = str(Path(device).resolve())
    return [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and int(entry.name) != os.getpid() and wanted in _open_files(entry)
    ]


def _open_files(process: Path) -> set[str]:
    found = set()
    try:
        for descriptor in (process / "fd").iterdir():
            found.add(str(descriptor.readlink()))
    except OSError:
        return found  # it ended, or is another user's
    return found


def is_pseudo_terminal(device: str) -> bool:
    """Tell whether a device (or what it links to) is a pty: no modem lines, no speed, no lock file."""
    return str(Path(device).resolve()).startswith("/dev/pts/")
