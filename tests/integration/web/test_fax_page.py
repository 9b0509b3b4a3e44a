from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pikepdf
import pytest
from PIL import Image
from store_fixtures import Call
from web_fixtures import ROWS

from gateway.domain.header import Header, Look
from gateway.domain.outcome import Cause
from gateway.store import faxes
from gateway.store.resend import resend
from gateway.transmitted import setting_of
from render.coding import image
from render.preview import to_png
from render.sheet import as_sent
from render.tiff import read_tiff

if TYPE_CHECKING:
    from web_fixtures import Pages


async def test_a_sent_fax_tells_the_whole_story(pages: Pages) -> None:
    number = pages.sent(subject="Monday delivery")
    page = await pages.text(f"/fax/{number}")
    for told in (
        f"Fax {number} to +81 3-1234-5678",
        "1 of 1 pages confirmed",
        "As transmitted",
        "fine resolution",
        "Accepted and stored",
        "Page 1 confirmed by the far machine",
        "Sent, every page confirmed",
        "9,600 bit/s",
        "31.0 s",
        "+81 3 1234 5678",
        "Result mail",
    ):
        assert told in page


async def test_what_was_wished_for_a_fax_is_shown_as_a_subject_writes_it(pages: Pages) -> None:
    [number] = pages.fax(options={"resolution": "fine", "dials": 2, "reference": "PO <7>", "header": "a & b"})
    page = await pages.text(f"/fax/{number}")
    assert "<dt>Options</dt><dd>/rf /retries 1 /h a &amp; b</dd>" in page
    assert "<dt>Reference</dt><dd>PO &lt;7&gt;</dd>" in page
    [plain] = pages.fax()
    assert "<dt>Options</dt>" not in await pages.text(f"/fax/{plain}")


async def test_the_ladder_has_two_sides_and_explains_the_signals(pages: Pages) -> None:
    page = await pages.text(f"/fax/{pages.sent()}")
    theirs = re.search(
        r'<tr class="frame theirs">\s*<td class="secs">4.25</td>\s*<td></td>\s*<td class="says"><b>DIS</b>',
        page,
    )
    ours = re.search(
        r'<tr class="frame ours">\s*<td class="secs">6.00</td>\s*<td class="says"><b>DCS</b>', page
    )
    assert theirs
    assert ours
    assert "the page arrived well" in page


async def test_while_a_call_stands_its_ladder_comes_from_the_live_signals(pages: Pages) -> None:
    [number] = pages.fax()
    call = pages.house.call(["awaiting"])
    pages.signal(
        number, {"at": 1.5, "dir": "<", "kind": "frame", "text": "CSI: LIVE ONE"}, attempt=call.attempt
    )
    page = await pages.text(f"/fax/{number}")
    assert "LIVE ONE" in page
    assert "The call is going on." in page
    assert "Not confirmed" in page


async def test_signals_of_another_attempt_stay_out_of_a_ladder(pages: Pages) -> None:
    [number] = pages.fax()
    call = pages.house.call()
    pages.signal(
        number, {"at": 1.5, "dir": "<", "kind": "note", "text": "not mine"}, attempt=call.attempt + 1
    )
    assert "not mine" not in await pages.text(f"/fax/{number}")


async def test_a_failed_fax_says_why_and_what_to_do(pages: Pages) -> None:
    page = await pages.text(f"/fax/{pages.failed(Cause.NO_ANSWER)}")
    assert "Nobody answered." in page
    assert "Ask the recipient to check that the machine is on" in page


async def test_notes_are_said_in_the_readers_words(pages: Pages) -> None:
    number = pages.failed(Cause.NO_ANSWER)
    for language, told in (("en", "It was dialled as often as the account allows."), ("ja", "回数")):
        page = await pages.text(f"/fax/{number}", accept_language=language)
        assert told in page
        assert "dials-used" not in page


async def test_a_fax_that_waits_says_when_it_is_tried_again(pages: Pages) -> None:
    [number] = pages.fax()
    pages.house.call().finish(Cause.BUSY)
    page = await pages.text(f"/fax/{number}")
    assert "The number was busy." in page
    assert "Next call at 2030-06-01" in page


async def test_a_page_is_shown_as_the_call_that_carried_it_transmitted_it(pages: Pages) -> None:
    number = pages.sent(resolution="standard")
    assert "standard resolution" in await pages.text(f"/fax/{number}")
    tiff = await pages.get(f"/fax/{number}/fax-{number}.tif")
    assert [page.rows for page in read_tiff(tiff.content)] == [ROWS["standard"]]


async def test_a_retry_in_another_resolution_leaves_the_first_pages_as_they_went(pages: Pages) -> None:
    [number] = pages.fax(pages=2)
    pages.house.call(["confirmed"]).finish(Cause.CALL_DROPPED, resolution="fine")
    pages.house.later(hours=3)
    pages.house.call(["confirmed"]).finish(resolution="standard")
    tiff = await pages.get(f"/fax/{number}/fax-{number}.tif")
    assert [page.rows for page in read_tiff(tiff.content)] == [ROWS["fine"], ROWS["standard"]]


