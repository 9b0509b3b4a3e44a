"""The four account policies against every verdict: one total table (smime.md section 8)."""

from __future__ import annotations

import pytest

from smime import Encryption, Layer, Protection, Reason, Status, Verdict
from smime.acceptance import Refusal, Rule, refusal

SIGNED = (Layer("signed"),)
INSIDE = (Layer("encrypted"), Layer("signed"))
OUTSIDE = (Layer("signed"), Layer("encrypted"))


def verdict(status: Status, reason: Reason = Reason.OK, layers: tuple[Layer, ...] = SIGNED) -> Verdict:
    return Verdict(status, reason, layers=layers)


@pytest.mark.parametrize("status", Status)
def test_off_takes_everything(status: Status) -> None:
    assert refusal(verdict(status), Rule.OFF) is None


@pytest.mark.parametrize("status", Status)
def test_verify_takes_none_and_valid(status: Status) -> None:
    assert (refusal(verdict(status), Rule.VERIFY) is None) is (status in {Status.NONE, Status.VALID})


@pytest.mark.parametrize("status", Status)
def test_required_takes_valid_only(status: Status) -> None:
    assert (refusal(verdict(status), Rule.REQUIRED) is None) is (status is Status.VALID)


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("layers", [SIGNED, INSIDE, OUTSIDE])
def test_encrypted_takes_valid_inside_only(status: Status, layers: tuple[Layer, ...]) -> None:
    taken = refusal(verdict(status, layers=layers), Rule.REQUIRED_ENCRYPTED) is None
    assert taken is (status is Status.VALID and layers == INSIDE)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (Status.INVALID, "5.7.7"),
        (Status.MALFORMED, "5.7.7"),
        (Status.PARTIAL, "5.7.7"),
        (Status.UNTRUSTED, "5.7.1"),
        (Status.EXPIRED, "5.7.1"),
        (Status.NOT_YET_VALID, "5.7.1"),
        (Status.REVOKED, "5.7.1"),
        (Status.WRONG_USAGE, "5.7.1"),
        (Status.WEAK, "5.7.1"),
        (Status.ADDRESS_MISMATCH, "5.7.1"),
    ],
)
def test_codes(status: Status, code: str) -> None:
    assert refusal(verdict(status, Reason.NO_PATH), Rule.VERIFY) == Refusal(550, code, "no_path")


def test_an_unsigned_mail_where_a_signature_is_required() -> None:
    found = refusal(verdict(Status.NONE, Reason.NOT_SIGNED, ()), Rule.REQUIRED)
    assert found == Refusal(550, "5.7.1", "not_signed")


def test_a_list_that_ran_out_is_temporary_a_missing_one_is_not() -> None:
    old = refusal(verdict(Status.REVOCATION_UNKNOWN, Reason.LIST_EXPIRED), Rule.VERIFY)
    assert old == Refusal(451, "4.7.1", "list_expired")
    missing = refusal(verdict(Status.REVOCATION_UNKNOWN, Reason.NO_LIST), Rule.VERIFY)
    assert missing == Refusal(550, "5.7.1", "no_list")


@pytest.mark.parametrize("rule", Rule)
@pytest.mark.parametrize(
    "encryption",
    [Encryption.NO_RECIPIENT, Encryption.FAILED, Encryption.UNSUPPORTED, Encryption.PARTIAL],
)
def test_what_stays_closed_has_one_answer_under_every_rule(rule: Rule, encryption: Encryption) -> None:
    closed = Verdict(Status.VALID, Reason.OK, encryption=encryption)
    assert refusal(closed, rule) == Refusal(550, "5.7.5", "undecryptable")


def test_protected_headers_may_be_required() -> None:
    bare = verdict(Status.VALID)
    held = Verdict(Status.VALID, Reason.OK, layers=SIGNED, protection=Protection.RFC9788)
    found = refusal(bare, Rule.VERIFY, require_protected_headers=True)
    assert found == Refusal(550, "5.7.1", "headers_not_protected")
    assert refusal(held, Rule.VERIFY, require_protected_headers=True) is None
    unsigned = verdict(Status.NONE, Reason.NOT_SIGNED, ())
    assert refusal(unsigned, Rule.VERIFY, require_protected_headers=True) is None


def test_the_names_of_the_rules_are_those_of_the_configuration() -> None:
    assert [rule.value for rule in Rule] == ["off", "verify", "required", "required+encrypted"]
