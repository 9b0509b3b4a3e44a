"""docs/flow.md shows the state machines the program runs."""

from __future__ import annotations

import importlib.util
from pathlib import Path

DRAWER = Path(__file__).parents[2] / "docs" / "draw_states.py"


def test_the_pictures_are_those_of_the_tables() -> None:
    spec = importlib.util.spec_from_file_location("draw_states", DRAWER)
    assert spec is not None
    assert spec.loader is not None
    drawer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(drawer)
    page = DRAWER.with_name("flow.md").read_text(encoding="utf-8")
    assert drawer.drawn(page) == page, "run python docs/draw_states.py"
    assert "connected --> sent: sent" in page
