"""efax, which we did not write, sends and receives over the simulated line in real time.

efax divides by the whole seconds a page takes and dies when that is none, so it needs the real clock.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sim_fixtures import FAR, LINE, Running, letter, read_tiff, running, same, write_tiff

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL import Image

SETTINGS = {"speed": 1.0, "lines": [{"name": "sim", "number": LINE}], "far": [{"number": FAR}]}
PAGE = letter(lines=15, rows=1100, mark="A letter of fifteen lines that efax has to carry")


@pytest.fixture(scope="module")
def efax() -> str:
    program = shutil.which("efax")
    assert program, "efax is missing: install the Debian package efax"
    return program


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path / "exchange", SETTINGS) as started:
        yield started


def run(efax: str, exchange: Running, *options: str) -> subprocess.CompletedProcess[str]:
    command = [efax, "-d", str(exchange.port), "-o1", "-v", "ewi", "-l", "+81 3 4477 2288", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=110)


def rows(page: Image.Image, first: int, count: int) -> Image.Image:
    return page.crop((0, first, page.width, first + count))


def test_efax_sends_a_letter_that_arrives_pixel_for_pixel(
    efax: str, exchange: Running, tmp_path: Path
) -> None:
    document = write_tiff(tmp_path / "out.tif", [PAGE], "group3")
    done = run(efax, exchange, "-h", " ", "-t", "T0312345678", str(document))
    assert done.returncode == 0, done.stderr
    (end,) = exchange.ended()
    assert (end["success"], end["pages"], end["confirmed"]) == (True, 1, 1)
    (received,) = read_tiff(Path(end["file"]))
    header = next(n for n in range(60) if same([rows(received, n, 1100)], [PAGE]))
    assert same([rows(received, header, 1100)], [PAGE])


def test_efax_receives_a_letter_pixel_for_pixel(efax: str, exchange: Running, tmp_path: Path) -> None:
    document = write_tiff(tmp_path / "in.tif", [PAGE])
    with exchange.control() as control:
        call = control.call(LINE, document, "+81399998888")
        done = run(efax, exchange, "-r", str(tmp_path / "page"))
        assert done.returncode == 0, done.stderr
        result = control.wait(call)
    assert result["success"] is True
    (received,) = read_tiff(tmp_path / "page.001")
    assert same([rows(received, 0, 1100)], [PAGE])