async def test_a_page_nobody_carried_is_not_called_transmitted(pages: Pages) -> None:
    page = await pages.text(f"/fax/{pages.fax()[0]}")
    assert "As drawn, not transmitted yet" in page
    assert "As transmitted" not in page


async def test_a_standard_page_is_stretched_to_the_papers_shape(pages: Pages) -> None:
    number = pages.sent(resolution="standard")
    answer = await pages.get(f"/fax/{number}/page/1.png")
    with Image.open(io.BytesIO(answer.content)) as picture:
        assert picture.height / picture.width == pytest.approx(297 / 215, rel=0.005)  # 1728 pels are 215 mm


async def test_pages_turn_by_links_without_a_script(pages: Pages) -> None:
    number = pages.sent(pages=3)
    page = await pages.text(f"/fax/{number}?page=2")
    assert f'src="/fax/{number}/page/2.png' in page
    assert 'href="?page=1&amp;zoom=1" data-key="ArrowLeft"' in page
    assert 'href="?page=3&amp;zoom=1" data-key="ArrowRight"' in page
    assert page.count("size=thumb") == 3


@pytest.mark.parametrize(("asked", "shown"), [("0", 1), ("99", 3), ("x", 1), ("-3", 1)])
async def test_a_page_beyond_the_ends_shows_the_nearest(pages: Pages, asked: str, shown: int) -> None:
    number = pages.sent(pages=3)
    assert f'src="/fax/{number}/page/{shown}.png' in await pages.text(f"/fax/{number}?page={asked}&zoom=77")


async def test_every_picture_of_a_page_says_what_it_is(pages: Pages) -> None:
    page = await pages.text(f"/fax/{pages.sent(pages=2)}")
    assert 'alt="Page 1 of 2 of fax 1, +81 3-1234-5678"' in page
    assert "<img src=" in page
    assert not re.search(r"<img (?![^>]*alt=)", page)


async def test_the_downloads_hold_the_bits_that_were_sent(pages: Pages) -> None:
    number = pages.sent(pages=2)
    tiff = await pages.get(f"/fax/{number}/fax-{number}.tif")
    assert tiff.headers["content-disposition"] == f'attachment; filename="fax-{number}.tif"'
    master = pages.blobs.read(pages.house.delivery(number).fax.masters["fine"])
    assert [image(p).tobytes() for p in read_tiff(tiff.content)] == [
        image(p).tobytes() for p in read_tiff(master)
    ]
    pdf = await pages.get(f"/fax/{number}/fax-{number}.pdf")
    assert len(pikepdf.open(io.BytesIO(pdf.content)).pages) == 2


LOOKS = [
    Look(Header("Acme\tP. {Page}/02")),
    Look(a4=True),
    Look(Header("Acme"), a4=True, cut_white=True),
]


@pytest.mark.parametrize("look", LOOKS)
async def test_picture_and_downloads_are_the_pages_the_far_machine_got(pages: Pages, look: Look) -> None:
    [number] = pages.fax(pages=2, rows={"standard": 1500, "fine": 3000})
    pages.house.call(["confirmed"] * 2, look=look).finish(resolution="fine")
    master = read_tiff(pages.blobs.read(pages.house.delivery(number).fax.masters["fine"]))
    sent = [as_sent(page, setting_of(look, n)) for n, page in enumerate(master, 1)]
    assert [image(page).tobytes() for page in sent] != [image(page).tobytes() for page in master]
    assert "As transmitted" in await pages.text(f"/fax/{number}")
    tiff = await pages.get(f"/fax/{number}/fax-{number}.tif")
    assert [page.data for page in read_tiff(tiff.content)] == [page.data for page in sent]
    pdf = pikepdf.open(io.BytesIO((await pages.get(f"/fax/{number}/fax-{number}.pdf")).content))
    assert [int(p.Resources.XObject.P.Height) for p in pdf.pages] == [page.rows for page in sent]
    for n, page in enumerate(sent, 1):
        picture = await pages.get(f"/fax/{number}/page/{n}.png")
        assert picture.content == to_png(page)


async def test_a_page_sent_again_in_another_look_is_another_picture(pages: Pages) -> None:
    [number] = pages.fax(pages=2)
    pages.house.call(["confirmed", "sending"]).finish(Cause.CALL_DROPPED, resolution="fine")
    before = re.findall(r"v=(\w+)", await pages.text(f"/fax/{number}"))
    pages.house.later(hours=3)
    pages.house.call(["confirmed"], look=Look(Header("Acme"))).finish(resolution="fine")
    after = re.findall(r"v=(\w+)", await pages.text(f"/fax/{number}"))
    assert before[1] == after[1], "page 1 is what it was; its address may stay in a browser's memory"
    assert before[2] != after[2]


async def test_a_master_that_is_gone_is_no_picture_and_no_download(pages: Pages) -> None:
    number = pages.sent()
    pages.blobs.path(pages.house.delivery(number).fax.masters["fine"]).unlink()
    for path in ("page/1.png", f"fax-{number}.tif", f"fax-{number}.pdf"):
        assert (await pages.get(f"/fax/{number}/{path}")).status_code == 404
    assert "As transmitted" in await pages.text(f"/fax/{number}")


