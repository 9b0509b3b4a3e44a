"""A telephone path: what it delays, adds and spoils."""

from __future__ import annotations

import math

import pytest

from modem.sim.audio import Path, is_silent
from modem.sim.libspandsp import BLOCK
from modem.sim.spandsp import Samples, block, noise


def tone(level: int = 1000) -> Samples:
    samples = block()
    for at in range(BLOCK):
        samples[at] = level if at % 2 else -level
    return samples


def rms(values: list[int]) -> float:
    return math.sqrt(sum(value * value for value in values) / len(values))


def test_a_new_block_is_silent_and_a_tone_is_not() -> None:
    assert is_silent(block())
    assert not is_silent(tone())


def test_a_plain_path_changes_nothing() -> None:
    samples = tone()
    Path().carry(samples)
    assert list(samples) == list(tone())


def test_a_delay_of_60_ms_brings_a_block_three_blocks_later() -> None:
    path = Path(delay_ms=60)
    assert path.delay_seconds == pytest.approx(0.06)
    arrived = []
    for n in range(5):
        samples = tone() if n == 0 else block()
        path.carry(samples)
        arrived.append(not is_silent(samples))
    assert arrived == [False, False, False, True, False]


def test_noise_has_the_level_asked_for_and_is_the_same_for_the_same_seed() -> None:
    samples = noise(-30.0, 8000, seed=3)
    # 0 dBm0 is 3.14 dB below the power of a full scale sine
    level = 20 * math.log10(rms(samples) / (32768 / math.sqrt(2))) + 3.14
    assert level == pytest.approx(-30.0, abs=0.5)
    assert samples == noise(-30.0, 8000, seed=3)
    assert samples != noise(-30.0, 8000, seed=4)


def test_a_noisy_path_adds_to_silence_and_never_wraps_around() -> None:
    quiet, loud = block(), tone(32767)
    Path(noise_dbm0=-40).carry(quiet)
    assert not is_silent(quiet)
    Path(noise_dbm0=0).carry(loud)
    assert all((value > 0) == bool(at % 2) for at, value in enumerate(loud) if abs(value) > 30000)


def test_noise_goes_on_beyond_its_table() -> None:
    path = Path(noise_dbm0=-40)
    for _ in range(120):
        samples = block()
        path.carry(samples)
        assert not is_silent(samples)


def test_a_click_hits_two_milliseconds_of_a_block() -> None:
    samples = block()
    Path().carry(samples, click=True)
    assert sum(value != 0 for value in samples) == 16
