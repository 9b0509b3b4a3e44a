"""Named places where a test may kill the process, so that every crash window can be entered on purpose.

`crash_point(name)` is called at the twelve windows of durability.md section 4. It does nothing unless the
environment names the point in `POSTLINE_CRASH_AT`; then the process dies as by `kill -9`: no cleanup, no
flush, no farewell. It imports nothing of ours, so that every layer may call it.
"""

from __future__ import annotations

import os
import signal

VARIABLE = "POSTLINE_CRASH_AT"


def crash_point(name: str) -> None:
    """Die here, uncleanly, if the environment asks for it; otherwise return at once."""
    if os.environ.get(VARIABLE) == name:
        os.kill(os.getpid(), signal.SIGKILL)
