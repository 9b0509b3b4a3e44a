"""Whose certificate it is: addresses in certificates, comparison, the From field (smime.md section 5)."""

from __future__ import annotations

import pytest
from asn1crypto import core
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import utils
from smime_fixtures import (
    ALICE,
    HEAD,
    MALLORY,
    PAYLOAD,
    Authority,
    Signing,
    detached,
    distinguished,
    judge,
    signed_data,
    signed_mail,
    utf8_mailbox,
    word,
)

from smime import Identity, Policy
from smime.binding import a_label, addresses, authors, domain_of, listed, normal, same
from smime.certificates import fingerprint, spki
from smime.parse import SignedPart, open_cms
from smime.policy import Limits
from smime.signature import replay_digest


@pytest.fixture(scope="module")
def root() -> Authority:
    return Authority.root()


@pytest.mark.parametrize(
    ("names", "subject_mail", "expected"),
    [
        ([x509.RFC822Name(ALICE)], "", (ALICE,)),
        ([x509.RFC822Name(ALICE), x509.RFC822Name("a@b.example")], "", (ALICE, "a@b.example")),
        ([x509.RFC822Name(ALICE)], MALLORY, (ALICE,)),
        ([x509.DNSName("acme.example")], ALICE, (ALICE,)),
        ([], ALICE, (ALICE,)),
        ([], "", ()),
        ([utf8_mailbox("ä@acme.example")], MALLORY, ("ä@acme.example",)),
        (
            [x509.OtherName(x509.ObjectIdentifier("1.3.6.1.5.5.7.8.9"), core.Integer(1).dump())],
            MALLORY,
            ("",),
        ),
        ([x509.OtherName(x509.ObjectIdentifier("1.2.3"), core.UTF8String("x@y").dump())], ALICE, (ALICE,)),
    ],
)
def test_the_addresses_of_a_certificate(
    root: Authority, names: list[x509.GeneralName], subject_mail: str, expected: tuple[str, ...]
) -> None:
    who = root.person("", names=names, subject=distinguished("bob@acme.example", subject_mail))
    assert addresses(who.certificate) == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (ALICE, ALICE, True),
        ("Alice@ACME.Example", ALICE, True),
        ("alice@acme.example.", ALICE, True),
        ("alice+fax@acme.example", ALICE, False),
        ("a.lice@acme.example", ALICE, False),
        ("alice@bücher.example", "alice@xn--bcher-kva.example", True),
        ("аlice@acme.example", ALICE, False),  # noqa: RUF001  (a Cyrillic a)
        ("alice@acme.example\x00.evil.example", ALICE, False),
        ("alice@acme.example\n", ALICE, False),
        ("alice @acme.example", ALICE, False),
        ("alice", "alice", False),
        ("@acme.example", "@acme.example", False),
        ("", "", False),
        ("alice@faß.example", "alice@xn--fa-hia.example", True),
        ("alice@faß.example", "alice@fass.example", False),
        ("alice@ａcme.example", ALICE, False),  # noqa: RUF001  (a full-width a)
        ("alice@acme。example", ALICE, False),
        ("alice@ac\u00adme.example", ALICE, False),
        ("alice@ac\u200bme.example", ALICE, False),
        ("alice@ban\u212a.example", "alice@bank.example", False),
        ("mi\u212ae@acme.example", "mike@acme.example", False),
        ("al\x85ice@acme.example", "al\x85ice@acme.example", False),
        ("alice@BÜCHER.example", "alice@XN--BCHER-KVA.example", True),
        ("alice@" + "ü" * 80 + ".example", "alice@" + "ü" * 80 + ".example", False),
    ],
)
def test_comparison(one: str, other: str, *, expected: bool) -> None:
    assert same(one, other) is expected
    assert same(other, one) is expected


def test_parts_of_addresses() -> None:
    assert normal("A@B.example") == "a@b.example"
    assert domain_of("A@B.example") == "b.example"
    assert domain_of("nobody") == ""
    assert a_label("BÜCHER.example") == "xn--bcher-kva.example"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("bob@acme.example", True),
        ("x@orders.acme.example", True),
        ("X@ORDERS.acme.example", True),
        ("x@acme.example", False),
        ("x@y.orders.acme.example", False),
        ("", False),
    ],
)
def test_lists_with_whole_domains(address: str, *, expected: bool) -> None:
    assert listed(address, ["bob@acme.example", "*@orders.acme.example"]) is expected


def test_authors_of_from_fields() -> None:
    assert authors(["Alice <alice@acme.example>"]) == [ALICE]
    assert authors(['"Smith, A" <a@b.example>, c@d.example']) == ["a@b.example", "c@d.example"]
    assert MALLORY in authors([f"{ALICE} <{MALLORY}>"])
    assert authors(["(" * 30_000 + f" <{ALICE}>"]) == [""]


