"""What a call cost and how it went, in line seconds: the figures of a ledger's `end` row.

It is told each frame the wiretap heard and when; it knows no audio. Set-up is from the answer to the first
CFR, a page from the confirmation before it to its own, the tail from the last one to on-hook: together they
are the time from answer to on-hook.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

COUNTED = ("DCS", "PPR", "RTN", "FTT", "RNR", "CTR", "EOR")


class Figures:
    """One call's figures. Times are line seconds since the number was dialled."""

    def __init__(self) -> None:
        self._answered: float | None = None
        self._marks: list[float] = []
        self._names: Counter[str] = Counter()

    def answer(self, seconds: float) -> None:
        """Note the answer."""
        self._answered = seconds

    def frame(self, name: str, seconds: float, *, confirms: bool) -> None:
        """Note a frame of either side; `confirms` a page."""
        self._names[name] += 1
        if confirms or (name == "CFR" and not self._marks):
            self._marks.append(seconds)

    def since_answer(self, seconds: float) -> float:
        """Return how long the call has stood at `seconds`, 0.0 before the answer."""
        return 0.0 if self._answered is None else seconds - self._answered

    def report(self, seconds: float) -> dict[str, Any]:
        """Return the figures of a call that ended at `seconds`; what never happened is not in it."""
        counts = {name.lower(): self._names[name] for name in COUNTED}
        counted: dict[str, Any] = {"line_seconds": round(seconds, 2), "frames": self._names.total(), **counts}
        if self._answered is None:
            return counted
        talked = {"answer_s": round(self._answered, 2), "talk_s": round(seconds - self._answered, 2)}
        if not self._marks:
            return counted | talked
        pages = [round(b - a, 2) for a, b in zip(self._marks, self._marks[1:], strict=False)]
        return counted | {
            **talked,
            "setup_s": round(self._marks[0] - self._answered, 2),
            "page_s": pages,
            "tail_s": round(seconds - self._marks[-1], 2),
        }
