"""How long drawing takes in a warm fork server: a short text mail to both masters, in the parent's clock."""

from __future__ import annotations

import statistics
import time
from typing import Any

from render.document import Part, Settings
from render.sandbox import Sandbox

TEXT = "Dear colleagues,\n\nplease deliver four cartons of paper.\n月曜日の配達でお願いいたします。\n"
ROUNDS = 20


def drawing() -> dict[str, Any]:
    """Return the median and worst seconds of one job."""
    part = Part("body", "text/plain", TEXT.encode(), "utf-8", "body", {})
    with Sandbox(("render.warm",)) as sandbox:
        sandbox.run("render.pages:render_parts", [part], Settings())
        seconds = [one(sandbox, part) for _ in range(ROUNDS)]
    return {
        "what": "text mail to standard and fine masters, warm",
        "median_s": round(statistics.median(seconds), 3),
        "worst_s": round(max(seconds), 3),
        "rounds": ROUNDS,
    }


def one(sandbox: Sandbox, part: Part) -> float:
    """Return the seconds of one job."""
    began = time.perf_counter()
    sandbox.run("render.pages:render_parts", [part], Settings())
    return time.perf_counter() - began
