"""Draw the state machines of `gateway.domain.states` into docs/flow.md, between its markers.

`python docs/draw_states.py` rewrites the file; a test fails when the page and the tables disagree.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.domain import states

if TYPE_CHECKING:
    from collections.abc import Mapping
    from enum import StrEnum

PAGE = Path(__file__).with_name("flow.md")
TABLES: dict[str, Mapping[tuple[StrEnum, str], StrEnum]] = {
    "Fax": states.FAX,
    "Delivery": states.DELIVERY,
    "Reception": states.RECEPTION,
    "Forward": states.FORWARD,
}


def diagram(table: Mapping[tuple[StrEnum, str], StrEnum]) -> str:
    """Return a Mermaid state diagram with one arrow an edge; ends are states nothing leaves."""
    first = next(iter(table))[0]
    leaves = {state for state, _ in table}
    ends = sorted({target for target in table.values() if target not in leaves})
    arrows = [f"    {state} --> {target}: {event}" for (state, event), target in table.items()]
    return "\n".join(
        [
            "```mermaid",
            "stateDiagram-v2",
            f"    [*] --> {first}",
            *arrows,
            *(f"    {end} --> [*]" for end in ends),
            "```",
        ]
    )


def drawn(page: str) -> str:
    """Return the page with every picture drawn anew."""
    for name, table in TABLES.items():
        marks = re.compile(rf"(<!-- states: {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        page = marks.sub(lambda m, t=table: f"{m[1]}{diagram(t)}\n{m[2]}", page)
    return page


if __name__ == "__main__":
    PAGE.write_text(drawn(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
