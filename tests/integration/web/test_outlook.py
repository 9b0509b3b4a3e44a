"""What a page says of a fax that waits, of its calls, and of what its number is remembered for."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from store_fixtures import Call

from gateway.domain.header import Header, Look
from gateway.domain.memory import Called, Known
from gateway.domain.outcome import Cause
from gateway.domain.retry import Advice
from gateway.store import faxes, holds, memory, queue, switches
from gateway.store.models import Delivery
from gateway.store.resend import resend
from gateway.web import outlook

if TYPE_CHECKING:
    from web_fixtures import Pages

NUMBER = "0081312345678"


async def test_a_fax_that_is_due_waits_for_a_line(pages: Pages) -> None:
    assert "It is due and waits for a free line." in await pages.text(f"/fax/{pages.fax()[0]}")


async def test_a_fax_on_a_line_or_done_waits_for_nothing(pages: Pages) -> None:
    number = pages.sent()
    assert 'class="why still"' not in await pages.text(f"/fax/{number}")
    pages.fax()
    pages.house.call()
    assert 'class="why still"' not in await pages.text(f"/fax/{number + 1}")


@pytest.mark.parametrize("reason", [holds.WINDOW, holds.ACCOUNT_CAP, holds.NUMBER_CAP, holds.CREDIT])
async def test_a_held_fax_says_why_and_until_when(pages: Pages, reason: str) -> None:
    [number] = pages.fax()
    until = pages.house.now + timedelta(hours=3)

    def hold(session: object) -> None:
        holds.hold(session, session.get_one(Delivery, number), holds.Hold(reason, until), pages.house.now)  # type: ignore[attr-defined, arg-type]

    pages.house.run(hold)
    page = await pages.text(f"/fax/{number}")
    assert outlook.HELD[reason].partition("%")[0] in page
    assert "2030-06-02 00:00:00" in page


def test_every_reason_to_hold_a_fax_has_words() -> None:
    assert set(outlook.HELD) == {holds.WINDOW, holds.ACCOUNT_CAP, holds.NUMBER_CAP, holds.CREDIT}


async def test_dialling_stopped_by_hand_is_said_with_who_and_when(pages: Pages) -> None:
    [number] = pages.fax()
    pages.house.run(switches.pause, pages.house.now, actor="ops <b>", reason="toll fraud?")
    page = await pages.text(f"/fax/{number}")
    assert "All dialling was stopped by ops &lt;b&gt; at 2030-06-01 21:00:00" in page
    assert "waits for a free line" not in page
    pages.line()
    board = await pages.text("/lines")
    assert "All dialling was stopped by ops &lt;b&gt;" in board
    assert "toll fraud?" in board


async def test_a_fax_its_sender_put_off_says_until_when(pages: Pages) -> None:
    house = pages.house
    [number] = house.accept(NUMBER)
    lease = house.run(faxes.claim_fax, "drawer/1", house.now, timedelta(seconds=60))
    drawn = faxes.Drawn({"fine": "tiff/none"}, 1, due_at=house.now + timedelta(hours=5))
    house.run(faxes.rendered, lease, drawn, house.now, new_id=house.new_id)
    assert "Its sender wants it to go at 2030-06-02 02:00:00." in await pages.text(f"/fax/{number}")


async def test_the_next_call_after_trouble_is_told_to_be_more_careful(pages: Pages) -> None:
    [number] = pages.fax(pages=2)
    pages.house.call(["confirmed", "rejected"]).finish(Cause.PAGE_REJECTED, rate=14400, resolution="fine")
    page = await pages.text(f"/fax/{number}")
    for told in (
        "Next call at 2030-06-01 21:01:00, call 2 of at most 4.",
        "It begins at 12,000 bit/s at most.",
        "It does without V.17",
        "It asks for error correction (ECM)",
    ):
        assert told in page


@pytest.mark.parametrize(
    ("advice", "told"),
    [
        (Advice(), []),
        (Advice(v17=False), ["V.17"]),
        (Advice(ecm=False), ["without error correction"]),
        (Advice(ecm_asked=True, max_rate=4800), ["bit/s at most", "asks for error correction"]),
        (Advice(redraw=True, other_line=True), ["fitted to A4", "Another line"]),
        (Advice(may_double=True), ["that may have arrived"]),
    ],
)
def test_each_care_of_the_next_call_has_a_sentence(advice: Advice, told: list[str]) -> None:
    said = [one.text for one in outlook.care(advice)]
    assert len(said) == len(told)
    assert all(word in text for word, text in zip(told, said, strict=True))


def test_each_trouble_of_a_number_has_a_sentence(pages: Pages) -> None:
    now = pages.house.now
    known = Known(cap=9600, capped_at=now, v17_at=now, ecm_failures=2, ecm_at=now, no_eom_at=now)
    assert len(list(outlook.troubles(known))) == 4
    assert list(outlook.troubles(Known(reached=True, used_at=now, rate=14400))) == []


async def test_what_is_remembered_of_a_number_is_told_with_its_end(pages: Pages) -> None:
    number = pages.sent()
    assert "Known of this number" not in await pages.text(f"/fax/{number}")
    call = Called(
        Cause.SENT, pages.house.now, confirmed=1, rate=9600, ecm=True, compression="MMR", resolution="fine",
        ident="ACME <b>", dis=b"\0", ftt=1,
    )  # fmt: skip
    pages.house.run(memory.learn, NUMBER, call)
    page = await pages.text(f"/fax/{number}")
    for told in (
        "Known of this number",
        "ACME &lt;b&gt;",
        "9,600 bit/s, MMR, ECM, fine resolution",
        "Its calls begin at 9,600 bit/s since 2030-06-01 21:00:00.",
        "2030-07-01 21:00:00",
    ):
        assert told in page


async def test_a_call_tells_how_it_was_made_and_who_shared_it(pages: Pages) -> None:
    first, second = pages.fax(NUMBER, "0081312345679")
    house, look = pages.house, Look(Header("Acme\tP. {Page}/01"), a4=True, cut_white=True)
    call = house.call(["confirmed"], look=look)
    lease = house.claim("usb1")
    assert lease is not None
    other = Call(house, lease, "usb1", call=call.attempt)
    other.dial()
    assert "Acme  ·  P. 01/01" in await pages.text(f"/fax/{first}")
    call.finish(compression="MMR", resolution="fine", ecm=True, ppr=3, rtn=1, ftt=2)
    page = await pages.text(f"/fax/{first}")
    for told in (
        "yes (ECM)",
        "3 times",
        "Pages sent back</dt><dd>1",
        "2 times",
        f'In the same call</dt><dd><a href="/fax/{second}">Fax {second}</a>',
        "no longer than A4, white foot left out",
        "fine resolution</dd>",
    ):
        assert told in page
    assert f'In the same call</dt><dd><a href="/fax/{first}">' in await pages.text(f"/fax/{second}")


async def test_what_was_agreed_is_told_while_the_call_goes_on(pages: Pages) -> None:
    [number] = pages.fax()
    call = pages.house.call(["sending"])
    terms = {"rate": 9600, "ecm": False, "compression": "MR", "resolution": "standard"}
    pages.house.run(queue.agreed, call.lease, call.attempt, **terms)
    page = await pages.text(f"/fax/{number}")
    for told in ("The call is going on.", "9,600 bit/s", "<dd>MR</dd>", "<dd>no</dd>", "As transmitted"):
        assert told in page


async def test_a_call_given_back_before_it_was_dialled_does_not_go_on(pages: Pages) -> None:
    [number] = pages.fax()
    lease = pages.house.claim()
    assert lease is not None
    Call(pages.house, lease)
    pages.house.run(queue.give_back, lease, pages.house.now, new_id=pages.house.new_id)
    pages.line()
    page = await pages.text(f"/fax/{number}")
    assert "It was given back before the number was dialled." in page
    assert "The call is going on." not in page
    assert "Given back before it was dialled" in await pages.text("/lines")


async def test_a_fax_sent_again_names_the_one_it_repeats(pages: Pages) -> None:
    number = pages.sent()
    pages.house.run(resend, number, pages.house.now, new_id=pages.house.new_id, actor="alice")
    assert f'Repeats fax</dt><dd><a href="/fax/{number}">' in await pages.text(f"/fax/{number + 1}")


async def test_a_fax_sent_again_is_dialled_as_its_sender_wished(pages: Pages) -> None:
    number = pages.sent(options={"dials": 2, "interval_minutes": 9})
    again = pages.house.run(resend, number, pages.house.now, new_id=pages.house.new_id, actor="alice")
    assert (again.max_dials, again.interval_minutes) == (2, 9)


@pytest.mark.parametrize("path", ["/fax/1", "/lines"])
async def test_a_gateway_configured_not_to_dial_says_so(pages: Pages, path: str) -> None:
    pages.fax()
    object.__setattr__(pages.site, "silent", True)
    page = await pages.text(path)
    assert "Dialling is turned off in the configuration of this gateway." in page
    assert "waits for a free line" not in page
