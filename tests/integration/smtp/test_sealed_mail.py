"""Signed and encrypted mail at the door: what each account takes, and what the sender hears of it.

Real SMTP, real mails, real rows; only the child that judges is this process (`test_sealed_in_children.py` has
the real one).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sealed_fixtures import ALICE, GATEWAY, KEYS, NUMBER, ROOT, SealedDoor, der, head, own, signed
from smime_fixtures import (
    ALICE as ADDRESS,
)
from smime_fixtures import (
    AT,
    DAY,
    MALLORY,
    PAYLOAD,
    Authority,
    Signing,
    ec_key,
    opaque,
    rsa_key,
    signed_data,
    signed_mail,
)

import smime
from gateway.mailin.sealed import BY_VERDICT, SENTENCES
from gateway.mailin.unsealing import unwrap
from gateway.store import certificates
from gateway.store.certificates import Given
from gateway.store.models import Message, Replay
from smime.acceptance import NOT_ENCRYPTED, NOT_PROTECTED, WORDLESS
from smime.certificates import fingerprint
from smime.encryption import enveloped
from smime.signing import cms_part
from smime.verdict import Status

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TEXT = b"Content-Type: text/plain; charset=us-ascii\r\n\r\nPlease call back.\r\n"
STEADY = ROOT.person(key=rsa_key("alice"))  # its signatures have one length
OTHER_NUMBER = "+81399999999@fax.example.org"


def plain(body: bytes = TEXT, **options: Any) -> bytes:
    """Return an unsigned mail of Alice's."""
    return head(**options) + body


def encrypted(
    inner: bytes = PAYLOAD, *, cipher: str = "aes256-cbc", to: Any = GATEWAY, **options: Any
) -> bytes:
    """Return a mail encrypted to the gateway; `inner` is the entity inside."""
    return opaque(enveloped(inner, [to.certificate], cipher), "enveloped-data", head(**options))


def sign_then_encrypt(**options: Any) -> bytes:
    part = cms_part("signed-data", "smime.p7m", smime.signing.signed_data(PAYLOAD, ALICE, AT, detached=False))
    return encrypted(part, **options)


def said(folder: Path, mail: bytes, number: str = NUMBER, **options: Any) -> str:
    """Return the reply to the end of DATA."""
    with SealedDoor(folder, **options) as door, door.client() as client:
        return client.hello().fax(number, mail=mail)


def test_a_signed_mail_is_accepted_with_its_verdict(tmp_path: Path) -> None:
    with SealedDoor(tmp_path) as door, door.client() as client:
        mail = signed()
        assert client.hello().fax(NUMBER, mail=mail).startswith("250 2.0.0 queued as ")
        [message] = door.rows(Message)
        assert message.verdict["verdict"] == "valid"
        assert message.verdict["signer"]["addresses"] == [ADDRESS]
        assert message.evidence["by"] == "trusted_network"
        assert door.blobs.read(message.blob) == mail, "what is stored is the mail as it came"
        assert b"Please call back." in unwrap(mail, AT, KEYS)


def test_a_changed_mail_is_refused_with_5_7_7_and_leaves_an_audit_line(tmp_path: Path) -> None:
    with SealedDoor(tmp_path) as door, door.client() as client:
        mail = signed().replace(b"call back", b"call Jack")
        assert client.hello().fax(NUMBER, mail=mail) == f"550 5.7.7 {BY_VERDICT['invalid']}"
        [line] = door.audited("mail.rejected")
        assert line.data["why"] == "smime: digest_mismatch"
        assert line.account_id is not None
        assert door.counts == {"Message": 0, "Fax": 0, "Delivery": 0, "Outbox": 0}


