"""The audio of a standing call: two blocks, the wires, two wiretaps. It knows nothing of what is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modem.sim.audio import is_silent
from modem.sim.disguise import Disguise
from modem.sim.spandsp import Wiretap, block

if TYPE_CHECKING:
    from modem.sim.audio import Wires
    from modem.sim.party import Party


class Media:
    """One call's audio. Sides are 0 for the caller, 1 for the called."""

    def __init__(self, parties: tuple[Party, Party], wires: Wires) -> None:
        self._parties = parties
        self._wires = wires
        self._taps = (Wiretap(), Wiretap())
        self._blocks = (block(), block())
        self._silence = block()
        self._disguise = Disguise()
        self._frames: list[tuple[int, bytes]] = []

    def exchange(self, gone: set[int], *, spoil: bool, disguised: bool) -> tuple[bool, bool]:
        """Move a block each way; `spoil` clicks into the caller's, `disguised` covers its commands.

        Return which side sent nothing. The wiretaps hear what was sent, not what arrives.
        """
        silent = []
        for side, samples in enumerate(self._blocks):
            if side in gone:
                samples[0 : len(samples)] = self._silence
            else:
                self._parties[side].transmit(samples)
            silent.append(is_silent(samples))
            self._frames += [(side, frame) for frame in self._taps[side].hear(samples)]
        if disguised:
            self._disguise.cover(self._blocks[0], silent=silent[0])
        self._wires.carry(self._blocks, click=spoil)
        for side, party in enumerate(self._parties):
            if side not in gone:
                party.receive(self._blocks[1 - side])
        return silent[0], silent[1]

    def frames(self) -> list[tuple[int, bytes]]:
        """Return and forget the frames heard: (side that sent it, octets)."""
        taken = self._frames[:]
        self._frames.clear()
        return taken

    def delay(self, side: int) -> float:
        """Seconds until what `side` sends arrives."""
        return self._wires.delay(side)

    def close(self) -> None:
        """Free the wiretaps."""
        self._disguise.take_off()
        for tap in self._taps:
            tap.close()
