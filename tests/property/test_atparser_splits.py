"""The parser must not care how a port cuts the stream, and must survive anything."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from modem.atparser import AtParser, Data, DataEnd, Token, shield

LINES = st.sampled_from(
    [
        b"\r\nOK\r\n",
        b"\r\nERROR\r\n",
        b"\r\nNO CARRIER\r\n",
        b"\r\nRING\r\n",
        b"\r\nNMBR = 123\r\n",
        b"\r\n+FRH:3\r\n",
    ]
)
FRAMES = st.binary(max_size=40).map(lambda octets: b"\r\nCONNECT\r\n" + shield(octets) + b"\x10\x03")
STREAMS = st.lists(st.one_of(LINES, FRAMES, st.binary(max_size=12)), max_size=12).map(b"".join)


def read(pieces: list[bytes]) -> list[Token]:
    """All tokens, neighbouring data joined: where data is cut is the port's choice."""
    parser = AtParser()
    parser.data_follows = True
    found: list[Token] = []
    for piece in pieces:
        parser.feed(piece)
        for token in iter(parser.next, None):
            if isinstance(token, Data) and found and isinstance(found[-1], Data):
                found[-1] = Data(found[-1].data + token.data)
            else:
                found.append(token)
    return found


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    at = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    return [stream[a:b] for a, b in itertools.pairwise(at)]


@given(STREAMS, st.lists(st.integers(min_value=0), max_size=10))
def test_any_split_gives_the_same_tokens(stream: bytes, places: list[int]) -> None:
    assert read(cut(stream, places)) == read([stream])


@given(STREAMS)
def test_one_octet_at_a_time_gives_the_same_tokens(stream: bytes) -> None:
    assert read([bytes([octet]) for octet in stream]) == read([stream])


@given(st.binary(max_size=300))
def test_what_is_shielded_comes_out_as_it_was(data: bytes) -> None:
    tokens = read([b"CONNECT\r\n" + shield(data) + b"\x10\x03"])
    assert b"".join(token.data for token in tokens if isinstance(token, Data)) == data
    assert tokens[-1] == DataEnd()
