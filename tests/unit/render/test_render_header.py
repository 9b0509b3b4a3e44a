"""The header line: its height, its columns, its fonts, and what gives way when it is too long."""

from __future__ import annotations

import pytest
from PIL import Image, ImageChops

from render import fonts, header

COLUMNS = ("2030-06-01 21:00 JST", "Acme Ltd +81 3 4477 2288", "-> +81312345678", "P. 01/03")


def ink(picture: Image.Image, box: tuple[int, int, int, int] | None = None) -> tuple[int, int, int, int]:
    """Return the box of what is black."""
    part = picture.crop(box) if box else picture
    found = ImageChops.invert(part.convert("L")).getbbox()
    assert found is not None, "nothing was drawn"
    return found


def line(
    *columns: str, width: int = 1728, x_dpi: int = 204, y_dpi: int = 196, language: str = "en"
) -> Image.Image:
    return header.draw(columns, width=width, x_dpi=x_dpi, y_dpi=y_dpi, language=language)


@pytest.mark.parametrize(("y_dpi", "rows"), [(98, 16), (196, 32), (391, 64), (300, 49)])
def test_the_line_is_as_high_on_paper_at_every_resolution_and_ends_white(y_dpi: int, rows: int) -> None:
    picture = line(*COLUMNS, y_dpi=y_dpi, x_dpi=300 if y_dpi == 300 else 204)
    assert (picture.mode, picture.height, header.rows(y_dpi)) == ("1", rows, rows)
    top, bottom = ink(picture)[1], ink(picture)[3]
    assert 0 < top < bottom < rows


@pytest.mark.parametrize(("width", "x_dpi"), [(1728, 204), (2048, 204), (2592, 300), (3456, 408)])
def test_the_first_column_is_at_the_left_and_the_last_at_the_right(width: int, x_dpi: int) -> None:
    picture = line(*COLUMNS, width=width, x_dpi=x_dpi)
    inset = header.INSET * x_dpi / 204
    left, _, right, _ = ink(picture)
    assert abs(left - inset) < 8
    assert abs(width - inset - right) < 8


def test_one_column_stands_at_the_left() -> None:
    assert ink(line("Acme"))[2] < 300


def test_the_longest_column_gives_way_and_the_others_stay_whole() -> None:
    long = line(COLUMNS[0], "A name that is much too long " * 9, COLUMNS[2], COLUMNS[3])
    short = line(*COLUMNS)
    for box in ((0, 0, 320, 32), (1560, 0, 1728, 32)):
        assert long.crop(box).tobytes() == short.crop(box).tobytes()
    assert ink(long)[2] <= 1728 - header.INSET + 8


def test_columns_that_can_never_fit_still_end() -> None:
    assert ink(line(*["wide " * 40] * 30))


def test_east_asian_names_are_drawn_in_their_own_shapes() -> None:
    tofu = line("\U0010fffd\U0010fffd\U0010fffd\U0010fffd").tobytes()
    drawn = {language: line("株式会社直", language=language).tobytes() for language in ("ja", "zh-CN", "en")}
    assert tofu not in drawn.values()
    assert drawn["ja"] != drawn["zh-CN"], "the two write this character differently"
    assert drawn["en"] == drawn["ja"]


def test_the_fonts_are_those_of_our_packages() -> None:
    east, west = fonts.pair("ja")
    assert fonts.file_of(west)[0].endswith("LiberationSans-Regular.ttf"), "apt-get install fonts-liberation"
    assert "ipag" in fonts.file_of(east)[0], "apt-get install fonts-ipafont"


def test_a_host_without_fontconfig_still_gets_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    fonts.file_of.cache_clear()
    header._face.cache_clear()
    header._faces.cache_clear()
    monkeypatch.setenv("PATH", "")
    assert ink(line("Acme"))
    fonts.file_of.cache_clear()
    header._face.cache_clear()
    header._faces.cache_clear()


@pytest.mark.parametrize("text", ["a\x00b", "a\tb\r\nc", "\x1b[31mred", " spaced   out "])
def test_controls_never_reach_the_line(text: str) -> None:
    assert header.plain(text).isprintable()
    assert "  " not in header.plain(text)


def test_nothing_to_say_is_a_white_line() -> None:
    assert ImageChops.invert(line("", "\x00").convert("L")).getbbox() is None
