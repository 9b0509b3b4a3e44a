"""What a line does to sound: levels, moments, and the same again from the same seed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modem.sim.copper import wires
from modem.sim.impairments import (
    DROP_RESERVE,
    Attenuation,
    Bursts,
    Delay,
    Dropouts,
    Echo,
    Noise,
    Slips,
    Spells,
    amplitude,
    level,
)
from modem.sim.libspandsp import BLOCK, SAMPLE_RATE
from modem.sim.line_settings import Copper
from modem.sim.spandsp import block, noise

if TYPE_CHECKING:
    from modem.sim.impairments import Effect, Sound


def dice(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def tone(level_dbm0: float = -14.0, samples: int = SAMPLE_RATE) -> Sound:
    """A sine of 1000 Hz."""
    at = np.arange(samples)
    return amplitude(level_dbm0) * math.sqrt(2) * np.sin(2 * math.pi * at / 8)


def count(samples: int) -> Sound:
    """Sound whose every sample says when it was sent, from 1."""
    return np.arange(1.0, samples + 1)


def through(effect: Effect, sound: Sound, piece: int = BLOCK) -> Sound:
    """Carry a long sound piece by piece."""
    return np.concatenate([effect.carry(sound[at : at + piece]) for at in range(0, len(sound), piece)])


def test_0_dbm0_is_a_sine_3_14_db_below_full_scale() -> None:
    full = 32768 * np.sin(2 * math.pi * np.arange(8000) / 8)
    assert level(full) == pytest.approx(3.14, abs=0.01)
    assert level(np.zeros(8)) == -math.inf


@pytest.mark.parametrize("dbm0", [-20.0, -35.0, -50.0])
def test_noise_has_the_level_asked_for_as_the_library_counts_it(dbm0: float) -> None:
    ours = through(Noise(dbm0, dice()), np.zeros(4 * SAMPLE_RATE))
    theirs = np.array(noise(dbm0, 4 * SAMPLE_RATE, seed=3), dtype=np.float64)
    assert level(ours) == pytest.approx(dbm0, abs=0.2)
    assert level(theirs) == pytest.approx(level(ours), abs=0.5)


def test_noise_is_added_to_what_is_said_and_is_not_the_same_twice() -> None:
    said = tone()
    heard = Noise(-40.0, dice()).carry(said)
    assert level(heard - said) == pytest.approx(-40.0, abs=0.3)
    effect = Noise(-40.0, dice())
    assert not np.array_equal(effect.carry(np.zeros(BLOCK)), effect.carry(np.zeros(BLOCK)))


@pytest.mark.parametrize("loss", [1.0, 6.0, 12.0])
def test_attenuation_takes_so_many_db(loss: float) -> None:
    assert level(Attenuation(loss).carry(tone(-14.0))) == pytest.approx(-14.0 - loss, abs=0.01)


@given(samples=st.integers(0, 1000), piece=st.sampled_from([1, 7, 160, 500]))
def test_a_delay_is_exact_to_the_sample_however_the_sound_is_cut(samples: int, piece: int) -> None:
    heard = through(Delay(samples), count(1500), piece)
    assert not heard[:samples].any()
    assert np.array_equal(heard[samples:], count(1500 - samples))


def test_an_echo_comes_back_later_and_quieter() -> None:
    said = np.concatenate((tone(-14.0, 400), np.zeros(1200)))
    back = Echo(800, 20.0).returned(said)
    assert not back[:800].any()
    assert np.allclose(back[800:1200], said[:400] / 10)
    assert np.allclose(Echo(800, 20.0).carry(said), said + back)


def test_slips_alternate_and_lose_what_they_repeated() -> None:
    heard = through(Slips(every=320, size=3), count(1600))
    steps = np.diff(heard)
    assert sorted(set(steps)) == [-2.0, 1.0, 4.0]
    assert [int(step) for step in steps if step != 1.0] == [-2, 4, -2, 4]
    assert heard[-1] == 1600, "an even number of slips leaves the line as it was"


def test_repeating_slips_make_the_line_longer_up_to_a_second() -> None:
    heard = through(Slips(every=BLOCK, size=BLOCK, kind="repeat"), count(200 * BLOCK))
    assert 200 * BLOCK - heard[-1] == SAMPLE_RATE
    assert heard[160:320].tolist() == heard[:160].tolist()


def test_dropping_slips_use_up_the_line_they_began_with_and_then_stop() -> None:
    effect = Slips(every=BLOCK, size=100, kind="drop")
    assert effect.delay == DROP_RESERVE
    heard = through(effect, count(50 * BLOCK))
    jumps = np.flatnonzero(np.diff(heard) > 1)
    assert heard[-1] == 50 * BLOCK, "nothing is late any more"
    assert jumps.tolist() == [n * BLOCK - 1 for n in range(4, 9)], "the first three fell into silence"


def test_a_slip_longer_than_a_block_is_made_of_all_that_was_said_last() -> None:
    heard = through(Slips(every=400, size=150, kind="repeat"), count(800), piece=100)
    assert heard[400:550].tolist() == heard[250:400].tolist()


def spans(spells: Spells, samples: int, piece: int = BLOCK) -> list[tuple[int, int]]:
    """Where spells are, joined over the pieces they were asked for in."""
    there = np.zeros(samples, dtype=bool)
    for at in range(0, samples, piece):
        for where in spells.present(min(piece, samples - at)):
            there[at : at + piece][where] = True
    edges = np.flatnonzero(np.diff(np.concatenate(([0], there.astype(int), [0]))))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


@pytest.mark.parametrize("piece", [1, 160, 999])
def test_periodic_spells_come_every_so_often_and_last_so_long(piece: int) -> None:
    assert spans(Spells(300, 1000), 3500, piece) == [(1000, 1300), (2000, 2300), (3000, 3300)]


def test_spells_stay_between_their_two_moments() -> None:
    assert spans(Spells(10, 100, first=450, last=700), 2000) == [(550, 560), (650, 660)]


def test_random_spells_have_their_mean_and_never_overlap() -> None:
    found = spans(Spells(80, 4000, dice=dice()), 500 * 4080)
    assert len(found) == pytest.approx(500, rel=0.1)
    assert {end - start for start, end in found[:-1]} == {80}


def test_bursts_add_noise_of_their_level_and_leave_the_rest_alone() -> None:
    heard = through(Bursts(Spells(4000, 8000), -18.0, dice()), np.zeros(3 * SAMPLE_RATE))
    assert not heard[:8000].any()
    assert level(heard[8000:12000]) == pytest.approx(-18.0, abs=0.4)
    assert not heard[12000:16000].any()


def test_dropouts_silence_only_their_moment() -> None:
    said = tone()
    heard = through(Dropouts(Spells(320, 4000)), said)
    assert not heard[4000:4320].any()
    assert np.array_equal(heard[:4000], said[:4000])
    assert np.array_equal(heard[4320:], said[4320:8000])


# -- a line of all of them

EVERYTHING = Copper.model_validate(
    {
        "noise_dbm0": -45,
        "attenuation_db": 6,
        "delay_ms": 33,
        "echo": {"delay_ms": 41, "loss_db": 18, "kind": "both"},
        "slips": {"every_s": 0.5, "samples": 2},
        "bursts": {"length_ms": 30, "mean_s": 0.3},
        "dropouts": {"length_ms": 15, "mean_s": 0.4},
    }
)


def heard(copper: Copper, seed: int, far_side: int = 1, blocks: int = 150) -> list[bytes]:
    """What both sides hear in three seconds of a call where only the caller speaks."""
    line = wires(copper, seed, far_side)
    said = tone(-14.0, blocks * BLOCK)
    out = []
    for n in range(blocks):
        both = (block(), block())
        for at in range(BLOCK):
            both[0][at] = int(said[n * BLOCK + at])
        line.carry(both)
        out += [bytes(np.array(list(samples), dtype=np.int16)) for samples in both]
    return out


def test_the_same_seed_gives_the_same_samples_and_another_one_others() -> None:
    assert heard(EVERYTHING, 7) == heard(EVERYTHING, 7)
    assert heard(EVERYTHING, 7) != heard(EVERYTHING, 8)


def test_each_impairment_has_dice_of_its_own() -> None:
    """Taking one away does not move the others: the bursts of a seed stay where they were."""
    bursts = {"length_ms": 30, "mean_s": 0.3, "level_dbm0": -10}
    alone = Copper.model_validate({"bursts": bursts})
    with_noise = Copper.model_validate({"bursts": bursts, "noise_dbm0": -60})
    quiet = heard(Copper(), 7)

    def struck(copper: Copper) -> list[int]:
        there = []
        for n, (a, b) in enumerate(zip(heard(copper, 7), quiet, strict=True)):
            change = np.frombuffer(a, np.int16).astype(float) - np.frombuffer(b, np.int16)
            if level(change) > -30:
                there.append(n)
        return there

    assert struck(alone)
    assert struck(alone) == struck(with_noise)


def test_a_clean_line_is_bit_true() -> None:
    sent = tone(-14.0, 150 * BLOCK).astype(np.int16)
    assert b"".join(heard(Copper(), 7)[::2]) == sent.tobytes()


@pytest.mark.parametrize(("toward", "sides"), [("far", {0}), ("near", {1}), ("both", {0, 1})])
@pytest.mark.parametrize("far_side", [0, 1])
def test_who_hears_an_impairment_may_be_chosen(toward: str, sides: set[int], far_side: int) -> None:
    """Blocks at even places are what the called side hears; the far machine is called, or calls."""
    copper = Copper.model_validate({"bursts": {"length_ms": 50, "every_s": 0.2, "toward": toward}})
    changed = {
        n % 2
        for n, (a, b) in enumerate(zip(heard(copper, 1, far_side), heard(Copper(), 1), strict=True))
        if a != b
    }
    assert changed == (sides if far_side == 1 else {1 - side for side in sides})
