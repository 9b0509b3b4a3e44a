"""The training check at its edges."""

from __future__ import annotations

import pytest

from modem import tcf
from modem.rates import Rate

OCTETS = {14400: 2700, 12000: 2250, 9600: 1800, 7200: 1350, 4800: 900, 2400: 450}
EVERY_RATE = pytest.mark.parametrize("rate", Rate)


@EVERY_RATE
def test_a_check_is_a_second_and_a_half_of_zeros(rate: Rate) -> None:
    data = tcf.make(rate)
    assert len(data) == OCTETS[rate.bits]
    assert not any(data)
    assert tcf.judge(data, rate).good


@EVERY_RATE
@pytest.mark.parametrize("share", [0.9, 1.1, 0.67])
def test_a_check_somewhat_short_or_long_passes(rate: Rate, share: float) -> None:
    assert tcf.judge(bytes(round(rate.tcf_octets * share)), rate).good


@EVERY_RATE
def test_a_check_too_short_fails(rate: Rate) -> None:
    assert not tcf.judge(bytes(rate.tcf_octets * 65 // 100), rate).good
    assert not tcf.judge(b"", rate).good


@EVERY_RATE
@pytest.mark.parametrize("octet", [0x55, 0xFF, 0x01])
def test_a_check_of_something_else_fails(rate: Rate, octet: int) -> None:
    verdict = tcf.judge(bytes([octet]) * rate.tcf_octets, rate)
    assert not verdict.good
    assert verdict.run == 0


def test_a_dirty_start_and_a_dirty_end_are_forgiven() -> None:
    rate = Rate.V17_14400
    assert tcf.judge(b"\x55" * 300 + bytes(2400) + b"\xa7" * 200, rate).good


def test_ten_in_a_hundred_wrong_octets_pass_and_more_do_not() -> None:
    rate = Rate.V17_14400
    just = bytes(1900) + b"\x01" * 270 + bytes(530)
    over = bytes(1900) + b"\x01" * 280 + bytes(520)
    assert tcf.judge(just, rate).good
    assert not tcf.judge(over, rate).good


def test_errors_spread_over_the_check_break_its_longest_run() -> None:
    data = bytearray(2700)
    data[::30] = b"\x01" * 90
    verdict = tcf.judge(bytes(data), Rate.V17_14400)
    assert not verdict.good
    assert verdict.run == 29
    assert verdict.dirt < 0.1


def test_the_verdict_reads_as_a_sentence() -> None:
    assert str(tcf.judge(bytes(450), Rate.V27_2400)) == "good, longest run 450 octets, 0.0% wrong"
