"""What must not become a fax: refused at the door, or answered by a mail that names the file and the reason.

One gateway for all of it, which also shows that none of it harms the next.
"""

from __future__ import annotations

import io
import smtplib
import struct
import subprocess
import sys
import zipfile
import zlib
from typing import TYPE_CHECKING

import pikepdf
import pytest
from dns_fixtures import NameServer
from house import House, letter, queued_number
from sqlalchemy import select
from waiting import wait_until

from gateway.demo import settings
from gateway.domain.states import DeliveryState
from gateway.store.models import Audit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage
    from pathlib import Path

pytestmark = pytest.mark.timeout(300)

OUTSIDE = "127.0.0.2"
CLERK, CLASSIC = "hanako@hospital.example", "old@classic.example"
JAPANESE_CLERK = {
    "name": "hospital",
    "country": "81",
    "timezone": "Asia/Tokyo",
    "senders": [CLERK],
    "notify": {"when": "always", "format": "text", "language": "ja"},
}
CLASSIC_RULE = {"name": "classic", "country": "81", "senders": [CLASSIC], "sender_evidence": "envelope"}


def only_this_address(text: str) -> str:
    return text.replace('["127.0.0.0/8"]', '["127.0.0.1/32"]')


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    accounts = [*settings.accounts(), JAPANESE_CLERK, CLASSIC_RULE]
    folder = tmp_path_factory.mktemp("house")
    with NameServer() as names:  # no domain publishes anything
        dns = f'\n[dns]\nnameservers = ["127.0.0.1:{names.port}"]\n'
        with House(folder, edit=only_this_address, accounts=accounts, extra=dns) as built:
            built.start_all()
            yield built


def no_call_was_made(house: House) -> bool:
    return not list(house.ledger("call"))


def with_file(sender: str, name: str, kind: str, data: bytes) -> EmailMessage:
    mail = letter(subject=f"Re: {name}", text="see attachment\n")
    mail.replace_header("From", sender)
    main, _, sub = kind.partition("/")
    mail.add_attachment(data, maintype=main, subtype=sub, filename=name)
    return mail


def encrypted_pdf() -> bytes:
    document, out = pikepdf.new(), io.BytesIO()
    document.add_blank_page()
    document.save(out, encryption=pikepdf.Encryption(owner="a", user="b"))
    return out.getvalue()


