"""Reading mails for faxing: the corpus, the selection table of email-interface 3.1, and refusals."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from gateway.intake.reading import Document, ReadError, Reading
from gateway.mailin.message import read

CORPUS = Path(__file__).parents[2] / "corpus" / "mail"
CONTEXT = {"include_body": False, "country": "81", "area_code": "3", "domains": ["fax.example.org"]}
BODY, FILE = "body", "attachment"

# file -> subject, documents as (role, type, name, start of the text or of the bytes)
EXPECTED: dict[str, tuple[str, list[tuple[str, str, str, str]]]] = {
    "plain_ascii": ("Order 5521", [(BODY, "text/plain", "", "Hello fax.")]),
    "no_mime": ("Order 5521", [(BODY, "text/plain", "", "Hello without MIME.")]),
    "iso2022jp_body_raw_subject": ("見積のお願い", [(BODY, "text/plain", "", "拝啓\n注文をお願いします。")]),
    "iso2022jp_vendor_letters": ("①", [(BODY, "text/plain", "", "①② ｶｽﾀ 髙")]),
    "shift_jis_body": ("表示 ①", [(BODY, "text/plain", "", "①髙橋様 表示能力")]),
    "shift_jis_raw_subject": ("納品書", [(BODY, "text/plain", "", "納品書")]),
    "unlabelled_jis": ("Order 5521", [(BODY, "text/plain", "", "件名なし")]),
    "split_encoded_word": ("見積書の件", [(BODY, "text/plain", "", "x")]),
    "alternative": ("Order 5521", [(BODY, "text/html", "", "<html>")]),
    "alternative_in_mixed_with_pdf": ("Order 5521", [(FILE, "application/pdf", "invoice.pdf", "%PDF")]),
    "text_and_pdf": ("Order 5521", [(FILE, "application/pdf", "invoice.pdf", "%PDF")]),
    "text_and_pdf_b": (
        "Order 5521",
        [(BODY, "text/plain", "", "Please see"), (FILE, "application/pdf", "invoice.pdf", "%PDF")],
    ),
    "text_and_pdf_bb": ("Order 5521", [(BODY, "text/plain", "", "Please see")]),
    "pdf_only_blank_body": ("Order 5521", [(FILE, "application/pdf", "invoice.pdf", "%PDF")]),
    "html_and_text_file": ("Order 5521", [(FILE, "text/plain", "a.txt", "行1\n行2")]),
    "csv_shift_jis": ("Order 5521", [(FILE, "text/csv", "list.csv", "品名,数量\n紙①,10")]),
    "octet_stream_pdf": ("Order 5521", [(FILE, "application/octet-stream", "ORDER.PDF", "%PDF")]),
    "related_cid": ("Order 5521", [(BODY, "text/html", "", "<p>Logo")]),
    "related_cid_and_pdf": (
        "x",
        [(BODY, "text/html", "", "<p>Logo"), (FILE, "application/pdf", "invoice.pdf", "%PDF")],
    ),
    "cid_image_in_mixed": ("Order 5521", [(BODY, "text/html", "", "<p><img")]),
    "list_footer": (
        "Order 5521",
        [(BODY, "text/plain", "", "Please see the attachment.\n山田\n--\nA list footer")],
    ),
    "apple_alternative": ("Order 5521", [(FILE, "application/pdf", "invoice.pdf", "%PDF")]),
    "rfc2231_file_name": ("Order 5521", [(FILE, "application/pdf", "請求書.pdf", "%PDF")]),
    "raw_jis_file_name": ("Order 5521", [(FILE, "application/pdf", "いろは.pdf", "%PDF")]),
    "attached_message": (
        "Order 5521",
        [
            (
                FILE,
                "text/plain",
                "注文.eml",
                "From: bob@far.example\nTo: alice@acme.example\nDate: Tue, 3 Mar 2026 ",
            ),
            (FILE, "image/png", "scan.png", "\ufffdPNG"),
        ],
    ),
    "html_meta_charset": ("Order 5521", [(BODY, "text/html", "", "<html><head><meta")]),
    "quoted_printable": ("Order 5521", [(BODY, "text/plain", "", "Café au lait")]),
    "flowed": ("Order 5521", [(BODY, "text/plain", "", "line oneFrom here")]),
    "calendar_and_tnef": ("Order 5521", [(BODY, "text/plain", "", "Please see")]),
    "unknown_option_word": ("a /b /etc", [(BODY, "text/plain", "", "hello")]),
    "hostile_names": ("Order 5521", [(FILE, "application/pdf", "passwd.pdf", "%PDF")]),
    "unknown_charset": ("Order 5521", [(BODY, "text/plain", "", "表")]),
    "unclosed_multipart": ("Order 5521", [(FILE, "application/pdf", "invoice.pdf", "%PDF")]),
}
REFUSED = {
    "nothing": "nothing-to-send",
    "pdf_only_bb": "nothing-to-send",
    "smime_inside": "unsupported-document",
}


def reading(name: str, **context: Any) -> Reading:
    return read((CORPUS / f"{name}.eml").read_bytes(), CONTEXT | context)


def shown(document: Document, length: int) -> str:
    return document.data.decode("utf-8", "replace")[:length]


def test_every_sample_is_expected_somewhere() -> None:
    assert {path.stem for path in CORPUS.glob("*.eml")} == EXPECTED.keys() | REFUSED.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_sample(name: str) -> None:
    subject, documents = EXPECTED[name]
    found = reading(name)
    assert found.subject == subject
    lengths = [len(start) for *_, start in documents]
    assert [
        (d.role, d.content_type, d.name, shown(d, length))
        for d, length in zip(found.documents, lengths, strict=True)
    ] == documents
    assert found.contacts == {"0081312345678": "山田太郎"}
    assert found.from_ == "alice@acme.example"


@pytest.mark.parametrize("name", REFUSED)
def test_refused_sample(name: str) -> None:
    with pytest.raises(ReadError) as refused:
        reading(name)
    assert refused.value.code == REFUSED[name]
    assert refused.value.addresses == ("", "alice@acme.example")


def test_texts_leave_as_utf_8_and_files_as_they_came() -> None:
    [text] = reading("shift_jis_body").documents
    assert text.charset == "utf-8"
    [file] = reading("text_and_pdf").documents
    assert file.charset is None
    assert file.data.startswith(b"%PDF-1.4\n")
    assert file.data.endswith(b"%%EOF\n")


@pytest.mark.parametrize(
    ("name", "key"),
    [("related_cid", "logo@acme"), ("related_cid_and_pdf", "logo"), ("cid_image_in_mixed", "a1")],
)
def test_pictures_travel_with_the_html_that_shows_them(name: str, key: str) -> None:
    html = reading(name).documents[0]
    assert list(html.related) == [key]
    content_type, data = html.related[key]
    assert content_type == "image/png"
    assert data.startswith(b"\x89PNG")


def test_japanese_labels_tell_the_language() -> None:
    assert reading("iso2022jp_body_raw_subject").language == "ja"
    assert reading("plain_ascii").language == ""


def test_what_was_left_out_is_said() -> None:
    assert reading("calendar_and_tnef").warnings == (
        "winmail.dat was left out: ask the sender for the attachments themselves",
    )
    assert reading("unknown_option_word").warnings == ("/etc is not a modifier",)


def test_the_text_of_an_attached_message_follows_its_header_lines() -> None:
    text = reading("attached_message").documents[0].data.decode()
    assert text.endswith("Subject: 注文\n\nInner text")


PDF = (b"%PDF-1.4", "application", "pdf", "a.pdf")


def a_mail(subject: str, body: str, *, file: bool) -> bytes:
    mail = EmailMessage()
    mail["Subject"] = subject
    mail.set_content(body)
    if file:
        data, kind, sub, name = PDF
        mail.add_attachment(data, maintype=kind, subtype=sub, filename=name)
    return mail.as_bytes()


# Columns: option off, option on, /b, /bn, /bb. B = body, A = attachment, "" = refused.
COLUMNS = [("", False), ("", True), ("/b", False), ("/bn", True), ("/bb", False)]


@pytest.mark.parametrize(
    ("body", "file", "row"),
    [
        ("text", False, ["B", "B", "B", "B", "B"]),
        (" \n", True, ["A", "A", "A", "A", ""]),
        ("text", True, ["A", "BA", "BA", "A", "B"]),
        ("", False, ["", "", "", "", ""]),
    ],
    ids=["body only", "attachments only", "both", "nothing"],
)
def test_the_selection_table(body: str, file: bool, row: list[str]) -> None:
    assert [faxed(a_mail(subject, body, file=file), option) for subject, option in COLUMNS] == row


def faxed(mail: bytes, include_body: bool) -> str:
    """Return what is faxed of a mail, one letter a document; "" when it is refused for holding nothing."""
    try:
        documents = read(mail, CONTEXT | {"include_body": include_body}).documents
    except ReadError as error:
        return "" if error.code == "nothing-to-send" else error.code
    return "".join("B" if document.role == BODY else "A" for document in documents)


@pytest.mark.parametrize(
    ("html", "blank"),
    [
        ("<p>&nbsp;</p>", True),
        ("<html><head><title>x</title><style>p{}</style></head><body><br> </body></html>", True),
        ("<!-- hidden --><div>\u200b</div>", True),
        ("<p>.</p>", False),
        ('<img src="cid:x">', False),
    ],
)
def test_an_html_body_without_anything_to_see_is_blank(html: str, blank: bool) -> None:
    mail = EmailMessage()
    mail.set_content(html, subtype="html")
    mail.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="a.pdf")
    found = read(mail.as_bytes(), CONTEXT | {"include_body": True})
    assert len(found.documents) == (1 if blank else 2)


def test_a_plain_footer_is_set_below_an_html_body() -> None:
    mail = EmailMessage()
    mail["MIME-Version"] = "1.0"
    mail.make_mixed()
    for text, kind in (("<p>Hi</p>", "html"), ("-- \n<list>", "plain")):
        part = EmailMessage()
        part.set_content(text, subtype=kind)
        mail.attach(part)
    [body] = read(mail.as_bytes(), CONTEXT).documents
    assert body.content_type == "text/html"
    assert body.data.decode().index("<p>Hi</p>") < body.data.decode().index("&lt;list&gt;")


def test_reply_to_and_contacts_are_read() -> None:
    raw = (
        b"Reply-To: Sales <sales@acme.example>\r\nFrom: a@b\r\n"
        b'To: "Doe, Jane" <+81312345678@fax.example.org>, Other <+81344772288@elsewhere.example>\r\n'
        b"Cc: =?utf-8?B?5bGx55Sw?= <0344772288@FAX.example.org>, nobody@fax.example.org\r\n\r\nx\r\n"
    )
    found = read(raw, CONTEXT)
    assert found.reply_to == "sales@acme.example"
    assert found.contacts == {"0081312345678": "Doe, Jane", "0081344772288": "山田"}


def test_attached_messages_in_attached_messages_are_read_to_a_depth() -> None:
    mail = b"Subject: innermost\r\n\r\nx\r\n"
    for _ in range(40):
        mail = b"Content-Type: message/rfc822\r\n\r\n" + mail
    with pytest.raises(ReadError, match="nested too deep"):
        read(mail, CONTEXT)


def test_ciphertext_inside_an_attached_message_is_not_faxed() -> None:
    inner = b"Content-Type: application/pkcs7-mime; name=smime.p7m\r\n\r\nMIIB\r\n"
    with pytest.raises(ReadError) as refused:
        read(b"Content-Type: message/rfc822\r\n\r\n" + inner, CONTEXT)
    assert refused.value.code == "unsupported-document"


@pytest.mark.parametrize(
    ("line", "asker"),
    [
        (b"Disposition-Notification-To: Alice <alice@acme.example>\r\n", "alice@acme.example"),
        (b"", ""),
        (b"Disposition-Notification-To: \r\n", ""),
    ],
)
def test_who_wants_a_receipt(line: bytes, asker: str) -> None:
    assert read(b"From: a@acme.example\r\n" + line + b"\r\nHello\r\n", CONTEXT).disposition_to == asker
