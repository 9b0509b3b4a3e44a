"""However a pty splits octets, the turns between host and modem come out the same."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from modem.sim.turns import Move, Turns

SHIELDED = st.binary(max_size=200).map(lambda data: data.replace(b"\x10", b"\x10\x10"))


def filling() -> Turns:
    turns = Turns()
    turns.host_wrote(b"AT+FTM=146\r")
    turns.modem_said(b"CONNECT")
    return turns


def feed(turns: Turns, data: bytes, cuts: list[int]) -> None:
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    for start, end in itertools.pairwise(edges):
        turns.host_wrote(data[start:end])


@given(data=SHIELDED, cuts=st.lists(st.integers(0, 1000), max_size=20))
def test_data_stays_data_until_its_end_wherever_it_is_split(data: bytes, cuts: list[int]) -> None:
    turns = filling()
    feed(turns, data, cuts)
    assert turns.move is Move.FILL


@given(data=SHIELDED, cuts=st.lists(st.integers(0, 1000), max_size=20))
def test_the_end_of_data_is_seen_wherever_it_is_split(data: bytes, cuts: list[int]) -> None:
    turns = filling()
    feed(turns, data + b"\x10\x03", cuts)
    assert turns.move is Move.MODEM


@given(data=SHIELDED, behind=st.binary(max_size=20), cut=st.integers(0, 400))
def test_what_stands_behind_the_end_is_never_given_with_it(data: bytes, behind: bytes, cut: int) -> None:
    turns = filling()
    whole = data + b"\x10\x03"
    first, second = whole[: cut % len(whole)], whole[cut % len(whole) :]
    turns.host_wrote(first)
    assert turns.end_of_data(second + behind) == len(second)


@given(cuts=st.lists(st.integers(0, 1000), max_size=8))
def test_a_command_counts_wherever_it_is_split(cuts: list[int]) -> None:
    turns = Turns()
    feed(turns, b"AT+FTH=3\r", cuts)
    assert turns.move is Move.MODEM
    turns.modem_said(b"CONNECT")
    assert turns.move is Move.FRAME
