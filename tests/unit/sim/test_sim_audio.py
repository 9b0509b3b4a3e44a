"""Blocks on the two directions of a call: bit-true where nothing is wrong, clicked into, echoed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from modem.sim.audio import Path, Wires, is_silent
from modem.sim.impairments import Attenuation, Delay, Echo
from modem.sim.libspandsp import BLOCK
from modem.sim.spandsp import Samples, block, noise

if TYPE_CHECKING:
    from modem.sim.impairments import Sound


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


def test_a_path_applies_its_effects_in_order_and_says_how_late_it_is() -> None:
    path = Path([Attenuation(6.0206), Delay(BLOCK)], delay_seconds=0.02)
    assert path.delay_seconds == pytest.approx(0.02)
    first, second = tone(), block()
    path.carry(first)
    path.carry(second)
    assert is_silent(first)
    assert list(second) == list(tone(500))


def test_the_librarys_own_noise_has_the_level_asked_for_and_is_the_same_for_the_same_seed() -> None:
    samples = noise(-30.0, 8000, seed=3)
    # 0 dBm0 is 3.14 dB below the power of a full scale sine
    level = 20 * math.log10(rms(samples) / (32768 / math.sqrt(2))) + 3.14
    assert level == pytest.approx(-30.0, abs=0.5)
    assert samples == noise(-30.0, 8000, seed=3)
    assert samples != noise(-30.0, 8000, seed=4)


class Louder:
    """An effect far beyond the range of a sample."""

    def carry(self, sound: Sound) -> Sound:
        """Make it ten times as loud."""
        return sound * 10


def test_what_is_too_loud_is_clipped_and_never_wraps_around() -> None:
    loud = tone(32767)
    Path([Louder()]).carry(loud)
    assert {loud[0], loud[1]} == {-32768, 32767}
    assert all((value > 0) == bool(at % 2) for at, value in enumerate(loud))


def test_a_click_hits_two_milliseconds_of_a_block() -> None:
    samples = block()
    Path().carry(samples, click=True)
    assert sum(value != 0 for value in samples) == 16


def test_a_click_falls_into_what_the_caller_sends_only() -> None:
    blocks = (block(), block())
    Wires((Path(), Path())).carry(blocks, click=True)
    assert [is_silent(samples) for samples in blocks] == [False, True]


def test_a_talker_hears_itself_and_the_other_side_does_not() -> None:
    wires = Wires((Path(), Path()), (Echo(BLOCK, 20.0), Echo(BLOCK, 20.0)))
    wires.carry((tone(), block()))
    to_called, to_caller = block(), block()
    wires.carry((to_called, to_caller))
    assert is_silent(to_called)
    assert list(to_caller) == list(tone(100))


def test_each_direction_has_its_own_delay() -> None:
    wires = Wires((Path((), 0.1), Path((), 0.2)))
    assert (wires.delay(0), wires.delay(1)) == (0.1, 0.2)
