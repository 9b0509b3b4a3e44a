"""The pages of a fax as the far machine got them: from the call that brought each, in its look."""

from __future__ import annotations

import pytest
from lines_fixtures import masters_of

from gateway.domain.header import Header, Look
from gateway.store.models import Attempt, Delivery, Fax, Page
from gateway.transmitted import BEST_FIRST, look_of, origins, pages_of, setting_of
from modem.coding import Resolution
from render import coding
from render.sheet import Setting, as_sent
from render.tiff import read_tiff

MASTERS = masters_of(3, 600, ("standard", "fine"))


def attempt(*pages: int, resolution: str = "fine", **named: object) -> Attempt:
    values = {"header": "", "header_note": "", "header_language": "en", "a4": False, "cut_white": False}
    carried = [Page(n=n, state="confirmed") for n in pages]
    first = {"first_page": pages[0] if pages else 1}
    return Attempt(resolution=resolution, pages=carried, **(values | first | named))


def delivery(*attempts: Attempt, pages: int = 3) -> Delivery:
    fax = Fax(masters={name: name for name in MASTERS}, pages=pages)
    return Delivery(fax=fax, attempts=list(attempts))


def read(key: str) -> bytes:
    return MASTERS[key]


def test_a_page_nobody_carried_is_the_best_that_was_drawn_and_not_called_transmitted() -> None:
    found = origins(delivery())
    assert [(one.n, one.key, one.transmitted) for one in found] == [(n, "fine", False) for n in (1, 2, 3)]


def test_a_fax_that_is_not_drawn_has_no_pages() -> None:
    assert origins(Delivery(fax=Fax(masters={}, pages=0), attempts=[])) == []


def test_each_page_comes_from_the_last_call_that_carried_it() -> None:
    first, second = attempt(1, 2), attempt(2, resolution="standard")
    found = origins(delivery(first, second))
    assert [one.attempt for one in found] == [first, second, None]
    assert [one.key for one in found] == ["fine", "standard", "fine"]


def test_a_call_that_agreed_on_nothing_shows_its_page_as_drawn() -> None:
    [one, *_] = origins(delivery(attempt(1, resolution="")))
    assert (one.attempt is not None, one.transmitted, one.key) == (True, False, "fine")


def test_a_resumed_call_says_continued_on_its_first_page_alone() -> None:
    call = attempt(2, 3, header="Acme\tP. {Page}/03", header_note="continued")
    columns = [one.setting.columns for one in origins(delivery(call)) if one.setting]
    assert columns == [("Acme", "(continued) P. 02/03"), ("Acme", "P. 03/03")]


@pytest.mark.parametrize(
    "look",
    [
        Look(),
        Look(Header("Acme\tP. {Page}", first=2, note="続き", language="ja")),
        Look(Header("Acme", first=2), a4=True),
        Look(cut_white=True),
    ],
)
def test_a_row_keeps_the_whole_look_of_a_call(look: Look) -> None:
    line = look.header
    words = {"header": line.text, "header_note": line.note, "header_language": line.language} if line else {}
    assert look_of(attempt(2, a4=look.a4, cut_white=look.cut_white, **words)) == look


def test_pages_are_drawn_again_as_they_were_sent() -> None:
    call = attempt(1, 2, header="Acme\tP. {Page}", cut_white=True)
    master = read_tiff(MASTERS["fine"])
    wanted = [as_sent(page, setting_of(look_of(call), n)) for n, page in enumerate(master[:2], 1)]
    assert pages_of(delivery(call), read) == [*wanted, master[2]]
    assert coding.image(wanted[0]).tobytes() != coding.image(master[0]).tobytes()


def test_without_a_line_the_pages_are_the_masters_bits() -> None:
    assert setting_of(Look(), 1) == Setting()
    got = pages_of(delivery(attempt(1, 2, 3)), read)
    assert [page.data for page in got] == [page.data for page in read_tiff(MASTERS["fine"])]


def test_every_resolution_has_its_place_among_the_finest() -> None:
    assert sorted(BEST_FIRST) == sorted(Resolution)