@pytest.mark.parametrize("policy", ["off", "verify", "required", "required+encrypted"])
@pytest.mark.parametrize(
    ("name", "mail", "takers"),
    [
        ("unsigned", plain, {"off", "verify"}),
        ("signed", signed, {"off", "verify", "required"}),
        ("changed", lambda: signed().replace(b"call back", b"call Jack"), {"off"}),
        ("encrypted", encrypted, {"off", "verify"}),
        ("signed inside", sign_then_encrypt, {"off", "verify", "required", "required+encrypted"}),
        ("to another", lambda: encrypted(to=ALICE), set()),
    ],
)
def test_what_each_policy_takes(
    tmp_path: Path, policy: str, name: str, mail: Callable[[], bytes], takers: set[str]
) -> None:
    assert name
    reply = said(tmp_path, mail(), account={"smime_policy": policy})
    assert reply.startswith("250 ") == (policy in takers), reply
    assert reply.startswith(("250 2.0.0 ", "550 5.7."))


@pytest.mark.parametrize(
    ("mail", "status"),
    [
        (lambda: signed(who=Authority.root("Nobody knows it").person(key=ec_key("x"))), Status.UNTRUSTED),
        (lambda: signed(who=ROOT.person(MALLORY, ec_key("m"))), Status.ADDRESS_MISMATCH),
        (lambda: signed(at=AT - 4 * DAY), Status.EXPIRED),
        (lambda: signed(at=AT + DAY), Status.NOT_YET_VALID),
        (lambda: signed(who=ROOT.person(last=AT - DAY)), Status.EXPIRED),
        (lambda: signed(who=ROOT.person(key=rsa_key("weak", 1024))), Status.WEAK),
    ],
    ids=["untrusted", "somebody else's", "old", "future", "certificate over", "weak key"],
)
def test_a_bad_signature_is_refused_in_words_of_its_verdict(
    tmp_path: Path, mail: Callable[[], bytes], status: Status
) -> None:
    assert said(tmp_path, mail()) == f"550 5.7.1 {BY_VERDICT[status.value]}"


def test_every_refusal_has_a_sentence() -> None:
    assert set(BY_VERDICT) == {status.value for status in Status} - {"none", "valid"}
    assert {NOT_ENCRYPTED, NOT_PROTECTED, WORDLESS} <= set(SENTENCES)


def test_all_failures_to_decrypt_sound_the_same(tmp_path: Path) -> None:
    broken = [
        encrypted(to=ALICE),
        opaque(b"0\x03\x02\x01\x00", "enveloped-data", head()),
        encrypted(b"\x00\x01 noise that is no entity" * 9),
        plain(
            b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b\r\n"
            + cms_part("enveloped-data", "smime.p7m", enveloped(PAYLOAD, [GATEWAY.certificate], "aes128-gcm"))
            + b"\r\n--b--\r\n"
        ),
    ]
    with SealedDoor(tmp_path) as door, door.client() as client:
        client.hello()
        replies = {client.fax(NUMBER, mail=mail) for mail in broken}
        assert replies == {f"550 5.7.5 {SENTENCES[WORDLESS]}"}


def test_a_revoked_signer_is_refused_and_a_list_that_ran_out_puts_mail_off(tmp_path: Path) -> None:
    revoked = replace(KEYS, lists=(der(ROOT.crl(ALICE)),))
    over = replace(KEYS, lists=(der(ROOT.crl(last=AT - timedelta(hours=1))),))
    fresh = replace(KEYS, lists=(der(ROOT.crl()),))
    with SealedDoor(tmp_path, revoked) as door, door.client() as client:
        assert client.hello().fax(NUMBER, mail=signed()) == f"550 5.7.1 {BY_VERDICT['revoked']}"
        door.keys = over
        assert client.fax(NUMBER, mail=signed()) == f"451 4.7.1 {BY_VERDICT['revocation_unknown']}"
        door.keys = fresh
        assert client.fax(NUMBER, mail=signed()).startswith("250 ")


