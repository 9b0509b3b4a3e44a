from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from softmodem_fixtures import drawn_pages, same_pixels, save_tiff, tiff_images
from t30_fixtures import stream

from modem import t4
from modem.coding import Coding, Compression, Length, ReceivedPage, Resolution
from modem.tiff import BadDocumentError, PageFolder, PreparedPages, decode, encode, read_document

if TYPE_CHECKING:
    from pathlib import Path

BOTH = (Compression.MH, Compression.MR)


def received(data: bytes, compression: Compression, rows: int, resolution: Resolution) -> ReceivedPage:
    coding = Coding(compression, 1728, resolution, Length.UNLIMITED)
    return ReceivedPage(1, coding, data, rows, (), 0, 14400, ecm=False, seconds=1.0)


@pytest.mark.parametrize("compression", BOTH)
def test_what_is_coded_for_the_line_is_read_by_our_own_scanner(compression: Compression) -> None:
    (picture,) = drawn_pages(1, height=150)
    found = t4.scan(t4.finish(encode(picture.image, compression), compression), compression, 1728)
    assert (found.rows, found.bad_lines, found.ended) == (150, (), True)


@pytest.mark.parametrize("compression", BOTH)
def test_a_page_survives_coding_fill_and_decoding(compression: Compression) -> None:
    (picture,) = drawn_pages(1, height=150)
    line = t4.finish(encode(picture.image, compression), compression, rate=9600, scan_ms=20)
    page = received(line, compression, 150, Resolution.STANDARD)
    assert same_pixels(decode(page), picture.image)


def test_an_mmr_page_ends_with_its_eofb_and_is_read_by_our_own_scanner() -> None:
    (picture,) = drawn_pages(1, height=150)
    line = encode(picture.image, Compression.MMR)
    found = t4.scan(line, Compression.MMR, 1728)
    assert (found.rows, found.bad_lines, found.ended) == (150, (), True)
    assert same_pixels(decode(received(line, Compression.MMR, 150, Resolution.STANDARD)), picture.image)


@pytest.mark.parametrize(
    ("dots", "pels", "width", "resolution"),
    [
        ((300, 300), 2550, 2592, Resolution.R300),
        ((400, 400), 3400, 3456, Resolution.ULTRAFINE),
        ((200, 400), 1700, 1728, Resolution.SUPERFINE),
        ((204, 98), 2000, 2048, Resolution.STANDARD),
        ((72, 72), 600, 1728, Resolution.STANDARD),
        ((0, 0), 600, 1728, Resolution.FINE),
    ],
)
def test_a_picture_takes_the_resolution_most_like_its_own(
    tmp_path: Path, dots: tuple[int, int], pels: int, width: int, resolution: Resolution
) -> None:
    Image.new("1", (pels, 10), 1).save(tmp_path / "a.tif", dpi=dots)
    (picture,) = read_document(tmp_path / "a.tif")
    assert (picture.resolution, picture.image.width) == (resolution, width)


def test_a_folder_keeps_each_page_with_its_true_resolution(tmp_path: Path) -> None:
    (picture,) = drawn_pages(1, Resolution.FINE, height=150)
    folder = PageFolder(tmp_path / "in")
    folder.store(received(encode(picture.image, Compression.MR), Compression.MR, 150, Resolution.FINE))
    with Image.open(folder.files[1]) as file:
        assert (file.info["compression"], file.info["dpi"]) == ("group4", (204.0, 196.0))
    assert same_pixels(tiff_images(folder.files[1])[0], picture.image)


@pytest.mark.parametrize("resolution", list(Resolution))
def test_every_page_of_a_document_is_read_at_its_resolution(tmp_path: Path, resolution: Resolution) -> None:
    pictures = drawn_pages(3, resolution, height=60)
    read = read_document(save_tiff(pictures, tmp_path / "a.tif"))
    assert [picture.resolution for picture in read] == [resolution] * 3
    assert all(same_pixels(a.image, b.image) for a, b in zip(read, pictures, strict=True))


