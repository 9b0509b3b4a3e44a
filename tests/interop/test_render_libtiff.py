"""Our fax files in the hands of libtiff's and poppler's programs, and theirs in ours."""

# ruff: noqa: RUF001  (letters of other scripts are what is tested)

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from render_fixtures import fax_page, part, pictures, random_picture, render

from render.coding import image
from render.pdf_out import tiff_to_pdf
from render.tiff import read_tiff, write_tiff

if TYPE_CHECKING:
    from pathlib import Path

PICTURE = random_picture(1728, 500)
PACKAGES = {"tiffcp": "libtiff-tools", "tiffinfo": "libtiff-tools", "pdfimages": "poppler-utils"}
CODES = ["MH", "MR", "MMR"]


def run(program: str, *args: object) -> str:
    """Run a program; a missing one fails the test and names its package."""
    if shutil.which(program) is None:
        pytest.fail(f"{program} is missing: apt-get install {PACKAGES[program]}")
    done = subprocess.run([program, *map(str, args)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not re.search(r"[Ww]arning|[Ee]rror", done.stderr), done.stderr
    return done.stdout


@pytest.mark.parametrize("compression", CODES)
@pytest.mark.parametrize("resolution", ["standard", "fine"])
def test_tiffcp_decodes_our_strips_to_the_same_pels(
    tmp_path: Path, compression: str, resolution: str
) -> None:
    ours, plain = tmp_path / "ours.tif", tmp_path / "plain.tif"
    ours.write_bytes(write_tiff([fax_page(PICTURE, compression, resolution)] * 2))
    run("tiffcp", "-c", "none", ours, plain)
    with Image.open(plain) as file:
        assert getattr(file, "n_frames", 1) == 2
        for frame in range(2):
            file.seek(frame)
            assert file.convert("1").tobytes() == PICTURE.tobytes()


@pytest.mark.parametrize(
    ("compression", "option"), [("MH", "g3:1d"), ("MH", "g3:1d:fill"), ("MR", "g3:2d"), ("MMR", "g4")]
)
def test_we_decode_the_strips_of_tiffcp(tmp_path: Path, compression: str, option: str) -> None:
    plain, theirs = tmp_path / "plain.tif", tmp_path / "theirs.tif"
    PICTURE.save(plain, "TIFF")
    run("tiffcp", "-c", option, plain, theirs)
    (page,) = read_tiff(theirs.read_bytes())
    assert page.compression == compression
    assert image(page).tobytes() == PICTURE.tobytes()


@pytest.mark.parametrize("compression", CODES)
def test_tiffcp_codes_the_same_strip(tmp_path: Path, compression: str) -> None:
    ours, plain, theirs = (tmp_path / f"{name}.tif" for name in ("ours", "plain", "theirs"))
    ours.write_bytes(write_tiff([fax_page(PICTURE, compression)]))
    option = {"MH": "g3:1d", "MR": "g3:2d", "MMR": "g4"}[compression]
    run("tiffcp", "-c", "none", ours, plain)
    run("tiffcp", "-c", option, "-f", "lsb2msb", "-r", PICTURE.height, plain, theirs)
    assert read_tiff(theirs.read_bytes())[0].data == read_tiff(ours.read_bytes())[0].data


def test_tiffinfo_reads_the_tags_without_complaint(tmp_path: Path) -> None:
    path = tmp_path / "fax.tif"
    path.write_bytes(render(part("page one\fpage two")).masters["standard"])
    told = run("tiffinfo", path)
    assert told.count("Compression Scheme: CCITT Group 4") == 2
    assert "Resolution: 204, 98 pixels/inch" in told
    assert "FillOrder: lsb-to-msb" in told
    assert "Page Number: 1-2" in told
    assert "min-is-white" in told


@pytest.mark.parametrize("compression", CODES)
def test_poppler_shows_the_pels_of_our_pdf(tmp_path: Path, compression: str) -> None:
    tall = random_picture(1728, 2287)
    pdf = tmp_path / "fax.pdf"
    pdf.write_bytes(tiff_to_pdf([fax_page(tall, compression)]))
    run("pdfimages", "-png", pdf, tmp_path / "page")
    with Image.open(tmp_path / "page-000.png") as shown:
        assert shown.convert("1").tobytes() == tall.tobytes()


def test_a_master_survives_the_whole_way_round(tmp_path: Path) -> None:
    rendering = render(part("Round\nПривет\n日本語"))
    path, copy = tmp_path / "a.tif", tmp_path / "b.tif"
    path.write_bytes(rendering.masters["fine"])
    run("tiffcp", "-c", "g3:2d:fill", path, copy)
    assert image(read_tiff(copy.read_bytes())[0]).tobytes() == pictures(rendering)[0].tobytes()
