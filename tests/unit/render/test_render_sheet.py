"""A page as a call sends it: the same setting is the same picture, whoever asks for it, in every coding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageDraw

from render import coding, header
from render.body import Body
from render.sheet import A4_MM, Setting, Sheet, as_sent

if TYPE_CHECKING:
    from render.tiff import TiffPage

LINE = Setting(("Acme", "P. 01"))
A4_FINE = round(A4_MM / 25.4 * 195.58)


def page(rows: int = 2286, resolution: str = "fine", width: int = 1728, bar: int = 400) -> TiffPage:
    picture = Image.new("1", (width, rows), 1)
    ImageDraw.Draw(picture).rectangle((200, bar, 1500, bar + 40), fill=0)
    return coding.coded_page(picture, resolution)


def pels(tiff: TiffPage) -> bytes:
    return coding.image(tiff).tobytes()


def test_without_a_setting_a_page_goes_out_as_it_was_drawn() -> None:
    assert pels(as_sent(page(), Setting())) == pels(page())


def test_a_header_line_stands_above_the_body_and_the_page_keeps_its_length() -> None:
    sent = as_sent(page(), LINE)
    top = header.rows(sent.y_dpi)
    assert (sent.width, sent.rows) == (1728, 2286)
    picture = coding.image(sent)
    assert picture.crop((0, 0, 1728, top)).getextrema() == (0, 255)
    below = (0, top, 1728, 2286)
    assert picture.crop(below).tobytes() == coding.image(page()).crop(below).tobytes()


@pytest.mark.parametrize("compression", ["MH", "MR", "MMR"])
@pytest.mark.parametrize("setting", [Setting(), LINE, Setting(("A",), cut_white=True), Setting(a4=True)])
def test_what_is_shown_is_what_every_coding_carries(setting: Setting, compression: str) -> None:
    drawn = page(3000)
    sheet = Sheet(drawn, setting, Body(drawn, setting.cut(drawn)))
    carried = coding.decode(sheet.stream(compression), compression, sheet.width, sheet.rows)
    assert carried.tobytes() == pels(as_sent(drawn, setting))


def test_a_longer_page_is_pressed_onto_a4_and_a_shorter_one_is_not() -> None:
    assert as_sent(page(3000), Setting(a4=True)).rows == A4_FINE
    assert as_sent(page(2000), Setting(a4=True)).rows == 2000
    assert as_sent(page(3000), Setting()).rows == 3000


def test_white_at_the_foot_is_left_out_where_the_account_says_so() -> None:
    assert as_sent(page(), Setting(cut_white=True)).rows < as_sent(page(), Setting()).rows == 2286


@pytest.mark.parametrize("resolution", ["standard", "fine", "superfine", "300", "ultrafine"])
def test_every_resolution_can_be_set(resolution: str) -> None:
    width = {"300": 2592, "ultrafine": 3456}.get(resolution, 1728)
    drawn = page(6000, resolution, width)
    sent = as_sent(drawn, Setting(("A",), a4=True))
    assert (sent.width, sent.resolution) == (width, resolution)
    assert sent.rows < 6000


def test_a_slip_of_paper_gets_no_line() -> None:
    assert pels(as_sent(page(100, bar=40), LINE)) == pels(page(100, bar=40))


def test_the_language_of_a_line_picks_the_shapes_of_its_characters() -> None:
    japanese, chinese = (as_sent(page(), Setting(("直骨角",), language)) for language in ("ja", "zh-CN"))
    assert pels(japanese) != pels(chinese)