async def test_a_page_the_call_broke_off_in_is_not_being_sent(pages: Pages) -> None:
    [number] = pages.fax(pages=2)
    call = pages.house.call(["confirmed", "sending"])
    assert "Being sent" in await pages.text(f"/fax/{number}")
    call.finish(Cause.CALL_DROPPED, resolution="fine")
    page = await pages.text(f"/fax/{number}?page=2")
    assert "Broken off" in page
    assert "Being sent" not in page


async def test_pages_an_earlier_fax_brought_are_not_called_unsent(pages: Pages) -> None:
    [number] = pages.fax(pages=2)
    pages.house.call(["confirmed", "sending"]).finish(Cause.REMOTE_CANNOT_RECEIVE, resolution="fine")
    house = pages.house
    house.run(resend, number, house.now, new_id=house.new_id, actor="alice", rest=True)
    page = await pages.text(f"/fax/{number + 1}?page=1")
    assert "the fax before this one brought it" in page
    assert "As drawn, not transmitted yet" in await pages.text(f"/fax/{number + 1}?page=2")


async def test_a_received_fax_tells_pages_damage_caller_and_forwards(pages: Pages) -> None:
    number = pages.received(pages=2, bad_lines=7)
    pages.forwarded(number, "alice@acme.example", "backup@elsewhere.example")
    page = await pages.text(f"/fax/{number}")
    for told in (
        f"Fax {number} from +81 3-9876-5432",
        "2 pages",
        "7 damaged lines",
        "As received",
        "standard resolution",
        "alice@acme.example",
        "backup@elsewhere.example",
        "Being mailed",
        "any call: account acme",
        "simulated",
        "DIS",
    ):
        assert told in page


async def test_each_received_page_is_its_own_picture(pages: Pages) -> None:
    number = pages.received(pages=2)
    first, second = [await pages.get(f"/fax/{number}/page/{n}.png") for n in (1, 2)]
    assert first.status_code == second.status_code == 200
    assert first.content != second.content


async def test_a_broken_reception_says_that_pages_may_be_missing(pages: Pages) -> None:
    page = await pages.text(f"/fax/{pages.received(complete=False)}")
    assert "there may have been more pages" in page


async def test_the_log_of_a_call_can_be_kept(pages: Pages) -> None:
    number, other = pages.sent(), pages.received()
    attempt = pages.house.delivery(number).attempts[0].id
    for path in (f"/fax/{number}/attempt/{attempt}/log", f"/fax/{other}/attempt/0/log"):
        answer = await pages.get(path)
        assert answer.status_code == 200
        assert b"ATDT0312345678" in answer.content


async def test_a_log_that_is_gone_leaves_a_page_without_a_ladder(pages: Pages) -> None:
    number = pages.sent()
    pages.blobs.path(pages.house.delivery(number).attempts[0].trace_blob or "").unlink()
    page = await pages.text(f"/fax/{number}")
    assert "Page 1 confirmed by the far machine" in page
    assert 'class="ladder"' not in page


async def test_several_recipients_of_one_fax_know_each_other(pages: Pages) -> None:
    first, second = pages.fax("0081312345678", "0033123456789")
    page = await pages.text(f"/fax/{first}")
    assert f'<a href="/fax/{second}">' in page


async def test_a_refused_fax_has_its_reason_and_no_pages(pages: Pages) -> None:
    [number] = pages.house.accept("0081312345678", subject="Locked")
    lease = pages.house.run(faxes.claim_fax, "drawer/1", pages.house.now, timedelta(seconds=60))
    pages.house.run(
        faxes.refuse, lease, Cause.ENCRYPTED_DOCUMENT, "order.pdf", pages.house.now, new_id=pages.house.new_id
    )
    page = await pages.text(f"/fax/{number}")
    assert "protected by a password" in page
    assert "order.pdf" in page
    assert "No pages were drawn." in page
    assert "No call was made." in page
    assert "yet" not in page


@pytest.mark.parametrize(
    "path",
    [
        "/fax/99",
        "/fax/0",
        "/fax/99999999999999999999",
        "/fax/x",
        "/fax/99/page/1.png",
        "/fax/1/page/0.png",
        "/fax/1/page/2.png",
        "/fax/1/page/1.png?size=huge",
        "/fax/1/fax-2.tif",
        "/fax/1/fax-2.pdf",
        "/fax/1/attempt/77/log",
        "/nothing",
        "/demo",
        "/mails",
        "/static/../app.py",
        "/static/nothing.css",
    ],
)
async def test_what_is_not_there_is_a_404_with_a_sentence(pages: Pages, path: str) -> None:
    pages.sent()
    answer = await pages.get(path)
    assert answer.status_code == 404
    assert "There is nothing here." in answer.text


async def test_a_crash_in_a_call_leaves_a_page_that_can_be_read(pages: Pages) -> None:
    [number] = pages.fax()
    lease = pages.house.claim()
    assert lease is not None
    Call(pages.house, lease).dial()
    assert "Dialling" in await pages.text(f"/fax/{number}")
