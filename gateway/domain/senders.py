"""Which of several sender patterns an address fits. Pure; case does not matter.

`*` stands for any run of characters and `?` for one, in the local part and in the domain, never across the
"@" (email-interface.md section 1.4). Nothing else is special.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

WILD = {"*": ".*", "?": "."}


def fits(pattern: str, address: str) -> bool:
    """Say whether an address fits a pattern; the domain begins after the last "@" of either."""
    local, at, domain = address.lower().rpartition("@")
    wanted_local, wanted_at, wanted_domain = pattern.lower().rpartition("@")
    if not (at and wanted_at and local and domain):
        return False
    return _fits(wanted_local, local) and _fits(wanted_domain, domain)


def best_pattern(address: str, patterns: Iterable[str]) -> str | None:
    """Return the pattern that says most about the address: the exact one, else the most letters, or None."""
    fitting = [pattern for pattern in patterns if fits(pattern, address)]
    return max(fitting, key=lambda pattern: (_literal(pattern), pattern), default=None)


def _fits(pattern: str, text: str) -> bool:
    expression = "".join(WILD.get(sign, re.escape(sign)) for sign in pattern)
    return re.fullmatch(expression, text, re.DOTALL) is not None


def _literal(pattern: str) -> tuple[bool, int]:
    wild = sum(pattern.count(sign) for sign in WILD)
    return wild == 0, len(pattern) - wild
