"""Who calls: what a ringing line says of the call, gathered from RING and caller identification. Pure.

RING, NMBR= and NDID=: V.250 and V.253; a number the network withholds is P (private) or O (out of area)
there. What is no number (an internet address, say) is kept as it came.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from modem.atparser import CallerLine, Ring

if TYPE_CHECKING:
    from modem.atparser import Token

WITHHELD = {
    **dict.fromkeys(("P", "PRIVATE", "ANONYMOUS", "WITHHELD"), "private"),
    **dict.fromkeys(("O", "OUT OF AREA", "UNAVAILABLE", "UNKNOWN", "-", "NONE"), "unavailable"),
}
NUMBER = re.compile(r"\+?[0-9*#]{1,32}")
"""What is left of a number without the marks people put between its digits."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A ringing line. `caller` and `called` as the network gave them, empty where it did not.

    `withheld` says why there is no caller: "private", "unavailable", or "" where nothing was said. `when` is
    the network's own date and time, as it spells them.
    """

    rings: int = 0
    caller: str = ""
    called: str = ""
    name: str = ""
    withheld: str = ""
    when: str = ""

    def with_token(self, token: Token) -> Incoming:
        """Return what is known once this was heard too; any token that tells nothing changes nothing."""
        known: dict[str, Any] = {}
        match token:
            case Ring():
                known = {"rings": self.rings + 1}
            case CallerLine("NMBR", value) if why := WITHHELD.get(value.upper()):
                known = {"withheld": why}
            case CallerLine("NMBR", value):
                known = {"caller": telephone(value), "withheld": ""}
            case CallerLine("NDID", value):
                known = {"called": telephone(value)}
            case CallerLine("NAME", value) if value.upper() not in WITHHELD:
                known = {"name": value}
            case CallerLine("DATE" | "TIME", value):
                known = {"when": f"{self.when} {value}".strip()}
        return replace(self, **known) if known else self


def telephone(value: str) -> str:
    """Return a number without spaces, dashes and brackets; what is no number stays as it is."""
    bare = re.sub(r"[\s().\-/]", "", value)
    return bare if NUMBER.fullmatch(bare) else value
