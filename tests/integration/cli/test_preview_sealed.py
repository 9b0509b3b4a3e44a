"""`postline preview` of signed and encrypted mail: the signed part is drawn, the verdict is said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cli_fixtures import answer, configured, postline
from sealed_fixtures import write_files
from smime_fixtures import ALICE, Authority, ec_key, rsa_key

import smime

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime.now(UTC)
DATES: dict[str, Any] = {"first": NOW - timedelta(days=1), "last": NOW + timedelta(days=30)}
ROOT = Authority.root("Anchor", **DATES)
PERSON = ROOT.person(key=ec_key("person"), **DATES)
FAX = ROOT.person("fax@fax.example.org", rsa_key("gateway"), **DATES)
MAIL = (
    f"From: {ALICE}\r\nSubject: order\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nTen boxes.\r\n"
)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = configured(tmp_path)
    table = write_files(tmp_path, ROOT, FAX)
    [identity] = table["identity"]
    with path.open("a") as file:
        file.write(
            f"\n[smime]\ntrust = ['{table['trust'][0]}']\n"
            f"identity = [{{ certificate = '{identity['certificate']}', key = '{identity['key']}' }}]\n"
        )
    return path


def drawn(folder: Path, mail: bytes, name: str, *options: object) -> tuple[dict[str, Any], bytes]:
    (folder / f"{name}.eml").write_bytes(mail)
    said = answer("preview", folder / f"{name}.eml", "--out", folder / name, *options)
    return said, (folder / name / "pages.tif").read_bytes()


def test_a_signed_mail_is_drawn_as_its_signed_part(tmp_path: Path, config: Path) -> None:
    signed = smime.sign(MAIL.encode(), identity=PERSON, at=NOW)
    said, pages = drawn(tmp_path, signed + b"\r\nA footer of a list.\r\n", "signed", "--config", config)
    plain, plainly = drawn(tmp_path, MAIL.encode(), "plain", "--config", config)
    assert pages == plainly
    assert said["smime"]["verdict"] == "valid"
    assert said["smime"]["signer"]["addresses"] == [ALICE]
    assert "smime" not in plain


def test_what_is_encrypted_to_us_is_drawn_with_our_key_and_refused_without(
    tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("POSTLINE_CONFIG", raising=False)
    sealed = smime.encrypt(MAIL.encode(), recipients=[FAX.certificate], at=NOW, signer=PERSON)
    said, _ = drawn(tmp_path, sealed, "sealed", "--config", config)
    assert (said["subject"], said["smime"]["encryption"]) == ("order", "decrypted")
    config.rename(tmp_path / "elsewhere.toml")
    ran = postline("preview", tmp_path / "sealed.eml", "--out", tmp_path / "none")
    assert ran.returncode == 65
    assert "Signed or encrypted mail cannot be read" in ran.stderr
