"""What a call costs, by the operator's price list. Pure.

A number has the price of the longest prefix that fits it. One that no prefix fits counts as the dearest of
the list: a gap in it must not become the way around a spending cap. Without a list nothing costs anything,
and no cap on spending can ever be reached; `doctor` says so. It guards against loss and is no bill.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from gateway.domain.outcome import Cause

UNANSWERED: Final = frozenset(
    {Cause.BUSY, Cause.NO_ANSWER, Cause.NO_DIALTONE, Cause.MODEM_ERROR, Cause.MODEM_BLACKLIST}
)
"""Ends of calls that nobody answered: they are free."""
SETTING_UP, A_PAGE = 45, 45
"""Seconds that a call and each of its pages are taken to last before they are known."""


@dataclass(frozen=True, slots=True)
class Tariff:
    """What one number costs, in the list's currency: a call that is answered, a minute of it.

    `step` is the number of seconds by which time is billed: 60 for minutes begun.
    """

    call: float = 0.0
    minute: float = 0.0
    step: int = 60

    def cost(self, seconds: float, *, first: bool = True) -> float:
        """Return the cost of a call, or of the share that one of several faxes has in it.

        The `first` fax of a call pays the call itself and its time in whole steps, the others their seconds.
        """
        if not first:
            return self.minute * seconds / 60
        return self.call + self.minute * max(1, math.ceil(seconds / self.step)) * self.step / 60

    def estimate(self, pages: int, *, first: bool = True) -> float:
        """Return what a call with so many pages is taken to cost while nobody knows yet."""
        return self.cost(SETTING_UP * first + A_PAGE * pages, first=first)

    @property
    def free(self) -> bool:
        """Whether calls cost nothing."""
        return not (self.call or self.minute)


FREE: Final = Tariff()


@dataclass(frozen=True, slots=True)
class Prices:
    """The price list: canonical prefixes ("0081"; "" for all the rest) and their tariffs."""

    tariffs: tuple[tuple[str, Tariff], ...] = ()
    currency: str = ""

    def of(self, canonical: str) -> Tariff:
        """Return the tariff of a number."""
        fitting = [(len(prefix), tariff) for prefix, tariff in self.tariffs if canonical.startswith(prefix)]
        if fitting:
            return max(fitting, key=lambda pair: pair[0])[1]
        return max((tariff for _, tariff in self.tariffs), key=lambda tariff: tariff.cost(60), default=FREE)


def answered(cause: Cause, *, connected: bool) -> bool:
    """Say whether a call that ended so was answered by anybody, and so costs."""
    return connected or cause not in UNANSWERED
