"""HTML mail in black on white, and CSV tables."""

# ruff: noqa: RUF001  (letters of other scripts are what is tested)

from __future__ import annotations

import pytest
from PIL import Image
from render_fixtures import file_of, ink, ink_box, part, pictures, render

from render import html as html_module
from render.document import Part, Settings
from render.html import html_pdf, style, words
from render.patience import Patience
from render.table import columns_of, read_rows, table_width

BLACK_SQUARE = file_of(Image.new("L", (100, 100), 0), "PNG")


def html(body: str, **fields: object) -> Part:
    return part(body, "text/html", **fields)


def test_backgrounds_are_dropped_and_pale_text_becomes_black() -> None:
    (dark,) = pictures(render(html('<body style="background:#000;color:#fff"><p>Hello</p>')))
    (plain,) = pictures(render(html("<p>Hello</p>")))
    assert dark.tobytes() == plain.tobytes()


def test_even_an_important_inline_style_yields() -> None:
    styled = '<p style="color:#fefefe !important; background:#000 !important">Hello</p>'
    assert pictures(render(html(styled)))[0].tobytes() == pictures(render(html("<p>Hello</p>")))[0].tobytes()


def test_backgrounds_stay_on_request() -> None:
    body = html('<p style="background:#000">&nbsp;</p>')
    assert ink(pictures(render(body, keep_backgrounds=True))[0]) > 10_000
    assert ink(pictures(render(body))[0]) == 0


def test_pictures_of_the_message_are_drawn() -> None:
    with_logo = html('<img src="cid:logo@x" width=100>', related={"logo@x": ("image/png", BLACK_SQUARE)})
    assert ink(pictures(render(with_logo))[0]) > 30_000


def test_a_cid_with_escapes_is_found() -> None:
    body = html('<img src="cid:a%20b">', related={"a b": ("image/png", BLACK_SQUARE)})
    assert ink(pictures(render(body))[0]) > 30_000


def test_pictures_go_on_request() -> None:
    body = html('<img src="cid:a">', related={"a": ("image/png", BLACK_SQUARE)})
    assert ink(pictures(render(body, images=False))[0]) == 0


def test_a_picture_that_is_missing_leaves_its_words() -> None:
    (page,) = pictures(render(html('<img src="http://example.org/x.png" alt="our logo">')))
    assert ink(page) > 500


def test_a_picture_wider_than_the_page_is_made_to_fit() -> None:
    wide = file_of(Image.new("L", (3000, 300), 0), "PNG")
    (page,) = pictures(render(html('<img src="cid:a">', related={"a": ("image/png", wide)})))
    left, _, right, _ = ink_box(page) or (0,) * 4
    assert (left, right) == (pytest.approx(141, abs=3), pytest.approx(1587, abs=3))


def test_tables_keep_their_attributes() -> None:
    (page,) = pictures(render(html('<table border=1 width="100%"><tr><td>a<td align=right>b</table>')))
    left, _, right, _ = ink_box(page) or (0,) * 4
    assert right - left > 1400


def test_the_authors_page_size_does_not_change_ours() -> None:
    body = html("<style>@page { size: A5; margin: 0 }</style>" + "<p>line</p>" * 45)
    assert render(body).pages == render(html("<p>line</p>" * 45)).pages


def test_the_mime_charset_wins_over_the_documents_own() -> None:
    source = '<meta charset="iso-8859-1"><p>Привет</p>'
    assert pictures(render(html(source)))[0].tobytes() == pictures(render(html("<p>Привет</p>")))[0].tobytes()


def test_fonts_people_name_are_mapped_to_ours() -> None:
    for theirs, ours in (
        ("Arial", "Liberation Sans"),
        ("MS Gothic", "IPAGothic"),
        ("ＭＳ 明朝", "IPAMincho"),
    ):
        named, mapped = (html(f"<p style=\"font-family:'{font}'\">Aa 漢字</p>") for font in (theirs, ours))
        assert pictures(render(named))[0].tobytes() == pictures(render(mapped))[0].tobytes()


def test_the_language_of_the_document_is_respected() -> None:
    assert "font-language-override" not in style('<html lang="ja">', Settings(), "zh-cn")
    assert 'font-language-override: "zh-cn"' in style("<html>", Settings(), "zh-cn")


def test_layout_that_trips_still_gives_the_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def trip(*_: object) -> bytes:
        raise RecursionError

    monkeypatch.setattr(html_module, "typeset", trip)
    warnings: list[str] = []
    pdf = html_pdf(
        html("", name="x.html"),
        "<p>Total<script>no</script> 100</p>",
        Settings(),
        "",
        warnings,
        patience=Patience(),
    )
    assert pdf.startswith(b"%PDF")
    assert warnings == ["x.html: the layout could not be followed; its words were drawn as plain text."]


