"""Blobs: on stable storage before their name is given away, whatever the disk does."""

from __future__ import annotations

import errno
import hashlib
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from gateway.domain.errors import StorageFull, Unavailable
from gateway.store import blobs as blob_rows
from gateway.store import orphans
from gateway.store.blobs import Floor, LocalBlobs, key_of
from gateway.store.files import Files
from gateway.store.models import Audit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from store_fixtures import House

DATA = b"a fax of one page" * 100
SHA = hashlib.sha256(DATA).hexdigest()
KEY = f"message/{SHA[:2]}/{SHA}"
NO_FLOOR = Floor(0, 0.0)
FUTURE = datetime(2200, 1, 1, tzinfo=UTC)
PAST = datetime(2000, 1, 1, tzinfo=UTC)


class Disk(Files):
    """A disk that records what is done to it, and fails the n-th call of an operation on request."""

    def __init__(self) -> None:
        self.done: list[tuple[str, str]] = []
        self.fail: dict[tuple[str, int], int] = {}
        self.short = False
        self.free = 1 << 40
        self._counts: dict[str, int] = {}
        self._names: dict[int, str] = {}
        self._calls = 0
        self.stop_after: int | None = None

    def _step(self, operation: str, what: str) -> None:
        self._calls += 1
        if self.stop_after is not None and self._calls > self.stop_after:
            raise PowerCut
        count = self._counts[operation] = self._counts.get(operation, 0) + 1
        self.done.append((operation, what))
        if code := self.fail.get((operation, count)):
            raise OSError(code, os.strerror(code))

    def create(self, folder: Path) -> tuple[int, Path]:
        self._step("create", folder.name)
        descriptor, path = super().create(folder)
        self._names[descriptor] = path.name
        return descriptor, path

    def write(self, descriptor: int, data: memoryview) -> int:
        self._step("write", self._names[descriptor])
        return super().write(descriptor, data[:7] if self.short else data)

    def sync(self, descriptor: int) -> None:
        self._step("sync", self._names.get(descriptor, "adopted"))
        super().sync(descriptor)

    def sync_folder(self, folder: Path) -> None:
        self._step("sync_folder", folder.name)
        super().sync_folder(folder)

    def rename(self, source: Path, target: Path) -> None:
        self._step("rename", target.name)
        super().rename(source, target)

    def space(self, folder: Path) -> tuple[int, int]:
        assert folder.is_dir()
        return 1 << 41, self.free


class PowerCut(BaseException):
    """The machine stops here."""


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def blobs(tmp_path: Path, disk: Disk) -> LocalBlobs:
    blobs = LocalBlobs(tmp_path / "blobs", floor=NO_FLOOR, files=disk)
    disk.done.clear()
    disk._counts.clear()
    return blobs


def spooled(folder: Path, data: bytes = DATA) -> Path:
    path = folder / "spooled"
    path.write_bytes(data)
    return path


def temporary(blobs: LocalBlobs) -> list[Path]:
    return list(blobs.tmp.iterdir())


def test_what_was_put_can_be_read_by_its_key(blobs: LocalBlobs) -> None:
    assert blobs.put("message", DATA) == KEY
    assert blobs.read(KEY) == DATA
    assert blobs.path(KEY).read_bytes() == DATA
    with blobs.open(KEY) as file:
        assert file.read(5) == DATA[:5]
    assert temporary(blobs) == []


def test_a_file_is_synced_before_it_is_renamed_and_its_folder_after(blobs: LocalBlobs, disk: Disk) -> None:
    blobs.put("message", DATA)
    order = [operation for operation, _ in disk.done if operation != "write"]
    assert order == ["create", "sync", "sync_folder", "sync_folder", "rename", "sync_folder"]
    assert disk.done[-1] == ("sync_folder", SHA[:2])
    assert [name for operation, name in disk.done if operation == "sync_folder"] == [
        "blobs",
        "message",
        SHA[:2],
    ]


def test_a_spooled_file_is_synced_before_it_is_renamed_and_its_folder_after(
    blobs: LocalBlobs, disk: Disk, tmp_path: Path
) -> None:
    path = spooled(tmp_path)
    assert blobs.adopt("message", path, SHA) == KEY
    assert [operation for operation, _ in disk.done if operation in ("sync", "rename")] == ["sync", "rename"]
    assert disk.done[-1] == ("sync_folder", SHA[:2])
    assert not path.exists()
    assert blobs.read(KEY) == DATA


def test_the_same_content_is_stored_once_and_counts_as_new(blobs: LocalBlobs, disk: Disk) -> None:
    blobs.put("message", DATA)
    os.utime(blobs.path(KEY), (0, 0))
    disk.done.clear()
    assert blobs.put("message", DATA) == KEY
    assert disk.done == [("sync_folder", SHA[:2])]
    assert list(blobs.keys(PAST)) == []


def test_adopting_known_content_takes_the_spooled_copy_away(blobs: LocalBlobs, tmp_path: Path) -> None:
    blobs.put("message", DATA)
    path = spooled(tmp_path)
    assert blobs.adopt("message", path, SHA) == KEY
    assert not path.exists()


