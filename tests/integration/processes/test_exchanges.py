"""Exchanges of simulated lines: processes that outlive us, and settings that always fit them."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sim_fixtures import host_at, letter, mh

from gateway.config import parse
from gateway.domain.errors import BadConfig, Unavailable
from gateway.line_table import LineConfig
from gateway.lines import simulated
from modem.sim.settings import FarSettings, read_settings, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.config import Config
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


# -- it dies, it is shared, it knows what a call took


def killed(exchange: ExchangeProcess) -> None:
    pid = int((exchange.folder / "pid").read_text())
    os.kill(pid, signal.SIGKILL)
    if exchange.process is not None:
        exchange.process.wait(30.0)


def test_an_exchange_that_died_is_started_again_with_its_ports(
    tmp_path: Path, started: ExchangeProcess
) -> None:
    port = Path(simulated.device_of(tmp_path, "sim"))
    before = port.resolve()
    started.look_after(0.0)
    assert port.resolve() == before, "one that lives is left alone"
    killed(started)
    started.look_after(100.0)
    assert started.alive
    with host_at(port) as host:
        assert host.command("+FCLASS=1") == "OK"


def test_one_that_outlived_us_is_looked_after_too(tmp_path: Path, started: ExchangeProcess) -> None:
    found = simulated.start_exchange(tmp_path, line())
    assert found.alive
    killed(started)
    assert not found.alive
    found.look_after(100.0)
    try:
        assert found.process is not None
        assert found.alive
    finally:
        found.stop()


def test_one_that_will_not_start_is_tried_again_later(tmp_path: Path) -> None:
    dead = simulated.ExchangeProcess(tmp_path, line().model_copy(update={"speed": "30"}), (), None)
    dead.look_after(0.0)
    assert not dead.alive
    dead.line = line()
    dead.look_after(simulated.AGAIN_SECONDS - 0.1)
    assert not dead.alive, "not yet"
    dead.look_after(simulated.AGAIN_SECONDS)
    assert dead.alive
    dead.stop()


TWO_LINES = f"""
[server]
domains = ["fax.example.org"]
operator = ["o@example.org"]
[mail]
smarthost = "smtp://mail.example.org"
sender = "fax@fax.example.org"
[[line]]
name = "sim"
type = "simulated"
number = "+81344772288"
speed = "max"
far = [{{ number = "{FAR}", resolutions = ["standard"], ecm = false }}]
[[line]]
name = "sim2"
type = "simulated"
exchange = "sim"
number = "+81344772288"
"""


@pytest.fixture
def two_lines(tmp_path: Path) -> Iterator[Config]:
    config = parse(TWO_LINES)
    config = config.model_copy(update={"server": config.server.model_copy(update={"data": tmp_path})})
    exchanges = simulated.start_exchanges(config)
    assert len(exchanges) == 1
    yield config
    exchanges[0].stop()


def test_two_lines_of_one_exchange_have_a_port_each_and_share_what_is_far(two_lines: Config) -> None:
    data = two_lines.server.data
    with simulated.control(data, "sim") as exchange:
        assert sorted(exchange.status()["lines"]) == ["sim", "sim2"]
        assert len(exchange.status()["far"]) == 1
    with host_at(Path(simulated.device_of(data, "sim2", "sim"))) as host:
        assert host.command("+FCLASS=1") == "OK"


def test_a_fast_line_says_how_long_its_call_took_on_the_line(two_lines: Config, tmp_path: Path) -> None:
    data, (_, second) = two_lines.server.data, two_lines.line
    with host_at(Path(simulated.device_of(data, "sim2", "sim"))) as host:
        assert host.send_fax("0312345678", [mh(letter(), tmp_path)]) == [0x8C]
        with simulated.control(data, "sim") as exchange:
            (end,) = exchange.calls()
        assert simulated.seconds_on_line(data, second, 1.5) == end["talk_s"] > 12
        assert simulated.seconds_on_line(data, second, 0.0) == 0.0, "never answered: nothing to pay"
        assert host.call("0312345678") == "CONNECT"
        assert simulated.seconds_on_line(data, second, 1.5) == 1.5, "this call has not ended"


def test_without_its_exchange_a_line_keeps_what_its_own_clock_said(tmp_path: Path) -> None:
    assert simulated.seconds_on_line(tmp_path, line(), 1.5) == 1.5


@pytest.mark.parametrize(
    ("instead", "says"),
    [
        ('exchange = "sim3"', "names 'sim3'"),
        ('exchange = "sim2"', "names 'sim2'"),
        ('exchange = "sim"\nspeed = 1.0', "`far` and `speed` are there"),
    ],
)
def test_a_line_is_on_an_exchange_that_there_is(instead: str, says: str) -> None:
    with pytest.raises(BadConfig, match=says):
        parse(TWO_LINES.replace('exchange = "sim"', instead))
