"""Spellings of other fax systems: each family by example, none by accident, no word lost."""

from __future__ import annotations

import re
from email import message_from_string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.details import said
from gateway.domain.conventions import NAMES
from gateway.domain.errors import BadNumber, BadOption
from gateway.domain.modifiers import settled
from gateway.domain.numbers import parse
from gateway.mailin import conventions
from gateway.mailin.conventions import FAMILIES, addressed, hear, in_body, pieces_of, place_of
from gateway.mailin.conventions.base import NOT_FOLLOWED

OURS = ("fax.example.org",)
EMPTY = message_from_string("")


def test_what_accounts_may_name_is_what_there_is() -> None:
    assert set(FAMILIES) == set(NAMES)
    assert {name: family.name for name, family in FAMILIES.items()} == {name: name for name in NAMES}


@pytest.mark.parametrize(
    ("name", "local", "place", "meant"),
    [
        ("rfc3191", "FAX=+12025550123", "", ("FAX=+12025550123", {}, "")),
        ("rfc3191", "/FAX=+81-3-6368-4300/", "", ("FAX=+81-3-6368-4300", {}, "")),
        ("rfc3191", "FAX=+12025550123/T33S=42", "", ("FAX=+12025550123/T33S=42", {}, "")),
        (
            "rfc3191",
            "fax=+12025550123/ATTN=Jo_Smith/ORG=ACME/ZIP=1",
            "",
            ("FAX=+12025550123", {}, "Jo Smith"),
        ),
        ("rfc3191", "FAX=+12025550123/ORG=ACME/T33S=7", "", ("FAX=+12025550123/T33S=7", {}, "ACME")),
        ("faxfinder", "FAX=5551212/FAX-PRIORITY=0", "", ("5551212", {"priority": "high"}, "")),
        (
            "faxfinder",
            "FAX=5551212/COVER-PAGE-ENABLED=false/RECEIPT=Never/FAX-PRIORITY=5/INLINE-COMMENTS=x",
            "",
            ("5551212", {"cover": False, "notify": "never", "priority": "low"}, ""),
        ),
        (
            "satisfaxtion",
            "5551212^NOCOVER^A4^RETRIES=2^COARSE^FINE^BILLING=x7",
            "",
            (
                "5551212",
                {"cover": False, "paper": "a4", "dials": 3, "resolution": "fine", "reference": "x7"},
                "",
            ),
        ),
        ("courier", "5558888", "-lowres", ("5558888", {"resolution": "standard"}, "")),
        ("hylafax", "anna", "5551212", ("5551212", {}, "anna")),
        (
            "hylafax",
            "anna/R=low/N=done",
            "555-1212",
            ("555-1212", {"resolution": "standard", "notify": "always"}, "anna"),
        ),
    ],
)
def test_an_address_of_the_family_is_understood(
    name: str, local: str, place: str, meant: tuple[str, dict[str, object], str]
) -> None:
    found = addressed(local, place, (name,))
    assert (found.number, settled(found.wishes)[0], found.contact) == meant


def test_rfc3191_addresses_end_as_numbers_with_their_subaddress() -> None:
    """A vector of email-interface section 9."""
    found = parse(addressed("FAX=+1-202-555-0123/T33S=42", "", ("rfc3191",)).number)
    assert (found.canonical, found.sub) == ("0012025550123", "42")


@pytest.mark.parametrize("local", ["VOICE=+12025550123", "/vpim=+12025550123/", "AMIS=1"])
def test_other_services_than_fax_are_refused(local: str) -> None:
    with pytest.raises(BadNumber, match="is not a fax"):
        addressed(local, "", ("rfc3191",))


@pytest.mark.parametrize(
    ("name", "local", "place", "why"),
    [
        ("faxfinder", "FAX=5551212/COVER-PAGE-ENABLED=true", "", "no cover pages"),
        ("faxfinder", "FAX=5551212/FAX-PRIORITY=9", "", "'9' is not one of 0, 1"),
        ("satisfaxtion", "5551212^GLOSSY", "", "'GLOSSY' is not one of NOCOVER"),
        ("courier", "5558888", "-cover", "no cover pages"),
        ("hylafax", "anna/X=1", "5551212", "'X=1' is not one of R, N"),
        ("hylafax", "anna/R=best", "5551212", "'best' is not one of low"),
    ],
)
def test_an_option_an_address_cannot_have_is_refused(name: str, local: str, place: str, why: str) -> None:
    with pytest.raises(BadOption, match=why):
        settled(addressed(local, place, (name,)).wishes)


