"""What a telephone line does to audio: delay, steady noise, clicks.

One `Path` a direction. Levels are dBm0 as spandsp counts them (0 dBm0 = sine of 3.14 dB below full scale);
delay is rounded to blocks of 20 ms. Both ends send at -14 dBm0.
"""

from __future__ import annotations

from collections import deque
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from modem.sim.libspandsp import BLOCK, BLOCK_SECONDS, SILENCE, ffi
from modem.sim.spandsp import noise

if TYPE_CHECKING:
    from modem.sim.spandsp import Samples

Array = Any
_TABLE = 50 * BLOCK
CLICK_SAMPLES = 8
CLICK_LEVEL = 12000


@cache
def _noise_table(level_dbm0: float, seed: int) -> Array:
    return np.array(noise(level_dbm0, _TABLE, seed), dtype=np.int32)


def is_silent(samples: Samples) -> bool:
    """Whether a block is all zero: nobody sends."""
    return bytes(ffi.buffer(samples)) == SILENCE


def _click(samples: Samples) -> None:
    """Two clicks of a millisecond: bad lines all over a page, while the carrier stays trained."""
    for start in (0, BLOCK // 2):
        for at in range(start, start + CLICK_SAMPLES):
            samples[at] = CLICK_LEVEL if at % 2 else -CLICK_LEVEL


class Path:
    """One direction of a call; `carry` changes a block in place to what arrives."""

    def __init__(self, *, delay_ms: float = 0.0, noise_dbm0: float | None = None, seed: int = 1) -> None:
        blocks = round(delay_ms / 1000 / BLOCK_SECONDS)
        self.delay_seconds = blocks * BLOCK_SECONDS
        self._on_the_way: deque[bytes] = deque([SILENCE] * blocks)
        self._noise_dbm0 = noise_dbm0
        self._seed = seed
        self._at = 0

    def carry(self, samples: Samples, *, click: bool = False) -> None:
        """Delay the block, add the line's noise and a click if one is asked for."""
        if self._on_the_way:
            self._on_the_way.append(bytes(ffi.buffer(samples)))
            ffi.buffer(samples)[:] = self._on_the_way.popleft()
        if self._noise_dbm0 is not None:
            self._add(samples, self._noise_dbm0)
        if click:
            _click(samples)

    def _add(self, samples: Samples, level_dbm0: float) -> None:
        table = _noise_table(level_dbm0, self._seed)
        line = np.frombuffer(ffi.buffer(samples), dtype=np.int16)
        mixed = line + table[self._at : self._at + BLOCK]
        line[:] = np.clip(mixed, -32768, 32767)
        self._at = (self._at + BLOCK) % _TABLE
