"""What an account may call and what is dialled for it: threats.md section 5, rule by rule."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.domain.dialling import DIALLED, Caller, Rules, destination, dial_string, is_abroad, permit
from gateway.domain.errors import BadNumber, NumberDenied
from gateway.domain.numbers import split

SITE = Rules()
TOKYO, NEW_YORK, LONDON = "0081344772288", "0012125558596", "00442079460000"


def full_width(text: str) -> str:
    return "".join(chr(ord(sign) + 0xFEE0) for sign in text)


def anywhere(country: str = "81") -> Caller:
    return Caller(country, international=True)


@pytest.mark.parametrize(
    ("canonical", "country", "dialled"),
    [
        (TOKYO, "81", "0344772288"),
        (TOKYO, "JP", "0344772288"),
        (NEW_YORK, "81", "01012125558596"),
        (TOKYO, "1", "01181344772288"),
        (NEW_YORK, "1", "12125558596"),
        (NEW_YORK, "CA", "12125558596"),
        (LONDON, "44", "02079460000"),
        (TOKYO, "44", "0081344772288"),
        ("00390612345678", "39", "0612345678"),
        (TOKYO, "61", "001181344772288"),
        (TOKYO, "7", "81081344772288"),
        (TOKYO, "55", "0081344772288"),
        (TOKYO, "", "0081344772288"),
    ],
)
def test_the_dial_string_is_national_at_home_and_international_abroad(
    canonical: str, country: str, dialled: str
) -> None:
    assert dial_string(canonical, anywhere(country), SITE) == dialled


@pytest.mark.parametrize(
    "canonical", ["0344772288", "+81344772288", "", "00", "0081 344772288", full_width("0081363684300")]
)
def test_only_a_canonical_number_becomes_a_dial_string(canonical: str) -> None:
    with pytest.raises(BadNumber):
        dial_string(canonical, anywhere(), SITE)


@pytest.mark.parametrize("canonical", ["0081990123456", "0019005551234", "00870773111632", "009999999601"])
def test_what_is_denied_stays_denied_when_the_dial_string_is_made(canonical: str) -> None:
    with pytest.raises(BadNumber):
        dial_string(canonical, anywhere(), SITE)


@pytest.mark.parametrize(
    ("rules", "canonical", "dialled"),
    [
        (Rules(outside="0,"), TOKYO, "0,0344772288"),
        (Rules(outside="9W,"), NEW_YORK, "9W,01012125558596"),
        (Rules(international_prefix="001"), NEW_YORK, "00112125558596"),
        (Rules(international_prefix="+"), NEW_YORK, "+12125558596"),
        (Rules(trunk=""), TOKYO, "344772288"),
        (Rules(carriers=(("0081", "0036"), ("00", "0033"))), TOKYO, "00360344772288"),
        (Rules(carriers=(("0081", "0036"), ("00", "0033"))), NEW_YORK, "003301012125558596"),
        (Rules(outside="0,", carriers=(("001", "0061"),)), NEW_YORK, "0,006101012125558596"),
        (Rules(country="1"), TOKYO, "01181344772288"),
        (Rules(country="44"), TOKYO, "0081344772288"),
    ],
)
def test_the_site_says_how_its_exchange_wants_numbers(rules: Rules, canonical: str, dialled: str) -> None:
    assert dial_string(canonical, anywhere(), rules) == dialled


def test_the_way_out_of_a_line_replaces_that_of_the_site() -> None:
    assert dial_string(TOKYO, anywhere(), Rules(outside="0,"), "9,") == "9,0344772288"


def test_nothing_but_our_own_prefix_and_digits_is_dialled() -> None:
    with pytest.raises(BadNumber, match="nothing to dial"):
        dial_string(TOKYO, anywhere(), SITE, "0;")


@pytest.mark.parametrize(
    ("rules", "prefix"),
    [
        (Rules(trunk="110"), ""),
        (Rules(trunk="0101"), ""),  # the exchange would take it for a call abroad
        (SITE, "11"),  # with the trunk zero: 110, which the police answers before the rest is dialled
    ],
)
def test_a_string_that_would_reach_someone_else_is_not_dialled(rules: Rules, prefix: str) -> None:
    with pytest.raises(BadNumber):
        dial_string(TOKYO, anywhere(), rules, prefix)


def test_a_pause_hands_the_rest_to_another_exchange() -> None:
    assert dial_string(TOKYO, anywhere(), SITE, "11,") == "11,0344772288"


@given(
    st.text("0123456789", max_size=20).map("00{}".format), st.sampled_from(["81", "1", "44", "7", "55", ""])
)
@example("007000000000", "7")  # nine zeros are not ten
@example("0072000000000", "7")  # a trunk digit that is no zero, and an area nobody has yet
@example("0070000000001", "7")  # no Russian number begins with a zero
@example("00310000", "81")  # a trunk zero behind the country code is nobody's canonical number
def test_whatever_is_dialled_is_digits_that_mean_the_number_asked_for(canonical: str, country: str) -> None:
    try:
        body = dial_string(canonical, anywhere(country), SITE)
    except BadNumber:
        return
    assert DIALLED.fullmatch(body)
    assert destination(body, anywhere(country), SITE).canonical == canonical


@pytest.mark.parametrize(
    ("canonical", "home", "abroad"),
    [
        (TOKYO, "81", False),
        (NEW_YORK, "81", True),
        (NEW_YORK, "1", False),
        ("0014165550123", "US", False),
        ("0018095551234", "1", True),  # the Dominican Republic shares +1, not its price
        ("0018765551234", "1", True),
        ("0077012345678", "7", True),
        ("00441534123456", "44", False),
        (LONDON, "", True),
    ],
)
def test_the_country_code_alone_does_not_say_what_is_abroad(canonical: str, home: str, abroad: bool) -> None:
    code, national = split(canonical)
    assert is_abroad(code, national, home) is abroad


def test_calls_abroad_are_off_until_the_account_may() -> None:
    with pytest.raises(NumberDenied, match="may not call abroad"):
        destination("+1 212 555 8596", Caller("81"), SITE)
    assert destination("+1 212 555 8596", anywhere(), SITE).canonical == NEW_YORK
    assert destination("03-4477-2288", Caller("81"), SITE).canonical == TOKYO


def test_the_site_can_switch_calls_abroad_off_for_everybody() -> None:
    with pytest.raises(NumberDenied, match="abroad"):
        permit(NEW_YORK, anywhere(), Rules(international=False))


def test_who_has_no_country_at_all_is_at_home_where_the_lines_are() -> None:
    here = Rules(home="81")
    assert destination("0312345678", Caller(), here).canonical == "0081312345678"
    assert dial_string("0081312345678", Caller(), here) == "0312345678"
    with pytest.raises(NumberDenied, match="abroad"):
        destination("+442071234567", Caller(), here)
    assert destination("+442071234567", Caller(country="GB"), here).canonical == "00442071234567"


def test_an_account_without_a_country_has_the_sites() -> None:
    at_home = Rules(country="81")
    assert destination("03-4477-2288", Caller(), at_home).canonical == TOKYO
    assert dial_string(TOKYO, Caller(), at_home) == "0344772288"
    with pytest.raises(NumberDenied, match="abroad"):
        permit(NEW_YORK, Caller(), at_home)


def test_the_operators_lists_are_asked_after_every_prefix_is_gone() -> None:
    rules = Rules(deny=("00813",), allow=("0081", "001"))
    for written in (
        "03-4477-2288",
        "+81344772288",
        "184-03-4477-2288",
        "01081344772288",
        full_width("0344772288"),
    ):
        with pytest.raises(NumberDenied, match="list of numbers"):
            destination(written, anywhere(), rules)
    assert destination("06-6123-4567", anywhere(), rules).canonical == "0081661234567"
    with pytest.raises(NumberDenied, match="not among"):
        destination("+44 20 7946 0000", anywhere(), rules)


def test_shared_cost_is_a_warning_or_a_refusal_as_the_site_likes() -> None:
    assert destination("0570-012-345", Caller("81"), SITE).shared_cost
    with pytest.raises(NumberDenied, match="costs more"):
        destination("0570-012-345", Caller("81"), Rules(shared_cost=False))


def test_a_test_number_needs_no_permission() -> None:
    assert destination("00999-9999-6017", Caller(), Rules(international=False)).simulated_status == 6017


def test_an_account_may_write_the_trunk_zero_behind_the_country_code() -> None:
    with pytest.raises(BadNumber, match="Leave out the 0"):
        destination("+81 (0)3 4477 2288", Caller("81"), SITE)
    assert destination("+81 (0)3 4477 2288", Caller("81", trunk_zero=True), SITE).canonical == TOKYO
