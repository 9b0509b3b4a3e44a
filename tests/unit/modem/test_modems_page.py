"""docs/modems.md shows the profiles the program uses, and claims no hardware nobody has tried."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from modem.profiles import named, names

if TYPE_CHECKING:
    from types import ModuleType

DRAWER = Path(__file__).parents[3] / "docs" / "draw_modems.py"


@pytest.fixture
def drawer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("draw_modems", DRAWER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def page() -> str:
    return DRAWER.with_name("modems.md").read_text(encoding="utf-8")


def test_the_table_is_that_of_the_profiles(drawer: ModuleType) -> None:
    assert drawer.drawn(page()) == page(), "run python docs/draw_modems.py"


def test_every_family_has_its_row_and_nobody_claims_hardware() -> None:
    for name in names():
        (row,) = [line for line in page().splitlines() if line.startswith(f"| `{name}` |")]
        nobody = "software" if name in {"iaxmodem", "softmodem"} else "none yet"
        assert row.endswith(f"| {named(name).tested or nobody} |")


def test_the_head_of_the_table_has_the_column_of_hardware_tests(drawer: ModuleType) -> None:
    assert drawer.HEAD in page()
    assert drawer.HEAD.endswith("| tested on hardware |")


def test_every_quirk_of_a_profile_is_told(drawer: ModuleType) -> None:
    told = drawer.quirks(named("lucent"))
    assert "400 ms after CONNECT" in told
    assert "ERROR" in told
    assert "plain pauses" in drawer.quirks(named("usrobotics"))
    assert "without FCS" in drawer.quirks(named("generic", {"fcs_octets": 0}))
    assert drawer.quirks(named("generic")) == "none known"


def test_a_family_with_scripts_for_both_directions_only() -> None:
    scripts = DRAWER.parents[1] / "tests" / "protocol" / "at_scripts"
    for name in names():
        for way in ("places", "takes"):
            assert (scripts / f"profile-{name}-{way}-a-call.at").is_file(), name
