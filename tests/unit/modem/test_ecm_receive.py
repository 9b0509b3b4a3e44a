"""Blocks as they are received: what is asked for again, what is complete, which block a PPS is about."""

from __future__ import annotations

import random

import pytest

from modem.ecm_receive import BlockReceiver, PageReceiver, PartialPage, Place, command_of, is_command
from modem.fcf import ADDRESS, CONTROL_FINAL, CONTROL_NOT_FINAL, Fcf
from modem.hdlc import transmission

RCP = bytes((ADDRESS, CONTROL_NOT_FINAL, Fcf.RCP))


def fcd(number: int, data: bytes, *, control: int = CONTROL_NOT_FINAL) -> bytes:
    return bytes((ADDRESS, control, Fcf.FCD, number)) + data


def payload(count: int, size: int = 256, seed: int = 1) -> list[bytes]:
    """Return the data of `count` frames."""
    chance = random.Random(seed)
    return [chance.randbytes(size) for _ in range(count)]


def carrier(numbers: dict[int, bytes] | list[bytes], *, rcp: int = 3, flags: int = 40) -> bytes:
    """Return the octets of a carrier with these frames."""
    frames = numbers.items() if isinstance(numbers, dict) else enumerate(numbers)
    return transmission([*(fcd(n, data) for n, data in frames), *[RCP] * rcp], flags=flags)


def heard(*carriers: bytes, last: int | None = None) -> BlockReceiver:
    """Return a block after these carriers, and after its PPS."""
    block = BlockReceiver()
    for octets in carriers:
        block.carrier()
        block.feed(octets)
    if last is not None:
        block.announced(last)
    return block


