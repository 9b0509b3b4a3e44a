"""Signed and encrypted mail through the whole gateway: real processes, real children, real pages.

A signed mail becomes pages that show the signed part and nothing else, its verdict stands on its page, a
changed one is refused; what is encrypted to us is drawn, and lies on no disk in clear.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from house import House, queued_number
from sealed_fixtures import write_files
from smime_fixtures import Authority, ec_key, rsa_key

import smime
from gateway.demo import settings
from gateway.store.models import Message

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smime import Identity

pytestmark = pytest.mark.timeout(300)

NOW = datetime.now(UTC)
DATES = {"first": NOW - timedelta(days=1), "last": NOW + timedelta(days=30)}
ROOT = Authority.root("Anchor", **DATES)
SENDER = ROOT.person(settings.SENDER, ec_key("sender"), **DATES)
FAX = ROOT.person(f"fax@{settings.DOMAIN}", rsa_key("gateway"), **DATES)
TEST_NUMBER = f"00999-9999-0000@{settings.DOMAIN}"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    table = write_files(folder, ROOT, FAX)
    identity = table["identity"][0]
    extra = (
        f"\n[smime]\ntrust = ['{table['trust'][0]}']\n"
        f"identity = [{{ certificate = '{identity['certificate']}', key = '{identity['key']}' }}]\n"
    )
    with House(folder, extra=extra) as built:
        built.start_all()
        yield built


def mail(text: str = "Please send ten boxes.", subject: str = "order") -> bytes:
    return (
        f"Message-ID: <{subject}@sender.example>\r\nFrom: {settings.SENDER}\r\nTo: {TEST_NUMBER}\r\n"
        f"Subject: {subject}\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n{text}\r\n"
    ).encode()


def signed(content: bytes, who: Identity = SENDER) -> bytes:
    return smime.sign(content, identity=who, at=datetime.now(UTC))


def handed_in(house: House, content: bytes) -> tuple[int, str]:
    return house.hand_in(settings.SENDER, [TEST_NUMBER], content)[-1]


def message_of(house: House, number: int) -> Message:
    with house.store.reading() as session:
        found = session.query(Message).order_by(Message.id.desc()).first()
        assert found is not None
        assert number
        return found


def drawn(house: House, content: bytes) -> tuple[int, bytes]:
    """Hand a mail in; return its number and the octets of its pages."""
    code, text = handed_in(house, content)
    assert code == 250, text
    number = queued_number(text)
    delivery = house.delivery(number)
    assert delivery.fax.cause is None, delivery.fax.cause_detail
    return number, house.blobs.read(delivery.fax.masters["standard"])


def test_a_signed_mail_is_drawn_as_if_it_were_not_signed(house: House) -> None:
    number, pages = drawn(house, signed(mail(subject="one")))
    assert message_of(house, number).verdict["verdict"] == "valid"
    footer = signed(mail(subject="two")) + b"\r\nThis footer is not signed.\r\n"
    assert drawn(house, mail(subject="three"))[1] == pages
    assert drawn(house, footer)[1] == pages


def test_a_changed_mail_is_refused(house: House) -> None:
    before = house.numbers()
    code, text = handed_in(house, signed(mail(subject="four")).replace(b"ten boxes", b"two boxes"))
    assert (code, text[:6]) == (550, "5.7.7 ")
    assert house.numbers() == before


def test_what_is_encrypted_to_us_is_drawn_and_lies_nowhere_in_clear(house: House) -> None:
    secret = "The combination is 19 5 28."
    inner = mail(secret, "five")
    sealed = smime.encrypt(inner, recipients=[FAX.certificate], at=datetime.now(UTC), signer=SENDER)
    _, pages = drawn(house, sealed)
    assert pages == drawn(house, mail(secret, "six"))[1]
    clear = [
        path for path in house.state.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()
    ]
    assert len(clear) == 1, "only the mail that came in clear"


def test_a_mail_to_another_key_is_refused_without_a_reason(house: House) -> None:
    stranger = ROOT.person("else@where.example", rsa_key("x"), **DATES)
    sealed = smime.encrypt(mail(subject="seven"), recipients=[stranger.certificate], at=datetime.now(UTC))
    code, text = handed_in(house, sealed)
    assert (code, text[:6]) == (550, "5.7.5 ")