def test_a_signature_is_a_proof_of_the_sender(tmp_path: Path) -> None:
    with SealedDoor(tmp_path, trusted_networks=()) as door, door.client() as client:
        assert client.hello().fax(NUMBER, mail=plain()).startswith("550 5.7.1 ")
        assert client.fax(NUMBER, mail=signed()).startswith("250 ")
        [message] = door.rows(Message)
        assert message.evidence["by"] == "smime"
        assert message.evidence["fingerprint"] == fingerprint(ALICE.certificate)


def test_an_account_that_asks_for_smime_is_proved_by_nothing_else(tmp_path: Path) -> None:
    with SealedDoor(tmp_path, account={"sender_evidence": "smime"}) as door, door.client() as client:
        assert client.hello().fax(NUMBER, mail=plain()).startswith("550 5.7.1 ")
        assert client.fax(NUMBER, mail=signed()).startswith("250 ")


# -- the memory of used signatures


def test_the_same_mail_again_is_no_second_fax_however_relays_changed_its_outside(tmp_path: Path) -> None:
    with SealedDoor(tmp_path, account={"smime_policy": "required"}) as door, door.client() as client:
        mail = signed()
        first = client.hello().fax(NUMBER, mail=mail)
        assert client.fax(NUMBER, mail=mail) == first
        assert client.fax(NUMBER, mail=b"X-Spam: no\r\n" + mail) == first
        assert len(door.numbers) == 1


@pytest.mark.parametrize(
    ("change", "number"),
    [
        (lambda mail: mail, OTHER_NUMBER),
        (lambda mail: mail.replace(b"Subject: order", b"Subject: order /d 30.12.2026"), NUMBER),
        (lambda mail: mail.replace(b"<one@", b"<two@"), NUMBER),
    ],
    ids=["another number", "another subject", "another id"],
)
def test_a_captured_signature_carries_no_other_fax(
    tmp_path: Path, change: Callable[[bytes], bytes], number: str
) -> None:
    with SealedDoor(tmp_path, account={"smime_policy": "required"}) as door, door.client() as client:
        mail = signed()
        assert client.hello().fax(NUMBER, mail=mail).startswith("250 ")
        assert client.fax(number, mail=change(mail)).startswith(
            "550 5.7.1 The signature of this mail was used"
        )
        assert len(door.numbers) == 1
        assert len(door.rows(Replay)) == 1


def test_where_the_signature_was_the_proof_a_replay_is_refused_too(tmp_path: Path) -> None:
    with SealedDoor(tmp_path, trusted_networks=()) as door, door.client() as client:
        mail = signed()
        assert client.hello().fax(NUMBER, mail=mail).startswith("250 ")
        assert client.fax(OTHER_NUMBER, mail=mail).startswith("550 5.7.1 The signature")
        assert len(door.numbers) == 1


def test_where_nothing_rests_on_the_signature_it_may_come_again(tmp_path: Path) -> None:
    with SealedDoor(tmp_path) as door, door.client() as client:
        mail = signed()
        assert client.hello().fax(NUMBER, mail=mail).startswith("250 ")
        assert client.fax(OTHER_NUMBER, mail=mail).startswith("250 ")
        assert len(door.numbers) == 2


def test_a_signature_is_remembered_until_it_is_too_old_to_pass(tmp_path: Path) -> None:
    mail = signed_mail(Signing(ALICE), head=head())
    with SealedDoor(tmp_path, account={"smime_policy": "required"}) as door, door.client() as client:
        assert client.hello().fax(NUMBER, mail=mail).startswith("250 ")
        [row] = door.rows(Replay)
        assert row.until == AT + timedelta(hours=73)


# -- header fields under the signature


def protected(to: str = NUMBER, subject: str = "signed subject", **options: Any) -> bytes:
    """Return a mail whose signature covers Subject and To."""
    payload = (
        f"From: Alice <{ADDRESS}>\r\nTo: {to}\r\nSubject: {subject}\r\n"
        'Content-Type: text/plain; hp="clear"\r\n\r\nPlease call back.\r\n'
    ).encode()
    return signed(payload=payload, **options)


