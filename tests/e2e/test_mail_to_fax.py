"""Mails as people and programs write them, through the whole gateway, read back where they arrive.

One gateway serves all; each test knows its faxes by the number in its 250.
"""

from __future__ import annotations

import io
import smtplib
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default
from pathlib import Path
from typing import TYPE_CHECKING

import pikepdf
import pytest
from house import House, letter, queued_number
from PIL import Image
from waiting import wait_until

from gateway.demo import settings
from gateway.demo.evidence import equal
from gateway.domain.states import DeliveryState
from gateway.transmitted import pages_of
from render.tiff import write_tiff

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.store.models import Delivery

pytestmark = pytest.mark.timeout(300)

TEST_NUMBER = "00999-9999-0000"
PROGRAM, CLERK, BANK = "orders@program.example", "hanako@hospital.example", "ivan@bank.example"
SCANNER, IN_SUBJECT = "floor2@scan.example", f"fax@{settings.DOMAIN}"
BASE = {"country": "81", "timezone": "Asia/Tokyo"}
ACCOUNTS = [
    *settings.accounts(),
    {"name": "program", **BASE, "senders": [PROGRAM], "notify": {"when": "always", "format": "csv"}},
    {
        "name": "hospital",
        **BASE,
        "senders": [CLERK],
        "notify": {"when": "always", "format": "text", "language": "ja"},
    },
    {
        "name": "bank",
        **BASE,
        "senders": [BANK],
        "notify": {"format": "text", "language": "ru", "report": True, "mdn": True},
    },
    {"name": "scanners", **BASE, "senders": [SCANNER], "axatel": {"mask": SCANNER, "address": IN_SUBJECT}},
]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with House(tmp_path_factory.mktemp("house"), accounts=ACCOUNTS) as built:
        built.start_all()
        yield built


def sent(house: House, sender: str, recipients: list[str], mail: bytes) -> Delivery:
    """Hand a mail in; return its first delivery once that is final."""
    answers = house.hand_in(sender, recipients, mail)
    assert {code for code, _ in answers} == {250}, answers
    return house.delivery(queued_number(answers[-1][1]))


def two_page_pdf() -> bytes:
    document, out = pikepdf.new(), io.BytesIO()
    for _ in range(2):
        document.add_blank_page()
    document.save(out)
    return out.getvalue()


def black_pels(house: House, delivery: Delivery, resolution: str = "standard") -> int:
    """Count the black pels on the first page as drawn."""
    with Image.open(io.BytesIO(house.blobs.read(delivery.fax.masters[resolution]))) as page:
        return page.convert("L").histogram()[0]


@pytest.mark.parametrize(
    ("subject", "visible", "options", "pages"),
    [
        ("Order 5521 /b", "Order 5521", {"body": "with"}, 3),
        ("/bb", "", {"body": "only"}, 1),
        ("Order 5521 /bn", "Order 5521", {"body": "without"}, 2),
        ("no option", "no option", {}, 2),
        ("Plan A/B /rf", "Plan A/B", {"resolution": "fine"}, 2),
        ("見積\u3000/rs", "見積", {"resolution": "standard"}, 2),
        ("see /etc /b", "see /etc", {"body": "with"}, 3),
        ("a /b /etc", "a /b /etc", {}, 2),
        ("x /RF /rs", "x", {"resolution": "standard"}, 2),
        ("Re: x /bn /bb", "Re: x", {"body": "only"}, 1),
        ("and/or 1/2 http://x.example/b", "and/or 1/2 http://x.example/b", {}, 2),
        ("x /b/rf", "x /b/rf", {}, 2),
        ("Order /b\t/rf", "Order", {"body": "with", "resolution": "fine"}, 3),
    ],
)
def test_options_at_the_end_of_the_subject(
    house: House, subject: str, visible: str, options: dict[str, str], pages: int
) -> None:
    mail = letter(subject=subject, text="the body\n")
    mail.add_attachment(two_page_pdf(), maintype="application", subtype="pdf", filename="two.pdf")
    fax = sent(house, settings.SENDER, [TEST_NUMBER], mail.as_bytes(policy=SMTP)).fax
    assert (fax.subject, fax.options, fax.pages) == (visible, options, pages)


