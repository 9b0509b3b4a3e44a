"""Axatel's mail face (axatel.md): the number in a subject, the sender's mask, the one TIFF."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.errors import BadNumber
from gateway.intake.reading import ReadError
from gateway.mailin import axatel
from gateway.mailin.axatel import Letter
from gateway.mailin.prescan import read_header

WIDE = {ord("0") + n: 0xFF10 + n for n in range(10)}
TIFF = b"II*\0" + bytes(20)
AXATEL = {"domains": ["fax.example.org"], "envelope": {"axatel": True}}


@pytest.mark.parametrize(
    ("subject", "number"),
    [
        ("+375 (17) 123-45-67", "+375171234567"),
        ("Fax to 8.017.123.45.67 please", "80171234567"),
        ("(017) 1234567", "0171234567"),
        ("113", "113"),
        ("Page 1 of 2 to 80171234567", "80171234567"),
        ("80171234567".translate(WIDE), "80171234567"),
        ("Факс 80171234567, срочно", "80171234567"),
    ],
)
def test_the_number_is_the_run_of_digits_in_the_subject(subject: str, number: str) -> None:
    assert axatel.number_in(subject) == number


@pytest.mark.parametrize(
    ("subject", "why"),
    [
        ("", axatel.NO_NUMBER),
        ("Order", axatel.NO_NUMBER),
        ("Room 12", axatel.NO_NUMBER),
        ("80171234567 or 80177654321", axatel.TWO_NUMBERS),
        ("Invoice 2024 to 80171234567", axatel.TWO_NUMBERS),
    ],
)
def test_no_number_and_two_numbers_are_refused_rather_than_guessed(subject: str, why: str) -> None:
    with pytest.raises(BadNumber) as refused:
        axatel.number_in(subject)
    assert refused.value.text == why


@given(st.text(max_size=300))
def test_any_subject_gives_a_number_that_stands_in_it_or_is_refused(subject: str) -> None:
    try:
        number = axatel.number_in(subject)
    except BadNumber:
        return
    assert number.removeprefix("+").isdecimal()
    assert number.removeprefix("+").isascii()


@pytest.mark.parametrize(
    ("mask", "address", "fit"),
    [
        ("user{mask}@scan.example", "user12@scan.example", True),
        ("user{mask}@scan.example", "USER7@SCAN.example", True),
        ("user{mask}@scan.example", "user@scan.example", False),
        ("user{mask}@scan.example", "userx@scan.example", False),
        ("user{mask}@scan.example", "user1@other.example", False),
        ("user{10?}@scan.example", "user104@scan.example", True),
        ("user{10?}@scan.example", "user114@scan.example", False),
        ("user*@scan.example", "user-a@scan.example", True),
        ("user?@scan.example", "user12@scan.example", False),
        ("user.x@scan.example", "userax@scan.example", False),
        ("*@*", "user1@scan.example", False),
        ("user*@scan.example", "user1@evil@scan.example", False),
        ("", "user1@scan.example", False),
        ("user{mask}", "user1@scan.example", False),
    ],
)
def test_a_mask_lets_through_what_it_names_and_nothing_else(mask: str, address: str, *, fit: bool) -> None:
    assert axatel.fits(mask, address) is fit


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_mask_never_raises_and_never_crosses_the_at_sign(mask: str, address: str) -> None:
    if axatel.fits(mask, address):
        assert address.lower().rpartition("@")[2] == mask.lower().rpartition("@")[2]


def scan(*parts: tuple[str, bytes, str], text: str = "ignored") -> bytes:
    mail = EmailMessage()
    mail["Subject"], mail["From"] = "80171234567", "user1@scan.example"
    if text:
        mail.set_content(text)
    for content_type, data, name in parts:
        maintype, subtype = content_type.split("/")
        mail.add_attachment(data, maintype=maintype, subtype=subtype, filename=name)
    return mail.as_bytes()


@pytest.mark.parametrize(
    "part",
    [
        ("image/tiff", TIFF, "a.bin"),
        ("application/octet-stream", TIFF, "Scan.TIF"),
        ("application/octet-stream", b"MM\0*" + bytes(9), "scan.tiff"),
    ],
)
def test_the_one_tiff_is_the_document_and_the_text_is_not(part: tuple[str, bytes, str]) -> None:
    reading = axatel.read(scan(part), AXATEL)
    assert [document.data for document in reading.documents] == [part[1]]


@pytest.mark.parametrize(
    ("mail", "words"),
    [
        (scan(), "it holds 0 attachments"),
        (scan(("image/tiff", TIFF, "a.tif"), ("image/tiff", TIFF, "b.tif")), "it holds 2 attachments"),
        (
            scan(("image/tiff", TIFF, "a.tif"), ("image/png", b"\x89PNG", "logo.png")),
            "it holds 2 attachments",
        ),
        (scan(("image/tiff", b"%PDF-1.7", "a.tif")), axatel.NOT_TIFF),
        (scan(("application/octet-stream", TIFF, "a.dat")), axatel.NOT_TIFF),
        (scan(("application/pdf", b"%PDF-1.7", "a.pdf")), axatel.NOT_TIFF),
    ],
)
def test_anything_but_one_tiff_is_refused_with_a_sentence(mail: bytes, words: str) -> None:
    with pytest.raises(ReadError) as refused:
        axatel.read(mail, AXATEL)
    assert words in refused.value.text
    assert refused.value.addresses[1] == "user1@scan.example"


def test_a_picture_inside_the_text_counts_as_an_attachment() -> None:
    mail = EmailMessage()
    mail["Subject"], mail["From"] = "80171234567", "user1@scan.example"
    mail.set_content("plain")
    mail.add_alternative('<p>hello<img src="cid:logo@x"></p>', subtype="html")
    html = mail.get_payload()[1]
    html.add_related(b"\x89PNG\r\n\x1a\n" + bytes(30), maintype="image", subtype="png", cid="<logo@x>")
    mail.add_attachment(TIFF, maintype="image", subtype="tiff", filename="a.tif")
    with pytest.raises(ReadError, match="it holds 2 attachments"):
        axatel.read(mail.as_bytes(), AXATEL)


def test_a_mail_of_another_mode_is_read_like_any_mail() -> None:
    reading = axatel.read(scan(text="Hello"), {"domains": ["fax.example.org"], "envelope": {}})
    assert [document.data.strip() for document in reading.documents] == [b"Hello"]


def test_comments_in_comments_without_end_are_nobody_in_from() -> None:
    head = read_header(b"Subject: 0312345678\r\nFrom: " + b"(" * 20_000 + b"\r\n\r\n", 0, 1 << 18)
    assert Letter.of(head) == Letter("0312345678")