@pytest.mark.parametrize(("local", "place"), [("anna", "5551212"), ("5558888", "-lowres")])
def test_a_family_that_is_off_does_not_listen(local: str, place: str) -> None:
    with pytest.raises(BadNumber):
        addressed(local, place, ())
    assert addressed("5551212^A4", "", ()).number == "5551212^A4"  # and that is no number
    with pytest.raises(BadNumber):
        parse("5551212^A4", "81")


@pytest.mark.parametrize(
    ("domain", "place"),
    [
        ("fax.example.org", ""),
        ("5551212.fax.example.org", "5551212"),
        ("555-1212.fax.example.org", "555-1212"),
        ("fax-lowres.example.org", "-lowres"),
        ("fax-cover.example.org", "-cover"),
        ("example.org", None),
        ("anna.fax.example.org", None),
        ("5551212.example.org", None),
        ("fax-highres.example.org", None),
        ("evilfax.example.org", None),
    ],
)
def test_only_domains_below_ours_that_say_something_are_ours(domain: str, place: str | None) -> None:
    assert place_of(domain, OURS) == place


@pytest.mark.parametrize(
    ("field", "options"),
    [
        ("X-FAX-VRes: 98", {"resolution": "standard"}),
        ("x-fax-vres: 196", {"resolution": "fine"}),
        ("X-Fax-PageSize: us-let", {"paper": "letter"}),
        ("X-FAX-Orientation: Landscape", {"orientation": "landscape"}),
        ("X-FAX-SendTime: 09:30", {"defer": "09:30"}),
        ("X-FAX-SendTime: now", {}),
        ("X-FAX-MaxDials: 3", {"dials": 3}),
        ("X-FAX-Notify: none", {"notify": "never"}),
        ("X-FAX-Notify: done+requeue", {"notify": "always"}),
        ("X-FAX-Priority: 63", {"priority": "high"}),
        ("X-FAX-Priority: 127", {"priority": "normal"}),
        ("X-FAX-Priority: bulk", {"priority": "low"}),
        ("X-FAX-TextFont: Courier", {"font": "Courier"}),
        ("X-FAX-TextPointSize: 9pt", {"font_size": 9}),
        ("X-FAX-LineWrap: no", {"wrap": False}),
        ("X-FAX-AutoCoverPage: no", {"cover": False}),
        ("X-FAX-TagLine: =?utf-8?q?=E5=B1=B1=E7=94=B0?= {Page}", {"header": "山田 {Page}"}),
        ("X-FAX-VRes: 98\nX-FAX-VRes: 196", {"resolution": "standard"}),  # the first, as of any field
    ],
)
def test_hylafax_header_fields_become_options(field: str, options: dict[str, object]) -> None:
    heard = hear(message_from_string(f"{field}\n\n"), "Order", ("hylafax",))
    assert (settled(heard.wishes)[0], heard.warnings, heard.subject) == (options, (), "Order")
    assert hear(message_from_string(f"{field}\n\n"), "Order", ("gfi",)).wishes == ()


@pytest.mark.parametrize("name", ["Dialstring", "KillTime", "MaxTries", "Headers", "Anything"])
def test_a_header_field_that_is_not_followed_is_named_and_never_changes_the_number(name: str) -> None:
    heard = hear(message_from_string(f"X-FAX-{name}: 0990123456\n\n"), "", ("hylafax",))
    assert heard.wishes == ()
    assert heard.warnings == (f"X-FAX-{name} is not followed by this gateway",)
    assert "0990123456" not in str(heard)


