"""The exchange's configuration: what is read, what is refused and how it says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from modem.sim.abilities import abilities
from modem.sim.settings import BadSettingsError, FarSettings, far_settings, read_settings, settings
from modem.sim.spandsp import Abilities, Compressions, Modems, Resolutions

if TYPE_CHECKING:
    from pathlib import Path


def test_an_empty_configuration_runs_in_real_time_and_answers_nothing() -> None:
    read = settings({})
    assert (read.fast, read.lines, read.far, read.unlisted) == (False, (), (), "no-answer")


def test_the_whole_form_of_the_design_is_read() -> None:
    read = settings(
        {
            "speed": "max",
            "lines": [{"name": "sim", "number": "+81344772288"}],
            "far": [{"number": "+81312345678", "drop": {"page": 2, "after_s": 3}, "reject_pages": [2]}],
            "unlisted": "busy",
        },
    )
    assert read.fast
    assert read.lines[0].name == "sim"
    far = read.far[0]
    assert far.reject_pages == (2,)
    assert far.drop is not None
    assert (far.drop.page, far.drop.after_s, far.drop.times) == (2, 3.0, 0)


@pytest.mark.parametrize("speed", [2, 0.5, "fast", None])
def test_only_real_time_and_max_are_speeds(speed: Any) -> None:
    with pytest.raises(BadSettingsError, match="speed"):
        settings({"speed": speed})


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"number": "1", "answers": "maybe"}, "answers"),
        ({"number": "1", "colour": "red"}, "colour"),
        ({"number": "1", "modems": ["V.90"]}, "modems"),
        ({"number": "1", "compressions": ["JPEG"]}, "compressions"),
        ({"number": "1", "resolutions": ["huge"]}, "resolutions"),
        ({"number": "1", "drop": {"page": 0}}, "drop.page"),
        ({"number": "1", "drop": {"leaf": 1}}, "drop.leaf"),
        ({"number": "1", "delay_ms": -1}, "delay_ms"),
        ({"number": "1", "min_scan_ms": 7}, "min_scan_ms"),
        ({"answers": "fax"}, "number"),
    ],
)
def test_what_a_far_machine_cannot_be_is_refused_by_name(values: dict[str, Any], word: str) -> None:
    with pytest.raises(BadSettingsError, match=word):
        far_settings(values)


@pytest.mark.parametrize("name", ["../sim", "a b", ""])
def test_a_line_name_that_is_no_file_name_is_refused(name: str) -> None:
    with pytest.raises(BadSettingsError, match="name"):
        settings({"lines": [{"name": name, "number": "1"}]})


def test_a_change_keeps_what_it_does_not_name() -> None:
    base = FarSettings(number="+81312345678", answers="busy", ident="ABC")
    changed = far_settings({"number": "+81312345678", "answers": "fax"}, base)
    assert (changed.answers, changed.ident) == ("fax", "ABC")


def test_no_list_means_everything_the_machine_knows() -> None:
    assert abilities(FarSettings(number="1")) == Abilities()


def test_lists_narrow_what_a_machine_offers() -> None:
    far = far_settings(
        {"number": "1", "modems": ["V.29", "V.27ter"], "compressions": ["MH"], "resolutions": ["standard"]},
    )
    offered = abilities(far)
    assert offered.modems == Modems.V29 | Modems.V27TER
    assert offered.compressions == Compressions.MH
    assert offered.resolutions == Resolutions.STANDARD


def test_a_broken_file_is_refused_with_its_name(tmp_path: Path) -> None:
    file = tmp_path / "exchange.json"
    file.write_text("{")
    with pytest.raises(BadSettingsError, match=r"exchange\.json"):
        read_settings(file)
