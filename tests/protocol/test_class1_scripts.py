"""The Class 1 driver against scripted modems: one file of `at_scripts` is one promise."""

from __future__ import annotations

from pathlib import Path

import pytest
from at_script import ScriptedModem

SCRIPTS = sorted((Path(__file__).parent / "at_scripts").glob("*.at"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_the_driver_plays_its_part(script: Path) -> None:
    ScriptedModem(script).play()


def test_a_script_that_does_not_hold_names_its_line(tmp_path: Path) -> None:
    script = tmp_path / "wrong.at"
    script.write_text("# one line of comment\ndo listen-frames\n> AT+FRH=4\\r\n")
    with pytest.raises(AssertionError, match=r"wrong.at:3: .*AT\+FRH=3"):
        ScriptedModem(script).play()
