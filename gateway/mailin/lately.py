"""Senders looked up a moment ago: a client that sends a hundred mails is not looked up a hundred times.

What is remembered is the answer for one envelope sender at one peer, for a second at most: so an account
that is struck off, or whose rules change, is treated so a second later. Strangers are not remembered; each
of their attempts leaves its own audit line.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from gateway.mailin.evidence import Stranger

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.mailin.evidence import KnownSender, Peer, Provable

    Answer = KnownSender | Provable

MOST = 1000


class Lately:
    """What was answered in the last `seconds`; 0 remembers nothing."""

    def __init__(self, seconds: float = 0.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._kept: dict[tuple[str, Peer], tuple[float, Answer]] = {}

    def known(self, sender: str, peer: Peer) -> Answer | None:
        """Return the answer for this sender at this peer if it is fresh."""
        kept = self._kept.get((sender, peer))
        return kept[1] if kept is not None and self._clock() < kept[0] else None

    def met(self, sender: str, peer: Peer, who: Answer | Stranger) -> None:
        """Remember an answer that was just looked up."""
        if isinstance(who, Stranger) or not self._seconds:
            return
        if len(self._kept) >= MOST:
            self._kept.clear()
        self._kept[sender, peer] = self._clock() + self._seconds, who
