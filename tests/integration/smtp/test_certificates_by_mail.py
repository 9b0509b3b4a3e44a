"""A signed mail to digitalid@ gives us its sender's certificate; nothing else does, and nobody else's."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sealed_fixtures import ALICE, KEYS, NUMBER, ROOT, SealedDoor, der, head, signed
from smime_fixtures import ALICE as ADDRESS
from smime_fixtures import (
    AT,
    DAY,
    MALLORY,
    PAYLOAD,
    Authority,
    Envelope,
    Signing,
    detached,
    ec_key,
    rsa_key,
    signed_data,
    usage,
)

from gateway.mailin.sealed import BY_VERDICT, SENTENCES
from gateway.store import certificates
from gateway.store.models import Certificate, Outbox, Route
from smime.certificates import fingerprint

if TYPE_CHECKING:
    from pathlib import Path

    from smime import Identity

ENROL = "digitalid@fax.example.org"
BACKUP = "backup@gmail.example"
STORED = "250 2.0.0 Certificate stored; the answer comes by mail"


def kept(door: SealedDoor) -> list[tuple[str, str]]:
    return [(row.address, row.fingerprint) for row in door.rows(Certificate)]


def mark(who: Identity) -> str:
    return fingerprint(who.certificate)


def sent(door: SealedDoor, mail: bytes, sender: str = ADDRESS) -> str:
    with door.client() as client:
        return client.hello().fax(ENROL, mail=mail, sender=sender)


def test_a_signed_mail_leaves_its_certificate_and_owes_a_signed_answer(tmp_path: Path) -> None:
    with SealedDoor(tmp_path, trusted_networks=()) as door:
        assert sent(door, signed()) == STORED
        assert kept(door) == [(ADDRESS, mark(ALICE))]
        [row] = door.rows(Outbox)
        assert (row.kind, row.recipient) == ("enrolled", ADDRESS)
        assert row.data["fingerprint"] == mark(ALICE)
        assert row.data["request_id"] == "<one@acme.example>"
        assert door.counts["Message"] == 0
        assert len(door.audited("certificate.added")) == 1
        assert door.store.read(certificates.enrolled, 1, ADDRESS)


def test_an_address_that_only_receives_faxes_may_enrol_too(tmp_path: Path) -> None:
    backup = ROOT.person(BACKUP, ec_key("backup"))
    with SealedDoor(tmp_path) as door:
        with door.store.begin() as session:
            session.add(Route(account_id=1, forward=[BACKUP]))
        mail = signed(who=backup).replace(f"<{ADDRESS}>".encode(), f"<{BACKUP}>".encode())
        assert sent(door, mail, BACKUP) == STORED
        assert kept(door) == [(BACKUP, mark(backup))]


def test_an_address_nobody_knows_is_refused_at_rcpt(tmp_path: Path) -> None:
    with SealedDoor(tmp_path) as door, door.client() as client:
        [reply] = client.hello().envelope(ENROL, sender=MALLORY)
        assert reply.startswith("550 5.7.1 ")
        assert len(door.audited("sender.refused")) == 1


@pytest.mark.parametrize(
    ("mail", "reply"),
    [
        (lambda: head() + PAYLOAD, f"550 5.7.1 {SENTENCES['not_signed']}"),
        (lambda: signed().replace(b"call back", b"call Jack"), f"550 5.7.7 {BY_VERDICT['invalid']}"),
        (lambda: signed(who=ROOT.person(MALLORY)), f"550 5.7.1 {BY_VERDICT['address_mismatch']}"),
        (lambda: signed(who=Authority.root("Nobody").person()), f"550 5.7.1 {BY_VERDICT['untrusted']}"),
        (lambda: signed(at=AT - 4 * DAY), f"550 5.7.1 {BY_VERDICT['expired']}"),
        (
            lambda: signed(who=ROOT.person(usage_bits=usage("digital_signature"))),
            f"550 5.7.5 {SENTENCES['no_encryption_certificate']}",
        ),
    ],
    ids=["unsigned", "changed", "another's", "untrusted", "old", "for signing only"],
)
def test_nothing_else_leaves_a_certificate(tmp_path: Path, mail: Any, reply: str) -> None:
    with SealedDoor(tmp_path, account={"smime_policy": "off"}) as door:
        assert sent(door, mail()) == reply
        assert kept(door) == []
        assert door.rows(Outbox) == []
        assert len(door.audited("certificate.refused")) == 1


def test_a_second_certificate_for_encryption_is_taken_from_beside_the_signer_s(tmp_path: Path) -> None:
    signer = ROOT.person(key=ec_key("sign"), usage_bits=usage("digital_signature"))
    wanted = ROOT.person(key=rsa_key("crypt"), usage_bits=usage("key_encipherment"))
    others = [
        ROOT.person(MALLORY, rsa_key("m"), usage_bits=usage("key_encipherment")),
        Authority.root("Nobody").person(key=rsa_key("u"), usage_bits=usage("key_encipherment")),
        wanted,
    ]
    envelope = Envelope(extra_certificates=[one.certificate for one in others])
    mail = detached(PAYLOAD, signed_data(PAYLOAD, Signing(signer), envelope=envelope), head())
    with SealedDoor(tmp_path) as door:
        assert sent(door, mail) == STORED
        assert kept(door) == [(ADDRESS, mark(wanted))]


def test_a_newer_certificate_takes_the_place_and_a_captured_mail_does_not_bring_the_old_one_back(
    tmp_path: Path,
) -> None:
    newer = ROOT.person(key=ec_key("newer"))
    with SealedDoor(tmp_path) as door:
        old = signed()
        assert sent(door, old) == STORED
        door.now += timedelta(minutes=5)
        assert sent(door, signed(who=newer, message_id="two")) == STORED
        assert kept(door) == [(ADDRESS, mark(newer))]
        door.now += timedelta(minutes=5)
        assert sent(door, old).startswith("550 5.7.1 The signature of this mail was used")
        assert kept(door) == [(ADDRESS, mark(newer))]


def test_a_client_that_lost_the_answer_hears_it_again_and_nothing_changes(tmp_path: Path) -> None:
    with SealedDoor(tmp_path) as door:
        mail = signed()
        assert sent(door, mail) == STORED
        door.now += timedelta(minutes=5)
        assert sent(door, mail) == STORED
        assert kept(door) == [(ADDRESS, mark(ALICE))]
        assert len(door.rows(Outbox)) == len(door.audited("certificate.added")) == 1


def test_a_mail_brings_a_certificate_or_a_fax_not_both(tmp_path: Path) -> None:
    with SealedDoor(tmp_path) as door, door.client() as client:
        assert [reply[:9] for reply in client.hello().envelope(ENROL, NUMBER)] == ["250 2.1.5", "452 4.5.3"]
        client.say("RSET")
        assert [reply[:9] for reply in client.envelope(NUMBER, ENROL)] == ["250 2.1.5", "452 4.5.3"]


def test_a_door_without_a_judge_takes_no_certificates(door: Any) -> None:
    with door.client() as client:
        [reply] = client.hello().envelope(ENROL)
        assert reply.startswith("550 5.7.1 ")


def test_the_account_s_pin_holds_for_certificates_too(tmp_path: Path) -> None:
    alone = Authority.root("Alice herself").person(key=ec_key("alone"))
    pin = certificates.Given("pin", der(alone.certificate), mark(alone), AT + DAY, ADDRESS)
    with SealedDoor(tmp_path) as door:
        door.store.run(certificates.add, 1, pin, source="command", actor="test", now=AT)
        assert sent(door, signed()).startswith("550 5.7.1 ")
        assert sent(door, signed(who=alone)) == STORED
    assert KEYS.anchors != (der(alone.certificate),)
