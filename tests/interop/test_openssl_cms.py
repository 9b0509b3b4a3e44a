"""Round trips with the `openssl cms` command, both ways, for every algorithm it has.

OpenSSL 3.0 knows no Ed25519 and no X25519 in CMS: those two meet only themselves (tests/unit/smime).
"""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from smime_fixtures import ALICE, AT, PAYLOAD, Authority, ec_key, key_pem, pem, rsa_key, word

import smime
from smime import Identity, Policy

if TYPE_CHECKING:
    from pathlib import Path

CURVES = {"p256": ec.SECP256R1, "p384": ec.SECP384R1, "p521": ec.SECP521R1}
FROM = ["-from", ALICE, "-to", "81312345678@fax.example.org", "-subject", "order"]
MAIL = (
    b"From: alice@acme.example\r\nTo: +81312345678@fax.example.org\r\nSubject: order\r\nMIME-Version: 1.0\r\n"
    + PAYLOAD
)


@pytest.fixture(scope="module", autouse=True)
def program() -> None:
    assert shutil.which("openssl"), "apt-get install openssl"


class Desk:
    """A folder with one person's certificate, where openssl works."""

    def __init__(self, folder: Path, key: Any) -> None:
        self.folder = folder
        now = datetime.now(UTC).replace(microsecond=0)
        self.now = now
        year = timedelta(days=365)
        self.root = Authority.root("Root", first=now - year, last=now + year)
        self.alice: Identity = self.root.person(key=key, first=now - year, last=now + year)
        (folder / "root.pem").write_bytes(pem(self.root.certificate))
        (folder / "alice.pem").write_bytes(pem(self.alice.certificate))
        (folder / "alice.key").write_bytes(key_pem(key))
        (folder / "payload").write_bytes(PAYLOAD)

    def openssl(self, *arguments: str) -> bytes:
        done = subprocess.run(
            ["openssl", "cms", *arguments], cwd=self.folder, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def verdict(self, mail: bytes) -> smime.Verdict:
        return smime.verify(
            mail,
            trust=[self.root.certificate],
            sender=ALICE,
            at=self.now + timedelta(minutes=5),
        )

    def opened(self, mail: bytes, **policy: Any) -> smime.Decrypted:
        return smime.decrypt(mail, identities=[self.alice], policy=Policy(**policy))


def signing_key(name: str) -> Any:
    return ec_key("a", CURVES[name]) if name in CURVES else rsa_key()


SIGNATURES = {
    "rsa": ("rsa", ["-md", "sha256"]),
    "rsa sha384": ("rsa", ["-md", "sha384"]),
    "rsa sha512": ("rsa", ["-md", "sha512"]),
    "pss": ("rsa", ["-md", "sha256", "-keyopt", "rsa_padding_mode:pss"]),
    "pss sha512": ("rsa", ["-md", "sha512", "-keyopt", "rsa_padding_mode:pss"]),
    "pss salt 20": (
        "rsa",
        ["-md", "sha256", "-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:20"],
    ),
    "p256": ("p256", ["-md", "sha256"]),
    "p384": ("p384", ["-md", "sha384"]),
    "p521": ("p521", ["-md", "sha512"]),
    "p256 sha512": ("p256", ["-md", "sha512"]),
    "key identifier": ("rsa", ["-keyid"]),
    "no capabilities": ("rsa", ["-nosmimecap"]),
    "opaque": ("rsa", ["-nodetach"]),
    "opaque streamed": ("rsa", ["-nodetach", "-stream"]),
    "detached with CRLF": ("rsa", ["-crlfeol"]),
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_what_openssl_signs_we_find_valid(tmp_path: Path, name: str) -> None:
    key, options = SIGNATURES[name]
    desk = Desk(tmp_path, signing_key(key))
    who = ["-signer", "alice.pem", "-inkey", "alice.key"]
    mail = desk.openssl("-sign", "-in", "payload", *who, *FROM, *options)
    verdict = desk.verdict(mail)
    assert word(verdict) == ("valid", "ok")
    assert verdict.content == PAYLOAD
    if b"call back" in mail:
        changed = mail.replace(b"call back", b"pay twice")
        assert word(desk.verdict(changed)) == ("invalid", "digest_mismatch")


def test_two_signers_by_openssl(tmp_path: Path) -> None:
    desk = Desk(tmp_path, rsa_key())
    bob = desk.root.person("bob@acme.example", ec_key("bob"), first=desk.now - timedelta(days=1))
    (tmp_path / "bob.pem").write_bytes(pem(bob.certificate))
    (tmp_path / "bob.key").write_bytes(key_pem(bob.key))
    signers = ["-signer", "bob.pem", "-inkey", "bob.key", "-signer", "alice.pem", "-inkey", "alice.key"]
    verdict = desk.verdict(desk.openssl("-sign", "-in", "payload", *signers, *FROM))
    assert word(verdict) == ("valid", "ok")
    assert sorted(one.status.value for one in verdict.layers[0].signers) == ["address_mismatch", "valid"]


def test_what_openssl_signs_without_attributes_is_refused(tmp_path: Path) -> None:
    desk = Desk(tmp_path, rsa_key())
    mail = desk.openssl(
        "-sign", "-noattr", "-in", "payload", "-signer", "alice.pem", "-inkey", "alice.key", *FROM
    )
    assert word(desk.verdict(mail)) == ("invalid", "no_signed_attributes")


OURS = {
    "rsa": ("rsa", {}),
    "pss": ("rsa", {"pss": True}),
    "p256": ("p256", {}),
    "p384": ("p384", {}),
    "p521": ("p521", {}),
    "opaque": ("rsa", {"opaque": True}),
    "opaque p256": ("p256", {"opaque": True}),
    "without header": ("rsa", {"protect": False}),
}


@pytest.mark.parametrize("name", OURS)
def test_what_we_sign_openssl_finds_valid(tmp_path: Path, name: str) -> None:
    key, options = OURS[name]
    desk = Desk(tmp_path, signing_key(key))
    mail = smime.sign(MAIL, identity=desk.alice, at=AT, **options)
    (tmp_path / "mail").write_bytes(mail)
    shown = desk.openssl("-verify", "-in", "mail", "-CAfile", "root.pem", "-purpose", "smimesign", "-crlfeol")
    assert shown.endswith(b"\r\n\r\nPlease call back.\r\n")
    assert (b"Subject: order" in shown) == options.get("protect", True)


TRANSPORTS = {
    "rsa": ("rsa", []),
    "oaep": ("rsa", ["-keyopt", "rsa_padding_mode:oaep"]),
    "oaep sha256": ("rsa", ["-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256"]),
    "oaep two hashes": (
        "rsa",
        ["-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha512", "-keyopt", "rsa_mgf1_md:sha1"],
    ),
    "oaep label": (
        "rsa",
        ["-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_label:6661780a"],
    ),
    "p256": ("p256", []),
    "p384": ("p384", []),
    "p521": ("p521", []),
    "p256 sha384": ("p256", ["-keyopt", "ecdh_kdf_md:sha384"]),
    "p256 sha512": ("p256", ["-keyopt", "ecdh_kdf_md:sha512"]),
    "p256 sha1": ("p256", ["-keyopt", "ecdh_kdf_md:sha1"]),
    "p256 cofactor": ("p256", ["-keyopt", "ecdh_cofactor_mode:1"]),
}
CIPHERS = ["aes-128-cbc", "aes-192-cbc", "aes-256-cbc", "aes-128-gcm", "aes-192-gcm", "aes-256-gcm"]


def encrypted(desk: Desk, *options: str, recipient: tuple[str, ...] = ()) -> bytes:
    to = ["-recip", "alice.pem", *recipient]
    return desk.openssl("-encrypt", "-in", "payload", "-binary", *FROM, *options, *to)


@pytest.mark.parametrize("name", TRANSPORTS)
def test_every_way_openssl_hands_over_a_key_is_ours_too(tmp_path: Path, name: str) -> None:
    key, options = TRANSPORTS[name]
    desk = Desk(tmp_path, signing_key(key))
    opened = desk.opened(encrypted(desk, "-aes256", recipient=tuple(options)))
    assert (opened.encryption.value, opened.content) == ("decrypted", PAYLOAD)


@pytest.mark.parametrize("key", ["rsa", "p256"])
@pytest.mark.parametrize("cipher", CIPHERS)
def test_every_cipher_of_openssl_is_ours_too(tmp_path: Path, cipher: str, key: str) -> None:
    desk = Desk(tmp_path, signing_key(key))
    opened = desk.opened(encrypted(desk, f"-{cipher}"))
    assert (opened.encryption.value, opened.content) == ("decrypted", PAYLOAD)
    assert opened.layers[0].algorithms[1] == cipher.replace("aes-", "aes")


@pytest.mark.parametrize("wrap", ["-aes128-wrap", "-aes192-wrap", "-aes256-wrap"])
def test_every_key_wrap_of_openssl_is_ours_too(tmp_path: Path, wrap: str) -> None:
    desk = Desk(tmp_path, signing_key("p256"))
    assert desk.opened(encrypted(desk, "-aes128", wrap)).content == PAYLOAD


def test_key_identifiers_and_streams_of_openssl(tmp_path: Path) -> None:
    desk = Desk(tmp_path, rsa_key())
    for options in (["-keyid"], ["-stream"], ["-keyid", "-stream"]):
        assert desk.opened(encrypted(desk, "-aes256", *options)).content == PAYLOAD


def test_a_large_stream_of_openssl_in_many_pieces(tmp_path: Path) -> None:
    desk = Desk(tmp_path, rsa_key())
    large = PAYLOAD + b"0123456789abcdef" * 4096 * 8
    (tmp_path / "payload").write_bytes(large)
    assert desk.opened(encrypted(desk, "-aes256", "-stream")).content == large


def test_triple_des_is_opened_only_where_it_is_allowed(tmp_path: Path) -> None:
    desk = Desk(tmp_path, rsa_key())
    mail = encrypted(desk, "-des3")
    assert desk.opened(mail).encryption.value == "unsupported"
    assert desk.opened(mail, allow_triple_des=True).content == PAYLOAD


def test_recipients_who_are_not_us_do_not_matter(tmp_path: Path) -> None:
    desk = Desk(tmp_path, rsa_key())
    bob = desk.root.person("bob@acme.example", ec_key("bob"))
    (tmp_path / "bob.pem").write_bytes(pem(bob.certificate))
    mail = encrypted(desk, "-aes256", "-pwri_password", "secret", recipient=("-recip", "bob.pem"))
    assert desk.opened(mail).content == PAYLOAD


def test_signed_then_encrypted_by_openssl_is_valid_inside(tmp_path: Path) -> None:
    desk = Desk(tmp_path, rsa_key())
    signed = desk.openssl("-sign", "-in", "payload", "-signer", "alice.pem", "-inkey", "alice.key")
    (tmp_path / "signed").write_bytes(signed)
    mail = desk.openssl("-encrypt", "-aes256", "-in", "signed", *FROM, "-recip", "alice.pem")
    verdict = smime.verify(
        mail,
        trust=[desk.root.certificate],
        sender=ALICE,
        at=desk.now + timedelta(minutes=5),
        identities=[desk.alice],
    )
    assert word(verdict) == ("valid", "ok")
    assert verdict.encrypted_inside
    assert verdict.content == PAYLOAD


@pytest.mark.parametrize("oaep", [False, True])
@pytest.mark.parametrize("key", ["rsa", "p256", "p384", "p521"])
@pytest.mark.parametrize("cipher", CIPHERS)
def test_what_we_encrypt_openssl_opens(tmp_path: Path, cipher: str, key: str, *, oaep: bool) -> None:
    desk = Desk(tmp_path, signing_key(key))
    name = cipher.replace("aes-", "aes")
    mail = smime.encrypt(MAIL, recipients=[desk.alice.certificate], at=AT, cipher=name, oaep=oaep)
    (tmp_path / "mail").write_bytes(mail)
    shown = desk.openssl("-decrypt", "-in", "mail", "-recip", "alice.pem", "-inkey", "alice.key")
    assert shown.endswith(b"Please call back.\r\n")
    assert b"Subject: order" in shown


def test_what_we_sign_and_encrypt_openssl_opens_and_verifies(tmp_path: Path) -> None:
    desk = Desk(tmp_path, rsa_key())
    mail = smime.encrypt(MAIL, recipients=[desk.alice.certificate], at=AT, signer=desk.alice)
    (tmp_path / "mail").write_bytes(mail)
    inner = desk.openssl("-decrypt", "-in", "mail", "-recip", "alice.pem", "-inkey", "alice.key")
    (tmp_path / "inner").write_bytes(inner)
    shown = desk.openssl("-verify", "-in", "inner", "-CAfile", "root.pem")
    assert b"Please call back." in shown
