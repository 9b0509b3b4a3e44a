"""Plain text on paper: columns, wrapping, form feeds, scripts without boxes."""

# ruff: noqa: RUF001  (letters of other scripts are what is tested)

from __future__ import annotations

import pytest
from render_fixtures import ink, ink_box, part, pictures, render

from render import fonts
from render.charsets import language
from render.document import Settings
from render.errors import TooManyPages
from render.geometry import canvas
from render.pdf import PdfSheets
from render.text import clean, text_pdf

A4 = canvas("a4", "fine")
MM_X, MM_Y = 204 / 25.4, 195.58 / 25.4


def test_one_line_stands_below_the_header_margin_at_the_left_margin() -> None:
    (page,) = pictures(render(part("HHHH")))
    left, top, _, bottom = ink_box(page) or (0, 0, 0, 0)
    assert 15 * MM_X <= left - 20 <= 17 * MM_X
    assert 12 * MM_Y <= top <= 17 * MM_Y
    assert bottom < 20 * MM_Y


def test_the_top_twelve_millimetres_stay_white_for_the_header_line() -> None:
    (page,) = pictures(render(part("X" * 60 + "\nX" * 60)))
    assert ink(page.crop((0, 0, 1728, int(12 * MM_Y)))) == 0


def test_a_form_feed_starts_a_new_page() -> None:
    assert render(part("one\ftwo\fthree")).pages == 3


def test_a_form_feed_at_the_end_starts_nothing() -> None:
    assert render(part("one\f\n\f")).pages == 1


def test_a_line_longer_than_the_page_goes_on_below() -> None:
    (page,) = pictures(render(part("x" * 200)))
    box = ink_box(page) or (0, 0, 0, 0)
    assert box[2] <= 1728 - 15 * MM_X
    assert box[3] - box[1] > 2 * 12.5 / 72 * 195.58


def test_a_line_longer_than_the_page_is_cut_on_request() -> None:
    (page,) = pictures(render(part("x" * 200), wrap=False))
    box = ink_box(page) or (0, 0, 0, 0)
    assert box[3] - box[1] < 12.5 / 72 * 195.58


def test_eighty_columns_fit_on_a4() -> None:
    (wide,) = pictures(render(part("x" * 80)))
    (narrow,) = pictures(render(part("x" * 10)))
    assert (ink_box(wide) or (0,) * 4)[3] == (ink_box(narrow) or (0,) * 4)[3]


def test_columns_made_with_spaces_stay_columns_in_every_script() -> None:
    for text in ("aaaa |\nii   |", "漢字あ|\nabcdef|", "汉字们|\nabcdef|"):
        sheets = PdfSheets("", text_pdf("", text, Settings(), language(text)))
        page = sheets.draw(0, A4).grey.point(lambda v: 255 * (v >= 185))
        box = ink_box(page) or (0, 0, 0, 0)
        line = round(12.5 / 72 * 195.58)
        rights = [
            (ink_box(page.crop((0, top, 1728, top + line))) or (0,) * 4)[2]
            for top in (int(12 * MM_Y), int(12 * MM_Y) + line)
        ]
        assert abs(rights[0] - rights[1]) <= 2, (text, rights, box)


def test_blank_lines_and_leading_spaces_are_kept() -> None:
    (plain,) = pictures(render(part("x")))
    (lower,) = pictures(render(part("\n\n   x")))
    one, other = ink_box(plain) or (0,) * 4, ink_box(lower) or (0,) * 4
    assert other[1] - one[1] == pytest.approx(2 * 12.5 / 72 * 195.58, abs=2)
    assert other[0] - one[0] == pytest.approx(3 * 6 / 72 * 204, abs=2)


def test_tabs_go_to_the_next_eighth_column() -> None:
    (tabbed,) = pictures(render(part("ab\tx")))
    (spaced,) = pictures(render(part("ab      x")))
    assert abs((ink_box(tabbed) or (0,) * 4)[2] - (ink_box(spaced) or (0,) * 4)[2]) <= 2


def test_markup_in_plain_text_is_drawn_not_obeyed() -> None:
    (shown,) = pictures(render(part("<b></b>")))
    assert ink(shown) > 500


def test_control_characters_and_all_kinds_of_line_ends_vanish() -> None:
    assert clean("a\r\nb\rc\x00\x07\x1b\td\fe") == "a\nb\nc\td\fe"


def test_a_text_of_too_many_lines_is_refused_before_layout() -> None:
    with pytest.raises(TooManyPages) as refused:
        render(part("x\n" * 1_000_000, name="log.txt"))
    assert refused.value.name == "log.txt"