@pytest.mark.parametrize(
    ("name", "line", "meant"),
    [
        ("gfi", "::H", (None, {"resolution": "fine"}, None)),
        ("gfi", "::n", (None, {"resolution": "standard"}, None)),
        ("gfi", "::2030-01-31-08:05:00", (None, {"defer": "2030-01-31 08:05"}, None)),
        ("gfi", "::08:05", (None, {"defer": "08:05"}, None)),
        ("gfi", "::B=4711", (None, {"reference": "4711"}, None)),
        ("gfi", "::S=Your order, dated today", (None, {}, "Your order, dated today")),
        (
            "gfi",
            "::p=HIGH,fh=To {To}, from us,H,B=9",
            (
                None,
                {"priority": "high", "header": "To {To}, from us", "resolution": "fine", "reference": "9"},
                None,
            ),
        ),
        ("gfi", "::Regards", ("::Regards", {}, None)),
        ("gfi", "see ::H", ("see ::H", {}, None)),
        (
            "rightfax",
            "Dear <TONAME:Jo Smith>all<nocover>,",
            ("Dear all,", {"contact": "Jo Smith", "cover": False}, None),
        ),
        ("rightfax", "<BILLINFO1:4711>", (None, {"reference": "4711"}, None)),
        ("rightfax", "a <b> and <WRONG:code> c", ("a <b> and <WRONG:code> c", {}, None)),
        ("relayfax", "FAXPASSWORD: open sesame", (None, {"password": "open sesame"}, None)),
        ("relayfax", "billingcode:4711", (None, {"reference": "4711"}, None)),
        ("relayfax", "CONFIRMSEND:", (None, {"notify": "always"}, None)),
        ("relayfax", "CONFIRMSEND: no", (None, {"notify": "never"}, None)),
        ("relayfax", "NOCOVERPAGE", (None, {"cover": False}, None)),
        ("relayfax", "NOCOVERPAGE: yes", (None, {"cover": False}, None)),
        ("relayfax", "FAXID: 03 1234", (None, {"csid": "03 1234"}, None)),
        ("relayfax", "BANNERTEXT: From us", (None, {"header": "From us"}, None)),
        ("relayfax", "Dear Anna: hello", ("Dear Anna: hello", {}, None)),
    ],
)
@pytest.mark.parametrize("html", [False, True], ids=["text", "html"])
def test_a_line_of_the_body_becomes_options_and_leaves_the_page(
    name: str, line: str, meant: tuple[str | None, dict[str, object], str | None], html: bool
) -> None:
    rest, options, subject = meant
    written = line.replace("<", "&lt;").replace(">", "&gt;") if html else line
    text = f"<p>{written}</p>\n<p>Hello</p>" if html else f"{written}\nHello"
    heard = in_body(text, (name,), html=html)
    kept = ("" if rest is None else rest).replace("<", "&lt;").replace(">", "&gt;") if html else rest
    expected = f"<p>{kept}</p>\n<p>Hello</p>" if html else "\n".join(filter(None, (kept, "Hello")))
    assert (heard.rest, settled(heard.wishes)[0], heard.subject) == (expected, options, subject)
    assert in_body(text, ("faximo",), html=html).rest == text


@pytest.mark.parametrize(
    ("name", "line"), [("gfi", "::A=/etc/passwd"), ("gfi", "::a="), ("rightfax", "<LIBDOC2:secret>")]
)
def test_no_file_of_the_server_is_ever_sent(name: str, line: str) -> None:
    with pytest.raises(BadOption) as caught:
        settled(in_body(line, (name,), html=False).wishes)
    assert "never sent" in caught.value.text or "no cover pages" in caught.value.text


@pytest.mark.parametrize(
    ("name", "line"), [("gfi", "::line=2"), ("gfi", "::fr=Bob"), ("rightfax", "<TOFAXNUM:0990123456>")]
)
def test_a_command_that_is_not_followed_is_a_warning(name: str, line: str) -> None:
    heard = in_body(line, (name,), html=False)
    assert (heard.rest, heard.wishes, len(heard.warnings)) == ("", (), 1)
    assert all(said(warning, "ja") != warning for warning in heard.warnings)


def test_relayfax_commands_count_only_at_the_top() -> None:
    heard = in_body("\nFAXID: 1\nDear Anna\nBILLINGCODE: 7", ("relayfax",), html=False)
    assert heard.rest == "\nDear Anna\nBILLINGCODE: 7"
    assert settled(heard.wishes)[0] == {"csid": "1"}


