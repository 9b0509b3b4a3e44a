"""A mail door that judges signed and encrypted mail, and mails for it. The judge runs in this process."""

from __future__ import annotations

import asyncio
import importlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.serialization import Encoding
from smime_fixtures import AT, HEAD, Authority, Signing, ec_key, key_pem, pem, rsa_key, signed_mail
from smtp_fixtures import LOOPBACK, Door

from gateway.keyring import Keyring, OwnKey
from gateway.mailin.sealed import Examiner
from gateway.mailin.settings import SmtpSettings
from gateway.store.database import AsyncStore
from gateway.store.models import Account

if TYPE_CHECKING:
    from pathlib import Path

    from smime import Identity

ROOT = Authority.root("Anchor of the operator")
ALICE = ROOT.person(key=ec_key("alice"))
GATEWAY = ROOT.person("fax@fax.example.org", rsa_key("gateway"))
NUMBER = "+81312345678@fax.example.org"
SETTINGS = SmtpSettings(
    domains=("fax.example.org",), operator=("ops@example.org",), trusted_networks=LOOPBACK
)


def der(certificate: Any) -> bytes:
    """Return DER of a certificate or list."""
    encoded: bytes = certificate.public_bytes(Encoding.DER)
    return encoded


def own(identity: Identity, *chain: Any) -> OwnKey:
    """Return an identity as the keyring holds it."""
    return OwnKey((der(identity.certificate), *map(der, chain)), key_pem(identity.key))


KEYS = Keyring(anchors=(der(ROOT.certificate),), own=(own(GATEWAY),))


def write_files(folder: Path, root: Authority = ROOT, gateway: Identity = GATEWAY) -> dict[str, Any]:
    """Write the operator's files; return the `[smime]` table that names them."""
    (folder / "roots.pem").write_bytes(pem(root.certificate))
    (folder / "fax.pem").write_bytes(pem(gateway.certificate) + pem(root.certificate))
    (folder / "fax.key").write_bytes(key_pem(gateway.key))
    return {
        "trust": [str(folder / "roots.pem")],
        "identity": [{"certificate": str(folder / "fax.pem"), "key": str(folder / "fax.key")}],
    }


async def in_this_process(function: str, /, *args: Any) -> Any:
    """Do what a child would, here."""
    module, _, name = function.partition(":")
    return await asyncio.to_thread(getattr(importlib.import_module(module), name), *args)


class SealedDoor(Door):
    """A mail door with the judge "smime". `account` overrides columns of alice's account."""

    def __init__(
        self, folder: Path, keys: Keyring = KEYS, account: dict[str, Any] | None = None, **options: Any
    ) -> None:
        self.keys = keys
        self._judging = AsyncStore(f"sqlite:///{folder / 'db.sqlite'}")
        settings = {
            name: value for name, value in options.items() if name not in {"limits", "crash", "floor"}
        }
        examiner = Examiner(self._judging, replace(SETTINGS, **settings), lambda: self.keys, in_this_process)
        super().__init__(folder, judges={"smime": examiner}, **options)
        self.now = AT
        self.change(**(account or {}))

    def change(self, **columns: Any) -> None:
        """Change alice's account."""
        with self.store.begin() as session:
            row = session.query(Account).filter_by(name="acme").one()
            for name, value in columns.items():
                setattr(row, name, value)

    def __exit__(self, *args: object) -> None:
        self.do(self._judging.close())
        super().__exit__(*args)


def head(subject: str = "order", message_id: str = "one", number: str = NUMBER) -> bytes:
    """Return header fields of a mail of Alice's."""
    fields = HEAD.replace(b"order /rs", subject.encode()).replace(NUMBER.encode(), number.encode())
    return f"Message-ID: <{message_id}@acme.example>\r\n".encode() + fields


def signed(*, who: Identity = ALICE, payload: bytes = b"", at: Any = AT, **options: Any) -> bytes:
    """Return a signed mail of Alice's; options as for `head`."""
    more = {"payload": payload} if payload else {}
    return signed_mail(Signing(who, at=at), head=head(**options), **more)