@pytest.mark.parametrize("size", [8, 12, 14])
def test_the_font_size_is_the_wanted_one(size: float) -> None:
    (page,) = pictures(render(part("x\nx\nx\nx\nx"), font_size=size))
    box = ink_box(page) or (0,) * 4
    # Five lines: four leadings and one x.
    assert (box[3] - box[1]) / 195.58 * 72 == pytest.approx(4 * 1.25 * size + 0.53 * size, abs=1.0)


def test_landscape_text_has_longer_lines() -> None:
    assert render(part("word " * 2000), orientation="landscape").pages >= 1
    (page,) = pictures(render(part("x" * 110), orientation="landscape"))
    box = ink_box(page) or (0,) * 4
    assert box[3] - box[1] > 8 * 195.58


SCRIPTS = {
    "ja": "日本語ひらカナｶﾅ①㈱々〆ー〒￥",
    "zh-cn": "简体中文们请价单国〇￥",
    "zh-tw": "繁體中文請價單國",
    "ko": "한국어안녕",
    "ru": "ЖжЩщЪъЫыЭэЮюЯяЁё№₽",
    "": "AzÄöüßéñçøåłŠž€£¥½°§–—“”‘’…•→✓☎αΩ≤",
}


def drawn(texts: list[str], tag: str) -> list[bytes]:
    """Return each text's page at standard resolution."""
    sheets = PdfSheets("", text_pdf("", "\f".join(texts), Settings(), tag))
    return [sheets.draw(n, canvas("a4", "standard")).grey.tobytes() for n in range(sheets.count)]


def test_a_character_no_font_has_is_drawn_as_a_box() -> None:
    missing, blank = drawn(["\U0010fffd", "."], "")
    assert missing != blank
    assert drawn(["\U0010fffd"], "") == drawn(["\U0010fffc"], "")


@pytest.mark.parametrize("tag", SCRIPTS)
def test_no_character_of_our_languages_is_drawn_as_a_box(tag: str) -> None:
    boxes = set(drawn(["\U0010fffd", "\U000e0fff", "\ufdd0"], tag))
    pages = drawn(list(SCRIPTS[tag]), tag)
    boxed = [c for c, page in zip(SCRIPTS[tag], pages, strict=True) if page in boxes]
    assert boxed == []
    assert len(set(pages)) == len(pages), "two characters look the same: one of them is not itself"


def test_a_wanted_font_is_put_first_and_cannot_break_out_of_the_style_sheet() -> None:
    family = fonts.monospaced('MS Gothic"; } body { display: none', "ja")
    assert family.startswith('"MS Gothic; } body { display: none", "IPAGothic"')
    assert ink(pictures(render(part("x"), font='"} * {display:none'))[0]) > 0


def test_chinese_and_japanese_shapes_differ() -> None:
    assert drawn(["直骨"], "zh-cn") != drawn(["直骨"], "ja")


@pytest.mark.parametrize(
    "family", ["MS Gothic", "ms gothic", "ＭＳ ゴシック", "Arial", "IPAGothic", "monospace"]
)
def test_fonts_that_are_here_or_have_a_stand_in_are_known(family: str) -> None:
    assert fonts.known(family)
    assert render(part("x"), font=family).warnings == []


def test_a_font_nobody_knows_is_replaced_with_a_warning() -> None:
    plain, odd = render(part("x")), render(part("x"), font="Wingbats Neue")
    assert odd.warnings == ["The font Wingbats Neue is not known here; the usual one was taken."]
    assert odd.masters == plain.masters


def test_a_font_is_wished_for_text_and_leaves_html_alone() -> None:
    page = part("<p>Aa 漢字</p>", "text/html")
    assert render(page, font="Wingbats Neue", font_size=30).masters == render(page).masters
    assert render(page, font="Wingbats Neue").warnings == []


def test_every_kind_of_line_end_ends_a_line_and_terminal_colours_go() -> None:
    assert clean("a\vb\x85c\u2028d\u2029e \x1b[1;31mred\x1b[0m\x9f") == "a\nb\nc\nd\ne red"


@pytest.mark.parametrize("blanks", [0, 1, 14, 15, 16, 17, 47])
def test_blank_lines_keep_their_height_however_many(blanks: int) -> None:
    (page,) = pictures(render(part("x" + "\n" * (blanks + 1) + "x")))
    _, top, _, bottom = ink_box(page) or (0,) * 4
    line = 12.5 / 72 * 196
    assert bottom - top == pytest.approx((blanks + 1) * line + line / 2, abs=line / 2)


def test_a_text_of_one_long_line_is_measured_by_the_width_of_its_page() -> None:
    a_page_and_a_half = "x" * (102 * 92)
    with pytest.raises(TooManyPages):
        text_pdf("", a_page_and_a_half, Settings(max_pages=1), "")
    assert render(part("i" * (102 * 92)), font="IPAPGothic", max_pages=2).pages <= 2
