"""Revocation lists: three states, three modes, and lists that do not count (RFC 5280 5 and 6.3)."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography import x509
from smime_fixtures import (
    AT,
    DAY,
    PAYLOAD,
    Authority,
    Envelope,
    Signing,
    detached,
    ec_key,
    ed_key,
    judge,
    pem,
    signed_data,
    signed_mail,
    usage,
    word,
)

from smime import Identity, Policy, RevocationMode
from smime.crl import of_one
from smime.verdict import Reason, Revocation

POINT = "http://ca.acme.example/list.crl"


@pytest.fixture(scope="module")
def root() -> Authority:
    return Authority.root()


@pytest.fixture(scope="module")
def alice(root: Authority) -> Identity:
    return root.person()


def mail(who: Identity) -> bytes:
    return signed_mail(Signing(who))


def test_a_certificate_that_is_on_no_list_is_good(root: Authority, alice: Identity) -> None:
    verdict = judge(mail(alice), root, crls=[root.crl()])
    assert word(verdict) == ("valid", "ok")
    assert verdict.signer is not None
    assert verdict.signer.revocation is Revocation.GOOD


def test_a_revoked_certificate_is_revoked(root: Authority, alice: Identity) -> None:
    verdict = judge(mail(alice), root, crls=[root.crl(alice)])
    assert word(verdict) == ("revoked", "on_list")
    assert verdict.signer is not None
    assert verdict.signer.revocation is Revocation.REVOKED


def test_a_revoked_authority_between_revokes_all_below(root: Authority) -> None:
    middle = root.authority("Middle")
    who = middle.person()
    envelope_mail = signed_with(who, middle)
    assert word(judge(envelope_mail, root, crls=[root.crl(middle), middle.crl()])) == ("revoked", "on_list")
    assert word(judge(envelope_mail, root, crls=[root.crl(), middle.crl()])) == ("valid", "ok")


def test_every_certificate_below_the_anchor_needs_a_list(root: Authority) -> None:
    middle = root.authority("Middle")
    found = judge(signed_with(middle.person(), middle), root, crls=[middle.crl()])
    assert word(found) == ("revocation_unknown", "no_list")
    found = judge(signed_with(middle.person(), middle), root, crls=[root.crl()])
    assert word(found) == ("revocation_unknown", "no_list")


def signed_with(who: Identity, *authorities: Authority) -> bytes:
    more = [one.certificate for one in authorities]
    return detached(PAYLOAD, signed_data(PAYLOAD, Signing(who), envelope=Envelope(extra_certificates=more)))


@pytest.mark.parametrize(
    ("mode", "lists", "expected"),
    [
        (RevocationMode.AUTO, "none", ("valid", "ok")),
        (RevocationMode.AUTO, "other", ("revocation_unknown", "no_list")),
        (RevocationMode.AUTO, "expired", ("revocation_unknown", "list_expired")),
        (RevocationMode.SOFT, "other", ("valid", "ok")),
        (RevocationMode.SOFT, "expired", ("valid", "ok")),
        (RevocationMode.SOFT, "revoked", ("revoked", "on_list")),
        (RevocationMode.HARD, "none", ("revocation_unknown", "no_list")),
        (RevocationMode.HARD, "good", ("valid", "ok")),
        (RevocationMode.OFF, "revoked", ("valid", "ok")),
    ],
)
def test_the_modes(
    root: Authority, alice: Identity, mode: RevocationMode, lists: str, expected: tuple[str, str]
) -> None:
    given = {
        "none": [],
        "good": [root.crl()],
        "other": [Authority.root("Other").crl()],
        "expired": [root.crl(first=AT - 2 * DAY, last=AT - DAY)],
        "revoked": [root.crl(alice)],
    }[lists]
    assert word(judge(mail(alice), root, crls=given, policy=Policy(revocation=mode))) == expected


def test_unknown_that_passes_is_flagged(root: Authority, alice: Identity) -> None:
    signer = judge(mail(alice), root).signer
    assert signer is not None
    assert signer.revocation is Revocation.UNKNOWN


def state(root: Authority, who: Identity, *lists: x509.CertificateRevocationList) -> tuple[str, str]:
    found = of_one(who.certificate, root.certificate, lists, AT)
    return found.revocation.value, found.reason.value


def test_a_list_counts_from_its_first_to_its_last_moment(root: Authority, alice: Identity) -> None:
    second = DAY / 86400
    assert state(root, alice, root.crl(first=AT, last=AT + DAY)) == ("good", "ok")
    assert state(root, alice, root.crl(first=AT - DAY, last=AT)) == ("good", "ok")
    assert state(root, alice, root.crl(first=AT + second, last=AT + DAY)) == ("unknown", "list_expired")
    assert state(root, alice, root.crl(first=AT - DAY, last=AT - second)) == ("unknown", "list_expired")


def test_who_stands_on_an_old_list_stays_revoked(root: Authority, alice: Identity) -> None:
    old = root.crl(alice, first=AT - 9 * DAY, last=AT - 8 * DAY)
    assert state(root, alice, old) == ("revoked", "on_list")


def test_one_good_list_is_enough_and_one_bad_is_too_much(root: Authority, alice: Identity) -> None:
    old = root.crl(first=AT - 9 * DAY, last=AT - 8 * DAY)
    assert state(root, alice, old, root.crl()) == ("good", "ok")
    assert state(root, alice, root.crl(), root.crl(alice)) == ("revoked", "on_list")


def test_a_list_signed_by_another_key_does_not_count(root: Authority, alice: Identity) -> None:
    forged = root.crl(alice, key=ec_key("forger"))
    assert state(root, alice, forged) == ("unknown", "no_list")


def test_a_list_for_another_key_of_the_authority_does_not_count(root: Authority, alice: Identity) -> None:
    other = x509.AuthorityKeyIdentifier(b"another key", None, None)
    assert state(root, alice, root.crl(alice, extensions=[(other, False)])) == ("unknown", "no_list")
    own = x509.AuthorityKeyIdentifier.from_issuer_public_key(root.key.public_key())
    assert state(root, alice, root.crl(alice, extensions=[(own, False)])) == ("revoked", "on_list")


def test_an_authority_that_may_not_sign_lists_signs_none() -> None:
    mute = Authority.root("Mute", usage_bits=usage("key_cert_sign"))
    who = mute.person()
    assert state(mute, who, mute.crl(who)) == ("unknown", "no_list")


def test_lists_of_ed25519_authorities_count() -> None:
    edward = Authority.root("Edward", key=ed_key("ca"))
    who = edward.person()
    assert state(edward, who, edward.crl(who)) == ("revoked", "on_list")
    assert state(edward, who, edward.crl()) == ("good", "ok")


def scope(**given: Any) -> x509.IssuingDistributionPoint:
    fields: dict[str, Any] = {
        "full_name": None,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return x509.IssuingDistributionPoint(**{**fields, **given})


NOT_UNDERSTOOD = {
    "delta": (x509.DeltaCRLIndicator(3), True),
    "delta that does not say so critically": (x509.DeltaCRLIndicator(3), False),
    "unknown and critical": (
        x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"),
        True,
    ),
    "indirect": (scope(indirect_crl=True), True),
    "some reasons": (
        scope(only_some_reasons=frozenset([x509.ReasonFlags.key_compromise]), only_contains_user_certs=True),
        True,
    ),
    "attribute certificates": (scope(only_contains_attribute_certs=True), True),
    "authorities only": (scope(only_contains_ca_certs=True), True),
    "another point": (scope(full_name=[x509.UniformResourceIdentifier("http://elsewhere.example/")]), True),
}


@pytest.mark.parametrize("name", NOT_UNDERSTOOD)
def test_a_list_we_do_not_understand_says_nothing(root: Authority, alice: Identity, name: str) -> None:
    found = state(root, alice, root.crl(alice, extensions=[NOT_UNDERSTOOD[name]]))
    assert found == ("unknown", Reason.LIST_NOT_UNDERSTOOD.value)


def test_a_list_for_people_is_for_people(root: Authority, alice: Identity) -> None:
    people = root.crl(extensions=[(scope(only_contains_user_certs=True), True)])
    assert state(root, alice, people) == ("good", "ok")
    middle = root.authority("Middle")
    assert state(root, middle, people) == ("unknown", "list_not_understood")
    authorities = root.crl(extensions=[(scope(only_contains_ca_certs=True), True)])
    assert state(root, middle, authorities) == ("good", "ok")


def test_a_list_for_one_point_is_for_certificates_that_name_it(root: Authority, alice: Identity) -> None:
    name = x509.UniformResourceIdentifier(POINT)
    points = x509.CRLDistributionPoints([x509.DistributionPoint([name], None, None, None)])
    who = root.person(extra=[(points, False)])
    there = root.crl(extensions=[(scope(full_name=[name]), True)])
    assert state(root, who, there) == ("good", "ok")
    assert state(root, alice, there) == ("unknown", "list_not_understood")


def test_an_entry_we_do_not_understand_leaves_the_state_unknown(root: Authority, alice: Identity) -> None:
    issuer = x509.CertificateIssuer([x509.DirectoryName(root.certificate.subject)])
    assert state(root, alice, root.crl(alice, entry_extensions=[(issuer, True)])) == (
        "unknown",
        "list_not_understood",
    )
    reason = x509.CRLReason(x509.ReasonFlags.certificate_hold)
    assert state(root, alice, root.crl(alice, entry_extensions=[(reason, False)])) == ("revoked", "on_list")


def test_lists_come_as_pem_bundles_too(root: Authority, alice: Identity) -> None:
    bundle = pem(Authority.root("Other").crl()) + b"text between\n" + pem(root.crl(alice))
    assert word(judge(mail(alice), root, crls=bundle)) == ("revoked", "on_list")