def mail(who: Identity, author: bytes = b"Alice <alice@acme.example>") -> bytes:
    head = HEAD.replace(b"From: Alice <alice@acme.example>", b"From: " + author)
    return signed_mail(Signing(who), head=head)


def test_the_certificate_must_name_the_envelope_sender(root: Authority) -> None:
    assert word(judge(mail(root.person()), root, sender="bob@acme.example")) == ("address_mismatch", "sender")
    assert word(judge(mail(root.person()), root, sender="ALICE@acme.example")) == ("valid", "ok")


def test_a_common_name_is_never_an_address(root: Authority) -> None:
    who = root.person("", subject=distinguished(ALICE))
    assert word(judge(mail(who), root)) == ("address_mismatch", "sender")


def test_an_address_in_the_subject_counts_when_nothing_else_is_there(root: Authority) -> None:
    assert judge(mail(root.person("", subject=distinguished("A", ALICE))), root).valid
    both = root.person(MALLORY, subject=distinguished("A", ALICE))
    assert word(judge(mail(both), root)) == ("address_mismatch", "sender")


def test_a_nul_in_the_certificate_matches_nobody(root: Authority) -> None:
    who = root.person("", names=[utf8_mailbox(ALICE + "\x00.evil.example")])
    assert word(judge(mail(who), root)) == ("address_mismatch", "sender")


def test_the_from_field_is_the_sender_or_listed_by_the_account(root: Authority) -> None:
    boss = mail(root.person(), b"boss@acme.example")
    assert word(judge(boss, root)) == ("address_mismatch", "from")
    assert judge(boss, root, policy=Policy(addresses=("boss@acme.example",))).valid
    assert judge(boss, root, policy=Policy(addresses=("*@acme.example",))).valid
    assert word(judge(mail(root.person(), b"a@acme.example, boss@acme.example"), root)) == (
        "address_mismatch",
        "from",
    )


def test_a_from_field_that_cannot_be_read_is_nobody(root: Authority) -> None:
    assert word(judge(mail(root.person(), b"alice at acme"), root)) == ("address_mismatch", "from")


@pytest.mark.parametrize("sender", [ALICE, None])
@pytest.mark.parametrize("head", [b"Subject: x\r\n", b"From:\r\nSubject: x\r\n"])
def test_a_from_field_that_names_nobody_does_not_name_the_sender(
    root: Authority, head: bytes, sender: str | None
) -> None:
    mail_without = signed_mail(Signing(root.person()), head=head)
    assert word(judge(mail_without, root, sender=sender)) == ("address_mismatch", "from")


def test_without_an_envelope_the_from_field_speaks_for_itself(root: Authority) -> None:
    assert judge(mail(root.person()), root, sender=None).valid
    found = judge(mail(root.person(), b"bob@acme.example"), root, sender=None)
    assert word(found) == ("address_mismatch", "from")


def test_a_name_the_authority_may_not_give_is_not_trusted() -> None:
    bound = x509.NameConstraints([x509.RFC822Name("other.example")], None)
    root = Authority.root("Bound", extra=[(bound, True)])
    who = root.person("", names=[utf8_mailbox(ALICE)])
    assert word(judge(mail(who), root)) == ("untrusted", "name_not_permitted")


def test_the_replay_digest_is_of_signature_and_signer(root: Authority) -> None:
    who = root.person()
    first, second = mail(who), mail(who)
    assert judge(first, root).replay == judge(first.replace(b"order", b"other"), root).replay
    assert judge(first, root).replay != judge(second, root).replay
    assert len(judge(first, root).replay) == 64


def test_the_other_form_of_an_ecdsa_signature_is_the_same_replay(root: Authority) -> None:
    one = Signing(root.person())
    data = signed_data(PAYLOAD, one)
    part = open_cms(data, Limits())
    assert isinstance(part, SignedPart)
    r, s = utils.decode_dss_signature(part.signers[0].signature)
    order = one.who.key.curve.group_order
    one.signature = utils.encode_dss_signature(r, order - s)
    again = signed_data(PAYLOAD, one)
    assert again != data
    verdicts = [judge(detached(PAYLOAD, cms), root) for cms in (data, again)]
    assert [verdict.valid for verdict in verdicts] == [True, True]
    assert verdicts[0].replay == verdicts[1].replay


def test_a_certificate_renewed_around_the_same_key_is_the_same_replay(root: Authority) -> None:
    first, second = root.person(), root.person()
    assert fingerprint(first.certificate) != fingerprint(second.certificate)
    signature = bytes.fromhex("3006020101020102")
    digests = {
        replay_digest(one.certificate, signature, spki(one.certificate.public_key()))
        for one in (first, second)
    }
    assert len(digests) == 1
