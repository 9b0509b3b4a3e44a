"""Which rule decides about an inbound call, and how it says so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.receive.rules import Call, Rule, choose, same_number

ANY = Rule(1, "acme", ("all@acme.example",))
NUMBER = replace(ANY, called="+81344772288", forward=("number@acme.example",))
SUB = replace(NUMBER, sub="42", forward=("sub@acme.example",))
LINE = replace(ANY, line="usb0", forward=("line@acme.example",))
CALL = Call("0344772288", "", "usb0")


@pytest.mark.parametrize(
    ("configured", "called"),
    [
        ("+81344772288", "+81344772288"),
        ("+81 3-4477-2288", "0344772288"),
        ("+81344772288", "0081344772288"),
        ("0344772288", "+81344772288"),
        ("+81344772288", "2288"),
        ("288", "+81344772288"),
    ],
)
def test_spellings_of_one_number_are_the_same(configured: str, called: str) -> None:
    assert same_number(configured, called)


@pytest.mark.parametrize(
    ("configured", "called"),
    [
        ("+81344772288", "+81344772289"),
        ("+81344772288", ""),
        ("", ""),
        ("+81344772288", "88"),
        ("+81344772288", "0677772288"),
    ],
)
def test_other_numbers_are_not(configured: str, called: str) -> None:
    assert not same_number(configured, called)


def test_a_rule_that_asks_nothing_fits_every_call() -> None:
    assert choose(CALL, [ANY]) is ANY
    assert choose(Call("", "", ""), [ANY]) is ANY


def test_the_rule_that_names_more_wins_whatever_the_order() -> None:
    for rules in ([ANY, NUMBER, SUB], [SUB, NUMBER, ANY]):
        assert choose(CALL, rules) is NUMBER
        assert choose(replace(CALL, sub="42"), rules) is SUB


def test_of_two_that_name_as_much_the_first_wins() -> None:
    other = replace(NUMBER, account="other")
    assert choose(CALL, [NUMBER, other]) is NUMBER
    assert choose(CALL, [other, NUMBER]) is other


def test_a_full_number_beats_an_extension_that_also_ends_so() -> None:
    extension = replace(NUMBER, called="2288")
    for rules in ([extension, NUMBER], [NUMBER, extension]):
        assert choose(CALL, rules) is NUMBER
    assert choose(Call("0677772288", "", "usb0"), [extension, NUMBER]) is extension


def test_a_rule_fits_only_if_everything_it_names_fits() -> None:
    assert choose(Call("0344772288", "42", "usb1"), [replace(SUB, line="usb0")]) is None
    assert choose(Call("", "", "usb1"), [NUMBER, LINE]) is None


def test_a_sub_address_is_compared_by_its_digits() -> None:
    assert choose(Call("0344772288", " 42", "usb0"), [SUB]) is SUB
    assert choose(Call("0344772288", "4", "usb0"), [SUB]) is None


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (ANY, "any call: account acme"),
        (NUMBER, "called number +81344772288: account acme"),
        (
            replace(SUB, line="usb0"),
            "called number +81344772288 and sub-address 42 and line usb0: account acme",
        ),
    ],
)
def test_a_rule_reads_as_a_sentence(rule: Rule, words: str) -> None:
    assert rule.words() == words
