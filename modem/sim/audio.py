"""The two directions of a call as blocks of samples: impaired, clicked into, echoed.

A `Path` is one direction, `Wires` are both; what they do to the sound is put together in `modem.sim.copper`.
Blocks are changed in place to what arrives. A path without effects is bit-true.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from modem.sim.libspandsp import BLOCK, SILENCE, ffi

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from modem.sim.impairments import Echo, Effect, Sound
    from modem.sim.spandsp import Samples

CLICK_SAMPLES = 8
CLICK_LEVEL = 12000


def is_silent(samples: Samples) -> bool:
    """Whether a block is all zero: nobody sends."""
    return bytes(ffi.buffer(samples)) == SILENCE


def _view(samples: Samples) -> npt.NDArray[np.int16]:
    return np.frombuffer(ffi.buffer(samples), dtype=np.int16)


def _put(samples: Samples, sound: Sound) -> None:
    _view(samples)[:] = np.clip(np.rint(sound), -32768, 32767)


def _click(samples: Samples) -> None:
    """Two clicks of a millisecond: bad lines all over a page, while the carrier stays trained."""
    for start in (0, BLOCK // 2):
        for at in range(start, start + CLICK_SAMPLES):
            samples[at] = CLICK_LEVEL if at % 2 else -CLICK_LEVEL


class Path:
    """One direction of a call; what is sent arrives `delay_seconds` later."""

    def __init__(self, effects: Sequence[Effect] = (), delay_seconds: float = 0.0) -> None:
        self.delay_seconds = delay_seconds
        self._effects = effects

    def carry(self, samples: Samples, *, click: bool = False) -> None:
        """Change a block to what arrives, with a click if one is asked for."""
        if self._effects:
            sound: Sound = _view(samples).astype(np.float64)
            for effect in self._effects:
                sound = effect.carry(sound)
            _put(samples, sound)
        if click:
            _click(samples)


class Wires:
    """Both directions, and what each side hears of itself. Sides: 0 the caller, 1 the called."""

    def __init__(self, paths: tuple[Path, Path], talkers: tuple[Echo, Echo] | None = None) -> None:
        self._paths, self._talkers = paths, talkers

    def carry(self, blocks: tuple[Samples, Samples], *, click: bool = False) -> None:
        """Change what each side sends to what the other hears; `click` into what the caller sends."""
        echoes: list[Sound] = []
        for talker, samples in zip(self._talkers or (), blocks, strict=False):
            echoes.append(talker.returned(_view(samples).astype(np.float64)))
        self._paths[0].carry(blocks[0], click=click)
        self._paths[1].carry(blocks[1])
        for side, echo in enumerate(echoes):
            heard = blocks[1 - side]
            _put(heard, _view(heard) + echo)

    def delay(self, side: int) -> float:
        """Seconds until what `side` sends arrives."""
        return self._paths[side].delay_seconds
