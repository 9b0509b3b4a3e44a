"""Strips as they go on the line: polarity, K factor, bit order, line ends."""

from __future__ import annotations

import pytest
from PIL import Image
from render_fixtures import fax_page, ink, random_picture

from render.coding import coded_page, decode, encode, image, reversed_bits
from render.errors import UnreadableDocument
from render.tiff import TiffPage

CODES = ("MH", "MR", "MMR")
WHITE = Image.new("1", (1728, 16), 1)


def bits(data: bytes) -> str:
    """Return the bits in order of transmission."""
    return "".join(f"{octet:08b}"[::-1] for octet in data)


@pytest.mark.parametrize("compression", CODES)
@pytest.mark.parametrize("fine", [True, False])
def test_what_is_encoded_decodes_to_the_same_pels(compression: str, fine: bool) -> None:
    picture = random_picture(1728, 60)
    data = encode(picture, compression, fine=fine)
    assert decode(data, compression, 1728, 60).tobytes() == picture.tobytes()


def test_a_white_line_is_a_white_run_of_1728() -> None:
    # T.4 table 3: make-up 1728 white = 010011011, terminating 0 white = 00110101.
    assert bits(encode(WHITE, "MH")).startswith("000000000001" + "010011011" + "00110101")


def test_a_black_line_begins_with_a_white_run_of_nothing() -> None:
    black = Image.new("1", (1728, 4), 0)
    # White 0, then black make-up 1728 (0000001100101) and black 0 (0000110111).
    assert bits(encode(black, "MH")).startswith("000000000001" + "00110101" + "0000001100101" + "0000110111")


def test_every_mh_line_begins_with_an_eol() -> None:
    assert bits(encode(WHITE, "MH")).count("000000000001") == WHITE.height


def test_mh_and_mr_end_without_rtc_and_mmr_with_eofb() -> None:
    eol = "000000000001"
    assert eol * 2 not in bits(encode(WHITE, "MH"))
    assert (eol + "1") * 2 not in bits(encode(WHITE, "MR"))
    assert bits(encode(WHITE, "MMR")).rstrip("0").endswith(eol * 2)


@pytest.mark.parametrize(("fine", "k"), [(True, 4), (False, 2)])
def test_mr_repeats_a_one_dimensional_line_every_k_lines(fine: bool, k: int) -> None:
    stream = bits(encode(WHITE, "MR", fine=fine))
    tags = [piece[0] for piece in stream.split("000000000001")[1:]]
    assert "".join(tags) == ("1" + "0" * (k - 1)) * (WHITE.height // k)


def test_mr_of_a_white_page_takes_one_bit_for_each_further_line() -> None:
    # EOL + tag 0 + V0 ("1").
    assert "000000000001" + "0" + "1" + "000000000001" in bits(encode(WHITE, "MR"))


def test_paper_is_cheap_because_it_is_white() -> None:
    sparse = Image.new("1", (1728, 100), 1)
    sparse.paste(0, (100, 10, 200, 20))
    inverted = sparse.point(lambda v: 0 if v else 1)
    assert len(encode(sparse, "MH")) < len(encode(inverted, "MH"))


def test_a_page_already_coded_as_wanted_is_not_coded_again() -> None:
    page = fax_page(random_picture(1728, 20), "MR")
    assert encode(page, "MR") is page.data


@pytest.mark.parametrize("source", CODES)
@pytest.mark.parametrize("wanted", CODES)
def test_a_coded_page_is_recoded_without_losing_a_pel(source: str, wanted: str) -> None:
    picture = random_picture(1728, 30)
    data = encode(fax_page(picture, source), wanted)
    assert decode(data, wanted, 1728, 30).tobytes() == picture.tobytes()


def test_a_standard_page_is_recoded_with_its_own_k() -> None:
    standard = fax_page(WHITE, "MMR", "standard")
    assert encode(standard, "MR") == encode(WHITE, "MR", fine=False)
    assert encode(standard, "MR") != encode(WHITE, "MR", fine=True)


@pytest.mark.parametrize("width", [8, 1728, 2048, 2432])
def test_any_width_and_a_single_row_can_be_coded(width: int) -> None:
    picture = random_picture(width, 1)
    assert decode(encode(picture, "MMR"), "MMR", width, 1).tobytes() == picture.tobytes()


def test_a_page_of_a_tiff_knows_its_shape() -> None:
    page = coded_page(random_picture(2048, 33), "standard", "MH")
    assert (page.width, page.rows, page.compression, page.y_dpi) == (2048, 33, "MH", 98)


def test_decoded_paper_is_white() -> None:
    assert ink(decode(encode(WHITE, "MMR"), "MMR", 1728, 16)) == 0


def test_a_page_without_rows_cannot_be_decoded() -> None:
    with pytest.raises(UnreadableDocument):
        image(TiffPage(b"", 1728, 0, "MMR"))


def test_bit_order_turns_round_and_back() -> None:
    assert reversed_bits(b"\x01\x80\x0f") == b"\x80\x01\xf0"
    assert reversed_bits(reversed_bits(bytes(range(256)))) == bytes(range(256))
