"""The transmission report in words: what it says of calls and pages, in four languages."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from gateway.domain.outcome import Cause
from gateway.domain.states import PageState
from gateway.language import LANGUAGES
from gateway.notify import samples
from gateway.notify.report import ANSWERS, Call, SentPage, css_of, html_of

if TYPE_CHECKING:
    from gateway.notify.report import Report


def words(report: Report, language: str = "en") -> str:
    body = html.document_fromstring(html_of(report, language)).find("body")
    return " ".join(" ".join(body.itertext()).split())


def test_it_names_result_calls_pages_and_sums() -> None:
    report = samples.report("en")
    said = words(report)
    assert "Your fax to 0081312345680 arrived only in part: 2 pages of 3 were confirmed." in said
    assert "1 2030-04-01 09:00:05 78 14400 bit/s MMR, ECM +81 3 1234 5680" in said
    assert "2 2030-04-01 09:03:05 64 9600 bit/s MR +81 3 1234 5680" in said
    assert "2 1 ✕ Rejected 29.9 40112 14400 bit/s 2 2 ✕ Rejected 44.7 40112 9600 bit/s" in said
    assert report.received in said
    assert report.sent in said
    assert "Page 1 may have arrived twice" in said


def test_pages_stand_in_their_order_and_then_in_that_of_the_calls() -> None:
    document = html.document_fromstring(html_of(samples.report("en"), "en"))
    grid = document.findall(".//table[@class='grid']")[-1]
    rows = [[cell.text_content() for cell in row][:2] for row in grid.findall("tbody/tr")]
    assert rows == [["1", "1"], ["2", "1"], ["2", "2"], ["3", "2"]]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_it_in_its_own_words(language: str) -> None:
    text = html_of(samples.report(language), language)
    assert f'<html lang="{language.replace("_", "-")}">' in text
    if language != "en":
        visible = re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)
        assert not re.search(r"Transmission|Rejected|Confirmed|Call|Speed|Octets|unreadable", visible)


def test_a_good_fax_is_told_by_word_and_mark_not_by_colour_alone() -> None:
    report = replace(samples.report("en"), result=samples.SENT)
    assert "✓ Your fax to 0081363684300 was sent." in words(report)
    assert "✕ Your fax" in words(samples.report("en"))
    unsure = replace(samples.report("en"), result=samples.RESULTS["uncertain"])
    assert "? It is not certain" in words(unsure)


def test_a_call_over_a_simulated_line_is_said_to_be_one() -> None:
    report = replace(samples.report("en"), result=replace(samples.SENT, simulated_line=True))
    assert "SIMULATED: this fax went over a simulated line." in words(report)


def test_without_a_picture_there_is_none() -> None:
    report = replace(samples.report("en"), first_page=False, sent="")
    text = html_of(report, "en")
    assert "<img" not in text
    assert "Pages as transmitted" not in text


def test_there_is_a_word_for_every_answer() -> None:
    assert set(ANSWERS) == {state.value for state in PageState}


@pytest.mark.parametrize(
    ("states", "page"),
    [
        ((), 1),
        (("confirmed", "confirmed"), 3),
        (("confirmed", "awaiting"), 2),
        (("rejected", "confirmed"), 1),
    ],
)
def test_a_call_stopped_at_its_first_page_without_confirmation(states: tuple[str, ...], page: int) -> None:
    pages = tuple(SentPage(n, state, 0, 0.0, 0) for n, state in enumerate(states, 1))
    assert Call(samples.NINE, 1.0, Cause.CALL_DROPPED, pages=pages).stopped_at == page


def test_the_fonts_are_those_of_the_language() -> None:
    assert css_of("ja").index("IPAPGothic") < css_of("ja").index("sans-serif")
    assert "Noto Sans CJK SC" in css_of("zh_CN")
    assert "Noto Sans CJK SC" not in css_of("ja")


TEXT = st.text(alphabet=st.characters(codec="utf-8"), max_size=40)


@given(TEXT, TEXT, TEXT)
def test_nothing_from_outside_becomes_markup(subject: str, contact: str, csid: str) -> None:
    nasty = "<img src='file:///etc/passwd'><script>"
    result = replace(samples.PARTLY, subject=nasty + subject, contact=contact + nasty, remote_id=csid + nasty)
    calls = (replace(samples.report("en").calls[0], remote_id=nasty + csid),)
    document = html.document_fromstring(
        html_of(replace(samples.report("en"), result=result, calls=calls), "en")
    )
    assert [image.get("src") for image in document.iter("img")] == ["cid:page-1"]
    assert list(document.iter("script")) == []