def test_markup_nested_thousands_deep_is_drawn_somehow() -> None:
    rendering = render(html("<div>" * 3000 + "deep"))
    assert rendering.pages >= 1
    assert ink(pictures(rendering)[0]) > 100


def test_the_words_of_a_document_come_in_lines_without_scripts() -> None:
    source = (
        "<head><title>T</title><style>p{}</style></head><p>One&nbsp;two<br>three<table><tr><td>a<td>b</table>"
    )
    assert words(source).split("\n") == ["One two", "three", "", "a b"]


def test_a_csv_file_becomes_a_ruled_table() -> None:
    (page,) = pictures(render(part("name,amount\nx,1\ny,22\n", "text/csv")))
    left, top, right, _ = ink_box(page) or (0,) * 4
    rule = page.crop((left, top, right, top + 2))
    assert ink(rule) >= (right - left) * 2 * 0.9


def test_the_head_of_a_table_comes_again_on_every_page() -> None:
    rows = "".join(f"{n},x\n" for n in range(150))
    first, second, *_ = pictures(render(part("HEAD,COLUMN\n" + rows, "text/csv")))
    box = ink_box(first) or (0,) * 4
    strip = (box[0], box[1], box[2], box[1] + 35)
    assert first.crop(strip).tobytes() == second.crop(strip).tobytes()


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found(separator: str) -> None:
    text = "\n".join(separator.join(row) for row in (("a", "b", "c"), ("1", "2", "3"), ("4", "5", "6")))
    assert read_rows(text) == [["a", "b", "c"], ["1", "2", "3"], ["4", "5", "6"]]


def test_quoted_cells_keep_commas_and_lines() -> None:
    assert read_rows('name,town\n"Smith, John","a\nb"\n') == [["name", "town"], ["Smith, John", "a\nb"]]


@pytest.mark.parametrize("text", ["", '"', 'a,"b\n' * 3, "a" * 200_000, ",,,\n", "just words"])
def test_any_text_at_all_can_be_read_as_a_table(text: str) -> None:
    assert isinstance(read_rows(text), list)


def test_rows_shorter_than_the_head_are_filled_up() -> None:
    assert render(part("a,b,c\n1\n1,2,3,4\n", "text/csv")).pages == 1


def test_a_wide_table_is_laid_on_its_side() -> None:
    (narrow,) = pictures(render(part("a,b\n1,2\n", "text/csv")))
    (wide,) = pictures(
        render(part(",".join(["some heading"] * 9) + "\n" + ",".join(["value"] * 9), "text/csv"))
    )
    tall = ink_box(wide) or (0,) * 4
    flat = ink_box(narrow) or (0,) * 4
    assert tall[3] - tall[1] > 1200
    assert flat[3] - flat[1] < 200


def test_nothing_of_a_table_falls_off_the_edge() -> None:
    row = ",".join(f"https://example.org/{n}/" + "x" * 60 for n in range(8))
    (page,) = pictures(render(part(row + "\n" + row, "text/csv")))
    left, top, right, bottom = ink_box(page) or (0,) * 4
    assert left > 60
    assert top > 60
    assert right < 1728 - 60
    assert bottom < 2287 - 60


def test_east_asian_characters_count_twice() -> None:
    assert columns_of("ab漢字ｶﾅ") == 8
    assert table_width([["ab", "x"], ["漢字", ""]]) == 4 + 1 + 6


@pytest.mark.parametrize("html_", ["<pre>{}</pre>", "<p>{}</p>"])
def test_a_line_without_a_blank_goes_on_below_rather_than_over_the_edge(html_: str) -> None:
    short, long = (ink(pictures(render(html(html_.format("w" * count))))[0]) for count in (60, 240))
    assert long > 3.8 * short


def test_a_vertical_tab_in_a_cell_is_a_line_end_there() -> None:
    assert render(part("a,b\n1,x\vy\n", "text/csv")).warnings == []
    assert read_rows("a,b\n1,x\ue00by\n") == [["a", "b"], ["1", "x\ny"]]


def test_more_letters_than_there_is_time_for_are_drawn_as_words_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(html_module, "_MOST_LETTERS", 100)
    rendering = render(html("<p>" + "word " * 30))
    assert rendering.warnings == [f"The message: {html_module.WORDS_ALONE}"]


@pytest.mark.parametrize("opened", ["<!--", "<meta charset="])
def test_markup_that_is_never_closed_costs_no_more_than_the_patience_there_is(opened: str) -> None:
    warnings: list[str] = []
    hostile = "<p>words</p>" + opened * 8_000
    pdf = html_pdf(html(hostile), hostile, Settings(), "", warnings, patience=Patience(0.3))
    assert pdf.startswith(b"%PDF")
    assert html_module.WORDS_ALONE in warnings[0]