def test_the_signed_subject_is_the_one_that_holds() -> None:
    drawn = unwrap(protected(subject="signed /bb"), AT, KEYS)
    assert b"Subject: signed /bb\r\n" in drawn
    assert b"Subject: order" not in drawn


def test_a_signed_to_must_name_the_number(tmp_path: Path) -> None:
    with SealedDoor(tmp_path) as door, door.client() as client:
        mail = protected()
        reply = client.hello().fax(OTHER_NUMBER, mail=mail)
        assert reply == f"550 5.7.1 {SENTENCES['number_not_signed']}"
        assert client.fax(NUMBER, mail=mail).startswith("250 ")
        assert client.fax("03-1234-5678@fax.example.org", mail=mail).startswith("250 "), "the same number"
        assert len(door.numbers) == 1


@pytest.mark.parametrize(
    ("signed_to", "asked"),
    [
        ("0312345678@fax.example.org", NUMBER),
        ("Bob <+81-3-1234-5678@FAX.example.org>", NUMBER),
        ("/FAX=+81312345678@fax.example.org", "FAX=+81312345678@fax.example.org"),
        ("+81312345678@elsewhere.example", NUMBER),
    ],
)
def test_a_signed_to_may_spell_the_number_its_own_way(tmp_path: Path, signed_to: str, asked: str) -> None:
    named = "elsewhere" not in signed_to
    reply = said(tmp_path, protected(to=signed_to), asked)
    assert reply.startswith("250 " if named else "550 5.7.1 The signed To"), reply


def test_signed_numbers_may_come_one_by_one(tmp_path: Path) -> None:
    """A relay that splits a mail by its recipients is no attacker when the signature names them all."""
    mail = protected(to=f"{NUMBER}, {OTHER_NUMBER}")
    with SealedDoor(tmp_path, account={"smime_policy": "required"}) as door, door.client() as client:
        assert client.hello().fax(NUMBER, mail=mail).startswith("250 ")
        assert client.fax(OTHER_NUMBER, mail=mail).startswith("250 ")
        assert len(door.numbers) == 2


def test_a_number_in_the_subject_is_that_of_the_signed_subject(tmp_path: Path) -> None:
    """Whoever has such a mail could else send it again to any number, by the subject that nobody signed."""
    box = "fax@fax.example.org"
    account = {"smime_policy": "required", "settings": {"axatel": {"mask": ADDRESS, "address": box}}}
    mail = protected(to=box, subject="FAX 03-1234-5678")
    with SealedDoor(tmp_path, account=account) as door, door.client() as client:
        client.hello()
        for number in ("03-4477-2288", "03-1234-5678", "03-4477-2288"):
            reply = client.fax(box, mail=mail.replace(b"Subject: order", f"Subject: FAX {number}".encode()))
            wanted = number == "03-1234-5678"
            assert (
                reply.startswith("250 ")
                if wanted
                else reply == f"550 5.7.1 {SENTENCES['subject_not_signed']}"
            )
        assert door.numbers == ["0081312345678"]


def test_an_account_may_ask_for_protected_header_fields(tmp_path: Path) -> None:
    account = {"smime_policy": "required", "settings": {"require_protected_headers": True}}
    with SealedDoor(tmp_path, account=account) as door, door.client() as client:
        assert client.hello().fax(NUMBER, mail=signed()) == f"550 5.7.1 {SENTENCES[NOT_PROTECTED]}"
        assert client.fax(NUMBER, mail=protected()).startswith("250 ")


# -- limits


def big(octets: int) -> bytes:
    """Return a signed mail of exactly this size."""
    filler = len(signed(who=STEADY, payload=TEXT + b"\r\n"))
    lines, rest = divmod(octets - filler, 72)
    payload = TEXT + b"x" * rest + b"\r\n" + (b"y" * 70 + b"\r\n") * lines
    return signed(who=STEADY, payload=payload)


