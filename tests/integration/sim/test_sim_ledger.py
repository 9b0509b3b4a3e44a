"""The ledger: what is in it is on the disk, in order, and a later run goes on where it ended."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from modem.sim.ledger import BusyFolderError, Ledger, read_ledger

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class AnyCall:
    n: int
    seconds: float = 1.239


def ledger(path: Path) -> Ledger:
    return Ledger(path, lambda: 1700000000.5)


def write(book: Ledger, event: str, n: int, **data: Any) -> None:
    book.write(event, AnyCall(n), **data)  # type: ignore[arg-type]


def test_an_entry_has_wall_time_line_time_and_what_happened(tmp_path: Path) -> None:
    book = ledger(tmp_path / "ledger.jsonl")
    write(book, "mcf", 3, page=2)
    book.close()
    assert read_ledger(tmp_path / "ledger.jsonl") == [
        {"at": "2023-11-14T22:13:20.500+00:00", "event": "mcf", "call": 3, "line_s": 1.24, "page": 2},
    ]


def test_every_entry_is_forced_to_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda fd: forced.append(os.fstat(fd).st_ino))
    book = ledger(tmp_path / "ledger.jsonl")
    write(book, "call", 1)
    write(book, "end", 1)
    book.close()
    assert forced == [(tmp_path / "ledger.jsonl").stat().st_ino] * 2


def test_a_page_image_is_on_the_disk_before_the_ledger_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = tmp_path / "call-1.tif"
    image.write_bytes(b"image")
    forced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda fd: forced.append(os.fstat(fd).st_ino))
    book = ledger(tmp_path / "ledger.jsonl")
    write(book, "page", 1, file=str(image), page=1)
    book.close()
    assert forced == [image.stat().st_ino, (tmp_path / "ledger.jsonl").stat().st_ino]


def test_a_later_run_appends_and_knows_the_last_call(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    first = ledger(path)
    assert first.last_call == 0
    write(first, "call", 7)
    first.close()
    second = ledger(path)
    assert second.last_call == 7
    write(second, "call", 8)
    second.close()
    assert [entry["call"] for entry in read_ledger(path)] == [7, 8]


def test_a_line_that_a_crash_cut_short_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_text(json.dumps({"call": 1}) + '\n{"call": 2')
    assert read_ledger(path) == [{"call": 1}]
    book = ledger(path)
    write(book, "call", 2)
    book.close()
    assert [entry["call"] for entry in read_ledger(path)] == [1, 2]


def test_a_ledger_has_one_writer(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    first = ledger(path)
    with pytest.raises(BusyFolderError, match="another exchange"):
        ledger(path)
    first.close()
    ledger(path).close()