def test_a_plain_line_comes_after_every_second_line_at_standard_and_every_fourth_at_fine() -> None:
    (picture,) = drawn_pages(1, height=150)
    for resolution, every in ((Resolution.STANDARD, 2), (Resolution.FINE, 4)):
        coded = encode(picture.image, Compression.MR, resolution)
        bits = "".join(f"{octet:08b}"[::-1] for octet in coded)
        tags = [bits[found.end()] for found in re.finditer("0{11}1", bits)]
        assert "".join(tags) == ("1" + "0" * (every - 1)) * (150 // every) + "10"[: 150 % every]


def test_a_narrow_page_is_centred_on_white(tmp_path: Path) -> None:
    Image.new("1", (1700, 10), 0).save(tmp_path / "a.tif", dpi=(200, 200))
    (picture,) = read_document(tmp_path / "a.tif")
    row = picture.image.crop((0, 0, 1728, 1)).convert("L").tobytes()
    assert picture.resolution is Resolution.FINE
    assert row == b"\xff" * 14 + b"\x00" * 1700 + b"\xff" * 14


def test_a_page_too_wide_for_any_fax_is_refused(tmp_path: Path) -> None:
    Image.new("1", (2500, 10), 1).save(tmp_path / "wide.tif")
    with pytest.raises(BadDocumentError, match=r"wide\.tif: 2500 pels"):
        read_document(tmp_path / "wide.tif")


@pytest.mark.parametrize("content", [b"", b"II*\x00not really", b"hello"])
def test_what_is_no_picture_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.tif").write_bytes(content)
    with pytest.raises(BadDocumentError, match=r"a\.tif"):
        read_document(tmp_path / "a.tif")


def test_a_fine_page_is_prepared_as_standard_too_and_nothing_else() -> None:
    pages = PreparedPages(drawn_pages(1, Resolution.FINE, height=100), (Compression.MH,))
    assert pages.count == 1
    assert pages.shape(1).rows == {Resolution.FINE: 100, Resolution.STANDARD: 50}
    fine = Coding(Compression.MH, 1728, Resolution.FINE)
    assert pages.size(1, fine) == len(pages.page(1, fine))
    with pytest.raises(KeyError):
        pages.page(1, Coding(Compression.MR, 1728, Resolution.FINE))
    with pytest.raises(KeyError):
        pages.page(1, Coding(Compression.MH, 1728, Resolution.SUPERFINE))


def test_mh_is_prepared_even_when_not_asked_for() -> None:
    pages = PreparedPages(drawn_pages(1, height=30), (Compression.MMR,))
    assert pages.size(1, Coding(Compression.MH)) > 0


def test_a_picture_that_would_fill_all_memory_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("1", (1728, 200), 1).save(tmp_path / "bomb.tif")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(BadDocumentError, match=r"bomb\.tif"):
        read_document(tmp_path / "bomb.tif")


def forty_lines() -> ReceivedPage:
    data = t4.finish(stream(Compression.MH, 1728, 40, 1), Compression.MH)
    return received(data, Compression.MH, 40, Resolution.STANDARD)


def test_a_page_that_was_written_is_told_from_one_that_was_not(tmp_path: Path) -> None:
    good, bad = PageFolder(tmp_path / "good"), PageFolder(tmp_path / "file" / "folder")
    (tmp_path / "file").write_text("in the way")
    good.store(forty_lines())
    bad.store(forty_lines())
    assert good.failed == ""
    assert good.files[1].exists()
    assert "page 1 cannot be written" in bad.failed
    assert bad.files == bad.pages == {}


@pytest.mark.parametrize("seed", range(8))
def test_a_page_of_any_octets_with_a_line_in_it_can_be_written(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    folder = PageFolder(tmp_path)
    for compression in (Compression.MH, Compression.MR):
        data = bytearray(t4.finish(stream(compression, 1728, 40, 1), compression))
        for _ in range(chance.randrange(60)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        scan = t4.scan(bytes(data), compression, 1728)
        folder.store(
            ReceivedPage(
                seed,
                Coding(compression),
                bytes(data),
                scan.rows,
                scan.bad_lines,
                0,
                14400,
                ecm=False,
                seconds=1,
            )
        )
        assert folder.failed == ""
        with Image.open(folder.files[seed]) as written:
            assert written.size == (1728, scan.rows)
