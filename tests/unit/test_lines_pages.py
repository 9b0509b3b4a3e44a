"""Pages prepared for a call: every coding beforehand, the same pixels, from the page that is still owed."""

from __future__ import annotations

import pytest
from lines_fixtures import masters_of

from gateway.lines.pages import PreparedPages, Wanted
from gateway.lines.stock import Document
from modem.coding import Coding, Compression, Length, Resolution
from render import coding as t4
from render.document import Part, Settings
from render.pages import render_parts
from render.tiff import read_tiff

TEXT = "\f".join(f"page {n}\nOrder 5521, deliver on Monday.\n" for n in (1, 2, 3))


@pytest.fixture(scope="module")
def masters() -> dict[str, bytes]:
    """Three pages as the renderer leaves them: standard and fine."""
    return render_parts([Part("order.txt", "text/plain", TEXT.encode(), "utf-8")], Settings()).masters


def documents(masters: dict[str, bytes]) -> dict[str, Document]:
    return {name: Document(data) for name, data in masters.items()}


def every_coding(pages: PreparedPages, n: int) -> list[Coding]:
    shape = pages.shape(n)
    return [
        Coding(compression, width, resolution)
        for compression in Compression
        for width in shape.widths
        for resolution in shape.resolutions
    ]


def test_each_page_is_ready_in_every_coding_its_shape_offers(masters: dict[str, bytes]) -> None:
    pages = PreparedPages(documents(masters))
    assert pages.count == 3
    for n in (1, 2, 3):
        assert set(pages.shape(n).resolutions) == {Resolution.STANDARD, Resolution.FINE}
        codings = every_coding(pages, n)
        assert len(codings) == 6
        for coding in codings:
            assert pages.size(n, coding) == len(pages.page(n, coding)) > 0


def test_what_goes_on_the_line_shows_the_pixels_of_the_master(masters: dict[str, bytes]) -> None:
    pages = PreparedPages(documents(masters))
    for resolution, document in masters.items():
        for n, master in enumerate(read_tiff(document), 1):
            for compression in Compression:
                stream = pages.page(n, Coding(compression, master.width, Resolution(resolution)))
                drawn = t4.decode(stream, compression.value, master.width, master.rows)
                assert drawn.tobytes() == t4.image(master).tobytes()


def test_the_shape_tells_the_rows_of_each_master(masters: dict[str, bytes]) -> None:
    pages = PreparedPages(documents(masters))
    for name, document in masters.items():
        assert [pages.shape(n).rows[Resolution(name)] for n in (1, 2, 3)] == [
            page.rows for page in read_tiff(document)
        ]


def test_the_page_length_makes_no_other_coding(masters: dict[str, bytes]) -> None:
    pages = PreparedPages(documents(masters))
    short = Coding(Compression.MH, 1728, Resolution.STANDARD, Length.A4)
    endless = Coding(Compression.MH, 1728, Resolution.STANDARD, Length.UNLIMITED)
    assert pages.page(1, short) == pages.page(1, endless)


@pytest.mark.parametrize("first", [1, 2, 3])
def test_a_call_resumed_at_page_k_begins_with_page_k(masters: dict[str, bytes], first: int) -> None:
    whole, rest = PreparedPages(documents(masters)), PreparedPages(documents(masters), left=range(first, 4))
    assert rest.count == 4 - first
    for n in range(1, rest.count + 1):
        for coding in every_coding(rest, n):
            assert rest.page(n, coding) == whole.page(first + n - 1, coding)


def test_a_fax_without_a_page_left_is_no_call(masters: dict[str, bytes]) -> None:
    for left in ([], [4]):
        with pytest.raises(ValueError, match="no page is left to send"):
            PreparedPages(documents(masters), left=left)


def test_a_page_that_was_confirmed_behind_a_refused_one_is_not_prepared(masters: dict[str, bytes]) -> None:
    whole, rest = PreparedPages(documents(masters)), PreparedPages(documents(masters), left=(1, 3))
    assert rest.count == 2
    for n, number in ((1, 1), (2, 3)):
        assert all(rest.page(n, coding) == whole.page(number, coding) for coding in every_coding(rest, n))


def test_a_sender_who_wants_standard_gets_nothing_finer(masters: dict[str, bytes]) -> None:
    pages = PreparedPages(documents(masters), wanted=Wanted(resolutions=frozenset({Resolution.STANDARD})))
    assert pages.shape(1).resolutions == (Resolution.STANDARD,)
    with pytest.raises(KeyError):
        pages.page(1, Coding(Compression.MH, 1728, Resolution.FINE))


@pytest.mark.parametrize(
    "coding",
    [
        Coding(Compression.MMR, 1728, Resolution.ULTRAFINE),
        Coding(Compression.MH, 2048),
        Coding(Compression.MH, 1728, Resolution.SUPERFINE),
    ],
)
def test_a_coding_that_was_not_prepared_is_a_key_error(masters: dict[str, bytes], coding: Coding) -> None:
    pages = PreparedPages(documents(masters))
    with pytest.raises(KeyError):
        pages.size(1, coding)
    with pytest.raises(KeyError):
        pages.page(1, coding)


def test_masters_with_different_numbers_of_pages_are_refused() -> None:
    differing = masters_of(2, 40) | {"fine": masters_of(1, 40, ("fine",))["fine"]}
    with pytest.raises(ValueError, match=r"masters differ in their number of pages: \[1, 2\]"):
        PreparedPages(documents(differing))


def test_a_fax_without_masters_is_refused() -> None:
    with pytest.raises(ValueError, match="masters differ"):
        PreparedPages({})


def test_pages_of_different_content_stay_different() -> None:
    pages = PreparedPages(documents(masters_of(2, 60)))
    coding = Coding(Compression.MR)
    assert pages.page(1, coding) != pages.page(2, coding)
