"""Fax numbers: every form of email-interface.md section 1.1, its test vectors, and what is never dialled."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.domain.errors import BadNumber, NumberDenied
from gateway.domain.numbers import parse, region_of, split


def full_width(text: str) -> str:
    """Return the text as a Japanese keyboard writes it."""
    return "".join(chr(ord(sign) + 0xFEE0) for sign in text)


@pytest.mark.parametrize(
    ("written", "country", "canonical"),
    [
        ("03-6368-4300", "81", "0081363684300"),
        ("0081-3-6368-4300", "81", "0081363684300"),
        ("+81.3.6368.4300", "81", "0081363684300"),
        ("/FAX=+81-3-6368-4300/", "81", "0081363684300"),
        ("0344772288", "81", "0081344772288"),
        ("0344772288", "JP", "0081344772288"),
        ("03-4477-2288", "+81", "0081344772288"),
        ("0012139999999", "81", "0012139999999"),
        ("00-1-213-999-9999", "81", "0012139999999"),
        ("+12125558596", "", "0012125558596"),
        ("+1-212-555-8596", "81", "0012125558596"),
        ("+1(425)827-0220", "81", "0014258270220"),
        ("(03) 6368-4300", "81", "0081363684300"),
        ("011442079460000", "1", "00442079460000"),
        ("00442079460000", "1", "00442079460000"),
        ("0012125558596", "44", "0012125558596"),
        ("01012125558596", "81", "0012125558596"),
        ("020 7946 0000", "44", "00442079460000"),
        ("14258270220", "1", "0014258270220"),
        ("4258270220", "US", "0014258270220"),
        ("06 1234 5678", "39", "00390612345678"),
        ("+39 06 1234 5678", "81", "00390612345678"),
        ("+7 812 123 4567", "81", "0078121234567"),
        ("8 812 123 4567", "7", "0078121234567"),
        ("0120-123-456", "81", "0081120123456"),
        ("344772288", "81", "0081344772288"),
    ],
)
def test_every_way_to_write_a_number_leads_to_one_canonical_form(
    written: str, country: str, canonical: str
) -> None:
    assert parse(written, country).canonical == canonical


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ('"+81 3 4477 2288"', "0081344772288"),
        ('"+81\\ 3\\ 4477\\ 2288"', "0081344772288"),
        ('"(03) 4477-2288"', "0081344772288"),
    ],
)
def test_quoted_local_parts_are_read(written: str, canonical: str) -> None:
    assert parse(written, "81").canonical == canonical


@pytest.mark.parametrize("written", ["03-6368-4300", "+81363684300", "03(6368)4300"])
def test_full_width_digits_are_digits(written: str) -> None:
    assert parse(full_width(written), "81").canonical == "0081363684300"


@pytest.mark.parametrize(
    ("written", "sub"),
    [
        ("FAX=+1-202-555-0123/T33S=42", "42"),
        ("fax=+12025550123/t33s=42", "42"),
        ("/FAX=+1.202.555.0123/T33S=42/", "42"),
        ("FAX=+12025550123", ""),
        ("/FAX=+12025550123/", ""),
        ('"/FAX=+1 202 555 0123/T33S=4-2/"', "42"),
    ],
)
def test_an_address_of_rfc_3191_may_name_a_sub_address(written: str, sub: str) -> None:
    destination = parse(written, "81")
    assert (destination.canonical, destination.sub) == ("0012025550123", sub)


@pytest.mark.parametrize(
    ("written", "status"),
    [
        ("00999-9999-6017", 6017),
        ("0099999996017", 6017),
        ("+999-9999-6017", 6017),
        ("00999-9999-0000", 0),
        ("00999-9999-0", 0),
        ("FAX=+999-9999-3224", 3224),
    ],
)
def test_the_simulator_takes_a_status_and_is_never_dialled(written: str, status: int) -> None:
    destination = parse(written, "")
    assert destination.simulated_status == status
    with pytest.raises(BadNumber, match="not dialled"):
        split(destination.canonical)


def test_an_ordinary_number_has_no_simulated_status() -> None:
    assert parse("0344772288", "81").simulated_status is None


@pytest.mark.parametrize(
    ("written", "country", "area", "canonical"),
    [
        ("2228888", "1", "425", "0014252228888"),
        ("222-8888", "US", "425", "0014252228888"),
        ("44772288", "81", "3", "0081344772288"),
        ("44772288", "81", "03", "0081344772288"),
        ("0344772288", "81", "6", "0081344772288"),
        ("4258270220", "1", "212", "0014258270220"),
        ("79460000", "44", "20", "00442079460000"),
    ],
)
def test_a_local_number_is_completed_by_the_accounts_area(
    written: str, country: str, area: str, canonical: str
) -> None:
    assert parse(written, country, area).canonical == canonical


@pytest.mark.parametrize(("written", "country"), [("2228888", "1"), ("44772288", "81")])
def test_a_local_number_without_an_area_is_refused(written: str, country: str) -> None:
    with pytest.raises(BadNumber, match="area code"):
        parse(written, country)


def test_a_national_number_needs_a_country() -> None:
    with pytest.raises(BadNumber, match="country"):
        parse("0344772288", "")
    with pytest.raises(BadNumber, match="not a country"):
        parse("0344772288", "Atlantis")


def test_a_trunk_zero_after_the_country_code_is_explained_or_by_setting_tolerated() -> None:
    with pytest.raises(BadNumber, match=r"Leave out the 0 .*\+81 344772288"):
        parse("+81 03 4477 2288", "81")
    assert parse("+81 03 4477 2288", "81", tolerate_trunk=True).canonical == "0081344772288"
    assert parse("+44 (0)20 7946 0000", "", tolerate_trunk=True).canonical == "00442079460000"


@pytest.mark.parametrize(
    "written",
    [
        "",
        "+",
        "12",
        "alice",
        "sales2024",
        "list=customers",
        "VOICE=+81344772288",
        "FAX=",
        "FAX=alice",
        "FAX=+12025550123/VOICE=1",
        "123456789012345678901",
        "+81+344772288",
        "03#4477#2288",
        "*67 0344772288",
        "0344772288;ext=2",
        "0344772288w9",
        "+0123456789",
        "+81 3 4477",
        "+81 3 4477 2288 4477",
        "+1 425 827 022",
        "+1 222 8888",
        "+9 123 456",
        "003301012125558596",
        "\u0660\u0663\u0664\u0664\u0667\u0667\u0662\u0662\u0668\u0668",
    ],
)
def test_what_is_no_number_is_refused(written: str) -> None:
    with pytest.raises(BadNumber):
        parse(written, "81")


@pytest.mark.parametrize(
    ("written", "country"),
    [
        ("110", "81"),
        ("118", "81"),
        ("119", "81"),
        ("911", "1"),
        ("112", "44"),
        ("999", "44"),
        ("911", "81"),
        ('"1 1 0"', "81"),
        ("1-1-9", "81"),
        ("184110", "81"),
        ("+81 110", ""),
        ("0081119", "81"),
        (full_width("110"), "81"),
    ],
)
def test_emergency_numbers_are_never_dialled(written: str, country: str) -> None:
    with pytest.raises(BadNumber):
        parse(written, country)


@pytest.mark.parametrize(
    "written",
    [
        "0990-123456",
        "+81 990 123456",
        "1840990123456",
        "0180-993-123",
        "+1 900 555 1234",
        "0101 900 555 1234",
        "+1 425 976 5555",
        "+44 909 879 0000",
        "+870 773111632",
        "+881 612345678",
        "+882 12345678",
        "+883 510012345",
        "+888 123456789",
        "+979 123456789",
        "00881612345678",
        "010881612345678",
    ],
)
def test_what_toll_fraud_lives_on_is_never_dialled(written: str) -> None:
    with pytest.raises(BadNumber, match="not dialled here"):
        parse(written, "81")


@pytest.mark.parametrize(
    "written",
    [
        "+44 70 1234 5678",  # personal numbers
        "+44 76 4012 3456",  # pagers
        "+44 118 118",
        "+33 8 99 12 34 56",
        "+49 137 1234567",
        "+61 145 123 456",  # satellite
        "+86 1349 1234567",
        "+82 60 700 1234",
    ],
)
def test_premium_ranges_of_other_countries_are_in_the_table(written: str) -> None:
    with pytest.raises(BadNumber):
        parse(written, "81")


def test_pagers_of_the_isle_of_man_are_telephones_there() -> None:
    assert parse("+44 7624 123456", "81").canonical == "00447624123456"


@pytest.mark.parametrize(
    ("written", "country"),
    [
        ("1010321 1 212 555 8596", "1"),
        ("122 0036 03 4477 2288", "81"),
        ("01013 030 12345678", "49"),
        ("17909 021 12345678", "86"),
        ("3651 01 23 45 67 89", "33"),
    ],
)
def test_only_the_operator_chooses_a_carrier(written: str, country: str) -> None:
    with pytest.raises(NumberDenied, match="telephone company"):
        parse(written, country)


@pytest.mark.parametrize(
    ("written", "country"), [("104", "81"), ("117", "81"), ("411", "1"), ("118500", "44")]
)
def test_short_numbers_are_complete_nowhere(written: str, country: str) -> None:
    with pytest.raises(BadNumber):
        parse(written, country)


def test_a_prefix_that_hides_the_caller_changes_nothing() -> None:
    assert parse("184-03-4477-2288", "81").canonical == "0081344772288"
    assert parse("186 03 4477 2288", "81").canonical == "0081344772288"
    assert parse("184 00 81 3 4477 2288", "81").canonical == "0081344772288"


def test_a_number_abroad_stays_abroad_behind_a_prefix_that_hides_the_caller() -> None:
    """Read as a number at home, that of Peru would be dialled as a Japanese one."""
    assert parse("186-010-49-30-1234 5678", "81").canonical == "00493012345678"
    with pytest.raises(BadNumber, match=r"\+51"):
        parse("186-010-51-5702476185", "81")
    with pytest.raises(NumberDenied):
        parse("184-010-1-900-555-1234", "81")


@given(
    st.sampled_from(["", "+", "00", "010", "011", "184", "186", "122", "184010", "1860"]),
    st.text("0123456789", max_size=18),
    st.sampled_from(["", "1", "33", "39", "44", "81", "86", "JP"]),
)
@example("184", "0990066558223305", "81")
@example("186010", "", "81")
@example("184010", "599", "JP")
def test_whatever_digits_somebody_writes_are_a_number_or_refused(
    prefix: str, rest: str, country: str
) -> None:
    try:
        found = parse(prefix + rest, country)
    except BadNumber:
        return
    assert found.canonical.startswith("00")
    assert found.canonical.isdigit()


def test_a_number_of_shared_cost_is_marked() -> None:
    assert parse("0570-012-345", "81").shared_cost
    assert not parse("03-4477-2288", "81").shared_cost


@pytest.mark.parametrize(
    ("country", "region"),
    [
        ("81", "JP"),
        ("+81", "JP"),
        ("jp", "JP"),
        ("1", "US"),
        ("44", "GB"),
        ("7", "RU"),
        ("0", None),
        ("XX", None),
    ],
)
def test_a_country_is_a_calling_code_or_an_iso_code(country: str, region: str | None) -> None:
    assert region_of(country) == region