def archive(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name in names:
            file.writestr(name, "<x/>")
    return out.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def picture_bomb(side: int = 40_000) -> bytes:
    """Return a PNG of 1.6 thousand million pixels in some hundred kilobytes."""
    packer = zlib.compressobj(9)
    rows = bytes((side + 7) // 8 + 1) * 100
    pixels = b"".join(packer.compress(rows) for _ in range(side // 100)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
FILES = {
    "broken.pdf": ("application/pdf", b"%PDF-1.4 and then nothing", "damaged", "壊れて"),
    "geheim.pdf": ("application/pdf", encrypted_pdf(), "password", "パスワード"),
    "紹介状.docx": (DOCX, archive("[Content_Types].xml", "word/document.xml"), "kind", "種類"),
    "scans.zip": ("application/zip", archive("a.pdf"), "kind", "種類"),
    "empty.pdf": ("application/pdf", b"", "damaged", "壊れて"),
    "empty.txt": ("text/plain", b"", "blank", "空"),
    "bomb.png": ("image/png", picture_bomb(), "pixels", "画素"),
    "cut.jpg": ("image/jpeg", b"\xff\xd8\xff\xe0 cut", "cannot be read", "読み込めません"),
}


@pytest.fixture(scope="module")
def mailed(house: House) -> dict[tuple[str, str], int]:
    """Every file mailed by every clerk: (sender, name) -> number."""
    return {
        (sender, name): queued_number(house.mail(with_file(sender, name, *FILES[name][:2])))
        for sender in (settings.SENDER, CLERK)
        for name in FILES
    }


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(("sender", "language"), [(settings.SENDER, "en"), (CLERK, "ja")])
def test_a_file_that_cannot_be_faxed_makes_no_call_and_a_mail_that_names_it_and_the_reason(
    house: House, mailed: dict[tuple[str, str], int], name: str, sender: str, language: str
) -> None:
    number = mailed[sender, name]
    delivery = house.delivery(number)
    assert (delivery.state, delivery.dials, delivery.fax.pages) == (DeliveryState.FAILED, 0, 0)
    text = house.result(sender, number).get_content()
    detail = next(line for line in text.splitlines() if line.startswith(("Detail:", "詳細:")))
    assert name in detail
    assert FILES[name][2 if language == "en" else 3] in detail
    assert no_call_was_made(house)


def test_a_stranger_is_refused_at_rcpt_leaves_an_audit_row_and_gets_no_mail(house: House) -> None:
    before = house.numbers()
    answers = house.hand_in("eve@evil.example", [settings.FAX, "03-1234-5678"], b"Subject: x\r\n\r\nhi\r\n")
    assert [code for code, _ in answers] == [550, 550]
    assert all(text.startswith("5.7.1 Not allowed to send here") for _, text in answers)
    rows = house.store.read(
        lambda session: session.scalars(select(Audit).where(Audit.actor == "eve@evil.example")).all()
    )
    assert [row.action for row in rows] == ["sender.refused"]
    assert house.numbers() == before
    later = queued_number(house.mail(letter("00999-9999-0000")))
    house.result(settings.SENDER, later)  # the outbox has worked since, and owed the stranger nothing
    assert not [box.name for box in house.boxes.folder.iterdir() if "eve" in box.name or "evil" in box.name]


def test_a_known_sender_from_outside_needs_proof_unless_the_account_keeps_the_classic_rule(
    house: House,
) -> None:
    mail = b"Subject: x\r\nMessage-ID: <outside@x>\r\n\r\nhi\r\n"
    refused = house.hand_in(settings.SENDER, ["00999-9999-0000"], mail, source=OUTSIDE)
    assert [code for code, _ in refused] == [250, 550]  # DKIM or S/MIME might have proved it
    assert refused[-1][1].startswith("5.7.1 Not allowed to send here")
    taken = house.hand_in(CLASSIC.upper(), ["00999-9999-0000"], mail, source=OUTSIDE)
    assert [code for code, _ in taken] == [250, 250]
    assert house.delivery(queued_number(taken[-1][1])).state is DeliveryState.SENT


def test_a_bad_number_is_refused_alone_and_the_others_are_kept(house: House) -> None:
    numbers = ["00999-9999-0000", "nonsense", "00999-9999-6017", "911", "+81-0-3-1234-5678"]
    answers = house.hand_in(settings.SENDER, numbers, letter(subject="some of five").as_bytes())
    assert [code for code, _ in answers] == [250, 553, 250, 553, 553, 250]
    first = queued_number(answers[-1][1])
    assert house.delivery(first).fax.subject == "some of five"
    assert [house.delivery(n).state for n in (first, first + 1)] == [DeliveryState.SENT, DeliveryState.FAILED]


def sealed(header: str, body: str = "MIIB") -> bytes:
    return f"Subject: sealed\r\nMIME-Version: 1.0\r\n{header}\r\n\r\n{body}\r\n".encode()


SIGNED = "--b\r\n\r\nhello\r\n--b\r\nContent-Type: application/pkcs7-signature\r\n\r\nMIIB\r\n--b--"
INSIDE = "--o\r\n\r\nhello\r\n--o\r\n{}\r\n\r\n{}\r\n--o--"


@pytest.mark.parametrize(
    "mail",
    [
        sealed('Content-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary=b', SIGNED),
        sealed("Content-Type: multipart/\r\n signed; boundary=b", SIGNED),
        sealed("Content-Type: text/plain\r\nContent-Type: multipart/signed; boundary=b", SIGNED),
        sealed("Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m"),
        sealed("Content-Type: Application/X-PKCS7-MIME"),
        sealed(
            'Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename="smime.p7m"'
        ),
        sealed("Content-Type: application/octet-stream; name*=utf-8''smime%2Ep7m"),
        sealed('Content-Type: application/octet-stream; name="=?utf-8?B?c21pbWUucDdt?="'),
        sealed(
            "Content-Type: multipart/mixed; boundary=o",
            INSIDE.format("Content-Type: application/octet-stream; name=SMIME.P7M", "MIIB"),
        ),
        sealed(
            "Content-Type: multipart/mixed; boundary=o",
            INSIDE.format(
                "Content-Type: message/rfc822", sealed("Content-Type: application/pkcs7-mime").decode()
            ),
        ),
    ],
)
def test_signed_and_encrypted_mail_is_refused_after_data_and_never_drawn(house: House, mail: bytes) -> None:
    before = house.numbers()
    answers = house.hand_in(settings.SENDER, [settings.FAX], mail)
    assert answers[0][0] == 250
    assert (answers[1][0], answers[1][1][:4]) == (550, "5.7.")
    assert house.numbers() == before
    assert no_call_was_made(house)


@pytest.mark.parametrize("local", ["postmaster", "Abuse", "WEBMASTER"])
def test_a_role_address_reaches_the_operator_from_anybody(house: House, local: str) -> None:
    mail = f"Subject: help {local}\r\n\r\nhi\r\n".encode()
    answers = house.hand_in("anybody@elsewhere.example", [local], mail, source=OUTSIDE)
    assert [code for code, _ in answers] == [250, 250]
    wait_until(
        lambda: any(
            f"to {local.lower()}@" in house.read_mail(file).lower()
            for file in house.box("operator@demo.example", 1)
        ),
        30,
        "the operator's mail",
    )


def no_room(text: str) -> str:
    """Ask for more free space than any disk has; the smaller of the two floors counts."""
    text = text.replace("free_disk_bytes = 1048576", "free_disk_bytes = 1125899906842624")
    return text.replace("free_disk_fraction = 0.0", "free_disk_fraction = 1.0")


def test_a_full_disk_is_452_at_mail_and_nothing_is_half_stored(tmp_path: Path) -> None:
    with House(tmp_path, edit=no_room) as full:
        full.start(("smtp",))
        with smtplib.SMTP("127.0.0.1", full.ports.smtp, timeout=30) as client:
            client.ehlo()
            code, text = client.mail(settings.SENDER)
            assert (code, text[:5]) == (452, b"4.3.1")
            assert client.rcpt(f"{settings.FAX}@{settings.DOMAIN}")[0] == 503
        assert full.numbers() == []
        kept = [file for file in full.state.rglob("*") if file.is_file()]
        assert [file for file in kept if {"spool", "blobs"} & set(file.parts)] == []


def test_without_its_modem_the_gateway_says_the_remedy_and_keeps_accepting(tmp_path: Path) -> None:
    def other_devices(text: str) -> str:
        missing = '[[line]]\nname = "usb0"\ntype = "modem"\ndevice = "/dev/ttyNOTHING"\n'
        wrong = '[[line]]\nname = "null"\ntype = "modem"\ndevice = "/dev/null"\n'
        return text + missing + wrong

    with House(tmp_path, edit=other_devices) as house:
        examined = subprocess.run(
            [sys.executable, "-m", "gateway", "doctor", "--config", str(house.config_file)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert examined.returncode == 78
        for said in (
            "/dev/ttyNOTHING does not exist",
            "plug the modem in",
            "/dev/null is not a serial device",
        ):
            assert said in examined.stdout
        house.start_all()
        wait_until(
            lambda: house.log(("lines",)).count("line.out_of_service") >= 2, 60, "both lines to be told of"
        )
        assert "remedy='plug the modem in" in house.log(("lines",))
        number = queued_number(house.mail(letter()))
        assert house.delivery(number).state is DeliveryState.SENT, "the line that works takes it"
