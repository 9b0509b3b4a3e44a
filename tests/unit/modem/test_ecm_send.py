"""Pages cut into ECM blocks, and what a partial page request makes of them."""

from __future__ import annotations

import pytest

from modem import hdlc
from modem.ecm_send import BlockSender
from modem.fcf import Fcf
from modem.hdlc import Deframer
from modem.rates import Rate

FAST = Rate.V17_14400


def numbered(count: int, octets: int = 256, short: int = 0) -> bytes:
    """Return a page of so many frames, each filled with its number; the last lacks `short` octets."""
    page = b"".join(bytes((i % 251 + 1,)) * octets for i in range(count))
    return page[: len(page) - short]


def heard(sender: BlockSender, rate: Rate = FAST) -> list[bytes]:
    """Return the frames of the burst that goes out now, FCS checked."""
    frames = Deframer().feed(sender.burst(rate))
    assert all(one.fcs_ok for one in frames)
    return [one.octets for one in frames]


def request(*numbers: int) -> bytes:
    return sum(1 << number for number in numbers).to_bytes(32, "little")


def test_a_block_is_numbered_frames_and_three_rcp() -> None:
    frames = heard(BlockSender(numbered(3)))
    assert [one[:4] for one in frames[:3]] == [bytes((0xFF, 3, Fcf.FCD, i)) for i in range(3)]
    assert [one[4:] for one in frames[:3]] == [bytes((i + 1,)) * 256 for i in range(3)]
    assert frames[3:] == [bytes((0xFF, 3, Fcf.RCP))] * 3


def test_the_last_frame_is_filled_with_zeros() -> None:
    sender = BlockSender(numbered(2, short=100))
    assert sender.size == 412
    assert heard(sender)[1][4:] == b"\2" * 156 + bytes(100)


@pytest.mark.parametrize("rate", Rate)
def test_flags_stand_at_least_200_ms_before_the_first_frame(rate: Rate) -> None:
    data = BlockSender(numbered(1)).burst(rate)
    flags = len(data) - len(data.lstrip(b"\x7e"))
    assert 0.200 <= flags * 8 / rate.bits < 0.206


@pytest.mark.parametrize(
    ("octets", "size", "blocks", "in_last"),
    [
        (256, 0, 1, 1), (256, 1, 1, 1), (256, 256, 1, 1), (256, 257, 1, 2), (256, 65536, 1, 256),
        (256, 65537, 2, 1), (64, 16384, 1, 256), (64, 16385, 2, 1), (64, 100_000, 7, 27),
    ],
)  # fmt: skip
def test_a_block_holds_256_frames(octets: int, size: int, blocks: int, in_last: int) -> None:
    sender = BlockSender(b"\5" * size, octets)
    assert sender.blocks == blocks
    for _ in range(blocks - 1):
        assert (sender.frames, sender.last) == (256, False)
        sender.next_block()
    assert (sender.frames, sender.last) == (in_last, True)


def test_the_second_block_goes_on_where_the_first_ended() -> None:
    sender = BlockSender(numbered(300, 64), 64)
    assert sender.counts == bytes((0, 255))
    sender.next_block()
    assert sender.counts == bytes((1, 43))
    frames = heard(sender)
    assert [one[3] for one in frames[:-3]] == list(range(44))
    assert frames[0][4:] == bytes((256 % 251 + 1,)) * 64


def test_block_numbers_are_modulo_256() -> None:
    sender = BlockSender(b"\5" * (64 * 256 * 258), 64)
    for _ in range(257):
        sender.next_block()
    assert sender.counts == bytes((1, 255))


def test_a_request_brings_the_frames_it_names_and_counts_those() -> None:
    sender = BlockSender(numbered(20))
    sender.ask(request(3, 19))
    assert [one[3] for one in heard(sender)[:-3]] == [3, 19]
    assert sender.counts == bytes((0, 1))


def test_bits_past_the_last_frame_are_passed_over() -> None:
    sender = BlockSender(numbered(20))
    sender.ask(request(3, 20, 255))
    assert sender.wanted == (3,)


@pytest.mark.parametrize("fif", [b"", b"\0" * 32, request(20, 255)])
def test_a_request_for_nothing_that_exists_brings_flags_and_rcp(fif: bytes) -> None:
    sender = BlockSender(numbered(20))
    sender.ask(fif)
    assert [one[2] for one in heard(sender)] == [Fcf.RCP] * 3
    assert sender.counts == bytes((0, 19))


@pytest.mark.parametrize("fif", [b"\1", b"\1" + b"\0" * 40])
def test_a_request_may_be_too_short_or_too_long(fif: bytes) -> None:
    sender = BlockSender(numbered(20))
    sender.ask(fif)
    assert sender.wanted == (0,)


def test_four_requests_make_a_round() -> None:
    sender = BlockSender(numbered(20))
    for left in (3, 2, 1):
        sender.ask(request(*range(left)))
        assert not sender.must_settle
    sender.ask(request(0))
    assert sender.must_settle
    sender.new_round()
    assert not sender.must_settle
    assert sender.wanted == (0,)


@pytest.mark.parametrize(
    ("missing", "improving", "hopeless"), [(20, False, True), (11, False, False), (10, True, False)]
)
def test_a_round_is_judged_by_what_it_brought(missing: int, improving: bool, hopeless: bool) -> None:
    sender = BlockSender(numbered(20))
    sender.ask(request(*range(missing)))
    assert (sender.improving, sender.hopeless) == (improving, hopeless)


def test_a_second_round_is_measured_by_what_it_began_with() -> None:
    sender = BlockSender(numbered(20))
    sender.ask(request(1, 2, 3, 4))
    sender.new_round()
    sender.ask(request(1, 2, 3))
    assert (sender.improving, sender.hopeless) == (False, False)
    sender.ask(request(1, 2))
    assert sender.improving


def test_requests_for_nothing_do_not_go_on_for_ever() -> None:
    sender = BlockSender(numbered(20))
    sender.ask(b"")
    sender.new_round()
    sender.ask(b"")
    assert (sender.improving, sender.hopeless) == (False, True)


def test_a_new_block_begins_with_a_fresh_count() -> None:
    sender = BlockSender(numbered(300, 64), 64)
    for _ in range(4):
        sender.ask(request(1))
    sender.next_block()
    assert not sender.must_settle
    assert len(sender.wanted) == 44


def test_what_was_prepared_is_what_would_have_been_made(monkeypatch: pytest.MonkeyPatch) -> None:
    sender = BlockSender(numbered(300, 64), 64)
    sender.prepare(FAST, ahead=1)
    fresh = BlockSender(numbered(300, 64), 64)
    for one in (sender, fresh):
        one.next_block()
    made = fresh.burst(FAST)
    monkeypatch.setattr(hdlc, "transmission", lambda *_, **__: pytest.fail("made at the turn-round"))
    assert sender.burst(FAST) == made


def test_what_was_prepared_for_another_rate_is_made_anew() -> None:
    sender = BlockSender(numbered(3))
    sender.prepare(FAST, ahead=0)
    slow = sender.burst(Rate.V29_9600)
    assert slow == BlockSender(numbered(3)).burst(Rate.V29_9600)
    assert slow != sender.burst(FAST)


def test_there_is_nothing_to_prepare_behind_the_last_block() -> None:
    sender = BlockSender(numbered(3))
    sender.prepare(FAST, ahead=1)
    assert len(heard(sender)) == 6