def wanted(block: BlockReceiver) -> list[int]:
    """Return the frames a PPR asks for."""
    ppr = block.ppr()
    assert len(ppr) == 32
    return [n for n in range(256) if ppr[n // 8] >> n % 8 & 1]


@pytest.mark.parametrize("size", [64, 256])
@pytest.mark.parametrize("count", [1, 2, 7, 8, 9, 255, 256])
def test_a_block_without_loss_is_complete_and_holds_the_octets(size: int, count: int) -> None:
    data = payload(count, size)
    block = heard(carrier(data), last=count - 1)
    assert block.complete
    assert block.octets() == (b"".join(data), None)


@pytest.mark.parametrize("lost", [{0}, {6}, {3}, {0, 1, 2}, {0, 2, 4, 6}, set(range(7))])
def test_the_frames_lost_are_asked_for_and_those_beyond_the_last_too(lost: set[int]) -> None:
    data = payload(7)
    block = heard(carrier({n: one for n, one in enumerate(data) if n not in lost}), last=6)
    assert not block.complete
    assert wanted(block) == [*sorted(lost), *range(7, 256)]


def test_a_full_block_has_none_beyond_the_last() -> None:
    data = payload(256, 64)
    block = heard(carrier({n: one for n, one in enumerate(data) if n != 200}), last=255)
    assert wanted(block) == [200]


def test_what_a_second_carrier_brings_makes_the_block_whole() -> None:
    data = payload(9)
    first = carrier({n: data[n] for n in (0, 1, 3, 4, 7, 8)})
    block = heard(first, carrier({n: data[n] for n in (2, 5, 6)}), last=8)
    assert block.octets() == (b"".join(data), None)


def test_the_order_of_frames_and_frames_twice_do_not_matter() -> None:
    data = payload(5)
    shuffled = [fcd(n, data[n]) for n in (4, 2, 2, 0, 3, 1, 0)]
    block = heard(transmission([*shuffled, RCP], flags=10), last=4)
    assert block.octets() == (b"".join(data), None)


def test_a_frame_whose_check_fails_is_missing() -> None:
    data = payload(3)
    octets = bytearray(carrier(data, flags=10))
    octets[10 + 300] ^= 0x40
    assert wanted(heard(bytes(octets), last=2))[0] == 1


def test_octets_may_come_in_any_pieces() -> None:
    data = payload(6)
    octets = carrier(data)
    block = BlockReceiver()
    for at in range(0, len(octets), 7):
        block.feed(octets[at : at + 7])
    block.announced(5)
    assert block.octets() == (b"".join(data), None)


# -- how many there are ------------------------------------------------------------------------------------


def test_i3_tells_of_frames_lost_at_the_end() -> None:
    assert wanted(heard(carrier(payload(3)), last=5))[:3] == [3, 4, 5]


def test_the_largest_number_seen_is_believed_before_a_smaller_i3() -> None:
    data = payload(215, 64)
    block = heard(carrier({n: one for n, one in enumerate(data) if n}), last=8)
    assert wanted(block) == [0, *range(215, 256)]


def test_i3_of_a_repetition_may_count_the_burst() -> None:
    data = payload(20)
    block = heard(carrier({n: one for n, one in enumerate(data) if n not in (4, 9)}), last=19)
    block.carrier()
    block.feed(carrier({4: data[4], 9: data[9]}))
    block.announced(1)
    assert block.octets() == (b"".join(data), None)


def test_i3_of_ff_behind_an_empty_carrier_means_no_frames() -> None:
    assert heard(carrier([]), last=0xFF).octets() == (b"", None)
    assert heard(carrier([]), last=0xFF).complete


def test_a_block_that_others_follow_is_never_one_without_frames() -> None:
    block = heard(carrier([]))
    block.announced(0xFF, more_follows=True)
    assert wanted(block) == list(range(256))


def test_i3_of_ff_behind_an_empty_carrier_asks_for_nothing_new() -> None:
    data = payload(4)
    block = heard(carrier(data), carrier([]), last=0xFF)
    assert block.complete


@pytest.mark.parametrize("octets", [b"", b"\x55" * 3000, carrier([], rcp=0)])
def test_i3_of_ff_behind_a_carrier_that_was_not_understood_means_256(octets: bytes) -> None:
    assert wanted(heard(octets, last=0xFF)) == list(range(256))


def test_a_block_as_long_as_256_frames_is_not_empty_for_want_of_one_that_is_good() -> None:
    spoiled = b"\x2a" * (256 * 64)
    assert wanted(heard(spoiled + carrier([]), last=0xFF)) == list(range(256))


def test_a_block_that_was_never_heard_is_asked_for_whole() -> None:
    block = BlockReceiver()
    block.announced(9)
    assert wanted(block) == list(range(256))
    assert block.empty


# -- frames of other kinds ---------------------------------------------------------------------------------


def test_one_rcp_ends_the_block() -> None:
    assert heard(carrier(payload(2), rcp=1)).ended
    assert not heard(carrier(payload(2), rcp=0)).ended


def test_a_new_carrier_has_its_own_end() -> None:
    assert not heard(carrier(payload(2)), carrier({1: b"x"}, rcp=0)).ended


def test_a_short_frame_may_only_be_the_last() -> None:
    data = [*payload(3), b"short"]
    assert heard(carrier(data), last=3).octets() == (b"".join(data), None)
    block = heard(carrier([data[0], b"short", data[2]]), last=2)
    assert wanted(block)[0] == 1


def test_frames_of_64_octets_where_256_were_announced_are_taken_as_they_are() -> None:
    data = payload(10, 64)
    assert heard(carrier(data), last=9).octets() == (b"".join(data), None)


@pytest.mark.parametrize(
    "frame",
    [
        fcd(1, b""),
        fcd(1, bytes(257)),
        bytes((0x7E, CONTROL_NOT_FINAL, Fcf.FCD, 1)) + bytes(256),
        bytes((ADDRESS, CONTROL_NOT_FINAL, Fcf.MCF, 1)) + bytes(256),
        bytes((ADDRESS, CONTROL_NOT_FINAL)) + b"\x05",
    ],
)  # fmt: skip
def test_what_is_no_frame_of_a_block_is_passed_over(frame: bytes) -> None:
    data = payload(3)
    octets = transmission([fcd(0, data[0]), frame, fcd(2, data[2]), RCP], flags=10)
    assert wanted(heard(octets, last=2))[0] == 1


def test_a_frame_with_the_final_bit_is_taken_too() -> None:
    octets = transmission([fcd(0, b"abc" * 20, control=CONTROL_FINAL), RCP], flags=10)
    assert heard(octets, last=0).octets() == (b"abc" * 20, None)


def test_a_gap_is_zeros_and_its_place_is_told() -> None:
    data = payload(4)
    block = heard(carrier({n: data[n] for n in (0, 2, 3)}), last=3)
    assert block.octets() == (data[0] + bytes(256) + data[2] + data[3], 256)


def test_progress_is_told_once() -> None:
    data = payload(4)
    block = heard(carrier(data[:2]), last=3)
    assert block.gained()
    assert not block.gained()
    block.feed(carrier({3: data[3]}))
    assert block.gained()


# -- what a PPS says ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("octet", "command"),
    [
        (0x00, None), (Fcf.MPS, Fcf.MPS), (Fcf.EOM, Fcf.EOM), (Fcf.EOP, Fcf.EOP), (Fcf.MPS | 1, Fcf.MPS),
        (Fcf.PRI_EOP, Fcf.EOP), (Fcf.PRI_MPS | 1, Fcf.MPS), (Fcf.PRI_EOM, Fcf.EOM),
    ],
)  # fmt: skip
def test_a_pps_names_a_command_or_none(octet: int, command: Fcf | None) -> None:
    assert PartialPage.read(bytes((octet, 3, 2, 8))) == PartialPage(command, 3, 2, 8)
    assert is_command(bytes((octet,)))
    assert command_of(bytes((octet,))) is command


@pytest.mark.parametrize("fif", [b"", b"\x00", b"\x2e\x00\x00", b"\x8c\x00\x00\x00"])
def test_a_pps_that_says_nothing_is_none(fif: bytes) -> None:
    assert PartialPage.read(fif) is None


# -- pages -------------------------------------------------------------------------------------------------


def pps(page: int, block: int, command: Fcf | None = Fcf.MPS, last: int = 0) -> PartialPage:
    return PartialPage(command, page, block, last)


def confirmed(*seen: PartialPage) -> PageReceiver:
    """Return a receiver that confirmed these, each with data of its own."""
    page = PageReceiver()
    for n, one in enumerate(seen):
        page.block.feed(carrier([bytes([n]) * 256]))
        page.block.announced(one.last)
        page.confirm(one)
    return page


def test_blocks_are_joined_in_order() -> None:
    page = confirmed(pps(0, 0, None), pps(0, 1, None), pps(0, 2))
    assert page.octets() == (bytes([0]) * 256 + bytes([1]) * 256 + bytes([2]) * 256, None)


def test_the_numbers_tell_next_repeated_and_beyond() -> None:
    page = confirmed(pps(0, 0, None))
    assert page.place(pps(0, 1)) is Place.NEXT
    assert page.place(pps(0, 0, None)) is Place.REPEATED
    assert page.place(pps(0, 2)) is Place.BEYOND
    assert page.place(pps(1, 0)) is Place.BEYOND
    page = confirmed(pps(4, 0))
    assert page.place(pps(5, 0)) is Place.NEXT
    assert page.place(pps(4, 0)) is Place.REPEATED
    assert page.place(pps(6, 0)) is Place.BEYOND
    assert page.place(pps(5, 1)) is Place.BEYOND


def test_numbers_go_round_at_256() -> None:
    page = confirmed(pps(255, 0))
    assert page.place(pps(0, 0)) is Place.NEXT
    assert page.place(pps(1, 0)) is Place.BEYOND
    page = confirmed(pps(0, 255, None))
    assert page.place(pps(0, 0)) is Place.NEXT


def test_the_first_page_may_have_any_number() -> None:
    assert PageReceiver().place(pps(7, 0)) is Place.NEXT


def test_another_page_under_the_number_of_the_last_is_told_by_its_frames() -> None:
    page = confirmed(pps(0, 0))
    page.block.feed(carrier([bytes([0]) * 256]))
    assert page.place(pps(0, 0)) is Place.REPEATED
    page.forget_block()
    page.block.feed(carrier([b"another page" * 20]))
    assert page.place(pps(0, 0)) is Place.NEXT


def test_after_a_block_was_given_up_the_sender_counts_as_it_likes() -> None:
    page = confirmed(pps(0, 0, None))
    page.give_up()
    assert all(page.place(pps(n, m)) is Place.NEXT for n in range(3) for m in range(3))


def test_a_block_given_up_leaves_a_gap_even_if_nothing_of_it_came() -> None:
    page = confirmed(pps(0, 0, None))
    page.give_up()
    assert page.octets() == (bytes(256), 256)
    page.block.feed(carrier([b"b" * 256]))
    page.block.announced(0)
    assert page.octets() == (bytes(256) + b"b" * 256, 256)


def test_a_gap_in_the_open_block_is_counted_from_the_beginning_of_the_page() -> None:
    page = confirmed(pps(0, 0, None))
    page.block.feed(carrier({1: b"x" * 256}))
    assert page.octets()[1] == 256


def test_a_new_document_begins_with_nothing() -> None:
    page = confirmed(pps(3, 0, None))
    page.begin_again()
    assert page.empty
    assert page.place(pps(9, 0)) is Place.NEXT
