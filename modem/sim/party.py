"""What takes part in a call: a `Line` with modem and host, or a far end. The seam between them and `Call`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from modem.sim.call import Call
    from modem.sim.spandsp import CallEvent, Samples


class Party(Protocol):
    """An end of a call: a `Line` or a far end."""

    number: str
    call: Call | None

    @property
    def answers_after(self) -> float | None:
        """Seconds of ringing until it answers by itself; None: when its host says so."""

    @property
    def host_acts(self) -> bool:
        """True while its host has to do something."""

    @property
    def host_is_behind(self) -> bool:
        """True while its host has much left to read."""

    @property
    def finished(self) -> bool:
        """True once it wants to leave the call."""

    def alert(self, caller: str, *, first: bool) -> None:
        """Hear the bell once."""

    def refused(self, event: CallEvent) -> None:
        """Hear that the call did not come about."""

    def connected(self) -> None:
        """Start as the caller of a call that was answered."""

    def answered(self) -> None:
        """Start as the one who answered."""

    def hung_up(self) -> None:
        """Learn that the line is gone."""

    def transmit(self, samples: Samples) -> None:
        """Fill a block with what it sends."""

    def receive(self, samples: Samples) -> None:
        """Hear a block."""
