"""The subject line: email-interface section 2.2 rule by rule, and the vectors of section 9."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.domain.errors import BadConfig, BadOption
from gateway.domain.modifiers import MODIFIERS, Argument, spelt, with_aliases
from gateway.domain.options import check
from gateway.mailin.subject import HIDDEN, parse, read_options


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
        ("x /fonttype MS Gothic /fontsize 14", "x", {"font": "MS Gothic", "font_size": "14"}),
        ("x /h", "x", {"header": None}),
        ("x /h /hn", "x", {"header": ""}),
        ('x /h "a /b c" /rf', "x", {"header": "a /b c", "resolution": "fine"}),
        ('x /h "not closed /b', "x", {"header": '"not closed', "body": "with"}),
        ("x /h see /etc /b", "x", {"header": "see /etc", "body": "with"}),
        ("x /fontsize 14 pt", "x /fontsize 14 pt", {}),
        ("x /fontsize /b", "x", {"font_size": None, "body": "with"}),
        ("x /fontsize x", "x", {"font_size": "x"}),
    ],
)
def test_arguments_run_to_the_next_modifier(text: str, visible: str, options: dict[str, object]) -> None:
    found = parse(text, MODIFIERS)
    assert (found.visible, found.options) == (visible, options)


def test_a_long_subject_of_modifiers_is_read_in_one_pass() -> None:
    found = parse("/b x " * 50_000 + "/h " + "word " * 50_000 + "/rf", MODIFIERS)
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


@pytest.mark.parametrize(
    ("tail", "options"),
    [
        ("/b", {"body": "with"}),
        ("/bn", {"body": "without"}),
        ("/bb", {"body": "only"}),
        ("/ib", {"keep_backgrounds": True}),
        ("/h Y", {"header": None}),
        ("/rs", {"resolution": "standard"}),
        ("/rf", {"resolution": "fine"}),
        ("/fonttype MS Mincho", {"font": "MS Mincho"}),
        ("/fontsize 14", {"font_size": 14}),
        ("/fontsize 10.5pt", {"font_size": 10.5}),
        ("/retries 0", {"dials": 1}),  # N more after the first
        ("/retries 3", {"dials": 4}),
        ("/retries 6", {"dials": 7}),
        ("/interval 10", {"interval_minutes": 10}),
        ("/pagesize Letter", {"paper": "letter"}),
        ("/portrait", {"orientation": "portrait"}),
        ("/landscape", {"orientation": "landscape"}),
        ("/csid +81 3 1234 5678", {"csid": "+81 3 1234 5678"}),
        ("/contact 山田 太郎", {"contact": "山田 太郎"}),
        ("/ref PO 4711", {"reference": "PO 4711"}),
        ("/reply a@example.org", {"reply_to": "a@example.org"}),
        ("/noreply", {"notify": "never"}),
        ("/bw", {"rendering": "bw"}),
        ("/grayscale", {"rendering": "grayscale"}),
        ("/fit", {"fit": True}),
        ("/nofit", {"fit": False}),
        ("/priority high", {"priority": "high"}),
        ("/pw correct horse", {"password": "correct horse"}),
        ('/pw " /b "', {"password": "/b"}),
        ("/GRAYSCALE /Retries 2 /B", {"rendering": "grayscale", "dials": 3, "body": "with"}),
    ],
)
def test_every_modifier_sets_its_option(tail: str, options: dict[str, object]) -> None:
    found, checked = read_options(f"見積 {tail}")
    assert (found.visible, checked) == ("見積", options)


@pytest.mark.parametrize(
    ("tail", "sentence"),
    [
        ("/fontsize x", "/fontsize: 'x' is not a size from 5 to 72 points"),
        ("/retries 7", "/retries: '7' is not a whole number from 0 to 6"),
        ("/retries", "/retries: '' is not a whole number from 1 to 7"),
        ("/INTERVAL soon", "/interval: 'soon' is not a whole number from 1 to 30"),
        ("/pagesize a5", "/pagesize: 'a5' is not one of a4, letter, legal, b4"),
        ("/reply me", "/reply: 'me' is not a mail address"),
        ("/csid 123456789012345678901", "/csid: this takes one line of 1 to 20 characters"),
        ("/pw", "/pw: this takes one line of 1 to 128 characters"),
        ("/fontsize 12 /fontsize x", "/fontsize: 'x' is not a size from 5 to 72 points"),
    ],
)
def test_a_bad_argument_is_refused_by_the_word_that_was_written(tail: str, sentence: str) -> None:
    with pytest.raises(BadOption) as caught:
        read_options(f"Order {tail}")
    assert caught.value.text == sentence


def test_an_account_may_have_bad_arguments_ignored_but_not_in_silence() -> None:
    found, options = read_options("Order /fontsize 12 /rf /fontsize x", ignore_errors=True)
    assert options == {"resolution": "fine"}  # not 12: the sender meant something else
    assert found.warnings == ("/fontsize: 'x' is not a size from 5 to 72 points",)


@pytest.mark.parametrize(
    "subject",
    [
        "Order /pw geheim",
        "Order /PW geheim /b",
        "Order /pw geheim /b /etc",  # no modifier, for something stands behind it
        'Order /pw "geheim geheim" /b /etc',
        "/pw geheim /x /b",
        "Order /pw /geheim",
        "Order /b /pw geheim x/y",
    ],
)
def test_a_password_is_never_shown_nor_named_in_a_warning(subject: str) -> None:
    found = parse(subject)
    assert "geheim" not in found.visible
    assert not any("geheim" in warning for warning in found.warnings)


def test_a_subject_that_seems_to_hold_a_password_shows_that_something_stood_there() -> None:
    assert parse("Order /pw geheim /b /etc").visible == f"Order /pw {HIDDEN} /b /etc"


def test_an_operators_spelling_stands_beside_ours() -> None:
    rows = with_aliases({"/Retry": "/retries", "/quer": "/LANDSCAPE", "/kennwort": "/pw"})
    assert read_options("x /retry 2 /quer", rows)[1] == {"dials": 3, "orientation": "landscape"}
    assert read_options("x /retries 1 /RETRY 2", rows)[1] == {"dials": 3}
    assert parse("x /kennwort geheim /b /etc", rows).visible == f"x /kennwort {HIDDEN} /b /etc"


@pytest.mark.parametrize(
    ("aliases", "why"),
    [
        ({"retry": "/retries"}, "'retry' is not a free name"),
        ({"/b": "/bn"}, "'/b' is not a free name"),
        ({"/two words": "/b"}, "is not a free name"),
        ({"/retry": "/retrys"}, "'/retry' stands for '/retrys', which is not one of /b, "),
        ({"/one": "/two", "/two": "/b"}, "'/one' stands for '/two'"),
    ],
)
def test_an_alias_that_cannot_be_meant_is_refused(aliases: dict[str, str], why: str) -> None:
    with pytest.raises(BadConfig, match=why):
        with_aliases(aliases)


words = st.sampled_from([*MODIFIERS, "/etc", "A/B", "1/2", '"', '"x"', "見積", "Order", "12", "a4"])
subjects = st.one_of(
    st.text(),
    st.lists(words, max_size=12).map(" ".join),
    st.lists(st.one_of(words, st.text(max_size=5)), max_size=12).map("\u3000".join),
)


@given(subjects)
def test_any_subject_is_read(text: str) -> None:
    """Reading never fails, and the options that come out are those of the schema."""
    found, options = read_options(text, ignore_errors=True)
    assert check(options) == options
    assert len(found.visible) <= len(text) + 2 * text.count("/")


@given(subjects)
def test_no_word_is_lost(text: str) -> None:
    """Each word is visible, hidden as a password, a modifier, or in a modifier's argument."""
    found = parse(text)
    written = text.replace("\u3000", " ").replace("\t", " ").replace("\u00a0", " ").replace('"', "")
    kept = f"{found.visible} " + " ".join(f"{wish.word} {wish.argument}" for wish in found.wishes)
    kept = kept.replace('"', "")
    assume(HIDDEN not in found.visible)
    assert [word for word in written.split(" ") if word not in kept] == []


@given(subjects)
def test_what_is_visible_has_no_modifier_left_in_its_tail(text: str) -> None:
    visible = parse(text).visible
    assume(HIDDEN not in visible)
    assert parse(visible).wishes == ()


@pytest.mark.parametrize(
    ("options", "written"),
    [
        ({}, ""),
        ({"resolution": "fine", "dials": 3, "body": "with"}, "/rf /retries 2 /b"),
        ({"header": ""}, "/hn"),
        ({"header": None}, "/h"),
        ({"header": "a /b c", "font_size": 10.5}, '/h "a /b c" /fontsize 10.5'),
        ({"fit": False, "keep_backgrounds": True, "notify": "never"}, "/nofit /ib /noreply"),
        ({"cover": False, "wrap": True}, ""),  # of conventions only
    ],
)
def test_options_are_shown_as_a_subject_writes_them(options: dict[str, object], written: str) -> None:
    assert spelt(options) == written


@given(st.lists(words, max_size=12).map(" ".join))
def test_options_shown_are_read_as_the_same_options(text: str) -> None:
    _, options = read_options(text, ignore_errors=True)
    assume(not any('"' in str(value) for value in options.values()))
    assert read_options(spelt(options))[1] == options
