"""A page below its header line: moved, pressed together or cut, never printed over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageDraw

from render import coding
from render.body import FOOT_MM, SHORTEST_MM, Body, Cut
from render.coding import coded_page

if TYPE_CHECKING:
    from render.tiff import TiffPage

TOP, ROWS = 32, 2287


def page(first: int, last: int, rows: int = ROWS, resolution: str = "fine") -> TiffPage:
    """A page with a black block from line `first` to line `last`."""
    picture = Image.new("1", (1728, rows), 255)
    ImageDraw.Draw(picture).rectangle((200, first, 1500, last), fill=0)
    return coded_page(picture, resolution)


def drawn(body: Body, compression: str = "MMR") -> Image.Image:
    return coding.decode(body.stream(compression), compression, body.width, body.rows)


def test_a_white_top_gives_way_and_the_rest_stays_where_it_is() -> None:
    body = Body(page(97, 2000), Cut(TOP))
    assert body.rows == ROWS - TOP
    assert drawn(body).tobytes() == coding.image(page(97, 2000)).crop((0, TOP, 1728, ROWS)).tobytes()


def test_ink_in_the_top_moves_down_into_the_white_at_the_foot_unscaled() -> None:
    body = Body(page(5, 2000), Cut(TOP))
    assert body.rows == ROWS - TOP
    assert coding.used_rows(drawn(body)) == 2001 - 5
    assert drawn(body).getpixel((300, 0)) == 0, "the first line below the header is the first with ink"


def test_a_full_page_is_pressed_together_by_the_height_of_the_line() -> None:
    body = Body(page(0, ROWS - 1), Cut(TOP))
    assert body.rows == ROWS - TOP
    picture = drawn(body)
    assert coding.used_rows(picture) == ROWS - TOP
    assert all(picture.getpixel((800, row)) == 0 for row in range(ROWS - TOP))


def test_a_page_with_ink_from_edge_to_edge_loses_none_of_it() -> None:
    picture = Image.new("1", (1728, ROWS), 255)
    pen = ImageDraw.Draw(picture)
    for row in (0, ROWS // 2, ROWS - 3):
        pen.rectangle((100, row, 1600, row + 2), fill=0)
    body = drawn(Body(coded_page(picture, "fine"), Cut(TOP)))
    runs = [body.getpixel((800, row)) == 0 for row in range(body.height)]
    assert sum(now and not before for before, now in zip([False, *runs], runs, strict=False)) == 3


@pytest.mark.parametrize("compression", ["MH", "MR", "MMR"])
def test_every_coding_shows_the_same_body(compression: str) -> None:
    body = Body(page(5, 900), Cut(TOP))
    assert drawn(body, compression).tobytes() == drawn(body).tobytes()


def test_a_long_page_is_drawn_shorter_where_the_machine_has_only_a4() -> None:
    long = page(50, 2700, rows=2738)
    body = Body(long, Cut(0, longest=ROWS))
    assert body.rows == ROWS
    assert abs(coding.used_rows(drawn(body)) - 2701 * ROWS / 2738) < 2
    assert Body(page(50, 2000), Cut(0, longest=ROWS)).rows == ROWS


def test_white_at_the_foot_stays_unless_the_account_says_otherwise() -> None:
    assert Body(page(97, 1500), Cut(TOP)).rows == ROWS - TOP


@pytest.mark.parametrize(("last", "millimetres"), [(1500, 1501 / 196 * 25.4 + FOOT_MM), (300, SHORTEST_MM)])
def test_a_foot_is_cut_to_a_margin_and_never_to_a_slip(last: int, millimetres: float) -> None:
    body = Body(page(97, last), Cut(TOP, foot=True))
    assert abs((body.rows + TOP) / 196 * 25.4 - millimetres) < 0.5
    assert coding.used_rows(drawn(body)) == last + 1 - TOP


def test_a_blank_page_is_cut_to_the_shortest_there_is() -> None:
    blank = coded_page(Image.new("1", (1728, ROWS), 255), "fine")
    body = Body(blank, Cut(TOP, foot=True))
    assert abs((body.rows + TOP) / 196 * 25.4 - SHORTEST_MM) < 0.5
    assert coding.used_rows(drawn(body)) == 0


def test_what_is_held_grows_with_the_codings_that_were_asked_for() -> None:
    body = Body(page(97, 1500), Cut(TOP))
    before = body.octets
    assert body.stream("MH") is body.stream("MH")
    assert body.octets == before + len(body.stream("MH"))
