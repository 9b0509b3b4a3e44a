"""The Line contract, and what every line shares.

A *Line* carries calls. The pool gives each one a thread of its own. A line

* MUST claim deliveries only through `store.queue` and write every call through a `Journal`;
* MUST return from `run` soon after `stop` is set, at a page's end if a call stands;
* MUST NOT raise for what a modem, a port or the far machine does: it reports its state and goes on;
* SHOULD answer inbound calls while it has nothing to send, if its `direction` allows both.

The modem line is `lines.worker`; a PBX would be one more module here and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from gateway.domain.dialling import Rules
from gateway.lines.stock import Stock

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from threading import Event

    from gateway.store.blobs import BlobStore
    from gateway.store.database import Store
    from modem.port import Port
    from modem.profiles import Profile
    from modem.result import CallResult


class Line(Protocol):
    """Something that can carry a call."""

    @property
    def name(self) -> str:
        """The line's name in the configuration."""
        ...

    def run(self, stop: Event) -> None:
        """Carry calls until `stop` is set."""
        ...

    def hang_up(self) -> None:
        """End the call that stands, if one does; called from another thread, harmless when idle."""
        ...


@dataclass(frozen=True, slots=True)
class Plant:
    """What all lines of a process work with. `now` is aware UTC, `clock` monotonic seconds.

    `dialling` are the site's rules for what may be called, how often, and by which digits; `stock` the coded
    pages that the calls of this process share; `operator` gets alarms by mail.
    """

    store: Store
    blobs: BlobStore
    now: Callable[[], datetime]
    clock: Callable[[], float]
    new_id: Callable[[], str]
    host: str
    dialling: Rules = field(default_factory=Rules)
    stock: Stock = field(default_factory=Stock)
    operator: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Identity:
    """What a line is to the outside: its name, the number people dial, the ident far machines see.

    `prefix` is dialled before every number, as behind a PBX ("0,"); `dialling` are the site's rules.
    """

    name: str
    number: str
    ident: str
    simulated: bool
    prefix: str = ""
    dialling: Rules = field(default_factory=Rules)


def as_measured(seconds: float) -> float:
    """Return what our clock counted: right wherever the line lives in our time."""
    return seconds


def to_nobody(_: CallResult) -> None:
    """Pass over how a call ended."""


@dataclass(frozen=True, slots=True)
class Seat:
    """One port of one line, open, with all that a call needs. `stopping` says to end at the page's end.

    `line_seconds` turns the seconds our clock counted into those of the line, which a fast simulated line
    carries in less. `ended` is told how each call out ended.
    """

    plant: Plant
    line: Identity
    port: Port
    profile: Profile
    stopping: Callable[[], bool] = bool
    line_seconds: Callable[[float], float] = as_measured
    ended: Callable[[CallResult], None] = to_nobody

    def timed(self, result: CallResult) -> CallResult:
        """Return the result of the call that has just ended with the line's own seconds."""
        return replace(result, line_seconds=self.line_seconds(result.line_seconds))
