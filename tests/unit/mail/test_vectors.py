"""The vectors of email-interface section 9 that are about reading a request, one by one.

Those about results are in test_result_mail.py, those about senders in tests/integration/smtp.
"""

from __future__ import annotations

import pytest

from gateway.domain.header import filled
from gateway.domain.modifiers import settled
from gateway.domain.numbers import parse
from gateway.mailin.conventions import DEFAULT, addressed
from gateway.mailin.message import read
from gateway.mailin.subject import read_options

HTML_AND_TEXT_FILE = (
    b'Subject: Order\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
    b"--b\r\nContent-Type: text/html\r\n\r\n<p>the body</p>\r\n"
    b"--b\r\nContent-Type: text/plain; name=a.txt\r\n\r\nthe file\r\n--b--\r\n"
)


@pytest.mark.parametrize(
    ("subject", "visible", "options", "warned"),
    [
        ("Order 5521 /b", "Order 5521", {"body": "with"}, False),
        ("/bb", "", {"body": "only"}, False),
        (
            "Plan A/B /rf /d 2030-01-31 08:05",
            "Plan A/B",
            {"resolution": "fine", "defer": "2030-01-31 08:05"},
            False,
        ),
        (
            "見積\u3000/h To: {To}  P.{TotalPages} /rs",
            "見積",
            {"header": "To: {To}  P.{TotalPages}", "resolution": "standard"},
            False,
        ),
        ("x /fonttype MS Gothic /fontsize 14", "x", {"font": "MS Gothic", "font_size": 14}, False),
        ("see /etc /b", "see /etc", {"body": "with"}, True),
        ("a /b /etc", "a /b /etc", {}, True),
    ],
)
def test_a_subject(subject: str, visible: str, options: dict[str, object], warned: bool) -> None:
    found, checked = read_options(subject)
    assert (found.visible, checked, bool(found.warnings)) == (visible, options, warned)


@pytest.mark.parametrize(
    "local", ["03-6368-4300", "0081-3-6368-4300", "+81.3.6368.4300", "/FAX=+81-3-6368-4300/"]
)
def test_all_these_are_one_number(local: str) -> None:
    assert parse(addressed(local, "", DEFAULT).number, "81").canonical == "0081363684300"


def test_a_subaddress() -> None:
    written = addressed("FAX=+1-202-555-0123/T33S=42", "", DEFAULT)
    found = parse(written.number, "81")
    assert (found.canonical, found.sub, settled(written.wishes)[0]) == ("0012025550123", "42", {})


def test_the_result_simulator() -> None:
    found = parse("00999-9999-6017", "81")
    assert (found.canonical, found.simulated_status) == ("009999999" + "6017", 6017)


def test_an_html_body_and_a_text_file_send_the_file_only() -> None:
    assert [document.name for document in read(HTML_AND_TEXT_FILE, {}).documents] == ["a.txt"]
    both = read(HTML_AND_TEXT_FILE.replace(b"Order", b"Order /b"), {})
    assert [document.role for document in both.documents] == ["body", "attachment"]


def test_a_header_template_is_filled_and_unknown_braces_stay() -> None:
    assert filled("To: {To}  P.{TotalPages} {x}", {"To": "1", "TotalPages": "02"}) == "To: 1  P.02 {x}"
