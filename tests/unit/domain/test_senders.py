"""Which account a MAIL FROM belongs to: patterns of email-interface.md section 1.4."""

from __future__ import annotations

import pytest

from gateway.domain.senders import best_pattern, fits


@pytest.mark.parametrize(
    ("pattern", "address"),
    [
        ("alice@acme.example", "Alice@ACME.example"),
        ("*@acme.example", "bob@acme.example"),
        ("*@*.acme.example", "bob@tokyo.acme.example"),
        ("order-?@acme.example", "order-7@acme.example"),
        ("a+*@acme.example", "a+b@acme.example"),
        ("*@acme.example", '"odd@name"@acme.example'),
    ],
)
def test_an_address_fits(pattern: str, address: str) -> None:
    assert fits(pattern, address)


@pytest.mark.parametrize(
    ("pattern", "address"),
    [
        ("*@acme.example", "bob@acme.example.evil.test"),
        ("*@acme.example", "bob@notacme.example"),
        ("*@acme.example", "bob@acmeXexample"),
        ("*@acme.example", '"x@acme.example"@evil.test'),
        ("al*@acme.example", "eve@al.acme.example"),
        ("order-?@acme.example", "order-77@acme.example"),
        ("[a-z]@acme.example", "b@acme.example"),
        ("*", "bob@acme.example"),
        ("*@acme.example", "@acme.example"),
        ("*@acme.example", ""),
        ("alice@acme.example", "alice@acme.example\n"),
    ],
)
def test_an_address_does_not_fit(pattern: str, address: str) -> None:
    assert not fits(pattern, address)


def test_the_pattern_that_says_most_wins() -> None:
    patterns = ["*@*", "*@acme.example", "a*@acme.example", "alice@acme.example"]
    assert best_pattern("alice@acme.example", patterns) == "alice@acme.example"
    assert best_pattern("adam@acme.example", patterns) == "a*@acme.example"
    assert best_pattern("bob@acme.example", patterns) == "*@acme.example"
    assert best_pattern("bob@else.example", patterns) == "*@*"
    assert best_pattern("bob", patterns) is None


def test_an_exact_address_wins_over_a_longer_pattern() -> None:
    assert best_pattern("a@b.cc", ["*a@b.cc", "a@b.cc"]) == "a@b.cc"


def test_of_equal_patterns_the_choice_is_always_the_same() -> None:
    patterns = ["*b@x.test", "a*@x.test"]
    assert best_pattern("ab@x.test", patterns) == best_pattern("ab@x.test", patterns[::-1])
