"""The whole gateway and `openssl cms`: what it signs and encrypts becomes faxes, what we mail it opens.

Real processes, real SMTP, production children. One person enrols by mail; from then on every result for them
is signed and encrypted, and openssl is their mail program.
"""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from house import REST, House, queued_number
from sealed_fixtures import write_files
from smime_fixtures import Authority, key_pem, pem, rsa_key
from waiting import wait_until

from gateway.demo import mailboxes, settings
from gateway.store.models import Certificate, Delivery

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage
    from pathlib import Path

pytestmark = pytest.mark.timeout(300)

NOW = datetime.now(UTC)
DATES: dict[str, Any] = {"first": NOW - timedelta(days=1), "last": NOW + timedelta(days=30)}
ROOT = Authority.root("Anchor", **DATES)
PERSON = ROOT.person(settings.SENDER, rsa_key("person"), **DATES)
FAX = ROOT.person(f"fax@{settings.DOMAIN}", rsa_key("gateway"), **DATES)
NUMBER = f"00999-9999-0000@{settings.DOMAIN}"
TEXT = b"Content-Type: text/plain\r\n\r\nPlease send ten boxes.\r\n"
ACCOUNTS = [
    {
        "name": "acme",
        "country": "81",
        "senders": [settings.SENDER],
        "smime_policy": "required",
        "notify": {"format": "text", "language": "en", "sign": True, "encrypt": "required"},
    }
]


