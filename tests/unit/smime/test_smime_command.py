"""`python -m smime verify|decrypt`: options, exit codes, JSON (design.md section 2)."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from smime_fixtures import (
    ALICE,
    AT,
    HEAD,
    PAYLOAD,
    Authority,
    Signing,
    key_pem,
    opaque,
    pem,
    rsa_key,
    signed_mail,
)

from smime.cli import main, moment
from smime.encryption import enveloped

if TYPE_CHECKING:
    from smime import Identity

ROOT = Path(__file__).parents[3]


class Desk:
    def __init__(self, folder: Path, printed: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.printed = printed
        self.root = Authority.root()
        self.me: Identity = self.root.person("fax@fax.example.org", rsa_key("gateway"))
        self.alice = self.root.person()
        self.keep("root.pem", pem(self.root.certificate))
        self.keep("me.pem", pem(self.me.certificate))
        self.keep("me.key", key_pem(self.me.key))
        self.keep("signed.eml", signed_mail(Signing(self.alice)))
        sealed = enveloped(PAYLOAD, [self.me.certificate], "aes256-cbc")
        self.keep("sealed.eml", opaque(sealed, "enveloped-data"))

    def keep(self, name: str, content: bytes) -> str:
        (self.folder / name).write_bytes(content)
        return str(self.folder / name)

    def run(self, command: str, file: str, *options: str) -> tuple[int, str]:
        folder = str(self.folder)
        code = main([command, f"{folder}/{file}", *(one.replace("./", folder + "/") for one in options)], AT)
        return code, self.printed.readouterr().out

    def json(self, *arguments: str) -> dict[str, Any]:
        shown: dict[str, Any] = json.loads(self.run(*arguments, "--json")[1])
        return shown


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, capsys)


def test_verify_prints_a_verdict_and_exits_0_for_valid(desk: Desk) -> None:
    assert desk.run("verify", "signed.eml", "--trust", "./root.pem", "--sender", ALICE) == (0, "valid (ok)\n")
    assert desk.run("verify", "signed.eml", "--sender", ALICE) == (1, "untrusted (no_path)\n")


def test_verify_as_json(desk: Desk) -> None:
    shown = desk.json("verify", "signed.eml", "--trust", "./root.pem", "--sender", "bob@acme.example")
    assert shown["verdict"] == "address_mismatch"
    assert shown["reason"] == "sender"
    assert shown["signer"]["addresses"] == [ALICE]
    assert shown["checked_at"] == AT.isoformat()


def test_the_moment_is_an_option(desk: Desk) -> None:
    trust = ("--trust", "./root.pem")
    assert (
        desk.json("verify", "signed.eml", *trust, "--at", "2026-03-01T21:30:00+09:00")["verdict"] == "valid"
    )
    assert desk.json("verify", "signed.eml", *trust, "--at", "2036-01-01")["verdict"] == "expired"
    assert desk.json("verify", "signed.eml", *trust, "--at", str(int(AT.timestamp())))["verdict"] == "valid"
    assert moment("2026-03-01T12:00:00") == AT


def test_lists_come_from_files_and_folders(desk: Desk) -> None:
    trust = ("--trust", "./root.pem")
    desk.keep("good.crl", pem(desk.root.crl()))
    (desk.folder / "lists").mkdir()
    (desk.folder / "lists" / "bad.crl").write_bytes(pem(desk.root.crl(desk.alice)))
    assert desk.json("verify", "signed.eml", *trust, "--crl", "./good.crl")["verdict"] == "valid"
    both = desk.json("verify", "signed.eml", *trust, "--crl", "./good.crl", "--crl", "./lists")
    assert both["verdict"] == "revoked"
    off = desk.json("verify", "signed.eml", *trust, "--crl", "./lists", "--revocation", "off")
    assert off["verdict"] == "valid"


def test_verify_opens_encrypted_mail_with_a_key(desk: Desk) -> None:
    keys = ("--key", "./me.key", "--certificate", "./me.pem")
    inner = signed_mail(Signing(desk.alice), head=b"")
    desk.keep("both.eml", opaque(enveloped(inner, [desk.me.certificate], "aes256-gcm"), "authEnveloped-data"))
    shown = desk.json("verify", "both.eml", "--trust", "./root.pem", "--sender", ALICE, *keys)
    assert (shown["verdict"], shown["encryption"]) == ("valid", "decrypted")
    closed = desk.json("verify", "both.eml", "--trust", "./root.pem", "--sender", ALICE)
    assert (closed["verdict"], closed["encryption"]) == ("none", "no_recipient")


def test_decrypt_gives_the_content(desk: Desk) -> None:
    keys = ("--key", "./me.key", "--certificate", "./me.pem")
    shown = desk.json("decrypt", "sealed.eml", *keys)
    assert shown["encryption"] == "decrypted"
    assert base64.b64decode(shown["content_base64"]) == PAYLOAD
    assert shown["content"] == PAYLOAD.decode()
    code, printed = desk.run("decrypt", "sealed.eml", *keys, "--out", "./plain")
    assert (code, printed) == (0, "decrypted\n")
    assert (desk.folder / "plain").read_bytes() == PAYLOAD


def test_decrypt_exits_1_when_it_cannot(desk: Desk) -> None:
    code, printed = desk.run("decrypt", "sealed.eml")
    assert (code, printed) == (1, "no_recipient the message could not be decrypted\n")
    assert desk.run("decrypt", "signed.eml")[0] == 1
    shown = desk.json("decrypt", "sealed.eml")
    assert (shown["code"], "content" in shown) == ("5.7.5", False)


def test_verify_writes_what_may_be_read(desk: Desk) -> None:
    desk.run("verify", "signed.eml", "--trust", "./root.pem", "--out", "./shown.eml")
    shown = (desk.folder / "shown.eml").read_bytes()
    assert shown.startswith(HEAD.partition(b"MIME")[0])
    assert shown.endswith(b"\r\n\r\nPlease call back.\r\n")


@pytest.mark.parametrize(
    "options",
    [
        ["verify", "./missing.eml"],
        ["verify", "./signed.eml", "--trust", "./signed.eml"],
        ["verify", "./signed.eml", "--crl", "./root.pem"],
        ["decrypt", "./sealed.eml", "--key", "./me.key"],
        ["decrypt", "./sealed.eml", "--key", "./root.pem", "--certificate", "./me.pem"],
        ["decrypt", "./sealed.eml", "--key", "./me.key", "--certificate", "./root.pem"],
    ],
)
def test_files_that_cannot_be_used_exit_2(
    desk: Desk, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([one.replace("./", f"{desk.folder}/") for one in options], AT) == 2
    assert capsys.readouterr().err.startswith("smime: ")


@pytest.mark.parametrize("options", [[], ["verify"], ["verify", "x", "--at", "noon"], ["sign", "x"]])
def test_wrong_options_exit_2(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(options, AT)
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_it_runs_as_a_module(desk: Desk) -> None:
    keys = ("--key", str(desk.folder / "me.key"), "--certificate", str(desk.folder / "me.pem"))
    done = subprocess.run(
        [sys.executable, "-m", "smime", "decrypt", str(desk.folder / "sealed.eml"), *keys],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, PAYLOAD, b"")
