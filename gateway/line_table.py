"""A `[[line]]` table of the configuration, checked: a modem or a simulated line, and what it may be used for.

A line belongs to a `group`, dials within its `hours`, numbers of its `allow` and not of its `deny`; how many
lines of a group may dial at once is the group's `max_concurrent`. Prefixes and windows are written as in
`[dialling]` and in accounts. Profile keys are checked against `modem.profiles`, with the nearest known one.
"""

from __future__ import annotations

import zoneinfo
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from gateway.dialling_table import Prefix
from gateway.domain import windows
from gateway.domain.errors import BadOption
from modem import profiles
from modem.portbase import PortError, address_of
from modem.sim.settings import FarSettings

if TYPE_CHECKING:
    from datetime import datetime

    from modem.profiles import Profile

AUTO = "auto"
NETWORK = {scheme: f"{scheme}://host:port" for scheme in ("socket", "rfc2217")}


class LineConfig(BaseModel):
    """Something that can carry a call."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
    type: Literal["modem", "simulated"]
    device: str = ""
    class_: Literal["1", "1.0", "2", "2.0", "2.1", "auto"] = Field("auto", alias="class")
    profile: str | dict[str, Any] = AUTO
    ident: str = ""
    number: str = ""
    direction: Literal["in", "out", "both"] = "both"
    group: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{0,64}$")] = ""
    hours: str = ""
    allow: list[Prefix] = []
    deny: list[Prefix] = []
    prefix: Annotated[str, StringConstraints(pattern=r"^[0-9*#,]*$")] = ""
    rings: int = Field(1, ge=1, le=20)
    max_concurrent: int | None = Field(None, ge=1)
    exchange: str = ""
    speed: float | Literal["max"] = 1.0
    far: list[FarSettings] = []

    @field_validator("hours")
    @classmethod
    def _hours_are_hours(cls, text: str) -> str:
        if text:
            read_hours(text)
        return text

    @field_validator("profile")
    @classmethod
    def _profile_is_known(cls, given: str | dict[str, Any]) -> str | dict[str, Any]:
        name, keys = split_profile(given)
        if not profiles.named("generic" if name == AUTO else name, keys).rates:
            raise ValueError("no speed is left with these `carriers`; see +FTM=? of the modem")
        return given

    @model_validator(mode="after")
    def _a_modem_has_a_device(self) -> LineConfig:
        if self.type == "modem" and not self.device:
            raise ValueError("a modem line needs `device`")
        if "://" in self.device:
            check_address(self.device)
        if self.type == "simulated" and self.profile != AUTO:
            raise ValueError("the soft modem of a simulated line has its own profile; remove `profile`")
        if self.speed not in (1.0, "max"):
            raise ValueError('speed is 1.0 or "max": training breaks at fixed multiples')
        return self

    @model_validator(mode="after")
    def _an_exchange_has_one_owner(self) -> LineConfig:
        if self.exchange and (self.type != "simulated" or self.far or "speed" in self.model_fields_set):
            raise ValueError("`exchange` puts a simulated line on another's; `far` and `speed` are there")
        return self

    @model_validator(mode="after")
    def _nothing_is_passed_over(self) -> LineConfig:
        if self.class_.startswith("2"):
            raise ValueError(f"class {self.class_} is not built yet; use auto, 1 or 1.0")
        if self.max_concurrent and not self.group:
            raise ValueError(
                "`max_concurrent` counts over a `group` of lines; a line by itself carries one call"
            )
        return self

    @property
    def exchange_name(self) -> str:
        """The simulated line whose exchange this one is on: its own, or the one named."""
        return self.exchange or self.name

    def dials_at(self, now: datetime) -> bool:
        """Say whether this line may begin a call at this instant (aware)."""
        if not self.hours:
            return True
        window, zone = read_hours(self.hours)
        return window.is_open(now, zone)

    def profile_of(self, modem: Profile) -> Profile:
        """Return the profile in force for a modem that was found to be `modem`."""
        name, keys = split_profile(self.profile)
        if self.class_ != AUTO:
            keys = {"service_class": self.class_} | keys
        if name != AUTO:
            keys = {"carriers": modem.carriers} | keys
        return profiles.override(modem if name == AUTO else profiles.named(name), keys)

    def profile_to_open(self) -> Profile:
        """Return the profile to open the port with, before the modem was asked."""
        return self.profile_of(profiles.named("softmodem" if self.type == "simulated" else "generic"))


def check_address(device: str) -> None:
    """Refuse a network port that cannot be one. Raises ValueError."""
    if device.partition("://")[0] not in NETWORK:
        raise ValueError(f"{device!r}: a network port is written {' or '.join(NETWORK.values())}")
    try:
        address_of(device)
    except PortError as error:
        raise ValueError(f"{device!r}: {error.cause}; {error.remedy}") from error


def split_profile(given: str | dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return name ("auto" to ask the modem) and overriding keys of a `profile` value."""
    if isinstance(given, str):
        return given, {}
    return str(given.get("name", AUTO)), {key: value for key, value in given.items() if key != "name"}


@lru_cache(maxsize=256)
def read_hours(text: str) -> tuple[windows.Window, zoneinfo.ZoneInfo]:
    """Read `Mon-Fri 08:00-18:00 Asia/Tokyo`: a window as accounts have it, then a zone. Raises ValueError."""
    window, _, zone = text.strip().rpartition(" ")
    if not window.strip(" ,;") or zone not in zoneinfo.available_timezones():
        raise ValueError(f"{text!r} does not end in a time zone; write Mon-Fri 08:00-18:00 Asia/Tokyo")
    try:
        return windows.read(window), zoneinfo.ZoneInfo(zone)
    except BadOption as error:
        raise ValueError(error.text) from error


def check_together(lines: list[LineConfig]) -> None:
    """Refuse lines that contradict each other: names, devices, limits of a group. Raises ValueError."""
    names = [line.name.lower() for line in lines]  # to a database or a folder, A may be a
    if len(names) != len(set(names)):
        raise ValueError("two lines have the same name")
    exchanges = {line.name for line in lines if line.type == "simulated" and not line.exchange}
    if strangers := {line.exchange_name for line in lines if line.type == "simulated"} - exchanges:
        raise ValueError(f"`exchange` names {min(strangers)!r}, which is no simulated line with its own")
    devices = [line.device for line in lines if line.device]
    if len(devices) != len(set(devices)):
        raise ValueError("two lines have the same device")
    for group in {line.group for line in lines if line.group}:
        limits = {line.max_concurrent for line in lines if line.group == group}
        if len(limits) > 1:
            raise ValueError(f"the lines of group {group!r} do not agree about `max_concurrent`")
