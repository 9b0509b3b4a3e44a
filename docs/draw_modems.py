"""Write the table of modem families into docs/modems.md, between its markers, from `modem/profiles.toml`.

`python docs/draw_modems.py` rewrites the file; a test fails when the page and the profiles disagree.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from modem import profiles

if TYPE_CHECKING:
    from modem.profiles import Profile

PAGE = Path(__file__).with_name("modems.md")
HEAD = "| profile | families | class | speed | flow control | quirks | tested on hardware |"
FLOWS = {"rtscts": "RTS/CTS", "xonxoff": "XON/XOFF", "none": "none"}


def quirks(profile: Profile) -> str:
    """Return in words what sets this family apart from a modem that does all as T.31 has it."""
    said = {
        f"data {profile.ftm_connect_delay_ms} ms after CONNECT": profile.ftm_connect_delay_ms,
        "plain pauses in place of +FTS and +FRS": profile.silence_by_delay,
        "a good frame may end in ERROR": profile.trust_own_fcs,
        "frames come without FCS": profile.fcs_octets == 0,
        "no adaptive reception": "AT+FAR=1" not in profile.optional,
        f"caller id by {', '.join(profile.caller_id)}": profile.caller_id != ("AT+VCID=1",),
        f"{profile.settle_ms} ms of rest after a reset": profile.settle_ms,
    }
    return "; ".join(text for text, applies in said.items() if applies) or "none known"


def row(profile: Profile) -> str:
    """Return one line of the table."""
    command = f" (`{profile.flow_command}`)" if profile.flow_command else ""
    cells = (
        f"`{profile.name}`",
        profile.families,
        profile.service_class,
        str(profile.baud),
        FLOWS[profile.flow] + command,
        quirks(profile),
        profile.tested or ("software" if profile.software else "none yet"),
    )
    return f"| {' | '.join(cells)} |"


def drawn(page: str) -> str:
    """Return the page with its table written anew."""
    rows = [row(profiles.named(name)) for name in profiles.names()]
    table = "\n".join([HEAD, "|---" * HEAD.count(" | ") + "|---|", *rows])
    marks = re.compile(r"(<!-- profiles -->\n).*?(<!-- end -->)", re.DOTALL)
    return marks.sub(lambda match: f"{match[1]}{table}\n{match[2]}", page)


if __name__ == "__main__":
    PAGE.write_text(drawn(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
