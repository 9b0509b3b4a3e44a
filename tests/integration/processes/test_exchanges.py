"""Exchanges of simulated lines: processes that outlive us, and settings that always fit them."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gateway.config import parse
from gateway.domain.errors import BadConfig, Unavailable
from gateway.line_table import LineConfig
from gateway.lines import simulated
from modem.sim.settings import FarSettings, read_settings, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.lines.simulated import ExchangeProcess

FAR = "+81312345678"


def line(**far: Any) -> LineConfig:
    return LineConfig.model_validate(
        {"name": "sim", "type": "simulated", "number": "+81344772288", "far": [{"number": FAR} | far]}
    )


@pytest.fixture
def started(tmp_path: Path) -> Iterator[ExchangeProcess]:
    exchange = simulated.start_exchange(tmp_path, line())
    yield exchange
    exchange.stop()


def test_an_exchange_has_the_port_the_line_will_open(tmp_path: Path, started: ExchangeProcess) -> None:
    assert started.process is not None
    assert Path(simulated.device_of(tmp_path, "sim")).exists()
    with simulated.control(tmp_path, "sim") as control:
        assert control.calls() == []


def test_an_exchange_that_outlived_us_is_found_and_not_started_again(
    tmp_path: Path, started: ExchangeProcess
) -> None:
    found = simulated.start_exchange(tmp_path, line())
    assert found.process is None
    assert started.process is not None
    assert int((found.folder / "pid").read_text()) == started.process.pid


def test_an_exchange_that_was_killed_is_replaced(tmp_path: Path, started: ExchangeProcess) -> None:
    assert started.process is not None
    os.kill(started.process.pid, signal.SIGKILL)
    started.process.wait(30.0)
    assert not simulated.answers(started.folder)
    again = simulated.start_exchange(tmp_path, line())
    try:
        assert again.process is not None
        assert simulated.answers(again.folder)
    finally:
        again.stop()


def test_a_stopped_exchange_is_gone(tmp_path: Path) -> None:
    exchange = simulated.start_exchange(tmp_path, line())
    exchange.stop()
    assert not simulated.answers(exchange.folder)
    exchange.stop()  # a second stop is a warning in the log, no fault
    with pytest.raises(Unavailable, match="is `postline serve` up"):
        simulated.control(tmp_path, "sim")


def test_an_exchange_lives_in_a_session_of_its_own(started: ExchangeProcess) -> None:
    """What kills our process group, or hangs up our terminal, does not reach it."""
    assert started.process is not None
    assert os.getsid(started.process.pid) != os.getsid(0)


def test_an_exchange_that_cannot_start_says_where_to_look(tmp_path: Path) -> None:
    bad = line().model_copy(update={"speed": "30"})
    with pytest.raises(Unavailable, match="did not start; see"):
        simulated.start_exchange(tmp_path, bad)
    assert "speed" in (simulated.folder_of(tmp_path, "sim") / "log").read_text()


# -- settings: whatever check-config lets pass, the exchange takes

EVERY_KEY: dict[str, Any] = {
    "answers": "voice",
    "ident": "+81 3 1234 5678",
    "ecm": False,
    "modems": ["V.27ter", "V.29"],
    "compressions": ["MH", "MR"],
    "resolutions": ["standard"],
    "min_scan_ms": 20,
    "reject_pages": [2],
    "drop": {"page": 2, "after_s": 3},
    "noise_dbm0": -40.0,
    "delay_ms": 250,
    "slow_answer_s": 4,
    "voice_s": 30,
    "sizes": ["A4"],
    "lengths": ["A4", "B4"],
    "not_ready": 2,
    "reject_times": 1,
    "leaves": {"after": "CFR", "how": "dcn"},
    "hangs": {"after_s": 5, "recovers": "never"},
    "seed": 7,
    "attenuation_db": 6.0,
    "echo": {"delay_ms": 30, "loss_db": 15},
    "slips": {"every_s": 2, "samples": 1},
    "bursts": {"length_ms": 60, "level_dbm0": -18, "every_s": 1.5},
    "dropouts": {"length_ms": 40, "mean_s": 10, "toward": "far"},
}


def test_every_key_of_a_far_machine_is_tested_here() -> None:
    assert set(EVERY_KEY) | {"number"} == set(FarSettings.model_fields)


@pytest.mark.parametrize("key", sorted(EVERY_KEY))
def test_the_exchange_takes_every_key_of_a_far_machine_by_its_meaning(key: str) -> None:
    (far,) = settings(simulated.exchange_settings(line(**{key: EVERY_KEY[key]}))).far
    taken = far.model_dump(mode="json")[key]
    wanted = EVERY_KEY[key]
    if isinstance(wanted, dict):
        assert taken | wanted == taken
    else:
        assert taken == wanted


def test_what_the_operator_left_out_is_as_the_exchange_has_it() -> None:
    (far,) = settings(simulated.exchange_settings(line())).far
    (plain,) = settings({"far": [{"number": FAR}]}).far
    assert far == plain


@pytest.mark.parametrize("drop", [{"page": 2}, {"after_s": 1.5}, {}])
def test_a_drop_may_be_given_in_part(drop: dict[str, Any]) -> None:
    (far,) = settings(simulated.exchange_settings(line(drop=drop))).far
    assert far.drop is not None
    assert (far.drop.page, far.drop.after_s) == (drop.get("page", 1), drop.get("after_s", 3.0))


@pytest.mark.parametrize("speed", [1.0, "max"])
def test_the_settings_survive_the_file_they_travel_in(tmp_path: Path, speed: float | str) -> None:
    import json

    both = line(**EVERY_KEY).model_copy(update={"speed": speed})
    file = tmp_path / "exchange.json"
    file.write_text(json.dumps(simulated.exchange_settings(both)))
    read = read_settings(file)
    assert read.fast == (speed == "max")
    assert read.lines[0].number == "+81344772288"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("modems", '["V.34"]'),
        ("compressions", '["JBIG"]'),
        ("resolutions", '["hyperfine"]'),
        ("min_scan_ms", "7"),
        ("noise_dbm0", "3.0"),
        ("delay_ms", "9000"),
        ("slow_answer_s", "-1"),
        ("ident", '"more than twenty characters"'),
        ("drop", "{ page = 0 }"),
        ("drop", "{ page = 1, answer_s = 3 }"),
        ("attenuation_db", "14"),
        ("bursts", "{ length_ms = 60 }"),
        ("bursts", "{ length_ms = 60, every_s = 0.01 }"),
        ("leaves", '{ after = "lunch" }'),
        ("echo", "{ delay_ms = 0 }"),
    ],
)
def test_what_the_exchange_would_refuse_check_config_refuses_first(key: str, value: str) -> None:
    text = f"""
[server]
domains = ["fax.example.org"]
operator = ["o@example.org"]
[mail]
smarthost = "smtp://mail.example.org"
sender = "fax@fax.example.org"
[[line]]
name = "sim"
type = "simulated"
far = [{{ number = "{FAR}", {key} = {value} }}]
"""
    with pytest.raises(BadConfig, match=f"line.0.far.0.{key}"):
        parse(text)