def test_short_writes_are_continued(blobs: LocalBlobs, disk: Disk) -> None:
    disk.short = True
    blobs.put("message", DATA)
    assert blobs.read(KEY) == DATA


def test_an_empty_blob_is_a_blob(blobs: LocalBlobs) -> None:
    assert blobs.read(blobs.put("message", b"")) == b""


def test_after_a_failed_sync_the_data_goes_into_a_new_file(blobs: LocalBlobs, disk: Disk) -> None:
    disk.fail["sync", 1] = errno.EIO
    assert blobs.put("message", DATA) == KEY
    synced = [name for operation, name in disk.done if operation == "sync"]
    written = {name for operation, name in disk.done if operation == "write"}
    assert len(synced) == len(set(synced)) == 2, "a file whose sync failed was synced again"
    assert written == set(synced)
    assert blobs.read(KEY) == DATA
    assert temporary(blobs) == []


def test_a_folder_that_does_not_sync_gets_a_new_file_and_a_new_rename(blobs: LocalBlobs, disk: Disk) -> None:
    disk.fail["sync_folder", 3] = errno.EIO
    assert blobs.put("message", DATA) == KEY
    assert [operation for operation, _ in disk.done].count("rename") == 2
    assert [operation for operation, _ in disk.done].count("create") == 2


def test_a_disk_that_never_syncs_takes_nothing(blobs: LocalBlobs, disk: Disk) -> None:
    disk.fail = {("sync", n): errno.EIO for n in range(1, 10)}
    with pytest.raises(Unavailable) as refusal:
        blobs.put("message", DATA)
    assert refusal.value.retry == "later"
    assert not blobs.path(KEY).exists()
    assert temporary(blobs) == []


def test_a_name_left_by_a_folder_that_never_synced_is_not_trusted_later(
    blobs: LocalBlobs, disk: Disk
) -> None:
    disk.fail = {("sync_folder", n): errno.EIO for n in range(3, 6)}
    with pytest.raises(Unavailable):
        blobs.put("message", DATA)
    assert blobs.path(KEY).exists()
    disk.done.clear()
    blobs.put("message", DATA)
    assert [operation for operation, _ in disk.done if operation != "write"] == [
        "create",
        "sync",
        "rename",
        "sync_folder",
    ]


def test_a_spooled_file_that_does_not_sync_is_copied_not_synced_again(
    blobs: LocalBlobs, disk: Disk, tmp_path: Path
) -> None:
    disk.fail["sync", 1] = errno.EIO
    path = spooled(tmp_path)
    assert blobs.adopt("message", path, SHA) == KEY
    synced = [name for operation, name in disk.done if operation == "sync"]
    assert synced[0] == "adopted"
    assert "adopted" not in synced[1:]
    assert blobs.read(KEY) == DATA
    assert not path.exists()


def test_a_spooled_file_that_the_disk_lost_is_refused(blobs: LocalBlobs, disk: Disk, tmp_path: Path) -> None:
    disk.fail["sync", 1] = errno.EIO
    path = spooled(tmp_path, b"what the disk gave back")
    with pytest.raises(Unavailable) as refusal:
        blobs.adopt("message", path, SHA)
    assert "lost the data" in refusal.value.detail
    assert not blobs.path(KEY).exists()


def test_a_spool_on_another_disk_is_copied(blobs: LocalBlobs, disk: Disk, tmp_path: Path) -> None:
    disk.fail["rename", 1] = errno.EXDEV
    path = spooled(tmp_path)
    assert blobs.adopt("message", path, SHA) == KEY
    assert blobs.read(KEY) == DATA
    assert not path.exists()


