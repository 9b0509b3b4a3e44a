"""What kind of document a part is: by type, then name, then first octets; and what is refused."""

from __future__ import annotations

import pytest
from PIL import Image
from render_fixtures import file_of, part, pdf_of

from render.document import Settings
from render.errors import UnsupportedDocument
from render.kinds import Kind, kind_of
from render.parts import open_part

OCTETS = "application/octet-stream"
PNG = file_of(Image.new("L", (10, 10), 0), "PNG")


@pytest.mark.parametrize(
    ("content_type", "name", "data", "kind"),
    [
        ("text/plain", "", b"x", Kind.TEXT),
        ("text/markdown", "", b"x", Kind.TEXT),
        ("TEXT/HTML", "", b"x", Kind.HTML),
        ("text/csv", "", b"a,b", Kind.CSV),
        ("text/plain", "orders.CSV", b"a,b", Kind.CSV),
        ("application/vnd.ms-excel", "orders.csv", b"a,b", Kind.CSV),
        ("application/pdf", "x.txt", b"%PDF-", Kind.PDF),
        ("image/tiff", "", b"II*\0", Kind.IMAGE),
        (OCTETS, "scan.TIF", b"", Kind.IMAGE),
        (OCTETS, "letter.pdf", b"", Kind.PDF),
        (OCTETS, "C:\\faxes\\page.htm", b"", Kind.HTML),
        (OCTETS, "", b"%PDF-1.7", Kind.PDF),
        ("", "", PNG, Kind.IMAGE),
        (OCTETS, "noname.dat", PNG, Kind.IMAGE),
        (OCTETS, "", b"<!DOCTYPE html><p>x", Kind.HTML),
        (OCTETS, "README", "Grüße".encode(), Kind.TEXT),
    ],
)
def test_a_kind_is_found(content_type: str, name: str, data: bytes, kind: Kind) -> None:
    assert kind_of(name, content_type, data) is kind


@pytest.mark.parametrize(
    ("content_type", "name", "data"),
    [
        ("application/msword", "letter.doc", b"\xd0\xcf\x11\xe0"),
        (
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "letter.docx",
            b"PK\x03\x04\0",
        ),
        (OCTETS, "book.xlsx", b"PK\x03\x04\0"),
        (OCTETS, "letter.rtf", b"{\\rtf1 x}"),
        (OCTETS, "", b"%!PS-Adobe-3.0"),
        ("text/rtf", "", b"{\\rtf1 x}"),
        ("text/calendar", "", b"BEGIN:VCALENDAR"),
        ("application/zip", "", b"PK\x03\x04\0"),
        ("image/svg+xml", "logo.svg", b"<svg/>"),
        ("audio/mpeg", "song.mp3", b"ID3"),
        (OCTETS, "", b"\0\x01\x02"),
        (OCTETS, "invite.ics", b"BEGIN:VCALENDAR"),
    ],
)
def test_what_we_do_not_draw_is_refused_by_name(content_type: str, name: str, data: bytes) -> None:
    with pytest.raises(UnsupportedDocument) as refused:
        open_part(part(data, content_type, name), Settings(), [])
    assert refused.value.code == "unsupported-document"
    assert refused.value.name == name


def test_a_blank_text_has_no_pages() -> None:
    assert open_part(part(" \r\n\t\f\n"), Settings(), []) is None


def test_undecodable_characters_are_drawn_as_marks_and_the_sender_is_told() -> None:
    warnings: list[str] = []
    open_part(part(b"total \xff", name="bill.txt", charset="utf-8"), Settings(), warnings)
    assert len(warnings) == 1
    assert "bill.txt" in warnings[0]


def test_the_number_of_pages_is_known_before_any_is_drawn() -> None:
    opened = open_part(part(pdf_of((210, 297), (210, 297)), "application/pdf"), Settings(), [])
    assert opened is not None
    assert opened.count == 2


@pytest.mark.parametrize("label", ["image/heic", "image/jpeg"])
def test_a_picture_of_a_telephone_is_refused_with_what_to_do(label: str) -> None:
    data = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"
    with pytest.raises(UnsupportedDocument, match="send it as JPEG"):
        open_part(part(data, label, "IMG_1.JPG"), Settings(), [])
