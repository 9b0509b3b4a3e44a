"""Which forwarding rule a call fits: by the number it called, its sub-address, the line it came in on.

A rule fits when everything it names fits. Of several, the one that names more wins, then the one with the
longer called number, then the one that comes first; it alone decides. Pure, and it
says in words what it decided, for people who wonder where a fax went.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SHORTEST_EXTENSION: Final = 3  # digits; exchanges hand through the last three or four of a number


@dataclass(frozen=True, slots=True)
class Call:
    """What a rule may ask about an inbound call; "" where nobody said."""

    called: str
    sub: str
    line: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A forwarding rule; what it leaves None it does not ask. `account` is the owner's name.

    `settings`: what one address gets that the others do not: address -> format, sign, encrypt.
    """

    account_id: int
    account: str
    forward: tuple[str, ...]
    format: str = "pdf"
    called: str | None = None
    sub: str | None = None
    line: str | None = None
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def asks(self) -> int:
        """How many things this rule names."""
        return sum(part is not None for part in (self.called, self.sub, self.line))

    def fits(self, call: Call) -> bool:
        """Whether everything this rule names is so in the call."""
        return (
            (self.called is None or same_number(self.called, call.called))
            and (self.sub is None or digits(self.sub) == digits(call.sub))
            and (self.line is None or self.line == call.line)
        )

    def words(self) -> str:
        """Return the rule as a sentence."""
        named = (("called number", self.called), ("sub-address", self.sub), ("line", self.line))
        asked = " and ".join(f"{name} {value}" for name, value in named if value is not None)
        return f"{asked or 'any call'}: account {self.account}"


def choose(call: Call, rules: Sequence[Rule]) -> Rule | None:
    """Return the rule that decides about a call, or None where none fits."""
    fitting = (rule for rule in rules if rule.fits(call))
    return max(fitting, key=lambda rule: (rule.asks, len(national(rule.called or ""))), default=None)


def digits(text: str) -> str:
    """Return only the digits of a number or sub-address."""
    return re.sub(r"\D", "", text)


def national(number: str) -> str:
    """Return the digits of a number without the prefixes in front of it (`+`, `00`, a trunk `0`)."""
    return digits(number).lstrip("0")


def same_number(configured: str, called: str) -> bool:
    """Whether two spellings can mean one number: `+81 3 4477 2288`, `0344772288`, or the extension `2288`."""
    long, short = sorted((national(configured), national(called)), key=len, reverse=True)
    return len(short) >= SHORTEST_EXTENSION and long.endswith(short)
