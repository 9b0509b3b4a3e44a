"""The two directions of wire a call goes through, put together from the keys of its line.

All chance comes from a seed: the same seed and the same conduct of both ends give the same samples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from modem.sim import impairments as i
from modem.sim.audio import Path, Wires
from modem.sim.libspandsp import SAMPLE_RATE

if TYPE_CHECKING:
    from modem.sim.line_settings import Copper, Spells, Toward


def _samples(seconds: float) -> int:
    return max(0, round(seconds * SAMPLE_RATE))


def _spells(when: Spells, dice: np.random.Generator) -> i.Spells:
    """Return when something comes and goes in one direction of one call."""
    return i.Spells(
        _samples(when.length_ms / 1000),
        _samples(when.every_s or when.mean_s or 1.0),
        first=_samples(when.from_s),
        last=None if when.until_s is None else _samples(when.until_s),
        dice=dice if when.mean_s is not None else None,
    )


def wires(copper: Copper, seed: int, far_side: int) -> Wires:
    """Return the two directions of a call; side 0 is the caller, `far_side` the far machine's."""
    paths = tuple(_path(copper, seed, side, heard_by_far=side != far_side) for side in (0, 1))
    echo = copper.echo
    if echo is None or echo.kind == "listener":
        return Wires((paths[0], paths[1]))
    talkers = [i.Echo(_samples(echo.delay_ms / 1000), echo.loss_db) for _ in paths]
    return Wires((paths[0], paths[1]), (talkers[0], talkers[1]))


def _path(copper: Copper, seed: int, side: int, *, heard_by_far: bool) -> Path:
    """Return the direction that `side` speaks into. Each kind of chance has dice of its own."""
    effects: list[i.Effect] = []
    delay = _samples(copper.delay_ms / 1000)

    def hears(toward: Toward) -> bool:
        return toward == "both" or (toward == "far") == heard_by_far

    def dice(kind: int) -> np.random.Generator:
        return np.random.default_rng([seed, side, kind])

    if copper.attenuation_db:
        effects.append(i.Attenuation(copper.attenuation_db))
    if delay:
        effects.append(i.Delay(delay))
    if copper.slips is not None and hears(copper.slips.toward):
        slips = i.Slips(_samples(copper.slips.every_s), copper.slips.samples, copper.slips.kind)
        delay += slips.delay
        effects.append(slips)
    if copper.echo is not None and copper.echo.kind != "talker":
        effects.append(i.Echo(_samples(copper.echo.delay_ms / 1000), copper.echo.loss_db))
    if copper.dropouts is not None and hears(copper.dropouts.toward):
        effects.append(i.Dropouts(_spells(copper.dropouts, dice(1))))
    if copper.noise_dbm0 is not None:
        effects.append(i.Noise(copper.noise_dbm0, dice(2)))
    if copper.bursts is not None and hears(copper.bursts.toward):
        effects.append(i.Bursts(_spells(copper.bursts, dice(3)), copper.bursts.level_dbm0, dice(4)))
    return Path(effects, delay / SAMPLE_RATE)