class Person:
    """Somebody with a certificate, whose mail program is openssl."""

    def __init__(self, folder: Path, house: House) -> None:
        self.folder, self.house = folder, house
        for name, what in {
            "root": ROOT.certificate,
            "me": PERSON.certificate,
            "fax": FAX.certificate,
        }.items():
            (folder / f"{name}.pem").write_bytes(pem(what))
        (folder / "me.key").write_bytes(key_pem(PERSON.key))
        self.orders = count(1)

    def openssl(self, *arguments: str) -> bytes:
        done = subprocess.run(
            ["openssl", "cms", *arguments], cwd=self.folder, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def signed(self, *options: str, file: str = "text", head: bool = True) -> bytes:
        """Return a signed mail, or only its entity to be encrypted.

        No text is signed twice: two in one second would be one signature, and so one fax.
        """
        if file == "text":
            (self.folder / file).write_bytes(TEXT + f"Order {next(self.orders)}.\r\n".encode())
        to = ["-from", settings.SENDER, "-to", NUMBER, "-subject", "order"] if head else []
        who = ["-signer", "me.pem", "-inkey", "me.key"]
        return crlf(self.openssl("-sign", "-in", file, "-binary", *who, *to, *options))

    def encrypted(self, inner: bytes, *options: str, recipient: tuple[str, ...] = ()) -> bytes:
        (self.folder / "inner").write_bytes(inner)
        to = ["-from", settings.SENDER, "-to", NUMBER, "-subject", "order"]
        made = self.openssl(
            "-encrypt", "-in", "inner", "-binary", *to, *options, "-recip", "fax.pem", *recipient
        )
        return crlf(made)

    def hand_in(self, mail: bytes, to: str = NUMBER) -> tuple[int, str]:
        return self.house.hand_in(settings.SENDER, [to], mail)[-1]

    def mails(self, kind: str) -> list[EmailMessage]:
        """Return the mails this person got whose opened subject holds a word."""
        box = self.house.boxes.folder / mailboxes.safe_name(settings.SENDER)
        return [
            mail for path in sorted(box.glob("*.eml")) if kind in str((mail := self.opened(path))["Subject"])
        ]

    def opened(self, path: Path) -> EmailMessage:
        """Return a mail of ours after openssl decrypted it, if it had to, and found it signed by us."""
        (self.folder / "in").write_bytes(path.read_bytes())
        if b"enveloped-data" in path.read_bytes():
            inner = self.openssl("-decrypt", "-in", "in", "-recip", "me.pem", "-inkey", "me.key")
            (self.folder / "in").write_bytes(inner)
        shown = self.openssl(
            "-verify", "-in", "in", "-CAfile", "root.pem", "-purpose", "smimesign", "-crlfeol"
        )
        found: EmailMessage = message_from_bytes(shown, policy=policy.default)  # type: ignore[assignment]
        return found


def crlf(mail: bytes) -> bytes:
    return mail.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    assert shutil.which("openssl"), "apt-get install openssl"
    folder = tmp_path_factory.mktemp("house")
    table = write_files(folder, ROOT, FAX)
    [identity] = table["identity"]
    extra = (
        f"\n[smime]\ntrust = ['{table['trust'][0]}']\n"
        f"identity = [{{ certificate = '{identity['certificate']}', key = '{identity['key']}' }}]\n"
    )
    with House(folder, accounts=ACCOUNTS, extra=extra) as house:
        house.start(REST)
        person = Person(tmp_path_factory.mktemp("person"), house)
        code, text = person.hand_in(person.signed(), f"digitalid@{settings.DOMAIN}")
        assert (code, text) == (250, "2.0.0 Certificate stored; the answer comes by mail")
        yield person


SIGNATURES = {
    "rsa": [],
    "sha512": ["-md", "sha512"],
    "pss": ["-keyopt", "rsa_padding_mode:pss"],
    "opaque": ["-nodetach"],
    "opaque streamed": ["-nodetach", "-stream"],
    "key identifier": ["-keyid"],
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_what_openssl_signs_becomes_a_fax(person: Person, name: str) -> None:
    code, text = person.hand_in(person.signed(*SIGNATURES[name]))
    assert code == 250, text
    delivery = person.house.delivery(queued_number(text))
    assert delivery.fax.pages == 1
    assert verdict_of(person, delivery)["verdict"] == "valid"


ENCRYPTIONS = {
    "aes128": (["-aes128"], ()),
    "aes192": (["-aes192"], ()),
    "aes256 streamed": (["-aes256", "-stream"], ()),
    "aes256 gcm": (["-aes-256-gcm"], ()),
    "oaep": (["-aes256"], ("-keyopt", "rsa_padding_mode:oaep")),
    "key identifier": (["-aes256", "-keyid"], ()),
}


@pytest.mark.parametrize("name", ENCRYPTIONS)
def test_what_openssl_signs_and_encrypts_becomes_a_fax(person: Person, name: str) -> None:
    options, recipient = ENCRYPTIONS[name]
    inner = person.signed("-nodetach" if name == "oaep" else "-stream", head=False)
    code, text = person.hand_in(person.encrypted(inner, *options, recipient=recipient))
    assert code == 250, text
    delivery = person.house.delivery(queued_number(text))
    assert delivery.fax.pages == 1
    found = verdict_of(person, delivery)
    assert (found["verdict"], found["encryption"]) == ("valid", "decrypted")


def test_what_is_changed_or_unsigned_does_not(person: Person) -> None:
    changed = person.signed().replace(b"ten boxes", b"two boxes")
    assert person.hand_in(changed)[1].startswith("5.7.7 ")
    assert person.hand_in(person.encrypted(TEXT, "-aes256"))[1].startswith("5.7.1 ")


def test_openssl_opens_what_we_answer(person: Person) -> None:
    answer = wait_until(lambda: person.mails("certificate is stored"), 60, person.house.log(REST))[0]
    with person.house.store.reading() as session:
        [row] = session.query(Certificate).all()
    assert ":".join(row.fingerprint[n : n + 2] for n in range(0, 64, 2)).upper() in answer.get_content()
    code, text = person.hand_in(person.signed("-md", "sha384"))
    assert code == 250, text
    number = queued_number(text)
    person.house.delivery(number)

    def arrived() -> EmailMessage | None:
        return next((mail for mail in person.mails("Fax") if mail["X-TransactionID"] == str(number)), None)

    result = wait_until(arrived, 60, person.house.log(REST))
    assert "order" in result.get_content()


def verdict_of(person: Person, delivery: Delivery) -> dict[str, Any]:
    with person.house.store.reading() as session:
        message = session.get_one(Delivery, delivery.number).fax.message
        assert message is not None
        return dict(message.verdict)