@pytest.mark.parametrize("operation", ["create", "write", "sync", "rename"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_said_at_once(blobs: LocalBlobs, disk: Disk, operation: str, code: int) -> None:
    disk.fail[operation, 1] = code
    with pytest.raises(StorageFull):
        blobs.put("message", DATA)
    assert [done for done, _ in disk.done].count(operation) == 1
    assert temporary(blobs) == []
    assert not blobs.path(KEY).exists()


def test_a_spooled_file_survives_a_full_disk(blobs: LocalBlobs, disk: Disk, tmp_path: Path) -> None:
    disk.fail["sync", 1] = errno.ENOSPC
    path = spooled(tmp_path)
    with pytest.raises(StorageFull):
        blobs.adopt("message", path, SHA)
    assert path.read_bytes() == DATA


def test_nothing_is_stored_below_the_floor(tmp_path: Path, disk: Disk) -> None:
    blobs = LocalBlobs(tmp_path / "b", floor=Floor(1000, 1.0), files=disk)
    disk.free = 1000 + len(DATA) + 1
    assert blobs.free_bytes() == len(DATA) + 1
    blobs.put("message", DATA)
    disk.free = 1000 + len(DATA)
    with pytest.raises(StorageFull):
        blobs.put("message", DATA + b"!")
    disk.free = 1000
    with pytest.raises(StorageFull):
        blobs.check_space()
    with pytest.raises(StorageFull):
        blobs.adopt("message", spooled(tmp_path), SHA)
    assert blobs.free_bytes() == 0


@pytest.mark.parametrize(
    ("total", "floor"), [(10 << 30, (10 << 30) // 20), (20 << 30, 1 << 30), (1 << 50, 1 << 30)]
)
def test_the_floor_is_a_gibibyte_or_a_twentieth_whichever_is_less(total: int, floor: int) -> None:
    assert Floor().of(total) == floor


@pytest.mark.parametrize("steps", range(9))
def test_a_power_cut_at_any_step_leaves_no_key_with_half_a_content(
    blobs: LocalBlobs, disk: Disk, tmp_path: Path, steps: int
) -> None:
    disk._calls, disk.stop_after = 0, steps
    finished = False
    try:
        blobs.put("message", DATA)
        finished = True
    except PowerCut:
        pass
    after = LocalBlobs(tmp_path / "blobs", floor=NO_FLOOR)
    if finished or after.path(KEY).exists():
        assert after.read(KEY) == DATA
    assert after.put("message", DATA) == KEY
    assert after.read(KEY) == DATA


def test_what_a_crash_left_in_tmp_is_found(blobs: LocalBlobs) -> None:
    (blobs.tmp / "left").write_bytes(b"half")
    assert [path.name for path in blobs.leftovers(FUTURE)] == ["left"]
    assert list(blobs.leftovers(PAST)) == []


@pytest.mark.parametrize(
    "key",
    ["", "message/ab/cd", "../../etc/passwd", f"message/00/{SHA}", f"Message/{SHA[:2]}/{SHA}", KEY + "/x"],
)
def test_a_key_is_never_a_way_out_of_the_folder(blobs: LocalBlobs, key: str) -> None:
    with pytest.raises(ValueError, match="not a blob key"):
        blobs.read(key)


def test_an_unknown_key_is_not_found(blobs: LocalBlobs) -> None:
    with pytest.raises(FileNotFoundError):
        blobs.read(KEY)
    with pytest.raises(ValueError, match="not a blob key"):
        key_of("message", SHA.upper())


def test_only_files_that_no_row_owns_or_names_are_orphans(house: House, blobs: LocalBlobs) -> None:
    recorded, named, master, orphan = (blobs.put("tiff", bytes([n])) for n in range(4))
    house.run(blob_rows.record, recorded, 1, house.now)
    house.run(blob_rows.record, recorded, 1, house.now)
    house.accept("0081312345678")
    lease_master(house, master)
    trace(house, named)
    assert house.store.read(orphans.orphans, blobs, FUTURE) == [orphan]
    assert house.store.read(orphans.orphans, blobs, PAST) == []


def lease_master(house: House, key: str) -> None:
    from gateway.store import faxes

    lease = house.run(faxes.claim_fax, "drawer/1", house.now, timedelta(seconds=60))
    house.run(faxes.rendered, lease, faxes.Drawn({"fine": key}, 1), house.now, new_id=house.new_id)


def trace(house: House, key: str) -> None:
    house.call(["confirmed"]).finish(trace_blob=key)


def test_an_orphan_is_set_aside_and_noted_never_deleted(house: House, blobs: LocalBlobs) -> None:
    key = blobs.put("message", DATA)
    assert house.run(orphans.quarantine, blobs, FUTURE, house.now) == [key]
    assert not (blobs.root / key).exists()
    assert (blobs.root / "quarantine" / key).read_bytes() == DATA
    assert house.store.read(orphans.orphans, blobs, FUTURE) == []
    with house.store.reading() as session:
        row = session.scalars(select(Audit).where(Audit.action == "blobs.quarantined")).one()
    assert row.data["keys"] == [key]
    assert house.run(orphans.quarantine, blobs, FUTURE, house.now) == []


def test_a_blob_in_quarantine_comes_back_when_it_is_wanted(blobs: LocalBlobs) -> None:
    key = blobs.put("message", DATA)
    blobs.quarantine(key)
    assert blobs.read(key) == DATA
    assert (blobs.root / key).exists()


def test_content_stored_again_while_in_quarantine_is_there(blobs: LocalBlobs) -> None:
    key = blobs.put("message", DATA)
    blobs.quarantine(key)
    assert blobs.put("message", DATA) == key
    assert blobs.read(key) == DATA


def test_a_row_whose_file_is_gone_is_found(house: House, blobs: LocalBlobs) -> None:
    kept, gone = (blobs.put("tiff", bytes([n])) for n in range(2))
    for key in (kept, gone):
        house.run(blob_rows.record, key, 1, house.now)
    blobs.path(gone).unlink()
    assert house.store.read(orphans.missing, blobs) == [gone]


def test_many_orphans_are_found_in_batches(
    make_house: Callable[..., House], blobs: LocalBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orphans, "BATCH", 3)
    house = make_house()
    keys = sorted(blobs.put("tiff", bytes([n])) for n in range(10))
    house.run(blob_rows.record, keys[4], 1, house.now)
    assert house.store.read(orphans.orphans, blobs, FUTURE) == keys[:4] + keys[5:]
