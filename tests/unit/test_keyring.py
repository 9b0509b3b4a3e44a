"""The files of `[smime]`: what is read, what is refused and in which words, and what a changed file does."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING, Any, get_args

import pytest
from pydantic import ValidationError
from sealed_fixtures import ALICE, GATEWAY, ROOT, der, write_files
from smime_fixtures import AT, ec_key, key_pem, pem

from gateway.domain.errors import BadConfig
from gateway.keyring import Keyring, Keys, load
from gateway.smime_table import Smime, fingerprint_of
from smime.certificates import fingerprint
from smime.encryption import CIPHERS

if TYPE_CHECKING:
    from pathlib import Path

MARK = fingerprint(ALICE.certificate)


def table(folder: Path, **more: Any) -> Smime:
    return Smime.model_validate(write_files(folder) | more)


def colons(mark: str) -> str:
    return ":".join(mark[n : n + 2] for n in range(0, len(mark), 2)).upper()


def test_everything_the_table_names_is_read(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "root.crl").write_bytes(pem(ROOT.crl()))
    (tmp_path / "lists" / ".hidden").write_bytes(b"no list")
    (tmp_path / "alice.pem").write_bytes(pem(ALICE.certificate))
    ring = load(
        table(
            tmp_path,
            crls=[str(tmp_path / "lists")],
            pin=[{"address": "Alice@Acme.example", "certificate": colons(MARK)}],
            domain_signer=[{"domain": "*@acme.example", "certificate": str(tmp_path / "alice.pem")}],
            gateway=[MARK],
        )
    )
    assert ring.anchors == (der(ROOT.certificate),)
    assert len(ring.lists) == 1
    assert ring.own[0].chain == (der(GATEWAY.certificate), der(ROOT.certificate))
    assert ring.identities()[0].certificate == GATEWAY.certificate
    assert ring.pins == (("alice@acme.example", MARK),)
    assert ring.domain_signers == (("acme.example", MARK),)
    assert ring.gateways == (MARK,)
    assert ring.certificates == (der(ALICE.certificate),)
    assert ring.hard


def test_without_a_table_there_is_no_trust_and_no_key() -> None:
    ring = load(Smime())
    assert ring == Keyring()
    assert not ring.hard


def test_a_key_is_never_shown(tmp_path: Path) -> None:
    assert b"PRIVATE" not in repr(load(table(tmp_path))).encode()


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"trust": ["/nowhere/roots.pem"]}, "smime.trust: /nowhere/roots.pem: No such file"),
        ({"crls": ["/nowhere/lists"]}, "smime.crls: /nowhere/lists: No such file"),
        ({"gateway": ["/nowhere/gateway.pem"]}, "smime.gateway: /nowhere/gateway.pem: No such file"),
    ],
)
def test_a_missing_file_is_named_with_its_key(tmp_path: Path, more: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadConfig) as refused:
        load(table(tmp_path, **more))
    assert refused.value.text.startswith(sentence)


def test_a_file_without_a_certificate_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_bytes(b"")
    with pytest.raises(BadConfig, match=r"smime\.trust"):
        load(table(tmp_path, trust=[str(tmp_path / "empty.pem")]))


def test_a_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    wanted = table(tmp_path)
    (tmp_path / "fax.key").write_bytes(key_pem(ec_key("other")))
    with pytest.raises(BadConfig, match="does not belong"):
        load(wanted)


@pytest.mark.parametrize(
    "wrong",
    [
        {"pin": [{"address": "nobody", "certificate": MARK}]},
        {"domain_signer": [{"domain": "a b", "certificate": MARK}]},
        {"revocation": "sometimes"},
        {"past_hours": 0},
        {"past_hours": 721},
        {"cipher": "rc2"},
        {"trusted": []},
    ],
)
def test_what_cannot_be_meant_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Smime.model_validate(wrong)


def test_every_cipher_of_the_table_is_built() -> None:
    assert set(get_args(Smime.model_fields["cipher"].annotation)) <= set(CIPHERS)


@pytest.mark.parametrize("text", ["", "ab", "a" * 63, "a" * 65, "/etc/postline/gateway.pem", "g" * 64])
def test_what_is_no_fingerprint(text: str) -> None:
    assert fingerprint_of(text) == ""


# -- files that change while we run


class Watched:
    """Keys over files of a folder, and a clock that is moved by hand."""

    def __init__(self, folder: Path) -> None:
        self.now = AT
        self.lists = folder / "lists"
        self.lists.mkdir()
        self.keys = Keys(table(folder, crls=[str(self.lists)]), lambda: self.now)

    def later(self) -> Keyring:
        self.now += timedelta(seconds=5)
        return self.keys.current()


def test_a_new_list_is_in_force_within_seconds(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    assert not watched.later().lists
    (watched.lists / "root.crl").write_bytes(pem(ROOT.crl()))
    assert not watched.keys.current().lists, "not looked at again yet"
    assert len(watched.later().lists) == 1
    (watched.lists / "root.crl").unlink()
    assert not watched.later().lists


def test_a_file_that_breaks_leaves_the_old_one_in_force(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    good = watched.later()
    (tmp_path / "fax.key").write_bytes(b"half a ke")
    assert watched.later() == good
    (tmp_path / "fax.key").write_bytes(key_pem(GATEWAY.key))
    os.utime(tmp_path / "fax.key", ns=(1, 1))
    assert watched.later() == good


def test_what_did_not_change_is_not_read_again(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    assert watched.later() is watched.later()
