"""The log of a call as a blob: packed, read again, shown without its recording."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.store import traces
from gateway.web import ladder
from modem.result import TraceEntry

if TYPE_CHECKING:
    from collections.abc import Callable

DIS = TraceEntry(1.25, "<", "frame", "DIS: up to 14400 bit/s", "ff1301")
OCTETS = TraceEntry(0.0, "<", "octets", "", "0d0a4f4b0d0a", now=3.5)


def packed(log: list[TraceEntry]) -> bytes:
    return traces.pack(entry.as_object() for entry in log)


entries = st.builds(
    TraceEntry,
    at=st.floats(0, 600),
    direction=st.sampled_from("<> "),
    kind=st.sampled_from(["at", "frame", "note"]),
    text=st.text(),
    raw=st.binary(max_size=40).map(bytes.hex),
    now=st.none() | st.floats(0, 600),
)


def test_a_blob_reads_as_the_json_lines_it_was_made_from() -> None:
    lines = traces.unpack(packed([DIS, OCTETS])).splitlines()
    assert [json.loads(line) for line in lines] == [
        {"at": 1.25, "direction": "<", "kind": "frame", "text": "DIS: up to 14400 bit/s", "raw": "ff1301"},
        {"at": 0.0, "direction": "<", "kind": "octets", "text": "", "raw": "0d0a4f4b0d0a", "now": 3.5},
    ]


def test_a_log_of_before_they_were_packed_is_read_as_it_is() -> None:
    assert traces.unpack(traces.as_lines([DIS.as_object()])) == traces.as_lines([DIS.as_object()])


def test_equal_logs_are_equal_blobs() -> None:
    assert packed([DIS, OCTETS]) == packed([DIS, OCTETS])


@pytest.mark.parametrize("damaged", [lambda b: b[:-12], lambda b: b[:12] + b"\0\0\0\0" + b[16:]])
def test_a_damaged_blob_is_an_oserror(damaged: Callable[[bytes], bytes]) -> None:
    with pytest.raises(OSError, match=r"damaged|CRC|Not a gzipped"):
        traces.unpack(damaged(packed([DIS] * 50)))


def test_the_ladder_leaves_the_recording_out() -> None:
    (rung,) = ladder.of_log(traces.unpack(packed([DIS, OCTETS])))
    assert (rung.name, rung.at, rung.ours) == ("DIS", 1.25, False)


@given(st.lists(entries, max_size=20))
def test_any_log_comes_back(log: list[TraceEntry]) -> None:
    back = [json.loads(line) for line in traces.unpack(packed(log)).splitlines()]
    assert [TraceEntry(**entry) for entry in back] == log
