"""The subject line: email-interface section 2.2 rule by rule, and the vectors of section 9."""

from __future__ import annotations

import pytest

from gateway.domain.errors import BadOption
from gateway.domain.options import check
from gateway.mailin.subject import MODIFIERS, Argument, Modifier, parse, read_options

# Rows of later releases, to hold the parser to the rules that today's rows do not need.
MORE = {
    **MODIFIERS,
    "/fonttype": Modifier("font", argument=Argument.TEXT),
    "/fontsize": Modifier("size", argument=Argument.WORD),
}


@pytest.mark.parametrize(
    ("text", "visible", "options"),
    [
        ("Order 5521 /b", "Order 5521", {"body": "with"}),
        ("/bb", "", {"body": "only"}),
        ("Plan A/B /rf", "Plan A/B", {"resolution": "fine"}),
        ("see /etc /b", "see /etc", {"body": "with"}),
        ("a /b /etc", "a /b /etc", {}),
        ("見積　/rs", "見積", {"resolution": "standard"}),
        ("tabbed\t/RF", "tabbed", {"resolution": "fine"}),
        ("x /bn /rf", "x", {"body": "without", "resolution": "fine"}),
        ("", "", {}),
        ("   ", "", {}),
        ("/b", "", {"body": "with"}),
        ("Re: Fwd: order /b", "Re: Fwd: order", {"body": "with"}),
        ("two  blanks /b", "two  blanks", {"body": "with"}),
    ],
)
def test_modifiers_at_the_end_are_taken_and_the_rest_stays(
    text: str, visible: str, options: dict[str, object]
) -> None:
    found, checked = read_options(text)
    assert (found.visible, checked) == (visible, options)


@pytest.mark.parametrize(
    "text", ["A/b", "1/2", "and/or", "http://x.example/b", "2030/01/31", "x /b/", "x //b", "x/b"]
)
def test_what_only_looks_like_a_modifier_is_text(text: str) -> None:
    assert parse(text).visible == text
    assert parse(text).options == {}


def test_a_modifier_before_other_words_is_text() -> None:
    found = parse("do /b it /rf now")
    assert (found.visible, found.options) == ("do /b it /rf now", {})


def test_unknown_words_are_named_in_a_warning() -> None:
    assert parse("see /etc /b").warnings == ("/etc is not a modifier",)
    assert parse("path /var/log 1/2 /b").warnings == ()


@pytest.mark.parametrize(
    ("text", "option", "value"),
    [
        ("x /b /bn", "body", "without"),
        ("x /bn /b", "body", "with"),
        ("x /rs /rf /rs", "resolution", "standard"),
    ],
)
def test_the_last_of_two_contradicting_modifiers_wins(text: str, option: str, value: str) -> None:
    assert parse(text).options[option] == value


@pytest.mark.parametrize(
    ("text", "visible", "options"),
    [
        (
            "見積　/h To: {To}  P.{TotalPages} /rs",
            "見積",
            {"header": "To: {To}  P.{TotalPages}", "resolution": "standard"},
        ),
        ("x /fonttype MS Gothic /fontsize 14", "x", {"font": "MS Gothic", "size": "14"}),
        ("x /h", "x", {"header": None}),
        ("x /h /hn", "x", {"header": ""}),
        ('x /h "a /b c" /rf', "x", {"header": "a /b c", "resolution": "fine"}),
        ('x /h "not closed /b', "x", {"header": '"not closed', "body": "with"}),
        ("x /h see /etc /b", "x", {"header": "see /etc", "body": "with"}),
        ("x /fontsize 14 pt", "x /fontsize 14 pt", {}),
        ("x /fontsize /b", "x", {"size": None, "body": "with"}),
        ("x /fontsize x", "x", {"size": "x"}),
    ],
)
def test_arguments_run_to_the_next_modifier(text: str, visible: str, options: dict[str, object]) -> None:
    found = parse(text, MORE)
    assert (found.visible, found.options) == (visible, options)


def test_a_long_subject_of_modifiers_is_read_in_one_pass() -> None:
    found = parse("/b x " * 50_000 + "/h " + "word " * 50_000 + "/rf", MORE)
    assert found.options["resolution"] == "fine"
    assert len(str(found.options["header"])) == 5 * 50_000 - 1


def test_every_modifier_without_argument_sets_a_value_its_option_takes() -> None:
    for modifier in (row for row in MODIFIERS.values() if row.argument is Argument.NONE):
        assert check({modifier.option: modifier.value}) == {modifier.option: modifier.value}


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("Order /h {From} P.{Page}", "{From} P.{Page}"),
        ("Order /h", None),  # the account's own
        ("Order /hn", ""),  # none
        ("Order /h own /hn", ""),
        ("Order /hn /h", None),
    ],
)
def test_the_header_line_is_the_accounts_the_mails_or_none(text: str, header: str | None) -> None:
    found, checked = read_options(text)
    assert (found.visible, checked) == ("Order", {"header": header})


def test_a_header_of_more_than_a_line_is_refused() -> None:
    with pytest.raises(BadOption, match="one line"):
        read_options("Order /h " + "x" * 201)


@pytest.mark.parametrize(
    ("text", "defer"),
    [
        ("Order /d 2030-06-02 09:30", "2030-06-02 09:30"),
        ("Order /d 2030/6/2 9:30", "2030-06-02 09:30"),
        ("Order /d 2030-06-02T09:30", "2030-06-02 09:30"),
        ("Order /D 09:30", "09:30"),
        ("Order /d " + "".join(chr(ord(sign) + 0xFEE0) for sign in "09:30"), "09:30"),
        ("Order /d 08:00 /d 09:30", "09:30"),
    ],
)
def test_a_time_to_send_is_read(text: str, defer: str) -> None:
    found, checked = read_options(text)
    assert (found.visible, checked) == ("Order", {"defer": defer})


@pytest.mark.parametrize(
    "tail",
    ["/d", "/d 25:99", "/d 24:00", "/d 2030-02-30 10:00", "/d tomorrow", "/d 2030-06-02", "/d 10:00 sharp"],
)
def test_a_time_that_cannot_be_meant_is_refused_and_never_sent_at_once(tail: str) -> None:
    with pytest.raises(BadOption, match="is no time"):
        read_options(f"Order {tail}")
