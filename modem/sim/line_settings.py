"""The keys that say what a telephone line does to a call's sound; `modem.sim.copper` makes sound of them.

Read from JSON or TOML among a far machine's other keys; unknown keys and values are refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

if TYPE_CHECKING:
    from typing import Self

Toward = Literal["both", "far", "near"]
SlipKind = Literal["alternate", "drop", "repeat"]
LOUDEST_LOSS_DB = 12.0
"""Beyond this the library's own receivers fail here and there without pattern, and the wiretap goes deaf."""


class Record(BaseModel):
    """A table of settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Echo(Record):
    """`delay_ms` there and back, `loss_db` quieter. Talkers hear themselves, listeners the other twice."""

    delay_ms: float = Field(default=20.0, gt=0, le=2000)
    loss_db: float = Field(default=20.0, ge=0)
    kind: Literal["talker", "listener", "both"] = "talker"


class Slips(Record):
    """Every `every_s` seconds the stream jumps by `samples`. `toward`: who hears it."""

    every_s: float = Field(default=5.0, gt=0)
    samples: int = Field(default=1, ge=1, le=160)
    kind: SlipKind = "alternate"
    toward: Toward = "both"


class Spells(Record):
    """Something of `length_ms` every `every_s` seconds, or `mean_s` apart on average, between two moments.

    Both moments are seconds from the answer. `toward`: who hears it.
    """

    length_ms: float = Field(default=60.0, gt=0, le=60_000)
    every_s: float | None = Field(default=None, gt=0)
    mean_s: float | None = Field(default=None, gt=0)
    from_s: float = Field(default=0.0, ge=0)
    until_s: float | None = Field(default=None, ge=0)
    toward: Toward = "both"

    @model_validator(mode="after")
    def _one_rhythm(self) -> Self:
        if (self.every_s is None) == (self.mean_s is None):
            raise ValueError("say either every_s or mean_s")
        if self.every_s is not None and self.every_s * 1000 < self.length_ms:
            raise ValueError("every_s is shorter than length_ms")
        return self


class Bursts(Spells):
    """Noise that comes and goes, at `level_dbm0` while it is there."""

    level_dbm0: float = Field(default=-18.0, le=0)


class Dropouts(Spells):
    """Silence that comes and goes."""

    length_ms: float = Field(default=40.0, gt=0, le=60_000)


class Copper(Record):
    """A line. Noise and attenuation are both ways, delay each way; no `seed`: by the call's number."""

    seed: int | None = Field(default=None, ge=0)
    noise_dbm0: float | None = Field(default=None, le=0)
    attenuation_db: float = Field(default=0.0, ge=0, le=LOUDEST_LOSS_DB)
    delay_ms: float = Field(default=0.0, ge=0, le=5000)
    echo: Echo | None = None
    slips: Slips | None = None
    bursts: Bursts | None = None
    dropouts: Dropouts | None = None
