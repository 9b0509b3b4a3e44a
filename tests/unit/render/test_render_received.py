"""Received pages: repair of bad lines, and what the forward shows."""

from __future__ import annotations

import io

import pypdfium2
import pytest
from PIL import Image
from render_fixtures import fax_page, random_picture

from render.coding import encode, image
from render.errors import UnreadableDocument
from render.pdf_out import page_size, tiff_to_pdf
from render.preview import thumbnail, to_png
from render.received import received_page
from render.tiff import TiffPage, read_tiff, write_tiff

ROWS = 60
PICTURE = random_picture(1728, ROWS)
EOL = "000000000001"
RTC = {"MH": EOL * 6, "MR": (EOL + "1") * 6}


def bits(data: bytes) -> str:
    return "".join(f"{octet:08b}"[::-1] for octet in data)


def octets(stream: str) -> bytes:
    stream = stream.ljust(-(-len(stream) // 8) * 8, "0")
    return bytes(int(stream[n : n + 8][::-1], 2) for n in range(0, len(stream), 8))


def row(picture: Image.Image, number: int) -> bytes:
    return picture.crop((0, number, 1728, number + 1)).tobytes()


def lines_of(compression: str) -> list[str]:
    """Return the code of every line, its EOL first."""
    return [EOL + line for line in bits(encode(PICTURE, compression, fine=False)).split(EOL)[1:]]


def spoil(line: str, compression: str) -> str:
    """Return a line with the right EOL and nonsense behind it."""
    return line[: 13 if compression == "MR" else 12] + "0000000010" * 3 + "1"


def receive(stream: str, compression: str, bad: tuple[int, ...] = (), rows: int = ROWS) -> TiffPage:
    return received_page(
        octets(stream),
        compression,
        1728,
        resolution="standard",
        rows=rows,
        bad_lines=bad,
        longest_bad_run=len(bad),
    )


@pytest.mark.parametrize("compression", ["MH", "MR"])
def test_a_clean_page_is_stored_as_it_was_sent(compression: str) -> None:
    page = receive("".join(lines_of(compression)) + RTC[compression], compression)
    assert image(page).tobytes() == PICTURE.tobytes()
    assert (page.compression, page.bad_rows, page.y_dpi) == ("MMR", 0, 98)


@pytest.mark.parametrize("compression", ["MH", "MR"])
def test_fill_bits_do_no_harm(compression: str) -> None:
    filled = "".join(line + "0" * 37 for line in lines_of(compression))
    assert image(receive(filled + RTC[compression], compression)).tobytes() == PICTURE.tobytes()


@pytest.mark.parametrize("bad", [(5,), (5, 6, 7), (ROWS - 1,), (1, 30, 58)])
def test_a_bad_mh_line_shows_the_last_good_one(bad: tuple[int, ...]) -> None:
    lines = lines_of("MH")
    for number in bad:
        lines[number] = spoil(lines[number], "MH")
    shown = image(receive("".join(lines) + RTC["MH"], "MH", bad))
    above = b""
    for number in range(ROWS):
        above = above if number in bad else row(PICTURE, number)
        assert row(shown, number) == above, number


def test_a_bad_first_line_is_white() -> None:
    lines = lines_of("MH")
    lines[0] = spoil(lines[0], "MH")
    shown = image(receive("".join(lines) + RTC["MH"], "MH", (0,)))
    assert row(shown, 0) == b"\xff" * 216
    assert row(shown, 1) == row(PICTURE, 1)


def test_a_bad_mr_line_costs_the_lines_up_to_the_next_one_dimensional_one() -> None:
    lines = lines_of("MR")
    # K = 2: even lines are one-dimensional, so line 11 depends on line 10.
    lines[10] = spoil(lines[10], "MR")
    shown = image(receive("".join(lines) + RTC["MR"], "MR", (10, 11)))
    for number in (9, 12, 13, ROWS - 1):
        assert row(shown, number) == row(PICTURE, number)
    assert row(shown, 10) == row(shown, 11) == row(PICTURE, 9)


def test_a_page_whose_carrier_was_lost_keeps_the_lines_that_came() -> None:
    lines = lines_of("MH")
    shown = image(receive("".join(lines[:20]), "MH", rows=20))
    assert shown.height == 20
    assert all(row(shown, number) == row(PICTURE, number) for number in range(20))


def test_noise_before_the_first_line_is_ignored() -> None:
    shown = image(receive("110101001" + "".join(lines_of("MH")) + RTC["MH"], "MH"))
    assert shown.tobytes() == PICTURE.tobytes()


def test_a_page_of_nothing_but_bad_lines_is_white() -> None:
    stream = "".join(spoil(line, "MH") for line in lines_of("MH"))
    page = receive(stream + RTC["MH"], "MH", tuple(range(ROWS)))
    assert image(page).tobytes() == b"\xff" * 216 * ROWS
    assert page.bad_rows == ROWS


def test_more_lines_promised_than_came_are_filled_not_invented() -> None:
    shown = image(receive("".join(lines_of("MH")[:5]), "MH", rows=8))
    assert row(shown, 7) == row(PICTURE, 4)


def test_an_mmr_page_is_kept() -> None:
    page = received_page(encode(PICTURE, "MMR"), "MMR", 1728, resolution="fine", rows=ROWS)
    assert image(page).tobytes() == PICTURE.tobytes()


def test_an_mmr_page_that_turns_into_nonsense_keeps_what_came_before() -> None:
    stream = encode(PICTURE, "MMR")
    page = received_page(stream[: len(stream) // 2], "MMR", 1728, resolution="fine", rows=ROWS)
    shown = image(page)
    assert page.rows == ROWS
    assert all(row(shown, number) == row(PICTURE, number) for number in range(ROWS // 3))
    assert row(shown, ROWS - 1) == b"\xff" * 216


def test_an_mmr_page_of_nonsense_is_refused() -> None:
    with pytest.raises(UnreadableDocument):
        received_page(b"\x00\xc4\x00\x08\x80", "MMR", 1728, resolution="fine", rows=ROWS)


def test_a_page_without_lines_is_refused() -> None:
    with pytest.raises(UnreadableDocument):
        received_page(b"", "MH", 1728, resolution="fine", rows=0)


def test_the_damage_is_on_record_in_the_file() -> None:
    lines = lines_of("MH")
    lines[7] = spoil(lines[7], "MH")
    (page,) = read_tiff(write_tiff([receive("".join(lines), "MH", (7,))]))
    assert (page.bad_rows, page.worst_run) == (1, 1)


def drawn_pdf(data: bytes, number: int, size: tuple[int, int]) -> Image.Image:
    document = pypdfium2.PdfDocument(data)
    width, _ = document[number].get_size()
    return document[number].render(scale=size[0] / width, grayscale=True).to_pil()


@pytest.mark.parametrize("compression", ["MH", "MR", "MMR"])
def test_a_pdf_shows_the_pels_of_the_page(compression: str) -> None:
    picture = Image.new("1", (1728, 2287), 255)
    picture.paste(0, (200, 300, 700, 900))
    shown = drawn_pdf(tiff_to_pdf([fax_page(picture, compression)]), 0, (1728, 2287))
    assert shown.getpixel((450, 600)) == 0
    assert shown.getpixel((100, 100)) == 255
    assert shown.getpixel((1000, 1200)) == 255


@pytest.mark.parametrize(("resolution", "rows"), [("standard", 1143), ("fine", 2287)])
def test_a_pdf_page_is_as_large_as_the_paper(resolution: str, rows: int) -> None:
    page = fax_page(random_picture(1728, rows), "MMR", resolution)
    width, height = page_size(page)
    assert width == pytest.approx(215.2 / 25.4 * 72, rel=0.001)
    assert height == pytest.approx(297 / 25.4 * 72, rel=0.001)
    document = pypdfium2.PdfDocument(tiff_to_pdf([page]))
    assert document[0].get_size() == pytest.approx((width, height), abs=0.01)


def test_a_pdf_has_every_page_and_the_same_bytes_each_time() -> None:
    pages = [fax_page(random_picture(1728, 50 + n), c) for n, c in enumerate(("MH", "MR", "MMR"))]
    assert len(pypdfium2.PdfDocument(tiff_to_pdf(pages, "Fax 17"))) == 3
    assert tiff_to_pdf(pages, "Fax 17") == tiff_to_pdf(pages, "Fax 17")


def test_a_foreign_page_of_several_strips_goes_into_a_pdf_too() -> None:
    picture = random_picture(1728, 300)
    out = io.BytesIO()
    picture.save(out, "TIFF", compression="group4", tiffinfo={278: 100, 282: 204.0, 283: 196.0, 296: 2})
    assert len(pypdfium2.PdfDocument(tiff_to_pdf(read_tiff(out.getvalue())))) == 1


@pytest.mark.parametrize(("resolution", "rows"), [("standard", 1143), ("fine", 2287), ("superfine", 4574)])
def test_a_preview_has_the_papers_proportions_at_every_resolution(resolution: str, rows: int) -> None:
    page = fax_page(random_picture(1728, rows), "MMR", resolution)
    for png, width in ((to_png(page), 864), (thumbnail(page), 216)):
        shown = Image.open(io.BytesIO(png))
        assert shown.width == width
        assert shown.height / shown.width == pytest.approx(297 / 215.2, rel=0.01)


def test_a_preview_is_black_where_the_page_is_and_sixteen_greys_at_most() -> None:
    picture = Image.new("1", (1728, 2287), 255)
    picture.paste(0, (0, 0, 864, 1000))
    shown = Image.open(io.BytesIO(to_png(fax_page(picture))))
    assert len(shown.getcolors() or []) <= 16
    grey = shown.convert("L")
    assert (grey.getpixel((100, 100)), grey.getpixel((800, 800))) == (0, 255)


PAPER = [
    ("standard", False, 1728, 1143, (204, 98)),
    ("standard", True, 1728, 1169, (200, 100)),
    ("fine", False, 2048, 2803, (204, 196)),
    ("superfine", True, 1728, 4677, (200, 400)),
    ("300", False, 2592, 3508, (300, 300)),
    ("ultrafine", False, 3456, 4574, (408, 391)),
    ("ultrafine", True, 4864, 6614, (400, 400)),
]


@pytest.mark.parametrize(("resolution", "inch", "width", "rows", "densities"), PAPER)
def test_every_resolution_keeps_its_name_its_densities_and_the_size_of_its_paper(
    resolution: str, inch: bool, width: int, rows: int, densities: tuple[int, int]
) -> None:
    stream = encode(Image.new("1", (width, rows), 255), "MMR")
    page = received_page(stream, "MMR", width, resolution=resolution, rows=rows, inch=inch)
    (read,) = read_tiff(write_tiff([page]))
    assert (read.x_dpi, read.y_dpi) == densities
    assert read.resolution == resolution
    points_wide, points_high = page_size(read)
    paper = {1728: (215, 297), 2592: (215, 297), 3456: (215, 297), 2048: (255, 364), 4864: (303, 420)}[width]
    assert points_wide / 72 * 25.4 == pytest.approx(paper[0], rel=0.025)
    assert points_high / 72 * 25.4 == pytest.approx(paper[1], rel=0.01)


def test_a_black_is_zero_page_of_the_inch_family_keeps_its_size_in_a_pdf() -> None:
    page = TiffPage(encode(PICTURE, "MMR"), 1728, ROWS, "MMR", x_dpi=200, y_dpi=100, inverted=True)
    with pypdfium2.PdfDocument(tiff_to_pdf([page])) as document:
        assert document[0].get_size() == pytest.approx(page_size(page), abs=0.01)
