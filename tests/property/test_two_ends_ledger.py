"""An account kept outside both ends: no page is confirmed that the far end does not hold.

Both ends are ours, the line is drawn from a seed: V.21 frames damaged or turned into CRP, carriers lost, cut
off or spoiled, echo, delay, slow stores, a call cancelled at any moment. The pages are told apart by their
octets, not by what the ends say of them. Without ECM they last longer than the far end's T4: a shorter one
that was not heard at all cannot be told from a repeated command (docs/modem.md).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from t30_fixtures import ANSWERER, CALLER, SCALE, Document, Sheet, Tray, stream

from modem import t4
from modem.actions import SendFrames
from modem.coding import Compression
from modem.fcf import WITHOUT_X, Fcf, Frame
from modem.notices import WRITE_AHEAD, PageConfirmed, PageStored
from modem.receiver import T30Receiver
from modem.result import PageState
from modem.sender import T30Sender
from modem.simline import Conditions, Line
from modem.t4codes import EOL

if TYPE_CHECKING:
    from modem.coding import ReceivedPage
    from modem.notices import Notice

MOST_BAD = 0.15  # lines a page may lack and be confirmed without ECM


class PoorLine:
    """A line and two owners as a seed has them."""

    def __init__(self, seed: int) -> None:
        chance = self._chance = Random(seed)
        self.ecm = chance.random() < 0.5
        self._frames = {side: chance.choice((0, 0.03, 0.1, 0.25)) for side in ("caller", "answerer")}
        self._carriers = chance.choice((0, 0.1, 0.3, 0.6))
        self._again = chance.choice((0, 0, 0.1))
        self._slow = chance.choice((0, 0, 0.1, 0.4))
        self.cancelled = chance.choice((None,) * 5 + ("caller", "answerer"))
        self.cancelled_at = chance.uniform(5.0, 120.0)
        delay = chance.choice((0.0, 0.05, 0.3, 0.6))
        echo = chance.choice((None, None, 0.6, 1.45, 2.0))
        self.conditions = Conditions(self._frame, self._data, delay, echo, self._storing)

    def document(self) -> Document:
        """Return pages, no two alike; some need a DCS of their own."""
        rows = (3, 20, 60, 200) if self.ecm else (120, 200)
        count = self._chance.randrange(1, 5)
        sheets = (Sheet(self._chance.choice(rows), compressions=tuple(Compression)) for _ in range(count))
        return Document(tuple(replace(sheet, seed=n) for n, sheet in enumerate(sheets)))

    def _frame(self, side: str, frame: Frame) -> Frame | None:
        if self._chance.random() < self._frames[side]:
            return None
        again = side == "answerer" and frame.final and self._chance.random() < self._again
        return Frame(Fcf.CRP) if again else frame

    def _data(self, _side: str, data: bytes) -> bytes:
        if self._chance.random() >= self._carriers:
            return data
        match self._chance.randrange(3):
            case 0:
                return b""
            case 1 if self.ecm:
                return data[: self._chance.randrange(len(data))]
            case _:
                step = self._chance.randrange(60, 400)
                return bytes(one ^ 0x10 if i % step == 0 else one for i, one in enumerate(data))

    def _storing(self, _side: str, notice: Notice) -> float:
        slow = isinstance(notice, WRITE_AHEAD) and self._chance.random() < self._slow
        return self._chance.choice((1.9, 2.5, 4.0, 9.0, 20.0, 80.0)) if slow else 0.02


def held(page: ReceivedPage, document: Document, *, ecm: bool) -> int | None:
    """Return which page of the document this is, from 1; None where it is none of them."""
    for n, sheet in enumerate(document.sheets, 1):
        rows = sheet.rows * SCALE[page.coding.resolution]
        source = stream(page.coding.compression, page.coding.width, rows, sheet.seed)
        if page.data.startswith(source) if ecm else alike(source, page.data):
            return n
    return None


def alike(source: bytes, data: bytes) -> bool:
    """Tell whether all but the lines a verdict forgives are there, fill apart."""
    lines = [line.rstrip("0") for line in t4.to_bits(source).split(EOL) if line.strip("0")]
    there = {line.rstrip("0") for line in t4.to_bits(data).split(EOL)}
    return sum(line in there for line in lines) >= (1 - 2 * MOST_BAD) * len(lines)


@given(st.integers(0, 10**9))
@settings(max_examples=80, deadline=None)
def test_what_is_confirmed_is_held_once_and_in_order(seed: int) -> None:
    poor = PoorLine(seed)
    keep_account(poor, poor.document())


@pytest.mark.parametrize("echo", [1.3, 1.45, 1.7, 2.0])
def test_pages_missed_for_an_echo_are_not_confirmed(echo: float) -> None:
    """Our MCF comes back before the page does: a wrong carrier, and later the command of that page."""

    def storing(_side: str, notice: Notice) -> float:
        return 0.8 if isinstance(notice, PageConfirmed) else 0.0

    poor = PoorLine(0)
    conditions = Conditions(echo=echo, delay=0.05, storing=storing)
    poor.ecm, poor.cancelled, poor.conditions = False, None, conditions
    sheets = (Sheet(rows, compressions=tuple(Compression), seed=n) for n, rows in enumerate((60, 60, 60)))
    keep_account(poor, Document(tuple(sheets)))


def keep_account(poor: PoorLine, document: Document) -> None:
    """Run a call and compare what its ends say with what they hold."""
    tray = Tray()
    narrow: dict[str, object] = {"ecm": poor.ecm} if poor.ecm else {"ecm": False, "max_rate": 4800}
    codings = tuple(Compression) if poor.ecm else (Compression.MH,)
    sender = T30Sender(replace(CALLER, compressions=codings, **narrow), document)  # type: ignore[arg-type]
    receiver = T30Receiver(replace(ANSWERER, compressions=codings, **narrow), tray)  # type: ignore[arg-type]
    line = Line(sender, receiver, poor.conditions)

    def cancel() -> None:
        end = line.caller if poor.cancelled == "caller" else line.answerer
        if end.started and not end.party.done:
            end.perform((sender if end is line.caller else receiver).cancel(line.now))

    if poor.cancelled:
        line.at(poor.cancelled_at, cancel)
    line.run()
    assert sender.result
    assert receiver.result or not line.answerer.started
    held_pages = [held(page, document, ecm=poor.ecm) for page in tray.pages]
    confirmed = [one.n for one in line.notices["caller"] if isinstance(one, PageConfirmed)]
    assert confirmed == sorted(set(confirmed))
    assert confirmed == [page.n for page in sender.result.pages if page.state is PageState.CONFIRMED]
    assert set(confirmed) <= set(held_pages)
    if sender.result.success:
        assert confirmed == list(range(1, document.count + 1))
    numbers = [one.n for one in line.notices["answerer"] if isinstance(one, PageStored)]
    assert max(Counter(numbers).values(), default=1) == 1
    for said in line.said:
        if isinstance(said.action, SendFrames):
            *first, last = said.action.frames
            assert last.final
            assert not any(frame.final for frame in first)
            ours = {frame.x for frame in said.action.frames if frame.fcf not in WITHOUT_X | {Fcf.DCN}}
            assert ours <= {said.side == "caller"}
