"""What follows a good answer is made while the line waits for it: no page is built at a turn-round."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from t30_fixtures import ANSWERER, CALLER, call, pages

from modem import ecm_send, sender_plain, t4
from modem.coding import Compression
from modem.events import BurstEnded
from modem.sender import T30Sender

if TYPE_CHECKING:
    from modem.actions import Action
    from modem.coding import Coding
    from modem.events import Event
    from modem.rates import Rate


@pytest.fixture
def turning(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Return a flag that is set while the sender answers a burst."""
    flag = [False]
    handle = T30Sender.handle

    def watched(self: T30Sender, event: Event, now: float) -> list[Action]:
        flag[0] = isinstance(event, BurstEnded)
        actions = handle(self, event, now)
        flag[0] = False
        return actions

    monkeypatch.setattr(T30Sender, "handle", watched)
    return flag


@pytest.mark.parametrize("octets", [64, 256])
def test_every_block_of_a_good_call_is_framed_ahead(
    turning: list[bool], monkeypatch: pytest.MonkeyPatch, octets: int
) -> None:
    made: list[bool] = []
    burst = ecm_send.burst

    def counted(frames: list[bytes], rate: Rate) -> bytes:
        made.append(turning[0])
        return burst(frames, rate)

    monkeypatch.setattr(ecm_send, "burst", counted)
    caller = replace(CALLER, ecm=True, ecm_octets=octets, compressions=(Compression.MMR,))
    document = pages(3, rows=330, compressions=tuple(Compression))
    done = call(document, caller, replace(ANSWERER, ecm=True, compressions=tuple(Compression)))
    assert done.sent.success
    blocks = sum(-(-page.bytes // (octets * 256)) for page in done.sent.pages)
    assert made == [False] * blocks


@pytest.mark.parametrize("scan_ms", [0, 10])
def test_every_page_without_ecm_is_finished_ahead(
    turning: list[bool], monkeypatch: pytest.MonkeyPatch, scan_ms: int
) -> None:
    made: list[bool] = []

    class Watched:
        """Stands for `modem.t4` in the sender."""

        @staticmethod
        def finish(data: bytes, compression: Compression, *, rate: int = 0, scan_ms: int = 0) -> bytes:
            made.append(turning[0])
            return t4.finish(data, compression, rate=rate, scan_ms=scan_ms)

    monkeypatch.setattr(sender_plain, "t4", Watched)
    done = call(pages(3), answerer=replace(ANSWERER, min_scan_ms=scan_ms))
    assert done.sent.success
    assert made == [False] * 3


def test_a_page_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    document = pages(2, compressions=tuple(Compression))
    looked: list[int] = []
    page = type(document).page

    def counted(_self: object, n: int, coding: Coding) -> bytes:
        looked.append(n)
        return page(document, n, coding)

    monkeypatch.setattr(type(document), "page", counted)
    monkeypatch.setattr(type(document), "size", lambda _self, n, coding: len(page(document, n, coding)))
    caller = replace(CALLER, ecm=True, compressions=(Compression.MMR,))
    assert call(document, caller, replace(ANSWERER, ecm=True, compressions=tuple(Compression))).sent.success
    assert looked == [1, 2]
