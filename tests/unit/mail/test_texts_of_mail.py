"""Every text of a mail is decoded here, whatever it travels as; marks of dead formats are taken away."""

# ruff: noqa: RUF001  (letters as they are typed are what is tested)

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gateway.mailin import charsets, enriched
from gateway.mailin.message import read

sys.path.append(str(Path(__file__).parents[2] / "corpus"))
from building import attached, entity, mail, multipart, png_of
from japanese_codes import coded

if TYPE_CHECKING:
    from gateway.intake.reading import Document

TEXT = "見積書 ①㈱髙﨑 ｶﾅ～\r\n二行目 Ⅷ\r\n"
BLACK = png_of(9, 9, 8, fill=0)


def file_of(kind: bytes, data: bytes, name: bytes) -> Document:
    """Return the only attachment of a mail."""
    parts = (entity(b"text/plain", b"hello"), attached(kind, data, name))
    (found,) = read(mail(multipart("mixed", *parts)), {}).documents
    return found


@pytest.mark.parametrize("codec", ["jis", "eucjp", "cp932", "utf-8"])
@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (b"application/x-unknown", b'filename="memo.txt"'),
        (b"application/vnd.ms-excel", b'filename="memo.csv"'),
        (b"application/csv", b'filename="memo"'),
        (b"application/json", b'filename="memo.json"'),
        (b"application/octet-stream", b'filename="memo.log"'),
        (b"application/octet-stream", b""),
    ],
)
def test_what_is_drawn_as_text_was_decoded_with_the_mail(codec: str, kind: bytes, name: bytes) -> None:
    found = file_of(kind, coded(TEXT, codec), name)
    assert (found.data.decode(), found.charset) == (TEXT.replace("\r\n", "\n"), "utf-8")


@pytest.mark.parametrize("data", [b"%!PS-Adobe\n", b"{\\rtf1 x}", b"\0\1\2", b"\xff\xfe\0\0\xff"])
def test_octets_without_a_name_that_are_no_text_stay_octets(data: bytes) -> None:
    found = file_of(b"application/octet-stream", data, b"")
    assert found.content_type == "application/octet-stream"


@pytest.mark.parametrize("order", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_label_and_mark_is_known_by_its_line_ends(order: str) -> None:
    assert charsets.decode("名,値\r\n髙橋①,3\r\n".encode(order)) == ("名,値\r\n髙橋①,3\r\n", order)


def test_hebrew_in_its_logical_order_is_hebrew() -> None:
    assert charsets.decode("שלום".encode("iso8859-8"), "ISO-8859-8-I")[0] == "שלום"


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        ("text/enriched", "<b>Now</b> or\nnever <<x>\n\n<c><param>red</param>a</c>", "Now or never <x>\na"),
        ("text/enriched", "1 < 2 <", "1 < 2 <"),
        ("text/richtext", "<bold>Now</bold> or\nnever<nl>2 <lt> 3", "Now or never\n2 < 3"),
    ],
)  # fmt: skip
def test_the_marks_of_enriched_text_are_taken_away(kind: str, text: str, words: str) -> None:
    assert enriched.words(text, kind) == words


def test_an_enriched_body_is_the_body() -> None:
    (body,) = read(
        mail(entity(b"text/enriched; charset=iso-2022-jp", coded("<bold>①</bold>", "jis"))), {}
    ).documents
    assert (body.role, body.data.decode()) == ("body", "①")


@pytest.mark.parametrize(
    ("source", "location"),
    [
        ("http://x.example/a.png", "http://x.example/a.png"),
        ("a.png", "http://x.example/a.png"),
        ("b%20c.png", "b c.png"),
        ("shown.png", ""),
    ],
)
def test_a_picture_named_by_its_address_belongs_to_the_html(source: str, location: str) -> None:
    html = entity(
        b"text/html", f"x<img  src='{source}'><img src=http://else.example/y.png>".encode(), "",
        b"Content-Location: http://x.example/index.html",
    )  # fmt: skip
    fields = [b"Content-Location: " + location.encode()] if location else []
    picture = entity(b'image/png; name="shown.png"', BLACK, "base64", *fields)
    (body,) = read(mail(multipart("related", html, picture)), {}).documents
    ((content_id, (kind, data)),) = body.related.items()
    assert (kind, data) == ("image/png", BLACK)
    assert f'src="cid:{content_id}"' in body.data.decode()
    assert "http://else.example/y.png" in body.data.decode()