@pytest.mark.parametrize(
    ("name", "subject", "rest", "options"),
    [
        ("faximo", "=== Order", "Order", {"body": "without"}),
        ("faximo", "Order === 1", "Order === 1", {}),
        ("facsys", "Order /none", "Order", {"cover": False}),
        ("facsys", "and/none or /nones", "and/none or /nones", {}),
        ("interpage", "fax 03-1234-5678, +1 202 555 0123", "", {}),
        ("interpage", "fax for you", "fax for you", {}),
        ("interpage", "Telefax 1", "Telefax 1", {}),
    ],
)
def test_a_subject_of_the_family_is_understood(
    name: str, subject: str, rest: str, options: dict[str, object]
) -> None:
    heard = hear(EMPTY, subject, (name,))
    assert (heard.subject, settled(heard.wishes)[0]) == (rest, options)
    assert hear(EMPTY, subject, ("rfc3191",)).subject == subject


@pytest.mark.parametrize("word", ["/cover=modern", "/DEFAULT=x"])
def test_a_facsys_cover_is_refused(word: str) -> None:
    with pytest.raises(BadOption, match="no cover pages"):
        settled(hear(EMPTY, f"Order {word}", ("facsys",)).wishes)


locals_ = st.text(alphabet="0123456789FAXfax=/^-TR3SATNVOICE_lowdone", max_size=30)
texts = st.one_of(
    st.text(),
    st.lists(
        st.sampled_from(
            [
                "::H",
                "::A=x",
                "::p=high,B=2",
                "<NOCOVER>",
                "<TONAME:x y>",
                "<WRONG>",
                "FAXID: 3",
                "NOCOVERPAGE",
                "===",
                "/none",
                "/cover=x",
                "fax 123",
                "hello",
                "見積",
                "<p>",
                "<!--",
                "<style",
                "&lt;NOCOVER&gt;",
                "\n",
                " ",
                "İ",
            ]
        ),
        max_size=12,
    ).map("".join),
)


@given(locals_, st.sampled_from(["", "5551212", "-lowres", "-cover"]))
def test_any_address_is_a_number_perhaps_or_refused(local: str, place: str) -> None:
    try:
        found = addressed(local, place, NAMES)
        settled(found.wishes)
    except (BadNumber, BadOption):
        return
    assert set(found.number) <= {*local, *place, *"FAX=/T33S"}


@given(texts)
def test_no_word_of_a_body_is_lost(text: str) -> None:
    heard = in_body(text, NAMES, html=False)
    settled(heard.wishes, ignore_errors=True)
    told = " ".join([heard.rest, heard.subject or "", *heard.warnings])
    told += " ".join(f"{wish.word} {wish.argument}" for wish in heard.wishes)
    known = told.upper()
    words = [word for word in re.split(r"[\s:<>=]+", text) if word]
    lost = [word for word in words if not all(part.upper() in known for part in word.split(","))]
    assert lost == []


@given(texts)
def test_no_word_of_a_subject_is_lost(text: str) -> None:
    heard = hear(EMPTY, text, NAMES)
    told = " ".join([heard.subject, *heard.warnings])
    told += " ".join(f"{wish.word} {wish.argument}" for wish in heard.wishes)
    assert [word for word in text.replace("=", " ").split() if word.lower() not in told.lower()] == []


@given(texts)
def test_html_is_cut_into_text_and_tags_and_nothing_falls_between(html: str) -> None:
    pieces = list(pieces_of(html))
    assert "".join(pieces) == html
    assert len(pieces) % 2 == 1
    assert all(tag.startswith("<") for tag in pieces[1::2])


def test_html_without_an_end_is_cut_in_one_pass() -> None:
    hostile = "<" * 200_000 + "<style>" * 20_000
    assert "".join(pieces_of(hostile)) == hostile


@given(texts)
def test_text_without_commands_is_left_as_it_is(text: str) -> None:
    for html in (False, True):
        heard = in_body(text, NAMES, html=html)
        if not (heard.wishes or heard.warnings or heard.subject):
            assert heard.rest == text


def test_every_family_listens_somewhere() -> None:
    assert NOT_FOLLOWED.option == ""
    for family in FAMILIES.values():
        readers = (family.address, family.headers, family.subject, family.line)
        assert any(readers), family.name
    assert conventions.DEFAULT == ("rfc3191",)
