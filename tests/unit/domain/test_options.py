"""The one schema of options: what each takes, how it is kept, and that nothing else gets through."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.details import said
from gateway.domain.errors import BadOption
from gateway.domain.options import PRIORITIES, SCHEMA, Option, check, kept, one_of

TAKEN: list[tuple[str, object, object]] = [
    ("body", "WITH", "with"),
    ("resolution", "Fine", "fine"),
    ("rendering", "grayscale", "grayscale"),
    ("paper", "A4", "a4"),
    ("paper", "\uff22\uff14", "b4"),  # full-width, as a Japanese keyboard writes it
    ("orientation", "Landscape", "landscape"),
    ("font", " MS Gothic ", "MS Gothic"),
    ("font_size", "14", 14),
    ("font_size", "10.5pt", 10.5),
    ("font_size", 12, 12),
    ("keep_backgrounds", True, True),
    ("fit", "no", False),
    ("wrap", "1", True),
    ("header", None, None),
    ("header", "", ""),
    ("header", "{From} P.{Page}", "{From} P.{Page}"),
    ("csid", "+81 3 6368 4300", "+81 3 6368 4300"),
    ("contact", "山田 太郎", "山田 太郎"),
    ("reference", "PO 4711", "PO 4711"),
    ("defer", "2030/6/2 9:30", "2030-06-02 09:30"),
    ("dials", "\uff13", 3),
    ("dials", 7, 7),
    ("interval_minutes", "30", 30),
    ("priority", "HIGH", "high"),
    ("notify", "Never", "never"),
    ("reply_to", " a@example.org ", "a@example.org"),
    ("cover", False, False),
    ("cover", "no", False),
    ("password", "geheim", "geheim"),
]

REFUSED: list[tuple[str, object, str]] = [
    ("body", "perhaps", "body: 'perhaps' is not one of with, without, only"),
    ("resolution", 7, "resolution: '7' is not one of standard, fine"),
    ("paper", "a5", "paper: 'a5' is not one of a4, letter, legal, b4"),
    ("font", "", "font: this takes one line of 1 to 64 characters"),
    ("font", "a\nb", "font: this takes one line of 1 to 64 characters"),
    ("font_size", "x", "font_size: 'x' is not a size from 5 to 72 points"),
    ("font_size", "4.9", "font_size: '4.9' is not a size from 5 to 72 points"),
    ("font_size", 73, "font_size: '73' is not a size from 5 to 72 points"),
    ("font_size", True, "font_size: 'True' is not a size from 5 to 72 points"),
    ("fit", "perhaps", "fit: 'perhaps' is not one of yes, no"),
    ("header", "x" * 201, "header: this takes one line of 0 to 200 characters"),
    ("csid", "x" * 21, "csid: this takes one line of 1 to 20 characters"),
    ("contact", None, "contact: this takes one line of 1 to 200 characters"),
    ("dials", "0", "dials: '0' is not a whole number from 1 to 7"),
    ("dials", "8", "dials: '8' is not a whole number from 1 to 7"),
    ("dials", "-1", "dials: '-1' is not a whole number from 1 to 7"),
    ("dials", True, "dials: 'True' is not a whole number from 1 to 7"),
    ("interval_minutes", "31", "interval_minutes: '31' is not a whole number from 1 to 30"),
    ("reply_to", "nobody", "reply_to: 'nobody' is not a mail address"),
    ("reply_to", "a@b <c@d>", "reply_to: 'a@b <c@d>' is not a mail address"),
    ("cover", True, "cover: this gateway has no cover pages"),
    ("cover", "modern", "cover: this gateway has no cover pages"),
    ("colour", "red", "There is no option 'colour'."),
]


@pytest.mark.parametrize(("name", "value", "expected"), TAKEN)
def test_a_value_is_kept_as_the_schema_writes_it(name: str, value: object, expected: object) -> None:
    assert check({name: value}) == {name: expected}


@pytest.mark.parametrize(("name", "value", "sentence"), REFUSED)
def test_an_impossible_value_is_refused_with_what_is_possible(
    name: str, value: object, sentence: str
) -> None:
    with pytest.raises(BadOption) as caught:
        check({name: value})
    assert caught.value.text == sentence


def test_every_option_is_tried_here() -> None:
    assert {name for name, _, _ in TAKEN} == set(SCHEMA)


@pytest.mark.parametrize(("name", "value", "sentence"), REFUSED[:-1])
def test_a_refusal_reaches_a_reader_in_their_language(name: str, value: object, sentence: str) -> None:
    for language in ("ja", "zh_CN", "ru"):
        told = said(sentence, language)
        assert told.startswith(f"{name}: ")
        assert told != sentence, value


@given(st.dictionaries(st.sampled_from(sorted(SCHEMA)), st.one_of(st.text(), st.integers(), st.booleans())))
def test_what_is_let_through_is_let_through_unchanged_again(values: dict[str, object]) -> None:
    """Doors may check twice, and a database keeps what came out."""
    try:
        once = check(values)
    except BadOption:
        return
    assert check(json.loads(json.dumps(once))) == once


def test_a_refusal_names_the_option_as_the_sender_wrote_it() -> None:
    with pytest.raises(BadOption, match=r"^/pagesize: 'a5'"):
        check({"paper": "a5"}, labels={"paper": "/pagesize"})


def test_a_password_is_never_among_what_is_kept() -> None:
    assert kept({"password": "geheim", "paper": "a4"}) == {"paper": "a4"}


def test_a_door_may_bring_a_schema_of_its_own() -> None:
    schema = {"paper": Option(one_of("a4", "letter"), "paper")}
    assert check({"paper": "A4"}, schema) == {"paper": "a4"}
    with pytest.raises(BadOption, match="paper: 'a5' is not one of a4, letter"):
        check({"paper": "a5"}, schema)


def test_a_higher_word_of_priority_is_a_higher_number_in_the_queue() -> None:
    assert SCHEMA["priority"].check("normal") == "normal"
    assert PRIORITIES["low"] < PRIORITIES["normal"] < PRIORITIES["high"]
    assert PRIORITIES["normal"] == 0
