"""The Class F container: tags, order, and files other programs wrote."""

from __future__ import annotations

import io
import struct
from dataclasses import replace

import pytest
from PIL import Image
from render_fixtures import fax_page, file_of, random_picture

from render.coding import image
from render.errors import UnreadableDocument
from render.tiff import REVERSED, TiffPage, read_tiff, write_tiff

PICTURE = random_picture(1728, 40)


def tags_of(data: bytes, frame: int = 0) -> dict[int, object]:
    with Image.open(io.BytesIO(data)) as file:
        file.seek(frame)
        return dict(file.tag_v2)


def test_a_page_comes_back_as_it_was_written() -> None:
    page = fax_page(PICTURE, "MR", "standard")
    assert read_tiff(write_tiff([page])) == [page]


def test_pages_keep_their_order_and_their_own_shape() -> None:
    pages = [fax_page(random_picture(1728, rows, rows), "MH") for rows in (10, 20, 30)]
    assert read_tiff(write_tiff(pages)) == pages


def test_the_tags_are_those_of_class_f() -> None:
    tags = tags_of(write_tiff([fax_page(PICTURE)]))
    assert {number: tags[number] for number in (254, 256, 257, 259, 262, 266, 277, 278, 296)} == {
        254: 2, 256: 1728, 257: 40, 259: 4, 262: 0, 266: 2, 277: 1, 278: 40, 296: 2
    }  # fmt: skip
    assert (tags[282], tags[283]) == (204, 196)


@pytest.mark.parametrize(("resolution", "lines"), [("standard", 98), ("fine", 196), ("superfine", 391)])
def test_the_density_names_the_resolution(resolution: str, lines: int) -> None:
    data = write_tiff([fax_page(PICTURE, "MMR", resolution)])
    assert tags_of(data)[283] == lines
    assert read_tiff(data)[0].resolution == resolution


@pytest.mark.parametrize(("compression", "options"), [("MH", 0), ("MR", 1)])
def test_the_t4_options_tell_mh_from_mr(compression: str, options: int) -> None:
    tags = tags_of(write_tiff([fax_page(PICTURE, compression)]))
    assert (tags[259], tags[292]) == (3, options)


def test_page_numbers_count_from_zero_and_know_the_total() -> None:
    data = write_tiff([fax_page(PICTURE)] * 3)
    assert [tags_of(data, frame)[297] for frame in range(3)] == [(0, 3), (1, 3), (2, 3)]


def test_tags_are_written_in_rising_order_as_tiff_demands() -> None:
    page = replace(fax_page(PICTURE), bad_rows=3, worst_run=2, extra={305: "Postline", 269: "a.pdf"})
    data = write_tiff([page])
    (at,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, at)
    numbers = [struct.unpack_from("<H", data, at + 2 + 12 * n)[0] for n in range(count)]
    assert numbers == sorted(numbers)
    assert tags_of(data)[305] == "Postline"


def test_a_received_page_carries_its_damage() -> None:
    data = write_tiff([replace(fax_page(PICTURE), bad_rows=7, worst_run=3)])
    tags = tags_of(data)
    assert (tags[326], tags[327], tags[328]) == (7, 1, 3)
    assert (read_tiff(data)[0].bad_rows, read_tiff(data)[0].worst_run) == (7, 3)


def test_a_clean_received_page_says_so_and_a_drawn_page_says_nothing() -> None:
    received = tags_of(write_tiff([replace(fax_page(PICTURE), bad_rows=0)]))
    assert (received[326], received[327]) == (0, 0)
    assert 326 not in tags_of(write_tiff([fax_page(PICTURE)]))


def big_endian(page: TiffPage, fill_order: int = 1) -> bytes:
    """Write one page the way other programs do: big-endian, most significant bit first."""
    strip = page.data if fill_order == 2 else page.data.translate(REVERSED)
    fields = [
        (256, 3, page.width), (257, 3, page.rows), (258, 3, 1), (259, 3, 4), (262, 3, 0),
        (266, 3, fill_order),
        (273, 4, 8), (278, 4, page.rows), (279, 4, len(strip)),
    ]  # fmt: skip
    out = struct.pack(">2sHI", b"MM", 42, 8 + len(strip) + len(strip) % 2) + strip + b"\0" * (len(strip) % 2)
    out += struct.pack(">H", len(fields))
    for tag, kind, value in fields:
        out += struct.pack(">HHI", tag, kind, 1)
        out += struct.pack(">HH", value, 0) if kind == 3 else struct.pack(">I", value)
    return out + b"\0\0\0\0"


@pytest.mark.parametrize("fill_order", [1, 2])
def test_big_endian_files_of_either_fill_order_are_read(fill_order: int) -> None:
    page = fax_page(PICTURE)
    (found,) = read_tiff(big_endian(page, fill_order))
    assert image(found).tobytes() == PICTURE.tobytes()


def test_a_file_with_several_strips_is_read_and_decoded() -> None:
    tall = random_picture(1728, 700)
    data = file_of(tall, "TIFF", compression="group4", tiffinfo={278: 100})
    (page,) = read_tiff(data)
    assert len(page.strips) == 7
    assert image(page).tobytes() == tall.tobytes()


def test_a_black_is_zero_file_shows_the_same_picture() -> None:
    data = file_of(PICTURE, "TIFF", compression="group4", tiffinfo={278: 40})
    (page,) = read_tiff(data)
    assert page.inverted
    assert image(page).tobytes() == PICTURE.tobytes()


def test_a_page_of_several_strips_survives_being_written_again() -> None:
    tall = random_picture(1728, 300)
    pages = read_tiff(file_of(tall, "TIFF", compression="group3", tiffinfo={278: 100}))
    again = read_tiff(write_tiff(pages))
    assert again[0].strips == pages[0].strips
    assert image(again[0]).tobytes() == tall.tobytes()


@pytest.mark.parametrize("data", [b"", b"II*\0", b"%PDF-1.4", b"II*\0\xff\xff\xff\x7f"])
def test_what_is_no_tiff_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableDocument):
        read_tiff(data)


def test_a_tiff_that_holds_no_fax_is_refused() -> None:
    with pytest.raises(UnreadableDocument, match="fax"):
        read_tiff(file_of(Image.new("L", (10, 10)), "TIFF"))


def test_directories_in_a_circle_are_refused() -> None:
    data = bytearray(write_tiff([fax_page(PICTURE)]))
    (at,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, at)
    struct.pack_into("<I", data, at + 2 + 12 * count, at)
    with pytest.raises(UnreadableDocument, match="circle"):
        read_tiff(bytes(data))


@pytest.mark.parametrize("cut", range(9, 300, 17))
def test_a_file_cut_short_is_refused_not_misread(cut: int) -> None:
    data = write_tiff([fax_page(random_picture(1728, 3), "MMR")])
    if cut < len(data) - 8:
        with pytest.raises(UnreadableDocument):
            read_tiff(data[:cut])
    else:
        assert len(read_tiff(data)) == 1


def test_a_value_count_beyond_the_file_is_refused_without_allocating_it() -> None:
    data = bytearray(write_tiff([fax_page(PICTURE)]))
    (at,) = struct.unpack_from("<I", data, 4)
    struct.pack_into("<I", data, at + 2 + 4, 0x7FFFFFFF)
    with pytest.raises(UnreadableDocument):
        read_tiff(bytes(data))
