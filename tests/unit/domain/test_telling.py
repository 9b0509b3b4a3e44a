"""Who is told of an end: what accounts choose, what a mail asks for, what a client's mail system asks for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.states import DeliveryState
from gateway.domain.telling import AT_REST, DSN, WHEN, Asked, Wishes, owed

NOBODY_ASKED = Asked()


@pytest.mark.parametrize(
    ("when", "of_success", "of_failure"),
    [("always", True, True), ("success", True, False), ("failure", False, True), ("never", False, False)],
)
def test_when(when: str, of_success: bool, of_failure: bool) -> None:
    wishes = Wishes.of({"when": when})
    assert (wishes.result(good=True), wishes.result(good=False)) == (of_success, of_failure)


def test_an_account_that_says_nothing_is_always_told() -> None:
    assert Wishes.of({}) == Wishes("always", "", only_default=False, batch=False, dsn="besides", mdn=False)


def test_one_mail_may_ask_for_something_else_than_its_account() -> None:
    assert Wishes.of({"when": "always"}, "failure").when == "failure"
    assert Wishes.of({"when": "never"}, "always").when == "always"


@pytest.mark.parametrize("asked", [None, "", "smoke signals", 7])
def test_what_is_no_wish_changes_nothing(asked: object) -> None:
    assert Wishes.of({"when": "failure"}, asked).when == "failure"


def test_words_of_another_release_mean_the_default() -> None:
    assert Wishes.of({"when": "sometimes", "dsn": "twice"}) == Wishes()


@pytest.mark.parametrize(
    ("default", "only", "sender", "told"),
    [
        ("", False, "a@x.example", ("a@x.example",)),
        ("", True, "a@x.example", ("a@x.example",)),  # "only the default address" without one: nobody is lost
        ("ops@x.example", False, "a@x.example", ("a@x.example", "ops@x.example")),
        ("ops@x.example", True, "a@x.example", ("ops@x.example",)),
        ("ops@x.example", False, "", ("ops@x.example",)),
        ("a@x.example", False, "a@x.example", ("a@x.example",)),
        ("", False, "", ()),
    ],
)
def test_addresses(default: str, only: bool, sender: str, told: tuple[str, ...]) -> None:
    assert Wishes.of({"default_address": default, "only_default": only}).addresses(sender) == told


@pytest.mark.parametrize(
    ("notify", "good", "reported"),
    [
        (["success", "failure", "delay"], True, True),
        (["SUCCESS"], True, True),
        ("SUCCESS,FAILURE", False, True),
        (["success"], False, False),
        (["failure"], True, False),
        (["never"], False, False),
        (["delay"], False, False),
        ([], False, False),
    ],
)
def test_notify_of_rfc_3461(notify: object, good: bool, reported: bool) -> None:
    assert Asked.of({"notify": notify}).report(good=good) is reported


def test_a_client_that_does_not_ask_gets_only_the_result() -> None:
    for dsn in DSN:
        assert owed(Wishes(dsn=dsn), NOBODY_ASKED, good=True) == ("result",)


@pytest.mark.parametrize(
    ("dsn", "notify", "good", "mails"),
    [
        ("besides", ["success", "failure"], True, ("result", "dsn")),
        ("besides", ["failure"], True, ("result",)),
        ("besides", ["never"], False, ("result",)),
        ("instead", ["success", "failure"], False, ("dsn",)),
        ("instead", ["failure"], True, ()),
        ("instead", ["never"], False, ()),
        ("never", ["success", "failure"], True, ("result",)),
    ],
)
def test_the_report_besides_or_instead_of_the_result(
    dsn: str,
    notify: list[str],
    good: bool,
    mails: tuple[str, ...],
) -> None:
    assert owed(Wishes(dsn=dsn), Asked.of({"notify": notify}), good=good) == mails


def test_a_report_does_not_depend_on_when_results_are_wanted() -> None:
    assert owed(Wishes(when="never"), Asked.of({"notify": ["failure"]}), good=False) == ("dsn",)


def test_uncertain_is_at_rest_and_waiting_is_not() -> None:
    assert DeliveryState.UNCERTAIN in AT_REST
    assert DeliveryState.SENT in AT_REST
    assert AT_REST.isdisjoint({DeliveryState.WAITING_RETRY, DeliveryState.HELD, DeliveryState.CREATED})


WORDS = st.sampled_from([*WHEN, *DSN, "", "x", "NEVER"])
ANY = st.one_of(WORDS, st.none(), st.booleans(), st.integers(), st.lists(WORDS, max_size=3))


@given(
    st.dictionaries(st.sampled_from(["when", "dsn", "batch", "mdn", "default_address"]), ANY),
    ANY,
    ANY,
    st.booleans(),
)
def test_no_setting_raises_and_nobody_hears_twice(
    notify: dict[str, object], asked: object, dsn: object, good: bool
) -> None:
    wishes = Wishes.of(notify, asked)
    words = Asked.of({"notify": dsn if isinstance(dsn, str | list) else []})
    mails = owed(wishes, words, good=good)
    assert len(mails) == len(set(mails))
    to = wishes.addresses("a@x.example")
    assert to
    assert len(to) == len(set(to))
