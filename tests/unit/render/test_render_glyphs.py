"""What no font has is put in words, and nothing that a font has is touched."""

from __future__ import annotations

import pytest
from render_fixtures import part, render

from render import glyphs
from render.dingbats import signs


@pytest.mark.parametrize(
    "text",
    ["plain", "日本語 ①㈱ 髙﨑", "→ ★ ♥ ☎", "葛\U000e0100飾", "𠮷野", "Жук", "한국어"],
)
def test_what_the_fonts_have_stays(text: str) -> None:
    assert glyphs.drawable(text) == (text, False)


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("\U0001f1ef\U0001f1f5", "[JP]"),
        ("了解\U0001f9ff\U0001f3fbです", "了解[nazar amulet]です"),
        ("\U0001f9d1\u200d\U0001f9b0", "[adult][emoji component red hair]"),
        ("\ue001\U000fe330", "〓〓"),
    ],
)
def test_pictures_without_a_shape_become_words(text: str, drawn: str) -> None:
    assert glyphs.drawable(text) == (drawn, True)


def test_marks_that_only_choose_a_picture_are_no_loss() -> None:
    text, replaced = glyphs.drawable("\u2764\ufe0f")
    assert text.startswith("\u2764")
    assert not replaced


def test_what_is_not_known_to_the_fonts_is_asked_once_for_all() -> None:
    assert glyphs.has("A")
    assert glyphs.has("あ")
    assert not glyphs.has("\U0010fffd")


@pytest.mark.parametrize(
    ("html", "seen"),
    [
        ("&#3626;&#xE2A;", "สส"),
        ("&#128077;", "\U0001f44d"),
        ("&#x1F44D;", "\U0001f44d"),
        ("&#55357;", "&#55357;"),
        ("&#9999999;", "&#9999999;"),
        ("&#60; &lt; &#x3c;", "&#60; &lt; &#x3c;"),
    ],
)
def test_references_are_written_out_but_never_to_markup(html: str, seen: str) -> None:
    assert glyphs.resolved(html) == seen


def test_the_sender_is_told() -> None:
    rendering = render(part("ok \U0001f9ff"))
    assert rendering.warnings == [f"The text: {glyphs.IN_WORDS}"]


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ("<span style='font-family:Wingdings'>l</span>", "<span style='font-family:Wingdings'>●</span>"),
        ('<font face="Wingdings">J</font>', '<font face="Wingdings">☺</font>'),
        ("<p style='font-family:Wingdings'><span x>Ø<b>", "<p style='font-family:Wingdings'><span x>➢<b>"),
        ("<p>Jill has no Wingdings</p>", "<p>Jill has no Wingdings</p>"),
        ("<span style='font-family:Arial'>l</span>", "<span style='font-family:Arial'>l</span>"),
    ],
)
def test_letters_in_wingdings_are_the_signs_they_were_to_show(html: str, shown: str) -> None:
    assert signs(html) == shown


def test_a_hostile_row_of_open_tags_takes_no_time() -> None:
    html = "<span style='font-family:Wingdings" * 5_000
    assert signs(html) == html


@pytest.mark.parametrize(
    ("text", "drawn"),
    [("a สวัสดี b", "a [Thai, 6 letters] b"), ("नमस्ते!", "[Devanagari, 6 letters]!")],
)
def test_words_of_a_script_without_a_font_are_named_and_counted(
    text: str, drawn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(glyphs, "has", str.isascii)  # whatever fonts this machine has
    assert glyphs.drawable(text) == (drawn, True)


def test_words_of_a_script_with_a_font_stay() -> None:
    text = "مرحبا Ա 한국어 Ελλάδα Việt"
    assert glyphs.drawable(text) == (text, False)
