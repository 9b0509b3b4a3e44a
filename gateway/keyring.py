"""What the files of `[smime]` hold: anchors, lists, our keys. Read at start and again when a file changed.

A `Keyring` is plain bytes and values, so that it can be handed to the child that looks at a stranger's mail.
A file that cannot be read at start is a wrong configuration; one that breaks later leaves the old contents in
force and is said in the log. Nothing is fetched (smime.md section 4).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from cryptography.hazmat.primitives.serialization import Encoding

import smime
from gateway.domain.errors import BadConfig
from gateway.smime_table import fingerprint_of
from smime.certificates import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from cryptography import x509

    from gateway.smime_table import Smime

log = structlog.get_logger("smime")

MOST_LIST_BYTES = 64 * 1024 * 1024
SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class OwnKey:
    """A certificate of ours with its chain (DER) and its private key (as in the file)."""

    chain: tuple[bytes, ...]
    key: bytes = field(repr=False)

    def identity(self) -> smime.Identity:
        """Return it as the library takes it; `load` below made sure that it is whole."""
        return smime.Identity.load(self.chain[0], self.key, sound=True)


@dataclass(frozen=True, slots=True)
class Keyring:
    """Everything a judge, an opener or a signer needs. Certificates and lists are DER.

    `pins` are (address, fingerprint), `domain_signers` (domain, fingerprint), `gateways` fingerprints;
    `certificates` are named ones that senders need not enclose.
    """

    anchors: tuple[bytes, ...] = ()
    lists: tuple[bytes, ...] = ()
    own: tuple[OwnKey, ...] = ()
    pins: tuple[tuple[str, str], ...] = ()
    domain_signers: tuple[tuple[str, str], ...] = ()
    gateways: tuple[str, ...] = ()
    certificates: tuple[bytes, ...] = ()
    revocation: str = "auto"
    past: timedelta = timedelta(hours=72)
    allow_triple_des: bool = False
    cipher: str = "aes256-cbc"

    def identities(self) -> list[smime.Identity]:
        """Return all keys of ours; the first signs."""
        return [one.identity() for one in self.own]

    @property
    def hard(self) -> bool:
        """Whether a certificate that no list tells of is refused."""
        return self.revocation == "hard" or (self.revocation == "auto" and bool(self.lists))


def load(table: Smime) -> Keyring:
    """Read every file the table names; raise `BadConfig` for the first that cannot be used."""
    named = _Named()
    pins = tuple((pin.address, named.take("smime.pin", pin.certificate)) for pin in table.pin)
    domains = tuple(
        (one.domain, named.take("smime.domain_signer", one.certificate)) for one in table.domain_signer
    )
    gateways = tuple(named.take("smime.gateway", one) for one in table.gateway)
    return Keyring(
        anchors=tuple(_der(one) for path in table.trust for one in _certificates("smime.trust", path)),
        lists=tuple(_lists(table.crls)),
        own=tuple(_own(one.certificate, one.key) for one in table.identity),
        pins=pins,
        domain_signers=domains,
        gateways=gateways,
        certificates=tuple(named.certificates),
        revocation=table.revocation,
        past=timedelta(hours=table.past_hours),
        allow_triple_des=table.allow_triple_des,
        cipher=table.cipher,
    )


class _Named:
    """Certificates named by file or fingerprint; the files' contents are collected."""

    def __init__(self) -> None:
        self.certificates: list[bytes] = []

    def take(self, key: str, text: str) -> str:
        """Return the fingerprint of what was named."""
        if written := fingerprint_of(text):
            return written
        found = _certificates(key, text)
        self.certificates.append(_der(found[0]))
        return fingerprint(found[0])


def _own(certificate: str, key: str) -> OwnKey:
    chain = _certificates("smime.identity.certificate", certificate)
    own = OwnKey(tuple(map(_der, chain)), _bytes("smime.identity.key", Path(key)))
    try:
        smime.Identity.load(own.chain[0], own.key)
    except smime.BadInputError as error:
        raise BadConfig(f"smime.identity: {key}: {error.text}") from error
    return own