@pytest.mark.parametrize(("octets", "answer"), [(10_000_000, "250 "), (10_000_001, "552 5.3.4 ")])
def test_signed_mail_may_be_held_to_10_mb(tmp_path: Path, octets: int, answer: str) -> None:
    mail = big(octets)
    assert len(mail) == octets
    assert said(tmp_path, mail, account={"settings": {"signed_mail_limit": True}}).startswith(answer)


def test_without_the_option_a_larger_one_is_taken(tmp_path: Path) -> None:
    assert said(tmp_path, big(10_000_001)).startswith("250 ")


def test_what_is_sealed_is_held_to_the_limits_of_the_door(tmp_path: Path) -> None:
    parts = b"".join(b"--b\r\n\r\nx\r\n" for _ in range(500))
    inner = b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + parts + b"--b--\r\n"
    assert said(tmp_path, encrypted(inner)) == "550 5.6.0 Too many parts"


def test_an_openpgp_part_inside_stays_closed(tmp_path: Path) -> None:
    inner = b'Content-Type: multipart/encrypted; boundary="b"\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n'
    assert said(tmp_path, plain(inner)) == f"550 5.7.5 {SENTENCES[WORDLESS]}"


# -- what accounts and the operator say of signers


def given(purpose: str, certificate: Any, address: str = "") -> Given:
    return Given(
        purpose, der(certificate), fingerprint(certificate), certificate.not_valid_after_utc, address
    )


def test_a_pinned_certificate_needs_no_authority_and_is_then_the_only_one(tmp_path: Path) -> None:
    alone = Authority.root("Alice herself").person(key=ec_key("alone"))
    with SealedDoor(tmp_path) as door, door.client() as client:
        assert client.hello().fax(NUMBER, mail=signed(who=alone)).startswith("550 5.7.1 ")
        pin = given("pin", alone.certificate, ADDRESS)
        door.store.run(certificates.add, 1, pin, source="command", actor="test", now=AT)
        assert client.fax(NUMBER, mail=signed(who=alone)).startswith("250 ")
        assert client.fax(NUMBER, mail=signed(message_id="two")).startswith("550 5.7.1 ")


def test_a_domain_signer_vouches_for_its_domain(tmp_path: Path) -> None:
    company = ROOT.person("mail@acme.example", ec_key("company"))
    with SealedDoor(tmp_path) as door, door.client() as client:
        assert client.hello().fax(NUMBER, mail=signed(who=company)).startswith("550 5.7.1 ")
        signer = given("domain", company.certificate, "*@acme.example")
        door.store.run(certificates.add, None, signer, source="command", actor="test", now=AT)
        assert client.fax(NUMBER, mail=signed(who=company)).startswith("250 ")


def test_several_keys_of_ours_open_mail(tmp_path: Path) -> None:
    previous = ROOT.person("fax@fax.example.org", rsa_key("previous"), last=AT - DAY)
    keys = replace(KEYS, own=(own(GATEWAY), own(previous)))
    assert said(tmp_path, encrypted(to=previous), keys=keys).startswith("250 ")


def test_the_certificate_list_inside_is_no_signature(tmp_path: Path) -> None:
    only = signed_data(b"", envelope=None)
    mail = opaque(only, "certs-only", head())
    assert said(tmp_path, mail, account={"smime_policy": "required"}).startswith("550 5.7.1 ")


def test_a_from_that_nobody_can_read_is_no_binding_and_no_fault(tmp_path: Path) -> None:
    mail = signed().replace(b"From: Alice <alice@acme.example>", b"From: " + b"(" * 20_000)
    with SealedDoor(tmp_path, trusted_networks=()) as door, door.client() as client:
        assert client.hello().fax(NUMBER, mail=mail, sender=ADDRESS).startswith("550 5.7.")
