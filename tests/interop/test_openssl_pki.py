"""Authorities as the `openssl` command makes them: its default extensions, lists and PSS certificates.

What people set up at home looks like this: a root from `openssl req -x509`, certificates from `openssl x509
-req` or `openssl ca`, lists from `openssl ca -gencrl`. A library's own certificates would not find what we
forgot to allow.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
ALICE = "alice@acme.example"
CONFIG = """
[ca]
default_ca = home
[home]
database = index.txt
serial = serial
crlnumber = crlnumber
new_certs_dir = .
certificate = root.pem
private_key = root.key
default_md = sha256
default_days = 30
default_crl_days = 7
policy = anything
[anything]
commonName = supplied
emailAddress = optional
[req]
distinguished_name = name
[name]
[root_plain]
basicConstraints = CA:TRUE
[root_usage]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[middle]
basicConstraints = critical,CA:TRUE,pathlen:0
keyUsage = critical,keyCertSign,cRLSign
extendedKeyUsage = emailProtection
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[person]
basicConstraints = CA:FALSE
keyUsage = digitalSignature,nonRepudiation,keyEncipherment
extendedKeyUsage = emailProtection,clientAuth
subjectAltName = email:alice@acme.example
[copied]
subjectAltName = email:copy
[bare]
basicConstraints = CA:FALSE
[bound]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
nameConstraints = critical,permitted;email:acme.example
[bound_elsewhere]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
nameConstraints = critical,permitted;email:other.example
"""
PAYLOAD = b"Content-Type: text/plain\r\n\r\nPlease call back.\r\n"


@pytest.fixture(scope="module", autouse=True)
def program() -> None:
    assert shutil.which("openssl"), "apt-get install openssl"


class Home:
    """A folder with an authority made by commands."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name, text in (
            ("config", CONFIG),
            ("index.txt", ""),
            ("serial", "1000"),
            ("crlnumber", "01"),
            ("index.txt.attr", "unique_subject = no"),
        ):
            (folder / name).write_text(text, encoding="ascii")
        (folder / "payload").write_bytes(PAYLOAD)

    def openssl(self, *arguments: str) -> None:
        done = subprocess.run(["openssl", *arguments], cwd=self.folder, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()

    def key(self, name: str, kind: str = "ec") -> None:
        options = {
            "ec": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
            "rsa": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
            "ed25519": ["-algorithm", "ED25519"],
        }[kind]
        self.openssl("genpkey", *options, "-out", f"{name}.key")

    def root(self, extensions: str | None = None, kind: str = "ec", *more: str) -> None:
        self.key("root", kind)
        chosen = ["-config", "config", "-extensions", extensions] if extensions else []
        subject = ["-subj", "/CN=Home Root", "-days", "30"]
        self.openssl("req", "-x509", "-new", "-key", "root.key", "-out", "root.pem", *subject, *chosen, *more)

    def issue(
        self,
        name: str,
        extensions: str,
        by: str = "root",
        subject: str = "/CN=Alice",
        *more: str,
        kind: str = "ec",
    ) -> None:
        self.key(name, kind)
        self.openssl("req", "-new", "-key", f"{name}.key", "-subj", subject, "-out", f"{name}.csr")
        signer = ["-CA", f"{by}.pem", "-CAkey", f"{by}.key", "-CAcreateserial", "-days", "20"]
        request = [
            "-in",
            f"{name}.csr",
            "-out",
            f"{name}.pem",
            "-extfile",
            "config",
            "-extensions",
            extensions,
        ]
        self.openssl("x509", "-req", *request, *signer, *more)

    def sign(self, name: str = "alice", *more: str) -> None:
        who = ["-signer", f"{name}.pem", "-inkey", f"{name}.key", "-from", ALICE, "-subject", "order"]
        self.openssl("cms", "-sign", "-in", "payload", "-out", "mail", *who, *more)

    def verify(self, *options: str, at: timedelta = timedelta(0)) -> tuple[str, str]:
        moment = (datetime.now(UTC) + timedelta(minutes=1) + at).isoformat()
        given = ["--trust", "root.pem", "--sender", ALICE, "--at", moment, "--json", *options]
        done = subprocess.run(
            [sys.executable, "-m", "smime", "verify", "mail", *given],
            cwd=self.folder,
            env={"PYTHONPATH": str(REPOSITORY), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            check=False,
        )
        assert done.stderr == b""
        shown = json.loads(done.stdout)
        assert done.returncode == (0 if shown["verdict"] == "valid" else 1)
        return shown["verdict"], shown["reason"]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.mark.parametrize("kind", ["ec", "rsa", "ed25519"])
@pytest.mark.parametrize("extensions", [None, "root_plain", "root_usage"])
def test_roots_as_openssl_makes_them(home: Home, kind: str, extensions: str | None) -> None:
    home.root(extensions, kind)
    home.issue("alice", "person")
    home.sign()
    assert home.verify() == ("valid", "ok")
    assert home.verify(at=timedelta(days=2)) == ("valid", "ok")
    assert home.verify(at=timedelta(days=25)) == ("expired", "certificate_time")


def test_a_root_signed_with_pss(home: Home) -> None:
    home.root("root_usage", "rsa", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32")
    home.issue(
        "alice",
        "person",
        "root",
        "/CN=Alice",
        "-sigopt",
        "rsa_padding_mode:pss",
        "-sigopt",
        "rsa_pss_saltlen:32",
    )
    home.sign()
    assert home.verify() == ("valid", "ok")


def test_an_authority_between_that_is_for_mail_only(home: Home) -> None:
    home.root("root_usage")
    home.issue("middle", "middle", subject="/CN=Home Middle")
    home.issue("alice", "person", by="middle")
    home.sign()
    assert home.verify() == ("untrusted", "no_path")
    home.sign("alice", "-certfile", "middle.pem")
    assert home.verify() == ("valid", "ok")


def test_an_address_in_the_subject_only(home: Home) -> None:
    home.root("root_usage")
    home.issue("alice", "bare", subject=f"/CN=Alice/emailAddress={ALICE}")
    home.sign()
    assert home.verify() == ("valid", "ok")
    home.issue("alice", "bare", subject=f"/CN={ALICE}")
    home.sign()
    assert home.verify() == ("address_mismatch", "sender")


def test_name_constraints_bind_an_address_in_the_subject(home: Home) -> None:
    home.root("bound")
    home.issue("alice", "bare", subject=f"/CN=Alice/emailAddress={ALICE}")
    home.sign()
    assert home.verify() == ("valid", "ok")
    home.root("bound_elsewhere")
    home.issue("alice", "bare", subject=f"/CN=Alice/emailAddress={ALICE}")
    home.sign()
    assert home.verify() == ("untrusted", "name_not_permitted")


def test_lists_of_openssl_ca(home: Home) -> None:
    home.root("root_usage")
    home.issue("alice", "person")
    home.sign()
    home.openssl("ca", "-config", "config", "-gencrl", "-out", "before.crl")
    assert home.verify("--crl", "before.crl") == ("valid", "ok")
    home.openssl("ca", "-config", "config", "-revoke", "alice.pem")
    home.openssl("ca", "-config", "config", "-gencrl", "-out", "after.crl")
    assert home.verify("--crl", "after.crl") == ("revoked", "on_list")
    assert home.verify("--crl", "before.crl", "--crl", "after.crl") == ("revoked", "on_list")
    home.openssl("crl", "-in", "after.crl", "-outform", "DER", "-out", "after.der")
    assert home.verify("--crl", "after.der") == ("revoked", "on_list")
    assert home.verify("--crl", "after.crl", "--revocation", "off") == ("valid", "ok")


def test_a_list_of_openssl_runs_out(home: Home) -> None:
    home.root("root_usage")
    home.issue("alice", "person")
    home.sign()
    home.openssl("ca", "-config", "config", "-gencrl", "-crldays", "1", "-out", "short.crl")
    assert home.verify("--crl", "short.crl") == ("valid", "ok")
    later = timedelta(days=2)
    assert home.verify("--crl", "short.crl", at=later) == ("revocation_unknown", "list_expired")
    assert home.verify("--crl", "short.crl", "--revocation", "soft", at=later) == ("valid", "ok")


@pytest.mark.parametrize("digest", ["sha1", "md5"])
def test_weak_digests_of_openssl(home: Home, digest: str) -> None:
    home.root("root_usage")
    home.issue("alice", "person", kind="rsa")
    home.sign("alice", "-md", digest)
    assert home.verify() == ("weak", "weak_digest")


def test_a_certificate_left_out_by_openssl(home: Home) -> None:
    home.root("root_usage")
    home.issue("alice", "person")
    home.sign("alice", "-nocerts")
    assert home.verify() == ("untrusted", "certificate_missing")
    assert home.verify("--trust", "alice.pem") == ("valid", "ok")
