"""winmail.dat: files by their long names, a body where the mail has none, and nothing that fails."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.intake.reading import ReadError, Reading
from gateway.mailin import tnef
from gateway.mailin.message import read

sys.path.insert(0, str(Path(__file__).parents[2] / "corpus"))

from building import PDF, PNG, attached, entity, mail, multipart
from tnef_made import BINARY, LONG, STRING, UNICODE, attribute, file, properties, winmail

NAME = "見積書①.pdf"
LONG_NAME = (0x3707, STRING, NAME.encode("cp932") + b"\0")
BODY, HTML, RTF = 0x1000, 0x1013, 0x1009


def reading(stream: bytes, text: bytes = b"see the file") -> Reading:
    parts = [entity(b"text/plain", text), attached(b"application/ms-tnef", stream, b"filename=winmail.dat")]
    return read(mail(multipart("mixed", *parts)), {})


def message(*entries: tuple[int, int, bytes]) -> bytes:
    return attribute(0x00069003, properties(*entries), 1)


def test_a_file_comes_out_by_its_long_name_in_the_code_page_of_the_stream() -> None:
    [document] = reading(winmail(file(b"MITSUM~1.PDF", PDF, LONG_NAME))).documents
    assert (document.name, document.data, document.role) == (NAME, PDF, "attachment")


@pytest.mark.parametrize(
    ("short", "more", "name"),
    [
        (NAME.encode("cp932"), (), NAME),
        (b"A.PDF", ((0x3707, UNICODE, f"{NAME}\0".encode("utf-16-le")),), NAME),
        (b"A.PDF", ((0x3704, STRING, b"B.PDF\0"),), "B.PDF"),
        (b"..\\..\\A.PDF", (), "A.PDF"),
    ],
)
def test_the_best_name_there_is_is_taken(
    short: bytes, more: tuple[tuple[int, int, bytes], ...], name: str
) -> None:
    assert reading(winmail(file(short, PDF, *more))).documents[0].name == name


def test_several_files_keep_their_order() -> None:
    found = reading(
        winmail(file(b"A.PDF", PDF), file(b"B.TXT", "発注書".encode("cp932")), file(b"C.PNG", PNG))
    )
    assert [d.name for d in found.documents] == ["A.PDF", "B.TXT", "C.PNG"]
    assert found.documents[1].data.decode() == "発注書"


def test_the_text_of_the_mail_is_the_body_and_the_streams_is_not_added() -> None:
    found = reading(winmail(message((BODY, STRING, b"the same text again\0"))))
    assert [d.data for d in found.documents] == [b"see the file"]


@pytest.mark.parametrize(
    ("entry", "kind", "text"),
    [
        ((BODY, STRING, "本文①\0".encode("cp932")), "text/plain", "本文①"),
        ((BODY, UNICODE, "本文①\0".encode("utf-16-le")), "text/plain", "本文①"),
        ((HTML, BINARY, "<p>本文①</p>".encode("cp932")), "text/html", "<p>本文①</p>"),
    ],
)
def test_a_mail_without_text_has_that_of_the_stream(
    entry: tuple[int, int, bytes], kind: str, text: str
) -> None:
    [document] = reading(winmail(message(entry)), text=b" \r\n").documents
    assert (document.role, document.content_type, document.data.decode()) == ("body", kind, text)


def test_the_properties_code_page_goes_before_the_streams() -> None:
    entries = (0x3FDE, LONG, (65001).to_bytes(4, "little")), (BODY, STRING, "本文①\0".encode())
    assert tnef.unpack(winmail(message(*entries), code_page=1252)).text == "本文①"


def test_what_is_not_opened_is_named() -> None:
    found = reading(winmail(file(b"A.PDF", PDF), message((RTF, BINARY, b"LZFu"))))
    assert found.warnings == ("winmail.dat: formatted text was left out: send it as plain mail",)
    item = winmail(file(b"item", b"", (0x3701, 0x0D, b"x" * 20)))
    assert "item was left out" in reading(item).warnings[0]


def test_an_empty_stream_is_told_of() -> None:
    assert reading(b"").warnings == (
        "winmail.dat was left out: ask the sender for the attachments themselves",
    )


def test_ciphertext_in_a_stream_is_not_faxed() -> None:
    with pytest.raises(ReadError) as refused:
        reading(winmail(file(b"smime.p7m", b"x")))
    assert refused.value.code == "unsupported-document"


@given(st.binary(max_size=200))
def test_no_octets_make_it_fail(data: bytes) -> None:
    tnef.unpack(data)
    tnef.unpack(winmail(data))
    tnef.unpack(winmail(attribute(0x00069002, b""), attribute(0x00069005, data), attribute(0x00069003, data)))


@given(st.integers(0, 400), st.integers(0, 255))
def test_a_damaged_stream_gives_what_was_sound(at: int, value: int) -> None:
    stream = bytearray(winmail(file(b"MITSUM~1.PDF", PDF, LONG_NAME), message((BODY, STRING, b"hi\0"))))
    stream[at % len(stream)] = value
    assert len(tnef.unpack(bytes(stream)).files) <= 2