def test_a_resolution_asked_for_is_the_one_the_far_machine_got(house: House) -> None:
    for option, resolution in (("/rs", "standard"), ("/rf", "fine")):
        number = queued_number(house.mail(letter(subject=f"resolution {option}")))
        attempt = house.delivery(number).attempts[-1]
        assert attempt.resolution == resolution


def test_raw_japanese_mail_is_drawn_and_answered_in_japanese(house: House) -> None:
    subject, text = "検査結果のご報告", "患者様の検査結果をお送りします。"
    mail = (
        b"From: hanako\r\nMessage-ID: <jis@hospital.example>\r\nSubject: "
        + f"{subject} /rf".encode("iso2022_jp")
        + b'\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset="ISO-2022-JP"\r\n\r\n'
        + text.encode("iso2022_jp")
        + b"\r\n\x1b$B\x2d\x21\x2d\x6a\x1b(B\r\n"  # row 13: a one in a circle, a company in brackets
    )
    delivery = sent(house, CLERK, [settings.FAX], mail)
    assert (delivery.state, delivery.fax.subject, delivery.fax.warnings) == (DeliveryState.SENT, subject, [])
    assert black_pels(house, delivery) > 500
    result = house.result(CLERK, delivery.number)
    assert result["Subject"] == f"FAX送信が成功しました -> {delivery.destination}"
    assert (result.get_content_charset(), result["Content-Transfer-Encoding"]) == ("utf-8", "base64")
    assert f"件名: {subject}" in result.get_content()


@pytest.mark.parametrize(
    ("subject", "charset", "coding"), [("Order 1", "us-ascii", "7bit"), ("注文1", "utf-8", "base64")]
)
def test_a_csv_result_is_ascii_exactly_when_the_subject_is(
    house: House, subject: str, charset: str, coding: str
) -> None:
    mail = letter(subject=subject)
    mail.replace_header("From", PROGRAM)
    delivery = sent(house, PROGRAM, ["00999-9999-6017"], mail.as_bytes(policy=SMTP))
    result = house.result(PROGRAM, delivery.number)
    assert (result.get_content_charset(), result["Content-Transfer-Encoding"]) == (charset, coding)
    fields = result.get_content().strip().split(",")
    assert fields[:7] == [str(delivery.number), "", "0", "6017", subject, "0099999996017", "0"]
    assert len(fields) == 10


def test_one_mail_to_several_numbers_is_several_deliveries_and_results_even_when_repeated(
    house: House,
) -> None:
    numbers = [settings.FAX, "03-1234-5678", "00999-9999-3912", settings.BUSY]
    mail = letter(subject="three pages", text="one\f two\f three\n").as_bytes(policy=SMTP)
    answers = [house.hand_in(settings.SENDER, numbers, mail)[-1] for _ in range(2)]
    assert answers[0] == answers[1], "the repeat of a mail whose 250 was lost gets the same number"
    first = queued_number(answers[0][1])
    wait_until(lambda: house.state_of(first + 2) is DeliveryState.WAITING_RETRY, 60, "the busy call")
    house.no_more_waiting()
    ended = [house.delivery(first + n) for n in range(3)]
    assert [d.destination for d in ended] == ["0081312345678", "0099999993912", "0081312345679"]
    assert [d.state for d in ended] == [DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.FAILED]
    assert (ended[0].pages_confirmed, ended[0].dials, ended[2].dials) == (3, 1, 2)
    texts = [house.result(settings.SENDER, first + n).get_content() for n in range(3)]
    assert "confirmed all 3 pages" in texts[0]
    assert "3912" in texts[1]
    assert "Detail: It was dialled as often as the account allows." in texts[2]