def _certificates(key: str, path: str) -> list[x509.Certificate]:
    try:
        found = smime.load_certificates(_bytes(key, Path(path)))
    except smime.BadInputError as error:
        raise BadConfig(f"{key}: {path}: {error.text}") from error
    if not found:
        raise BadConfig(f"{key}: {path}: there is no certificate in this file")
    return found


def _lists(paths: list[str]) -> Iterator[bytes]:
    for path in _files(paths):
        try:
            lists = smime.load_lists(_bytes("smime.crls", path))
        except smime.BadInputError as error:
            raise BadConfig(f"smime.crls: {path}: {error.text}") from error
        yield from (one.public_bytes(Encoding.DER) for one in lists)


def _files(paths: list[str]) -> Iterator[Path]:
    """Yield files, those of a folder in the order of their names; hidden ones are left alone."""
    for path in map(Path, paths):
        if path.is_dir():
            yield from sorted(p for p in path.iterdir() if p.is_file() and not p.name.startswith("."))
        else:
            yield path


def _bytes(key: str, path: Path) -> bytes:
    try:
        if path.stat().st_size > MOST_LIST_BYTES:
            raise BadConfig(f"{key}: {path}: larger than 64 MiB")
        return path.read_bytes()
    except OSError as error:
        raise BadConfig(f"{key}: {path}: {error.strerror}") from error


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def endings(keys: Keyring, now: datetime) -> Iterator[tuple[str, str]]:
    """Yield what ran out or soon will, as (kind, what): list-ran-out, own-certificate, anchor."""
    for one in smime.load_lists(keys.lists):
        if one.next_update_utc is not None and one.next_update_utc < now:
            yield "list-ran-out", one.issuer.rfc4514_string()
    watched = [("own-certificate", der) for own in keys.own[:1] for der in own.chain[:1]]
    for kind, der in [*watched, *(("anchor", anchor) for anchor in keys.anchors)]:
        [certificate] = smime.load_certificates(der)
        if certificate.not_valid_after_utc < now + SOON:
            until = certificate.not_valid_after_utc.date().isoformat()
            yield kind, f"{certificate.subject.rfc4514_string()}, {until}"


class Keys:
    """The keyring in force. `now` gives UTC; the files are looked at no more often than `every`."""

    def __init__(
        self, table: Smime, now: Callable[[], datetime], every: timedelta = timedelta(seconds=5)
    ) -> None:
        self._table = table
        self._now = now
        self._every = every
        self._marks = self._look()
        self._ring = load(table)
        self._looked_at = now()

    def current(self) -> Keyring:
        """Return the keyring, read anew if a file changed; the old one while a new one cannot be read."""
        now = self._now()
        if now - self._looked_at < self._every:
            return self._ring
        self._looked_at = now
        marks = self._look()
        if marks != self._marks:
            self._marks = marks
            self._read_again()
        return self._ring

    def _read_again(self) -> None:
        try:
            self._ring = load(self._table)
        except BadConfig as error:
            log.error("smime.files_unreadable", error=error.text)  # noqa: TRY400  (the sentence says all)
        else:
            log.info("smime.files_read", anchors=len(self._ring.anchors), lists=len(self._ring.lists))

    def _look(self) -> dict[str, tuple[int, int]]:
        """Return what tells a changed file: time of change and size of each."""
        table = self._table
        named = [*(pin.certificate for pin in table.pin), *(one.certificate for one in table.domain_signer)]
        single = [*table.trust, *(p for i in table.identity for p in (i.certificate, i.key))]
        files = [*map(Path, (*single, *named, *table.gateway)), *_files(table.crls)]
        return {str(path): _mark(path) for path in files}


def _mark(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return (status.st_mtime_ns, status.st_size)
