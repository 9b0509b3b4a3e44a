"""Paths of MAIL and RCPT: a strict grammar, and what a recipient means."""

from __future__ import annotations

import pytest

from gateway.mailin.envelope import NULL, Address, BadPath, Kind, classify, parse_address, parse_path

OURS = ("fax.example.org",)


@pytest.mark.parametrize(
    ("argument", "local", "domain"),
    [
        ("FROM:<alice@acme.example>", "alice", "acme.example"),
        ("from: <Alice@ACME.Example>", "Alice", "acme.example"),
        ("FROM:<first.last+tag@a-b.example>", "first.last+tag", "a-b.example"),
        ("FROM:<taro..@docomo.example>", "taro..", "docomo.example"),
        ('FROM:<"+81 3 4477 2288"@fax.example.org>', "+81 3 4477 2288", "fax.example.org"),
        ('FROM:<"a\\"b"@fax.example.org>', 'a"b', "fax.example.org"),
        ("FROM:<a@[127.0.0.1]>", "a", "[127.0.0.1]"),
        ("FROM:<SRS0=x=y=acme.example=bob@relay.example>", "SRS0=x=y=acme.example=bob", "relay.example"),
    ],
)
def test_addresses_are_read(argument: str, local: str, domain: str) -> None:
    assert parse_path(argument, "FROM:").address == Address(local, domain)


def test_parameters_are_read() -> None:
    path = parse_path("FROM:<a@b.example> SIZE=12 body=8BITMIME X", "FROM:")
    assert path.parameters == {"SIZE": "12", "BODY": "8BITMIME", "X": ""}


@pytest.mark.parametrize("tail", [" =x", " SIZE=", " a b=", " SI_ZE=1"])
def test_malformed_parameters_are_refused(tail: str) -> None:
    with pytest.raises(BadPath):
        parse_path(f"FROM:<a@b.example>{tail}", "FROM:")


def test_the_null_sender_is_only_a_sender() -> None:
    assert parse_path("FROM:<>", "FROM:", null_allowed=True).address == NULL
    with pytest.raises(BadPath):
        parse_path("TO:<>", "TO:")


@pytest.mark.parametrize(
    "text",
    ["a", "a@", "@b", "a@b@", "a@b..c", "a@.b", "a@b.", "a@-b", "a@b-", "a b@c", '"a"b@c', "a@b c", "a@b_c",
     ".a@b", "a@[1.2.3.4", "a@" + "b" * 64, "a" * 129 + "@b", "a@" + "b." * 130 + "c", '"a\0"@b', "a\r@b"],
)  # fmt: skip
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(BadPath):
        parse_address(text)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("+81312345678@fax.example.org", Kind.NUMBER),
        ("anything@FAX.example.org", Kind.NUMBER),
        ("postmaster", Kind.OPERATOR),
        ("POSTMASTER@fax.example.org", Kind.OPERATOR),
        ("abuse@fax.example.org", Kind.OPERATOR),
        ("fwd+0123abc@fax.example.org", Kind.BOUNCE),
        ("postmaster@elsewhere.example", Kind.FOREIGN),
        ("+81312345678@sub.fax.example.org", Kind.FOREIGN),
        ("a%b.example@fax.example.org", Kind.FOREIGN),
        ("b.example!a@fax.example.org", Kind.FOREIGN),
        ('"a@b.example"@fax.example.org', Kind.FOREIGN),
    ],
)
def test_what_a_recipient_means(text: str, kind: Kind) -> None:
    assert classify(parse_address(text), OURS) is kind


def test_accounts_are_looked_up_in_lower_case() -> None:
    assert parse_address("Alice@ACME.example").key == "alice@acme.example"
    assert NULL.key == ""