def test_html_wins_over_text_and_its_picture_is_drawn_in_it(house: House) -> None:
    drawn = []
    for colour in ("black", "white"):
        picture = io.BytesIO()
        Image.new("RGB", (400, 200), colour).save(picture, "PNG")
        mail = letter(subject=f"picture {colour}", text="the plain alternative\n")
        mail.add_alternative('<p>日本語</p><img src="cid:logo@x" width="400">', subtype="html")
        html = mail.get_payload()[1]  # type: ignore[index]  # alternatives are a list
        assert isinstance(html, EmailMessage)
        html.add_related(picture.getvalue(), "image", "png", cid="<logo@x>")
        delivery = sent(house, settings.SENDER, [TEST_NUMBER], mail.as_bytes(policy=SMTP))
        assert (delivery.fax.pages, delivery.fax.warnings) == (1, [])
        drawn.append(black_pels(house, delivery))
    assert drawn[0] > drawn[1] + 50_000


def test_what_the_far_machine_stored_is_what_was_drawn_below_its_header_line(house: House) -> None:
    number = queued_number(house.mail(letter(subject="equal /rf", text="one\f two\n")))
    delivery = house.delivery(number)
    assert delivery.attempts[-1].resolution == "fine"
    theirs = Path(list(house.ledger("end"))[-1]["file"]).read_bytes()
    assert equal(write_tiff(pages_of(delivery, house.blobs.read)), theirs)


def test_a_fax_with_everything_one_can_ask_to_hear_of_it(house: House) -> None:
    mail = letter(settings.FAX, "Договор 7")
    mail.replace_header("From", BANK)
    mail["Disposition-Notification-To"] = BANK
    with smtplib.SMTP("127.0.0.1", house.ports.smtp, timeout=60) as client:
        client.ehlo()
        client.mail(BANK, ["RET=HDRS", "ENVID=QQ314159"])
        client.rcpt(f"{settings.FAX}@{settings.DOMAIN}", ["NOTIFY=SUCCESS,FAILURE"])
        code, answer = client.data(mail.as_bytes(policy=SMTP))
    assert code == 250, answer
    arrived = [message_from_bytes(file.read_bytes(), policy=default) for file in house.box(BANK, 3)]
    by_kind = {str(mail.get_param("report-type", mail.get_content_type())): mail for mail in arrived}
    assert set(by_kind) == {"multipart/mixed", "delivery-status", "disposition-notification"}
    (report,) = by_kind["multipart/mixed"].iter_attachments()
    assert report.get_content_type() == "application/pdf"
    assert report.get_content().startswith(b"%PDF-")
    told = by_kind["delivery-status"].as_string()
    assert "Original-Envelope-Id: QQ314159" in told
    assert "Action: delivered" in told
    assert "; dispatched" in by_kind["disposition-notification"].as_string()


@pytest.mark.parametrize(("files", "status"), [(1, "sent"), (2, "failed")])
def test_a_scan_whose_number_is_in_its_subject_is_its_tiff_alone_and_answered_for_programs(
    house: House, files: int, status: str
) -> None:
    mail, page = letter(subject=TEST_NUMBER, text="Not faxed.\n"), io.BytesIO()
    Image.new("1", (1728, 1100), 1).save(page, "TIFF", compression="group4", dpi=(204, 98))
    mail.replace_header("From", SCANNER)
    for n in range(files):
        mail.add_attachment(page.getvalue(), maintype="image", subtype="tiff", filename=f"{n}.tif")
    delivery = sent(house, SCANNER, [IN_SUBJECT], mail.as_bytes(policy=SMTP))
    assert (delivery.destination, delivery.fax.pages) == ("0099999990000", 1 if files == 1 else 0)
    result = house.result(SCANNER, delivery.number)
    assert result["Subject"] == f"FAX {delivery.destination}: {status}"
