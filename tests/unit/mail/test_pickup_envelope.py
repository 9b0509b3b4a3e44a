"""Who sent a fetched mail and to whom, from the trace that the last server left (email-interface 1.2)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mailin.envelope import NULL, Kind, classify
from gateway.mailin.pickup.envelope import envelope_of, sender_of
from gateway.mailin.prescan import Header, read_header

DOMAINS = ("fax.example.org",)


def header(text: str) -> Header:
    return read_header(
        text.replace("\n", "\r\n").encode("utf-8", "surrogateescape") + b"\r\n\r\n", 0, 1 << 18
    )


def recipients(text: str, user: str = "box@elsewhere.example") -> list[str]:
    return [str(address) for address in envelope_of(header(text), DOMAINS, user).recipients]


@pytest.mark.parametrize(
    ("text", "sender"),
    [
        ("Return-Path: <alice@acme.example>", "alice@acme.example"),
        ("Return-Path: alice@acme.example", "alice@acme.example"),
        ("Return-Path:\n <Alice@ACME.example>", "Alice@acme.example"),
        ("Return-Path: <first@acme.example>\nReturn-Path: <second@acme.example>", "first@acme.example"),
        ("From: alice@acme.example", None),
        ("Return-Path: <no address>", None),
        ("Return-Path: <@relay.example:alice@acme.example>", None),
    ],
)
def test_the_sender_is_the_topmost_return_path_and_never_the_from_header(
    text: str, sender: str | None
) -> None:
    found = sender_of(header(text))
    assert (None if found is None else str(found)) == sender


def test_an_empty_return_path_is_the_null_sender_of_a_report() -> None:
    assert sender_of(header("Return-Path: <>")) == NULL


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("X-Original-To: 1@fax.example.org\nDelivered-To: 2@fax.example.org\nTo: 3@fax.example.org", ["1"]),
        ("Delivered-To: 2@fax.example.org\nEnvelope-To: 3@fax.example.org", ["2"]),
        ("Envelope-To: 3@fax.example.org, 4@FAX.example.org\nTo: 5@fax.example.org", ["3", "4"]),
        ("Delivered-To: box@elsewhere.example\nTo: 5@fax.example.org\nCc: 6@fax.example.org", ["5", "6"]),
        ("Delivered-To: 1@fax.example.org\nDelivered-To: 2@fax.example.org", ["1"]),
        ('To: "Yamada, Taro" <1@fax.example.org>, bob@acme.example, 2@fax.example.org', ["1", "2"]),
        ('To: "+81 3 4477 2288"@fax.example.org', ["+81 3 4477 2288"]),
        ("To: 1@fax.example.org, 1@fax.example.org", ["1"]),
        ("Bcc: 1@fax.example.org", []),
        ("To: undisclosed-recipients:;", []),
        ("Subject: nothing", []),
    ],
)
def test_recipients_are_those_of_the_first_field_that_names_ours(text: str, wanted: list[str]) -> None:
    assert recipients(text) == [f"{local}@fax.example.org" for local in wanted]


def test_a_number_of_an_earlier_journey_is_not_called() -> None:
    forwarded = "Delivered-To: 2@fax.example.org\nReceived: by a\nX-Original-To: 9@other.example\n"
    assert recipients(forwarded + "Delivered-To: 1@fax.example.org") == ["2@fax.example.org"]


def test_the_catch_all_box_itself_is_no_recipient() -> None:
    text = "Delivered-To: box@fax.example.org\nTo: 0312345678@fax.example.org"
    assert recipients(text, "box@fax.example.org") == ["0312345678@fax.example.org"]
    assert recipients(text, "box") == ["0312345678@fax.example.org"]


def test_a_number_in_the_domain_is_taken_along_as_at_the_smtp_door() -> None:
    found = envelope_of(header("To: user@5551212.fax.example.org, user@other.example"), DOMAINS)
    assert [str(address) for address in found.recipients] == ["user@5551212.fax.example.org"]


@given(st.binary(max_size=400), st.sampled_from(["Return-Path", "X-Original-To", "To", "Envelope-To"]))
def test_no_header_makes_it_raise_or_name_a_recipient_that_is_not_ours(value: bytes, name: str) -> None:
    block = name.encode() + b": " + value.replace(b"\r", b"").replace(b"\n", b"") + b"\r\n\r\n"
    found = envelope_of(read_header(block, 0, 1 << 18), DOMAINS)
    assert all(classify(address, DOMAINS) is not Kind.FOREIGN for address in found.recipients)


def test_comments_in_comments_without_end_name_nobody() -> None:
    assert recipients(f"Return-Path: <alice@acme.example>\nTo: {'(' * 20_000}") == []
