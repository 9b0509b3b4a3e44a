"""The words of a header line: whose template, what is filled in, where "continued" stands."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from gateway.domain.header import DEFAULT, Header, filled, moment, template


@pytest.mark.parametrize(
    ("own", "account", "used"),
    [
        (None, None, DEFAULT),
        (None, "{To}", "{To}"),
        (None, "", ""),
        ("", None, ""),
        ("", "{To}", ""),
        ("{Page}", "", "{Page}"),
        ("{Page}", "{To}", "{Page}"),
    ],
)
def test_the_mails_word_goes_before_the_accounts_and_the_accounts_before_ours(
    own: str | None, account: str | None, used: str
) -> None:
    assert template(own, account) == used


def test_known_placeholders_are_filled_and_unknown_braces_stay_as_written() -> None:
    text = filled("{To} {Nonsense} {to} {} {Subject}", {"To": "+81", "Subject": "{To}"})
    assert text == "+81 {Nonsense} {to} {} {To}"


def test_the_time_is_the_accounts_with_its_zone() -> None:
    local = datetime(2030, 6, 1, 21, 5, tzinfo=ZoneInfo("Asia/Tokyo"))
    assert moment(local) == {"Date": "2030-06-01", "Time": "21:05 JST"}


def test_pages_are_counted_through_in_two_figures() -> None:
    header = Header("a\tP. {Page}/12")
    assert header.columns(3) == ("a", "P. 03/12")
    assert header.columns(112) == ("a", "P. 112/12")


def test_a_call_that_goes_on_at_a_later_page_says_so_there_and_nowhere_else() -> None:
    header = Header("a\tP. {Page}/04", first=3, note="continued")
    assert [header.columns(n) for n in (3, 4)] == [("a", "(continued) P. 03/04"), ("a", "P. 04/04")]


def test_a_call_from_the_first_page_on_continues_nothing() -> None:
    assert Header("a\tP. {Page}", first=1, note="continued").columns(1) == ("a", "P. 01")


def test_a_template_without_columns_gets_the_note_at_its_end() -> None:
    assert Header("Acme {Page}", first=2, note="continued").columns(2) == ("Acme 02 (continued)",)
