"""What differs between modem families: the table of `profiles.toml`, matched and overridden.

A profile holds facts only; `modem.class1` acts on them. It never talks to a modem: the answers to
+FMI? and ATI3 are handed in. What a line overrides is checked as strictly as the table: unknown keys are
refused with the nearest known one. Families and quirks: `spec/t30-class1.md` section 9.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from dataclasses import dataclass, fields, replace
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from modem.rates import Rate

if TYPE_CHECKING:
    from collections.abc import Mapping

IDENTIFY = ("AT+FMI?", "AT+FMM?", "AT+FMR?", "ATI3")
CHOICES: dict[str, tuple[Any, ...]] = {
    "service_class": ("1", "1.0"),
    "flow": ("rtscts", "xonxoff", "none"),
    "fcs_octets": (0, 2),
}
RANGES = {
    "baud": range(300, 4_000_001),
    "ftm_connect_delay_ms": range(5001),
    "frs_limit_ms": range(100, 60_001),
    "settle_ms": range(10_001),
}
COMMANDS = (
    *("reset", "init", "optional", "answer_init", "answer_optional", "caller_id"),
    *("flow_rtscts", "flow_xonxoff", "flow_none"),
)
COMMAND = re.compile(r"(AT[ -~]*|\{flow\})?", re.IGNORECASE)
"""What may go to a modem as one line; "" for nothing."""
DIAL = re.compile(r"ATD[ -~]*", re.IGNORECASE)
NOT_OVERRIDDEN = ("name", "families", "match", "tested", "software")


class BadProfileError(ValueError):
    """A profile names an unknown family or key, or gives a key the wrong kind of value."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One modem family. Times in ms; the meaning of each key stands in `profiles.toml`."""

    name: str
    families: str
    match: str
    tested: str
    software: bool
    service_class: str
    reset: str
    init: tuple[str, ...]
    optional: tuple[str, ...]
    answer_init: tuple[str, ...]
    answer_optional: tuple[str, ...]
    caller_id: tuple[str, ...]
    dial: str
    baud: int
    flow: str
    flow_rtscts: str
    flow_xonxoff: str
    flow_none: str
    fcs_octets: int
    ftm_connect_delay_ms: int
    silence_by_delay: bool
    trust_own_fcs: bool
    frs_limit_ms: int
    settle_ms: int
    carriers: tuple[str, ...]

    @property
    def flow_command(self) -> str:
        """The command that gives the modem our flow control, "" where the family needs none."""
        return {"rtscts": self.flow_rtscts, "xonxoff": self.flow_xonxoff, "none": self.flow_none}[self.flow]

    @property
    def before_call(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What a modem is told before ATD: commands it must obey, commands it may refuse."""
        return self._spelled((self.reset, *self.init)), self._spelled(self.optional)

    @property
    def between_calls(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The same while it waits for rings, with caller identification."""
        required, optional = self.before_call
        return required, (*optional, *self._spelled(self.caller_id))

    @property
    def once_more(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The same for a modem that had it all, but may have lost its power since: no reset."""
        required, optional = self.between_calls
        return required[1:] if self.reset else required, optional

    @property
    def between_rings(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The same while a call comes in that is not answered yet: no reset, but caller identification."""
        required, optional = self.before_answer
        return required, (*optional, *self._spelled(self.caller_id))

    @property
    def before_answer(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The short form between two rings: no reset, a ringing modem would forget the call."""
        return self._spelled(self.answer_init), self._spelled(self.answer_optional)

    def _spelled(self, commands: tuple[str, ...]) -> tuple[str, ...]:
        filled = (
            text.replace("{class}", self.service_class).replace("{flow}", self.flow_command)
            for text in commands
        )
        return tuple(text for text in filled if text)

    @property
    def rates(self) -> tuple[Rate, ...]:
        """The rates the modem's carriers can train and hold; an empty `carriers` means all."""
        if not self.carriers:
            return tuple(Rate)
        return tuple(
            rate
            for rate in Rate
            if {str(rate.code(long=True)), str(rate.code(long=False))} <= set(self.carriers)
        )


def named(name: str, overrides: Mapping[str, Any] | None = None) -> Profile:
    """Return the profile of that name with a line's own keys over it; raises BadProfileError."""
    try:
        profile = _table()[name]
    except KeyError:
        raise BadProfileError(f"no modem profile {name!r}{_nearest(name, list(_table()))}") from None
    return override(profile, overrides or {})


def names() -> tuple[str, ...]:
    """Return the names of all profiles, generic first."""
    return tuple(_table())


def matching(answers: str) -> Profile:
    """Return the profile for what a modem said to the commands of `IDENTIFY`; generic if none fits."""
    for profile in _table().values():
        if profile.match and re.search(profile.match, answers, re.IGNORECASE):
            return profile
    return _table()["generic"]


def reason(profile: Profile, answers: str) -> str:
    """Return the words in a modem's answers by which it was known; "" for the generic profile."""
    found = re.search(profile.match, answers, re.IGNORECASE) if profile.match else None
    return found[0] if found else ""


def override(profile: Profile, keys: Mapping[str, Any]) -> Profile:
    """Return `profile` with some keys replaced; raises BadProfileError for unknown keys or kinds."""
    known = [field.name for field in fields(Profile) if field.name not in NOT_OVERRIDDEN]
    changes = {}
    for key, value in keys.items():
        if key not in known:
            raise BadProfileError(f"unknown profile key {key!r}{_nearest(key, known)}")
        changes[key] = _as_kind(key, value, type(getattr(profile, key)))
        if fault := _fault(key, changes[key]):
            raise BadProfileError(f"profile key {key!r} {fault}, not {value!r}")
    return replace(profile, **changes)


def _fault(key: str, value: Any) -> str:
    """Say what a value of the right kind should be instead; "" where it is well."""
    if key in CHOICES and value not in CHOICES[key]:
        return f"is one of {', '.join(map(str, CHOICES[key]))}"
    if key in RANGES and value not in RANGES[key]:
        return f"lies between {RANGES[key][0]} and {RANGES[key][-1]}"
    if key == "dial" and not DIAL.fullmatch(value):
        return "is a command that begins with ATD"
    if key == "carriers" and not all(code.isascii() and code.isdigit() for code in value):
        return "lists codes of +FTM and +FRM"
    if key in COMMANDS:
        lines = value if isinstance(value, tuple) else (value,)
        if not all(COMMAND.fullmatch(line) for line in lines):
            return "holds commands in plain letters that begin with AT"
    return ""


def _nearest(word: str, known: list[str]) -> str:
    match = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"; did you mean {match[0]!r}?" if match else f"; known: {', '.join(known)}"


def _as_kind(key: str, value: object, kind: type) -> Any:
    if kind is tuple and isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return tuple(value)
    if type(value) is not kind:
        raise BadProfileError(f"profile key {key!r} wants {kind.__name__}, not {value!r}")
    return value


@cache
def _table() -> dict[str, Profile]:
    raw = tomllib.loads(files("modem").joinpath("profiles.toml").read_text(encoding="utf-8"))
    basis = raw["generic"]
    return {name: _profile(name, {**basis, **keys}) for name, keys in raw.items()}


def _profile(name: str, keys: dict[str, Any]) -> Profile:
    ready: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in keys.items()
    }
    return Profile(name=name, **ready)
