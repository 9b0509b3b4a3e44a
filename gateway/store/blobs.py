"""Blobs: whole files named by their content, on stable storage before their name is given away.

A key is `kind/ab/<sha256>`. A file is written under `tmp/`, synced, renamed into place, and its folder is
synced; only then does `put` or `adopt` return. After a sync that failed, the data that was synced is taken
as lost: the whole file is written again under a new name; the same file is never synced a second time
(durability.md section 7.3). Nothing is deleted here: a file that no row owns is moved to `quarantine/`, and
comes back by itself if a row turns out to want it.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from sqlalchemy.dialects import postgresql, sqlite

from gateway.domain.errors import StorageFull, Unavailable
from gateway.store.database import is_postgresql
from gateway.store.files import Files
from gateway.store.models import BlobRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from pathlib import Path
    from typing import BinaryIO

    from sqlalchemy.orm import Session

KEY = re.compile(r"[a-z][a-z0-9_-]*/([0-9a-f]{2})/\1[0-9a-f]{62}")
FULL = (errno.ENOSPC, errno.EDQUOT)
TRIES = 3
CHUNK = 1 << 20
OWNED_ON_SQLITE = sqlite.insert(BlobRow).on_conflict_do_nothing()
OWNED_ON_POSTGRESQL = postgresql.insert(BlobRow).on_conflict_do_nothing()


@dataclass(frozen=True, slots=True)
class Floor:
    """How much of the disk stays free: `octets` or `share` of the whole, whichever is less (design.md 5a)."""

    octets: int = 1 << 30
    share: float = 0.05

    def of(self, total: int) -> int:
        """Return the floor in octets for a disk of `total` octets."""
        return min(self.octets, int(total * self.share))


class BlobStore(Protocol):
    """What the rest of the gateway needs of a place for blobs; calls block, and raise only `Unavailable`."""

    def put(self, kind: str, data: bytes) -> str:
        """Store `data`; return its key. It is on stable storage when this returns."""

    def adopt(self, kind: str, path: Path, sha256: str) -> str:
        """Take over a finished file whose SHA-256 (hex) is known; return its key. `path` is gone then."""

    def read(self, key: str) -> bytes:
        """Return the whole content. Raises FileNotFoundError for a key nobody stored."""

    def open(self, key: str) -> BinaryIO:
        """Return the content as a file open for reading."""

    def path(self, key: str) -> Path:
        """Return a local path of the content, for programs that want one; read only."""

    def free_bytes(self) -> int:
        """Return how many octets may still be stored above the floor; 0 when none."""

    def check_space(self, size: int = 0) -> None:
        """Raise `StorageFull` if `size` more octets would reach the floor."""


class LocalBlobs:
    """Blobs in a local folder. `files` and `floor` are there to be replaced by tests and small systems."""

    def __init__(self, root: Path, *, floor: Floor | None = None, files: Files | None = None) -> None:
        self.root = root
        self.floor = floor or Floor()
        self._files = files or Files()
        self._doubtful: set[str] = set()  # renamed into place, but the folder would not sync
        self.tmp = root / "tmp"
        self._folder(self.tmp)

    def put(self, kind: str, data: bytes) -> str:
        """Store `data`; return its key. Raises `StorageFull` or `Unavailable`, and then stored nothing."""
        key = key_of(kind, hashlib.sha256(data).hexdigest())
        self.check_space(len(data))
        with refusing():
            if not self._kept(key):
                self._write(key, data)
        return key

    def adopt(self, kind: str, path: Path, sha256: str) -> str:
        """Sync the finished file at `path` and rename it into place; return its key.

        `sha256` must be what was computed while the file was written: if a sync fails, what the disk
        gives back is trusted only as far as it matches. Raises `StorageFull` or `Unavailable`; `path` may
        be gone then, and nothing was stored.
        """
        key = key_of(kind, sha256)
        self.check_space()
        with refusing():
            if self._kept(key):
                path.unlink()
            else:
                self._take_over(key, path)
        return key

    def read(self, key: str) -> bytes:
        """Return the whole content. Raises FileNotFoundError for a key nobody stored."""
        return self.path(key).read_bytes()

    def open(self, key: str) -> BinaryIO:
        """Return the content as a file open for reading."""
        return self.path(key).open("rb")

    def path(self, key: str) -> Path:
        """Return the local path; a blob in quarantine comes back first."""
        target = self._place(key)
        if not target.exists() and (kept := self.root / "quarantine" / key).exists():
            self._folder(target.parent)
            self._files.rename(kept, target)
            self._files.sync_folder(target.parent)
        return target

    def free_bytes(self) -> int:
        """Return how many octets may still be stored above the floor."""
        total, free = self._files.space(self.root)
        return max(0, free - self.floor.of(total))

    def check_space(self, size: int = 0) -> None:
        """Raise `StorageFull` if `size` more octets would reach the floor."""
        if self.free_bytes() <= size:
            raise StorageFull("The disk is full.", detail=f"no room for {size} octets under {self.root}")

    def keys(self, older_than: datetime) -> Iterator[str]:
        """Yield the keys of all files last stored before `older_than` (aware)."""
        for path in sorted(self.root.glob("*/??/*")):
            key = path.relative_to(self.root).as_posix()
            if KEY.fullmatch(key) and path.stat().st_mtime < older_than.timestamp():
                yield key

    def leftovers(self, older_than: datetime) -> Iterator[Path]:
        """Yield the files under `tmp/` that a crash left there before `older_than` (aware)."""
        for path in sorted(self.tmp.iterdir()):
            if path.stat().st_mtime < older_than.timestamp():
                yield path

    def quarantine(self, key: str) -> Path:
        """Move a blob that no row owns out of the way; return where it is now."""
        target = self.root / "quarantine" / key
        self._folder(target.parent)
        self._files.rename(self._place(key), target)
        self._files.sync_folder(target.parent)
        return target

    def _place(self, key: str) -> Path:
        if not KEY.fullmatch(key):
            raise ValueError(f"{key!r} is not a blob key")
        return self.root / key

    def _kept(self, key: str) -> bool:
        """Say whether the same content is already stored for good; if so, make it count as new."""
        target = self.path(key)
        if key in self._doubtful or not target.exists():
            return False
        os.utime(target)  # so that a scan for orphans leaves it alone until its row is there
        self._files.sync_folder(target.parent)
        return True

    def _take_over(self, key: str, path: Path) -> None:
        try:
            descriptor = os.open(path, os.O_RDONLY)
            try:
                self._files.sync(descriptor)
            finally:
                os.close(descriptor)
            self._place_file(key, path)
        except OSError as error:
            if error.errno in FULL:
                raise
            self._write(key, matching(self._last_known(key, path), key))
            path.unlink(missing_ok=True)

    def _last_known(self, key: str, path: Path) -> bytes:
        return (path if path.exists() else self._place(key)).read_bytes()

    def _write(self, key: str, data: bytes) -> None:
        """Write a new file and rename it into place; after a failure start over with another new file."""
        for remaining in reversed(range(TRIES)):
            try:
                self._write_once(key, data)
            except OSError as error:
                if error.errno in FULL or not remaining:
                    raise
            else:
                self._doubtful.discard(key)
                return

    def _write_once(self, key: str, data: bytes) -> None:
        descriptor, path = self._files.create(self.tmp)
        try:
            try:
                rest = memoryview(data)
                while rest:
                    rest = rest[self._files.write(descriptor, rest) :]
                self._files.sync(descriptor)
            finally:
                os.close(descriptor)
            self._place_file(key, path)
        finally:
            path.unlink(missing_ok=True)

    def _place_file(self, key: str, path: Path) -> None:
        target = self._place(key)
        self._folder(target.parent)
        self._files.rename(path, target)
        self._doubtful.add(key)
        self._files.sync_folder(target.parent)
        self._doubtful.discard(key)

    def _folder(self, folder: Path) -> None:
        """Create a folder so that it stays: each new level is synced in the level above."""
        if folder.is_dir():
            return
        self._folder(folder.parent)
        folder.mkdir(exist_ok=True)
        self._files.sync_folder(folder.parent)


@contextmanager
def refusing() -> Iterator[None]:
    """Turn an OSError inside the block into `StorageFull` or `Unavailable`."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise StorageFull("The disk is full.", detail=str(error)) from error
        raise Unavailable("The storage does not take data at the moment.", detail=str(error)) from error


def key_of(kind: str, sha256: str) -> str:
    """Return the key of a content; raises ValueError unless `sha256` is 64 small hex digits."""
    key = f"{kind}/{sha256[:2]}/{sha256}"
    if not KEY.fullmatch(key):
        raise ValueError(f"{key!r} is not a blob key")
    return key


def matching(data: bytes, key: str) -> bytes:
    """Return `data` if it is what `key` names; raises OSError if the disk gave back something else."""
    if hashlib.sha256(data).hexdigest() != key.rpartition("/")[2]:
        raise OSError(errno.EIO, "a failed sync lost the data", key)
    return data


def record(session: Session, key: str, size: int, now: datetime) -> None:
    """Say that rows own this blob; harmless when repeated. Call it in the transaction that uses the key."""
    record_all(session, {key: size}, now)


def record_all(session: Session, sizes: Mapping[str, int], now: datetime) -> None:
    """Say that of several blobs, key -> octets."""
    if sizes:
        statement = OWNED_ON_POSTGRESQL if is_postgresql(session) else OWNED_ON_SQLITE
        rows = [{"key": key, "size": sizes[key], "created_at": now} for key in sorted(sizes)]
        session.connection().execute(statement, rows)
