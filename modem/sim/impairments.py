"""What a telephone line does to sound: each impairment a class of its own, pure, and repeatable by its seed.

An `Effect` takes the samples of a moment (8000 a second, 16 bit range) and returns what is left of them; it
keeps only what is on its way. Levels are dBm0 as spandsp counts them (0 dBm0 = the power of a sine 3.14 dB
below full scale). Nothing here knows what is said, who says it, or which call it is.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from modem.sim.libspandsp import SAMPLE_RATE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modem.sim.line_settings import SlipKind

Sound = npt.NDArray[np.float64]

FULL_SCALE_DBM0 = 3.14
DROP_RESERVE = SAMPLE_RATE // 10
"""Samples a line of dropping slips begins with: what it loses must have been on its way."""

LONGEST_HELD = SAMPLE_RATE
"""Samples a line of repeating slips may get late by."""


def amplitude(level_dbm0: float) -> float:
    """Return the root mean square of a signal of this level."""
    return float(32768 / math.sqrt(2) * 10 ** ((level_dbm0 - FULL_SCALE_DBM0) / 20))


def level(sound: Sound) -> float:
    """Return the level of a signal in dBm0, -inf for silence."""
    power = float(np.mean(np.square(sound)))
    return 10 * math.log10(power) - 20 * math.log10(amplitude(0.0)) if power else -math.inf


def gain(loss_db: float) -> float:
    """Return the factor that makes a signal quieter by so many dB."""
    return float(10 ** (-loss_db / 20))


class Effect(Protocol):
    """One impairment of one direction. As many samples come out as go in."""

    def carry(self, sound: Sound) -> Sound:
        """Return what arrives while `sound` is sent."""


class Attenuation:
    """A long line: everything is quieter by `loss_db`."""

    def __init__(self, loss_db: float) -> None:
        self._gain = gain(loss_db)

    def carry(self, sound: Sound) -> Sound:
        """Make it quieter."""
        return sound * self._gain


class Delay:
    """A far line: everything arrives `samples` later."""

    def __init__(self, samples: int) -> None:
        self._held = np.zeros(samples)

    def carry(self, sound: Sound) -> Sound:
        """Take in what is sent, give out what arrives."""
        self._held = np.concatenate((self._held, sound))
        arrived, self._held = self._held[: len(sound)], self._held[len(sound) :]
        return arrived


class Echo:
    """What comes back, or comes again: the sound once more, `samples` later and quieter by `loss_db`."""

    def __init__(self, samples: int, loss_db: float) -> None:
        self._delay, self._gain = Delay(samples), gain(loss_db)

    def returned(self, sound: Sound) -> Sound:
        """Return the echo alone that is heard while `sound` is sent."""
        return self._delay.carry(sound) * self._gain

    def carry(self, sound: Sound) -> Sound:
        """Return the sound with its own echo: a listener's echo."""
        return sound + self.returned(sound)


class Noise:
    """Steady white noise."""

    def __init__(self, level_dbm0: float, dice: np.random.Generator) -> None:
        self._amplitude, self._dice = amplitude(level_dbm0), dice

    def carry(self, sound: Sound) -> Sound:
        """Add the noise of this moment."""
        return sound + self._dice.normal(0.0, self._amplitude, len(sound))


class Slips:
    """Two digital exchanges with clocks of their own: every `every` samples the stream jumps by `size`.

    A *drop* loses samples and makes the line shorter, until what it began with (`DROP_RESERVE`) is used up; a
    *repeat* brings some twice and makes it longer, up to `LONGEST_HELD`; *alternate* does both in turn.
    """

    def __init__(self, every: int, size: int, kind: SlipKind = "alternate") -> None:
        self._every, self._size = every, size
        self._drops = {"drop": (True,), "repeat": (False,), "alternate": (False, True)}[kind]
        self.delay = DROP_RESERVE if kind == "drop" else 0
        self._held = np.zeros(self.delay)
        self._latest = np.zeros(size)
        self._left, self._slips = every, 0

    def carry(self, sound: Sound) -> Sound:
        """Let the sound through, a slip where one is due; a slip falls between two calls."""
        if self._left <= 0:
            self._left += self._every
            self._slip()
        self._left -= len(sound)
        self._held = np.concatenate((self._held, sound))
        arrived, self._held = self._held[: len(sound)], self._held[len(sound) :]
        self._latest = np.concatenate((self._latest, arrived))[-self._size :]
        return arrived

    def _slip(self) -> None:
        drops = self._drops[self._slips % len(self._drops)]
        self._slips += 1
        if drops:
            if len(self._held) >= self._size:
                self._held = self._held[self._size :]
        elif len(self._held) + self._size <= LONGEST_HELD:
            self._held = np.concatenate((self._latest, self._held))


class Spells:
    """When something that comes and goes is there: `length` samples each time.

    They begin every `every` samples or, with dice, at random so often on average; none before sample `first`
    or from sample `last` on.
    """

    def __init__(
        self,
        length: int,
        every: int,
        *,
        first: int = 0,
        last: int | None = None,
        dice: np.random.Generator | None = None,
    ) -> None:
        self._length, self._every, self._dice, self._last = length, every, dice, last
        self._at = 0
        self._starts = self._moments(first)
        self._start = next(self._starts)

    def _moments(self, at: int) -> Iterator[int]:
        while True:
            at += self._every if self._dice is None else math.ceil(self._dice.exponential(self._every))
            yield at
            at += self._length if self._dice else 0

    def present(self, samples: int) -> list[slice]:
        """Return where in the next `samples` it is there."""
        found, end = [], self._at + samples
        while self._start < end and (self._last is None or self._start < self._last):
            stop = self._start + self._length
            found.append(slice(max(0, self._start - self._at), min(stop, end) - self._at))
            if stop > end:
                break
            self._start = next(self._starts)
        self._at = end
        return found


class Bursts:
    """Bursts of white noise: switching, lightning, another line that leaks in."""

    def __init__(self, spells: Spells, level_dbm0: float, dice: np.random.Generator) -> None:
        self._spells, self._amplitude, self._dice = spells, amplitude(level_dbm0), dice

    def carry(self, sound: Sound) -> Sound:
        """Add what falls into this moment."""
        for where in self._spells.present(len(sound)):
            sound = sound.copy()
            sound[where] += self._dice.normal(0.0, self._amplitude, where.stop - where.start)
        return sound


class Dropouts:
    """Moments of silence: radio links, loose contacts."""

    def __init__(self, spells: Spells) -> None:
        self._spells = spells

    def carry(self, sound: Sound) -> Sound:
        """Take away what falls into this moment."""
        for where in self._spells.present(len(sound)):
            sound = sound.copy()
            sound[where] = 0.0
        return sound
