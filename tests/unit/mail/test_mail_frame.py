"""The frame of every mail: clean text, strict addresses, and the last look before it leaves."""

from __future__ import annotations

from dataclasses import replace

import pytest
from notify_fixtures import STAMP, parsed

from gateway.mail import (
    BadMail,
    begin,
    field_names,
    for_header,
    for_people,
    mailbox,
    message_id_of,
    one_line,
    serialise,
)
from gateway.notify.office import from_nobody


def test_line_ends_and_tabs_become_one_blank_and_other_controls_vanish() -> None:
    assert one_line("a\r\n\tb\x00c\x1b[31m\x9bd\u2028e\ud800") == "a bc[31md e"


def test_marks_that_turn_the_reading_direction_are_not_shown_to_people() -> None:
    assert for_people("invoice\u202efdp.exe") == "invoicefdp.exe"
    assert one_line("a\u202eb") == "a\u202eb"


def test_an_encoded_word_from_outside_stays_text_in_a_header() -> None:
    mail = begin(STAMP, "=?utf-8?B?DQpCY2M6IG1lQGV2aWw=?=", auto_submitted="auto-replied")
    mail.set_content("x")
    assert parsed(serialise(mail))["Subject"] == "= ?utf-8?B?DQpCY2M6IG1lQGV2aWw= ?="
    assert parsed(serialise(mail))["Bcc"] is None


def test_what_is_cleaned_for_a_header_is_on_one_line() -> None:
    assert for_header("a\r\nBcc: x") == "a Bcc: x"


def test_a_mail_whose_header_does_not_read_back_is_refused() -> None:
    mail = begin(STAMP, "hello", auto_submitted="auto-replied")
    mail.set_content("x")
    mail._headers.append(("X-Evil", "a\r\nBcc: me@evil.example"))  # what Python's own setter would refuse
    with pytest.raises(BadMail):
        serialise(mail)


def test_a_bare_line_end_in_a_header_is_refused() -> None:
    with pytest.raises(BadMail):
        list(field_names(b"A: b\nBcc: c\r\n\r\nbody"))


def test_field_names_are_read_across_folded_lines_and_not_from_the_body() -> None:
    assert list(field_names(b"A: b\r\n folded\r\nC: d\r\n\r\nE: f\r\n")) == ["A", "C"]


@pytest.mark.parametrize(
    "address",
    [
        "a@b",
        "alice.o'neill+fax@acme.example",
        "a@[192.0.2.1]",
        "A_B@x-y.example",
        "hana..mi@carrier.example",
        "hanami.@carrier.example",
    ],
)
def test_ordinary_addresses_are_taken_as_they_are(address: str) -> None:
    assert mailbox(address) == address


@pytest.mark.parametrize("address", ["hana..mi@carrier.example", "hanami.@carrier.example"])
def test_addresses_of_carriers_reach_header_and_envelope(address: str) -> None:
    mail = begin(replace(STAMP, recipient=address), "result", auto_submitted="auto-replied")
    assert from_nobody(mail).recipient == address
    assert f"To: {address}\r\n".encode() in serialise(mail)


@pytest.mark.parametrize(
    "address", ["", "@x.example", ".a@x.example", "a b@x.example", "a@b@x.example", "a@x."]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(BadMail):
        mailbox(address)


def test_the_first_good_identifier_is_found_among_rubbish() -> None:
    assert message_id_of("garbage <no at> <a@b> <c@d>") == "<a@b>"
    assert message_id_of("<a b@c>") is None
    assert message_id_of("") is None
    assert message_id_of(f"<{'a' * 241}@b>") is None
