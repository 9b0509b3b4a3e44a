"""Coded strips cut and joined: the same pixels as if the whole had been drawn and coded."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw

from render import coding, strips

WIDTH = 1728


def paper(rows: int) -> Image.Image:
    return Image.new("1", (WIDTH, rows), 255)


def marked(rows: int, *marks: int) -> Image.Image:
    """A white page with a stroke on each of these lines."""
    picture = paper(rows)
    pen = ImageDraw.Draw(picture)
    for mark in marks:
        pen.line((100 + mark, mark, 900 + 3 * mark, mark), fill=0)
    return picture


def decoded(stream: bytes, compression: str, rows: int) -> bytes:
    return coding.decode(stream, compression, WIDTH, rows).tobytes()


@pytest.mark.parametrize("compression", ["MH", "MR", "MMR"])
@given(st.integers(2, 40), st.integers(1, 60), st.data())
@settings(max_examples=25, deadline=None)
def test_a_strip_above_another_is_one_page(
    compression: str, top: int, rows: int, data: st.DataObject
) -> None:
    above = marked(top, *data.draw(st.sets(st.integers(0, top - 2), max_size=5)))
    below = marked(rows, *data.draw(st.sets(st.integers(0, rows - 1), max_size=9)))
    whole = paper(top + rows)
    whole.paste(above, (0, 0))
    whole.paste(below, (0, top))
    upper, lower = (coding.encode(part, compression) for part in (above, below))
    joined = strips.joined(compression, upper, lower)
    assert decoded(joined, compression, top + rows) == whole.tobytes()


@given(st.integers(1, 90), st.sets(st.integers(0, 89), max_size=4))
@settings(max_examples=50, deadline=None)
def test_the_white_top_is_counted_and_cut_without_drawing(rows: int, marks: set[int]) -> None:
    picture = marked(rows, *(mark for mark in marks if mark < rows))
    stream = coding.encode(picture, "MMR")
    white = strips.white_top(stream, rows)
    ink = ImageChops.invert(picture.convert("L")).getbbox()
    assert white == (ink[1] if ink else rows)
    for cut in {0, white // 2, min(white, rows - 1)}:
        left = decoded(strips.without_top(stream, cut), "MMR", rows - cut)
        assert left == picture.crop((0, cut, WIDTH, rows)).tobytes()


@pytest.mark.parametrize("cut", [0, 1, 30, 39])
def test_white_is_cut_off_the_foot_and_the_page_still_ends_in_order(cut: int) -> None:
    picture = marked(100, 3, 59)
    stream = strips.without_bottom(coding.encode(picture, "MMR"), cut)
    assert decoded(stream, "MMR", 100 - cut) == picture.crop((0, 0, WIDTH, 100 - cut)).tobytes()
    bits = int.from_bytes(stream, "little")
    assert f"{bits:b}"[:24][::-1] == "000000000001" * 2, "EOFB"


def test_coding_in_bands_shows_the_same_page() -> None:
    picture = marked(700, *range(0, 700, 7))
    for compression in ("MH", "MR"):
        stream = coding.encode_in_bands(picture, compression)
        assert decoded(stream, compression, 700) == picture.tobytes()


def test_used_rows_end_with_the_last_mark() -> None:
    assert coding.used_rows(marked(50, 3, 20)) == 21
    assert coding.used_rows(paper(50)) == 0
