"""Coded pages shared by calls: one reading, one coding, however many numbers; bounded in octets."""

from __future__ import annotations

from lines_fixtures import masters_of

from gateway.domain.header import Header, Look
from gateway.lines.pages import JoinedPages, PreparedPages, sheet_of
from gateway.lines.stock import Document, Stock
from gateway.transmitted import drawn, setting_of
from modem.coding import Coding, Compression, Resolution
from render import coding as t4
from render.body import Cut

HEADER = Header("Acme\tP. {Page}/02")


class Shelf:
    """Masters by key, counting how often they are read."""

    def __init__(self, pages: int = 2, height: int = 600) -> None:
        self.reads: list[str] = []
        self._master = masters_of(pages, height)["standard"]

    def read(self, key: str) -> bytes:
        self.reads.append(key)
        return self._master


def test_a_document_is_read_once_for_all_calls() -> None:
    shelf, stock = Shelf(), Stock()
    first, second = (stock.document("a", shelf.read) for _ in range(2))
    assert first is second
    assert shelf.reads == ["a"]


def test_a_body_is_coded_once_however_its_headers_differ() -> None:
    document = Document(Shelf().read("a"))
    body = document.body(0, Cut(16))
    for to in ("+81 3", "+81 6"):
        pages = PreparedPages({"standard": document}, header=Header(f"{to}\tP. {{Page}}"))
        assert pages.count == 2
    assert document.body(0, Cut(16)) is body
    assert body.stream("MH") is body.stream("MH")


def test_the_least_recently_used_document_goes_when_there_are_too_many_octets() -> None:
    shelf = Shelf()
    size = Document(shelf.read("x")).octets
    stock = Stock(octets=2 * size)
    for key in ("a", "b", "a", "c"):
        stock.document(key, shelf.read)
    stock.tidy()
    shelf.reads.clear()
    for key in ("a", "c", "b"):
        stock.document(key, shelf.read)
    assert shelf.reads == ["b"]


def test_a_page_goes_out_as_header_and_body_in_every_coding() -> None:
    document = Document(Shelf().read("a"))
    sent = [drawn(page, setting_of(Look(HEADER), n)) for n, page in enumerate(document.pages, 1)]
    pages = PreparedPages({"standard": document}, header=HEADER)
    for n, page in enumerate(sent, 1):
        picture = t4.image(page)
        assert picture.height == pages.shape(n).rows[Resolution.STANDARD] == 600
        top, master = (0, 0, 1728, 15), t4.image(document.pages[n - 1])
        assert picture.crop(top).tobytes() != master.crop(top).tobytes()
        for compression in Compression:
            stream = pages.page(n, Coding(compression))
            assert t4.decode(stream, compression.value, 1728, 600).tobytes() == picture.tobytes()


def test_a_slip_of_paper_gets_no_header_line() -> None:
    document = Document(Shelf(height=100).read("a"))
    assert sheet_of(document, 1, Look(HEADER)).stream("MMR") == document.pages[0].data


def test_faxes_joined_are_the_pages_of_one_after_the_pages_of_the_other() -> None:
    first = PreparedPages({"standard": Document(Shelf(2).read("a"))}, header=HEADER)
    second = PreparedPages({"standard": Document(Shelf(3).read("b"))}, left=(2, 3), header=HEADER)
    joined = JoinedPages([first, second])
    assert joined.count == 4
    coding = Coding(Compression.MR)
    alone = [first.page(1, coding), first.page(2, coding), second.page(1, coding), second.page(2, coding)]
    assert [joined.page(n, coding) for n in range(1, 5)] == alone
    assert [joined.size(n, coding) for n in range(1, 5)] == [len(page) for page in alone]
    assert joined.shape(3) == second.shape(1)


def test_faxes_of_the_same_resolutions_need_no_eom_between_them() -> None:
    def pages(*resolutions: str, height: int = 600) -> PreparedPages:
        masters = masters_of(1, height, resolutions)
        return PreparedPages({name: Document(data) for name, data in masters.items()})

    both = pages("standard", "fine")
    assert both.alike(pages("standard", "fine", height=900))
    assert not both.alike(pages("standard"))
