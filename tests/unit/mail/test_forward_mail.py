"""The mail that brings a received fax, read back by the standard library."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from notify_fixtures import NINE, STAMP, parsed, text_of

from gateway.mail import serialise
from gateway.receive.forward_mail import Received, compose
from gateway.stationery import Stationery

GOLDEN = Path(__file__).parents[2] / "golden" / "mail"
STAMP = replace(STAMP, message_id="<f.7@fax.example.org>")
FAX = Received(
    number=41230080,
    received_at=NINE,
    pages=3,
    called="+81344772288",
    caller="0312345678",
    remote_id="+81 3 1234 5678",
    line_seconds=92.6,
    bad_lines=(0, 0, 0),
    timezone="Asia/Tokyo",
)
LETTERS = {
    "forward-en-pdf": (FAX, "pdf"),
    "forward-ja-tiff-damaged": (replace(FAX, language="ja", bad_lines=(0, 4, 0)), "tiff"),
    "forward-en-partial-unmatched": (replace(FAX, partial=True, unmatched=True, timezone="UTC"), "pdf"),
    "forward-ru-simulated": (replace(FAX, language="ru", simulated=True, pages=1, bad_lines=(0,)), "pdf"),
}


def composed(received: Received, form: str = "pdf") -> bytes:
    return serialise(compose(received, b"the pages", form, STAMP))


@pytest.mark.parametrize("name", sorted(LETTERS))
def test_the_forward_is_the_one_we_read_and_approved(name: str) -> None:
    golden = GOLDEN / f"{name}.eml"
    assert golden.exists(), f"read the mail, then save it as {golden}"
    assert composed(*LETTERS[name]) == golden.read_bytes()


def test_every_approved_forward_is_still_written() -> None:
    assert {path.stem for path in GOLDEN.glob("forward-*.eml")} == set(LETTERS)


@pytest.mark.parametrize(
    ("language", "subject"),
    [("en", "Fax received <- +81 3 1234 5678"), ("ja", "FAXを受信しました <- +81 3 1234 5678")],
)
def test_the_subject_names_the_sender(language: str, subject: str) -> None:
    assert parsed(composed(replace(FAX, language=language)))["Subject"] == subject


def test_without_an_identifier_the_caller_is_the_sender_and_without_both_nobody_is() -> None:
    assert parsed(composed(replace(FAX, remote_id=" ")))["Subject"] == "Fax received <- 0312345678"
    assert (
        parsed(composed(replace(FAX, remote_id="", caller="")))["Subject"] == "Fax received <- unknown sender"
    )


@pytest.mark.parametrize(
    ("form", "kind", "name"),
    [("pdf", "application/pdf", "41230080.pdf"), ("tiff", "image/tiff", "41230080.tif")],
)
def test_the_pages_are_attached_under_our_number(form: str, kind: str, name: str) -> None:
    (attachment,) = parsed(composed(FAX, form)).iter_attachments()
    assert (attachment.get_content_type(), attachment.get_filename()) == (kind, name)
    assert attachment.get_content() == b"the pages"


def test_the_body_says_who_called_what_when_and_how_much() -> None:
    lines = text_of(parsed(composed(FAX))).splitlines()
    assert lines[0] == "A fax of 3 pages arrived. It is attached to this mail."
    assert {
        "Called number: +81344772288",
        "Remote CSID: +81 3 1234 5678",
        "Caller number: 0312345678",
        "Pages: 3",
        "Duration (seconds): 93",
        "Received: 2024-04-01 09:00:05 (Asia/Tokyo)",
        "Transaction ID: 41230080",
    } <= set(lines)
    assert not any(line.startswith(("Damaged", "INCOMPLETE", "SIMULATED")) for line in lines)


def test_an_incomplete_fax_says_so_in_the_subject_and_at_the_top() -> None:
    mail = parsed(composed(replace(FAX, partial=True)))
    assert mail["Subject"] == "Fax received in part <- +81 3 1234 5678"
    assert "INCOMPLETE: The call broke off" in text_of(mail)


def test_damaged_lines_are_counted_page_by_page() -> None:
    text = text_of(parsed(composed(replace(FAX, bad_lines=(0, 4, 1)))))
    assert "Damaged lines: 5" in text
    assert "Page 2, lines damaged on the telephone line: 4" in text
    assert "Page 1, lines" not in text


def test_the_operator_is_told_why_a_fax_came_to_them() -> None:
    assert "No forwarding rule matches" in text_of(parsed(composed(replace(FAX, unmatched=True))))


def test_a_simulated_line_is_said_in_header_and_text() -> None:
    mail = parsed(composed(replace(FAX, simulated=True)))
    assert mail["X-Postline-Simulated"] == "yes"
    assert text_of(mail).startswith("SIMULATED")


def test_a_forward_says_it_is_automatic_but_no_answer() -> None:
    mail = parsed(composed(FAX))
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["In-Reply-To"] is None


def test_a_notice_has_no_pages_and_says_where_they_are() -> None:
    received = replace(FAX, contents=False, page_url="https://fax.example.org/fax/7")
    mail = parsed(serialise(compose(received, None, "pdf", STAMP)))
    assert not mail.is_multipart()
    assert "It is kept by the fax service." in mail.get_content()
    assert "https://fax.example.org/fax/7" in mail.get_content()


def test_a_forward_in_legacy_japanese() -> None:
    received = replace(FAX, language="ja", legacy=True)
    mail = parsed(serialise(compose(received, b"pages", "pdf", STAMP)))
    body = mail.get_body(("plain",))
    assert body is not None
    assert body.get_content_charset() == "iso-2022-jp"


def test_a_forward_is_drawn_from_an_operators_template(tmp_path: Path) -> None:
    (tmp_path / "notice.txt").write_text("{{ notice.facts.kind }} {{ notice.facts.remote_id }}")
    mail = parsed(serialise(compose(FAX, b"pages", "pdf", STAMP, Stationery(tmp_path))))
    body = mail.get_body(("plain",))
    assert body is not None
    assert body.get_content().strip() == f"forward {FAX.remote_id}"
