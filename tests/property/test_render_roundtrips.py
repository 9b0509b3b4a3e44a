"""Any picture survives coding, containers and a noisy line; any bytes at all are read or refused."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from render_fixtures import random_picture

from modem.coding import Compression
from modem.t4 import scan
from render import charsets, geometry
from render.coding import coded_page, decode, encode, image
from render.errors import RenderError, UnreadableDocument
from render.kinds import kind_of
from render.received import received_page
from render.table import read_rows
from render.text import clean
from render.tiff import read_tiff, write_tiff

COMPRESSIONS = st.sampled_from(["MH", "MR", "MMR"])
RESOLUTIONS = st.sampled_from(["standard", "fine", "superfine"])


@st.composite
def pictures(draw: st.DrawFn) -> Image.Image:
    """Bilevel pictures: runs of every length, repeated and changing rows, widths of whole octets and not."""
    width = draw(st.sampled_from([1, 7, 8, 64, 1728, 2048, 2432]))
    rows = draw(st.lists(st.lists(st.integers(0, width), max_size=12), min_size=1, max_size=12))
    stride = (width + 7) // 8
    packed = b"".join(_row(sorted(changes), width, stride) for changes in rows)
    return Image.frombytes("1", (width, len(rows)), packed)


def _row(changes: list[int], width: int, stride: int) -> bytes:
    bits = 0
    for change in changes:
        bits ^= (1 << (width - change)) - 1
    return (bits << (stride * 8 - width)).to_bytes(stride, "big")


def pels(picture: Image.Image) -> bytes:
    """Return the pels, without what lies in the last octet of a row beyond the width."""
    return picture.convert("L").tobytes()


@settings(deadline=None)
@given(pictures(), COMPRESSIONS, st.booleans())
def test_coding_loses_no_pel(picture: Image.Image, compression: str, fine: bool) -> None:
    data = encode(picture, compression, fine=fine)
    assert pels(decode(data, compression, *picture.size)) == pels(picture)


@settings(deadline=None)
@given(pictures(), COMPRESSIONS, COMPRESSIONS, RESOLUTIONS)
def test_recoding_loses_no_pel(picture: Image.Image, first: str, second: str, resolution: str) -> None:
    page = coded_page(picture, resolution, first)
    assert pels(decode(encode(page, second), second, *picture.size)) == pels(picture)


@settings(deadline=None)
@given(st.lists(st.tuples(pictures(), COMPRESSIONS, RESOLUTIONS), min_size=1, max_size=4))
def test_a_container_gives_back_its_pages(content: list[tuple[Image.Image, str, str]]) -> None:
    pages = [coded_page(picture, resolution, compression) for picture, compression, resolution in content]
    assert read_tiff(write_tiff(pages)) == pages


@settings(deadline=None)
@given(pictures(), st.integers(0, 10_000), st.integers(0, 500))
def test_damage_counts_survive_the_container(picture: Image.Image, bad: int, worst: int) -> None:
    page = replace(coded_page(picture, "fine"), bad_rows=bad, worst_run=worst)
    assert read_tiff(write_tiff([page])) == [page]


@settings(deadline=None)
@given(pictures(), st.sampled_from(["MH", "MR"]))
def test_a_clean_received_page_is_the_one_sent(picture: Image.Image, compression: str) -> None:
    data = encode(picture, compression)
    page = received_page(data, compression, picture.width, resolution="fine", rows=picture.height)
    assert pels(image(page)) == pels(picture)


@settings(deadline=None)
@given(pictures(), st.sampled_from(["MH", "MR", "MMR"]), st.data())
def test_a_damaged_stream_still_gives_a_page_of_the_right_shape(
    picture: Image.Image, compression: str, data: st.DataObject
) -> None:
    stream = bytearray(encode(picture, compression))
    for at in data.draw(st.lists(st.integers(0, len(stream) - 1), max_size=5)):
        stream[at] ^= data.draw(st.integers(1, 255))
    bad = data.draw(st.sets(st.integers(0, picture.height - 1)))
    try:
        page = received_page(
            bytes(stream), compression, picture.width, resolution="fine", rows=picture.height, bad_lines=bad
        )
    except UnreadableDocument:
        assert compression == "MMR"
        return
    assert image(page).size == picture.size
    assert page.bad_rows == len(bad)


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_a_tiff_or_refused(data: bytes) -> None:
    for start in (b"", b"II*\0", b"MM\0*"):
        try:
            assert isinstance(read_tiff(start + data), list)
        except RenderError:
            continue


@settings(deadline=None)
@given(pictures(), st.data())
def test_a_tiff_with_changed_octets_is_read_or_refused(picture: Image.Image, data: st.DataObject) -> None:
    file = bytearray(write_tiff([coded_page(picture, "fine")]))
    for at in data.draw(st.lists(st.integers(0, len(file) - 1), min_size=1, max_size=8)):
        file[at] = data.draw(st.integers(0, 255))
    try:
        read_tiff(bytes(file))
    except RenderError as error:
        assert error.code == "unreadable-document"  # noqa: PT017  (being read is right as well)


@settings(deadline=None)
@given(
    st.binary(max_size=300),
    st.one_of(st.none(), st.text(max_size=20), st.sampled_from(["utf-8", "iso-2022-jp", "gbk"])),
)
def test_any_bytes_are_some_text(data: bytes, declared: str | None) -> None:
    text, codec = charsets.decode(data, declared)
    assert isinstance(text, str)
    assert isinstance(charsets.language(text, codec), str)


@settings(deadline=None)
@given(st.text())
def test_clean_text_holds_nothing_a_page_cannot_show(text: str) -> None:
    assert not {c for c in clean(text) if ord(c) < 32} - {"\n", "\t", "\f"}


@settings(deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_a_table(text: str) -> None:
    assert all(any(cell.strip() for cell in row) for row in read_rows(clean(text)))


@settings(deadline=None)
@given(st.text(max_size=40), st.text(max_size=40), st.binary(max_size=40))
def test_the_kind_of_any_part_can_be_asked(name: str, content_type: str, data: bytes) -> None:
    kind_of(name, content_type, data)


@settings(deadline=None)
@given(st.floats(0.01, 300), st.floats(0.01, 300), st.sampled_from(sorted(geometry.PAPERS)), RESOLUTIONS)
def test_every_document_page_lies_on_the_fax_page(
    width: float, height: float, paper: str, resolution: str
) -> None:
    on = geometry.canvas(paper, resolution)
    for at in (geometry.place(width, height, on), geometry.place_picture(width, height, on)):
        assert at.width >= 1
        assert at.height >= 1
        assert at.x >= -on.width * 0.01
        assert at.x + at.width <= on.width * 1.01
        assert at.y >= -1
        assert at.y + at.height <= on.rows * 1.016


@settings(deadline=None)
@given(st.sampled_from([Compression.MH, Compression.MR]), st.data())
def test_the_scanner_and_the_repair_count_lines_alike(compression: Compression, data: st.DataObject) -> None:
    """Damage a few bits: every line the modem's scanner calls good must show exactly what was sent there."""
    picture = random_picture(1728, 24)
    stream = bytearray(encode(picture, compression.value, fine=False))
    for _ in range(data.draw(st.integers(0, 3))):
        stream[data.draw(st.integers(4, len(stream) - 4))] ^= 1 << data.draw(st.integers(0, 7))
    found = scan(bytes(stream), compression, 1728)
    page = received_page(
        bytes(stream),
        compression.value,
        1728,
        resolution="standard",
        rows=found.rows,
        bad_lines=found.bad_lines,
    )
    sent = {picture.crop((0, y, 1728, y + 1)).tobytes() for y in range(24)}
    shown = image(page)
    good = [y for y in range(found.rows) if y not in found.bad_lines]
    # One bit more or less can turn a line into another of the right length: at most one a flipped bit.
    strange = [y for y in good if shown.crop((0, y, 1728, y + 1)).tobytes() not in sent]
    assert len(strange) <= 3 * (1 if compression is Compression.MH else 2)
    assert len(good) >= 24 - len(found.bad_lines) - 3
