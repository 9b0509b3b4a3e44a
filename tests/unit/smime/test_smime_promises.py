"""What the package promises: no clock, no network, no files, the same answer twice, no content in a record.

The command alone (`cli.py`, `__main__.py`) reads files and the time.
"""

from __future__ import annotations

import ast
import json
from dataclasses import fields, is_dataclass
from datetime import timedelta, timezone
from pathlib import Path

import pytest
from smime_fixtures import AT, HEAD, PAYLOAD, Authority, Signing, judge, opaque, rsa_key, signed_mail, word

import smime
from smime import (
    Decrypted,
    DomainSigner,
    Encryption,
    Identity,
    Layer,
    Limits,
    Pin,
    Policy,
    Reason,
    Signer,
    Status,
    Verdict,
)
from smime.encryption import enveloped
from smime.signers import best

PACKAGE = Path(smime.__file__).parent
MODULES = sorted(PACKAGE.glob("*.py"))
AT_THE_EDGE = {"cli.py", "__main__.py"}
FORBIDDEN = {
    "socket",
    "ssl",
    "urllib",
    "http",
    "time",
    "random",
    "subprocess",
    "requests",
    "gateway",
    "render",
    "modem",
}


def imported(module: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_no_module_reaches_for_clock_network_or_the_rest_of_us(module: Path) -> None:
    assert not imported(module) & FORBIDDEN


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_only_the_command_opens_files_and_asks_the_time(module: Path) -> None:
    text = module.read_text(encoding="utf-8")
    touches = [
        word for word in ("open(", ".read_bytes(", ".write_bytes(", ".now(", ".utcnow(") if f" {word}" in text
    ]
    touches += [word for word in (".read_bytes(", ".write_bytes(", ".now(") if word in text]
    assert module.name in AT_THE_EDGE or not touches


@pytest.mark.parametrize(
    "record", [Verdict, Decrypted, Signer, Layer, Policy, Limits, Pin, DomainSigner, Identity]
)
def test_records_are_frozen_and_slotted(record: type) -> None:
    assert is_dataclass(record)
    assert record.__dataclass_params__.frozen
    assert "__slots__" in vars(record)
    assert fields(record)


def test_the_same_mail_gets_the_same_answer_twice() -> None:
    root = Authority.root()
    mail = signed_mail(Signing(root.person()))
    assert judge(mail, root) == judge(mail, root)
    assert judge(mail, root).as_json() == judge(mail, root).as_json()


def test_the_moment_may_come_in_any_zone() -> None:
    root = Authority.root()
    mail = signed_mail(Signing(root.person()))
    tokyo = AT.astimezone(timezone(timedelta(hours=9)))
    assert judge(mail, root, at=tokyo) == judge(mail, root)


def test_a_later_check_at_the_recorded_moment_gives_the_same_answer() -> None:
    root = Authority.root()
    who = root.person(last=AT + timedelta(hours=1))
    mail = signed_mail(Signing(who))
    first = judge(mail, root)
    assert first.checked_at is not None
    assert word(judge(mail, root, at=AT + timedelta(hours=2))) == ("expired", "certificate_time")
    assert judge(mail, root, at=first.checked_at) == first


def test_records_are_json_and_hold_no_content() -> None:
    root = Authority.root()
    me = root.person("fax@fax.example.org", rsa_key("gateway"))
    signed = signed_mail(Signing(root.person()), head=b"")
    mail = opaque(enveloped(signed, [me.certificate], "aes256-gcm"), "authEnveloped-data")
    verdict = judge(mail, root, identities=[me])
    opened = smime.decrypt(mail, identities=[me])
    for record in (verdict.as_json(), opened.as_json()):
        text = json.dumps(record)
        assert "call back" not in text
        assert "BEGIN" not in text
    assert set(verdict.as_json()) >= {
        "verdict",
        "reason",
        "encryption",
        "signer",
        "layers",
        "replay",
        "checked_at",
        "protection",
    }


def test_an_unsigned_verdict_as_json() -> None:
    shown = judge(HEAD + PAYLOAD, None).as_json()
    assert (shown["verdict"], shown["signer"], shown["layers"], shown["replay"]) == ("none", None, [], "")


def test_a_signer_without_a_certificate_as_json() -> None:
    shown = Signer(Status.UNTRUSTED, Reason.CERTIFICATE_MISSING).as_json()
    assert (shown["serial"], shown["signed_at"], shown["addresses"]) == ("0", None, [])


def test_the_words_of_a_verdict_are_plain_strings() -> None:
    assert f"{Status.ADDRESS_MISMATCH}" == "address_mismatch"
    assert json.dumps({"x": Encryption.NO_RECIPIENT}) == '{"x": "no_recipient"}'
    verdict = Verdict(Status.VALID, Reason.OK)
    assert verdict.status is verdict.verdict
    assert (verdict.valid, verdict.replay, verdict.encrypted_inside) == (True, "", False)


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([Status.VALID], (Status.VALID, Reason.OK)),
        ([Status.REVOKED], (Status.REVOKED, Reason.OK)),
        ([Status.INVALID, Status.VALID], (Status.VALID, Reason.OK)),
        ([Status.EXPIRED, Status.EXPIRED], (Status.EXPIRED, Reason.OK)),
        ([Status.EXPIRED, Status.REVOKED], (Status.INVALID, Reason.NO_GOOD_SIGNER)),
    ],
)
def test_which_of_several_signers_decides(statuses: list[Status], expected: tuple[Status, Reason]) -> None:
    found = best([Signer(status, Reason.OK) for status in statuses])
    assert (found.status, found.reason) == expected


@pytest.mark.parametrize(
    ("encryption", "failed"),
    [
        (Encryption.NONE, False),
        (Encryption.DECRYPTED, False),
        (Encryption.NO_RECIPIENT, True),
        (Encryption.FAILED, True),
        (Encryption.UNSUPPORTED, True),
        (Encryption.PARTIAL, True),
    ],
)
def test_every_failure_to_decrypt_says_the_same(encryption: Encryption, *, failed: bool) -> None:
    opened = Decrypted(encryption)
    assert opened.failed is failed
    assert (opened.code, opened.text) == (
        ("5.7.5", "the message could not be decrypted") if failed else ("", "")
    )
