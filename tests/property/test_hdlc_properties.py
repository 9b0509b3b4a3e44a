"""HDLC framing for any octets, any slicing and any noise."""

from __future__ import annotations

import sys

from hypothesis import given, settings
from hypothesis import strategies as st

from modem.hdlc import Deframer, RawFrame, transmission

FRAMES = st.lists(
    st.binary(min_size=3, max_size=260) | st.integers(3, 260).map(lambda n: b"\xff" * n), max_size=8
)


def slices(data: bytes, sizes: list[int]) -> list[bytes]:
    """Cut the octets into pieces of these sizes, over and over."""
    pieces, at, turn = [], 0, 0
    while at < len(data):
        size = sizes[turn % len(sizes)]
        pieces.append(data[at : at + size])
        at, turn = at + size, turn + 1
    return pieces


@given(FRAMES, st.integers(1, 50), st.lists(st.integers(1, 600), min_size=1, max_size=5))
def test_every_frame_comes_back_however_the_carrier_is_sliced(
    frames: list[bytes], flags: int, sizes: list[int]
) -> None:
    deframer = Deframer()
    found = [
        one for piece in slices(transmission(frames, flags=flags), sizes) for one in deframer.feed(piece)
    ]
    assert found == [RawFrame(frame, fcs_ok=True) for frame in frames]


@given(st.lists(st.binary(max_size=400), max_size=10))
def test_no_octets_are_too_strange(pieces: list[bytes]) -> None:
    deframer, whole = Deframer(), Deframer()
    found = [one for piece in pieces for one in deframer.feed(piece)]
    assert found == whole.feed(b"".join(pieces))
    assert all(len(one.octets) >= 3 for one in found)


@settings(max_examples=60)
@given(FRAMES, st.lists(st.tuples(st.integers(0, 20000), st.integers(1, 255)), max_size=12))
def test_noise_loses_frames_and_never_invents_or_alters_one(
    frames: list[bytes], noise: list[tuple[int, int]]
) -> None:
    data = bytearray(transmission(frames, flags=4))
    for at, mask in noise:
        data[at % len(data)] ^= mask
    good = [one.octets for one in Deframer().feed(bytes(data)) if one.fcs_ok and len(one.octets) > 8]
    assert all(one in frames for one in good)


@given(st.sampled_from([b"\xaa", b"\x00", b"\xff", b"\x55\xd5"]), st.integers(1, 40))
def test_a_carrier_without_a_flag_does_not_pile_up(pattern: bytes, times: int) -> None:
    deframer = Deframer()
    for _ in range(times):
        deframer.feed(pattern * 1000)
    assert sys.getsizeof(deframer._pending) < 4000  # one frame's bits, a character each
