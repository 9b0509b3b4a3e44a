"""ECM gives the far end the very octets of the page, whatever frames a line loses."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st
from t30_fixtures import ANSWERER, CALLER, call, pages

from modem import plan
from modem.capabilities import offer
from modem.coding import Compression
from modem.ecm_send import BlockSender
from modem.fcf import Fcf
from modem.hdlc import Deframer
from modem.rates import Rate
from modem.result import PageState, Reason
from modem.simline import Conditions

if TYPE_CHECKING:
    from collections.abc import Callable

    from modem.coding import PageSource

ALL = tuple(Compression)
PATTERNS = st.lists(st.sets(st.integers(0, 255)), max_size=6)


class Memory:
    """A far end as simple as can be: it keeps what is not lost and asks for the rest."""

    def __init__(self, losses: list[set[int]]) -> None:
        self._losses = losses
        self.frames: dict[int, bytes] = {}

    def hear(self, octets: bytes) -> None:
        lost = self._losses.pop(0) if self._losses else set()
        for frame in (one.octets for one in Deframer().feed(octets)):
            if frame[2] == Fcf.FCD and frame[3] not in lost:
                self.frames[frame[3]] = frame[4:]

    def request(self, frames: int) -> bytes:
        """Return a PPR as many machines make it: bits past the last frame are set."""
        return sum(1 << i for i in range(256) if i not in self.frames or i >= frames).to_bytes(32, "little")


@given(
    st.binary(min_size=1, max_size=40000),
    st.sampled_from([64, 256]),
    PATTERNS,
    st.sampled_from([Rate.V17_14400, Rate.V27_2400]),
)
@settings(max_examples=60)
def test_any_pattern_of_lost_frames_leaves_the_page_whole(
    page: bytes, octets: int, losses: list[set[int]], rate: Rate
) -> None:
    sender = BlockSender(page, octets)
    got = b""
    for _ in range(sender.blocks):
        far = Memory(losses)
        while True:
            far.hear(sender.burst(rate))
            if len(far.frames) == sender.frames:
                break
            sender.ask(far.request(sender.frames))
            assert len(sender.wanted) == sender.frames - len(far.frames)
        got += b"".join(far.frames[i] for i in range(sender.frames))
        if not sender.last:
            sender.next_block()
    assert got[: len(page)] == page
    assert not got[len(page) :].strip(b"\0")


def damaging(hits: list[list[int]]) -> Callable[[str, bytes], bytes]:
    """Return a line that turns some octets of each fast carrier but training checks."""
    carriers = count()

    def data(side: str, octets: bytes) -> bytes:
        if side != "caller" or not any(octets):
            return octets
        turn = next(carriers)
        changed = bytearray(octets)
        for at in hits[turn] if turn < len(hits) else []:
            changed[at % len(changed)] ^= 0x24
        return bytes(changed)

    return data


@given(
    st.lists(st.lists(st.integers(0, 20000), max_size=30), max_size=12),
    st.sampled_from([64, 256]),
    st.sampled_from(Compression),
)
@settings(max_examples=40, deadline=None)
def test_pages_on_a_bad_line_arrive_octet_for_octet_or_are_not_counted(
    hits: list[list[int]], octets: int, compression: Compression
) -> None:
    document = pages(2, rows=100, compressions=ALL)
    caller = replace(CALLER, ecm=True, ecm_octets=octets, compressions=(compression,))
    answerer = replace(ANSWERER, ecm=True, compressions=ALL)
    done = call(document, caller, answerer, Conditions(data=damaging(hits)))
    confirmed = [page for page in done.sent.pages if page.state is PageState.CONFIRMED]
    for page, got in zip(confirmed, done.tray.pages, strict=False):
        assert got.data.startswith(coded(document, page.n, got.coding.compression))
        assert got.ecm
    assert done.sent.success == (done.sent.reason is Reason.SENT) == (len(confirmed) == 2)
    assert done.sent.ecm
    if not any(hits):
        assert (done.sent.success, done.sent.ppr) == (True, 0)


def coded(document: PageSource, n: int, compression: Compression) -> bytes:
    """Return the stream of a page at the resolution both ends take."""
    dis = offer(rates=Rate, compressions=ALL, resolutions=ANSWERER.receive_resolutions, ecm=True)
    carriage = plan.Carriage(ecm_octets=256)
    return document.page(n, plan.codings(dis, document, (compression,), carriage=carriage)[n - 1])
