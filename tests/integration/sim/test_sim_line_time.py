"""Line time is the same at "max" as in real time: usable as a figure, whatever the speed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sim_fixtures import FAR, LINE, Running, host_at, letter, mh, running, wall_seconds, write_tiff

if TYPE_CHECKING:
    from pathlib import Path

MCF = 0x8C
ONE_PERCENT = 0.01


def settings(speed: float | str) -> dict[str, Any]:
    return {"speed": speed, "lines": [{"name": "sim", "number": LINE}], "far": [{"number": FAR}]}


def send(exchange: Running, coded: list[bytes]) -> None:
    with host_at(exchange.port) as host:
        assert host.send_fax("0312345678", coded) == [MCF] * len(coded)


def receive(exchange: Running, document: Path) -> None:
    with exchange.control() as control, host_at(exchange.port) as host:
        host.command("+FCLASS=1")
        call = control.call(LINE, document, "+81399998888")
        host.receive_fax()
        assert control.wait(call)["success"] is True


def line_seconds(exchange: Running, calls: int) -> list[float]:
    return [end["line_seconds"] for end in exchange.ended(calls)]


def test_a_fax_takes_the_same_line_time_at_max_as_in_real_time_both_ways(tmp_path: Path) -> None:
    coded = [mh(letter(mark="one"), tmp_path)]
    document = write_tiff(tmp_path / "in.tif", [letter(mark="in")])
    with running(tmp_path / "real", settings(1.0)) as real:
        wall = wall_seconds(lambda: send(real, coded))
        receive(real, document)
        real_out, real_in = line_seconds(real, 2)
    with running(tmp_path / "fast", settings("max")) as fast:
        for _ in range(3):
            send(fast, coded)
            receive(fast, document)
        seconds = line_seconds(fast, 6)
    assert wall >= real_out - 0.1, "real time is never faster than the wall clock"
    assert seconds[0::2] == [pytest.approx(real_out, rel=ONE_PERCENT)] * 3
    assert seconds[1::2] == [pytest.approx(real_in, rel=ONE_PERCENT)] * 3


def test_an_hour_of_faxes_at_max_keeps_its_line_time_from_call_to_call(tmp_path: Path) -> None:
    dense = mh(letter(lines=54, rows=2290, mark="a dense page of a long fax, full of small words"), tmp_path)
    with running(tmp_path / "fast", settings("max")) as fast:
        for _ in range(10):
            send(fast, [dense] * 8)
        seconds = line_seconds(fast, 10)
    assert sum(seconds) > 3600
    assert seconds == [pytest.approx(seconds[0], rel=ONE_PERCENT)] * 10
