"""`postline lines` and `postline probe-modem`, as a person at a shell and a script meet them."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from cli_fixtures import ACCOUNT, answer, configured, postline
from pty_modem import PtyModem
from sim_fixtures import FAR, LINE, running
from terminal_server import TerminalServer

from gateway.cli.lines import table
from gateway.cli.probe_modem import report
from gateway.lines import lock
from gateway.store import audit, lines, migrate
from gateway.store.database import Store
from modem.examination import Examination, Finding
from modem.port import open_port
from modem.profiles import named

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sim_fixtures import Running

LINES = """\
[[line]]
name = "usb0"
type = "modem"
device = "/dev/ttyACM0"
group = "day"
[[line]]
name = "sim"
type = "simulated"
"""
NOON = datetime(2030, 6, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return configured(tmp_path, LINES)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path / 'state' / 'postline.sqlite'}"
    (tmp_path / "state").mkdir()
    migrate.upgrade(url)
    made = Store(url)
    yield made
    made.close()


def seen(store: Store, **values: Any) -> None:
    said = {"kind": "modem", "state": "calling", "device": "/dev/ttyACM0", "number": 4711} | values
    store.run(lines.report, "usb0", NOON, **said)
    store.run(lines.identified, "usb0", NOON, profile="conexant", modem="CX93001")


# -- lines


def test_every_line_is_shown_those_that_never_ran_too(config: Path, store: Store) -> None:
    seen(store)
    store.run(lines.report, "old", NOON, kind="modem", state="idle")
    first, second, third = answer("lines", "--config", config)
    assert (first["line"], first["state"], first["call"], first["group"]) == ("usb0", "calling", 4711, "day")
    assert (first["profile"], first["modem"], first["asked"]) == (
        "conexant",
        "CX93001",
        "2030-06-01 12:00:00Z",
    )
    assert (second["line"], second["state"]) == ("sim", "not running")
    assert (third["line"], third["configured"]) == ("old", False)


def test_a_row_has_the_same_keys_whatever_is_known_of_its_line(config: Path, store: Store) -> None:
    seen(store)
    store.run(lines.report, "old", NOON, kind="modem", state="idle")
    first, second, third = answer("lines", "--config", config)
    assert list(first) == list(second) == list(third)
    assert (second["since"], second["call"], second["detail"], second["asked"]) == ("", None, "", "")


def test_a_line_whose_gateway_died_is_not_shown_as_if_it_worked(
    config: Path, store: Store, tmp_path: Path
) -> None:
    seen(store, worker=f"{socket.gethostname()}/usb0/")
    held = lock.hold(tmp_path / "state" / "lines", "usb0")
    assert answer("lines", "--config", config)[0]["state"] == "calling"
    held.close()
    row = answer("lines", "--config", config)[0]
    assert (row["state"], row["call"], row["profile"]) == ("not running", None, "conexant")
    seen(store, worker="elsewhere/usb0/")
    assert answer("lines", "--config", config)[0]["state"] == "calling", "another machine's lock is not here"


def test_a_line_out_of_service_says_why_below_it(config: Path, store: Store) -> None:
    seen(store, state="out_of_service", detail="/dev/ttyACM0: there is no such device", number=None)
    ran = postline("lines", "--config", config)
    assert ran.returncode == 0, ran.stderr
    head, usb0, why, sim = ran.stdout.splitlines()
    assert head.split() == ["line", "state", "since", "device", "profile", "asked"]
    assert usb0.startswith("usb0  out_of_service  2030-06-01 12:00:00Z  /dev/ttyACM0  conexant")
    assert why == "      /dev/ttyACM0: there is no such device"
    assert sim == "sim   not running"


def test_a_table_of_no_lines_says_so() -> None:
    assert table([]) == "no line is configured"


def test_a_line_is_paused_and_resumed_by_name(config: Path, store: Store) -> None:
    seen(store)
    assert postline("lines", "pause", "usb0", "--config", config).stdout == "usb0: paused\n"
    assert store.read(lines.is_paused, "usb0")
    assert answer("lines", "resume", "usb0", "--config", config) == {"line": "usb0", "paused": False}
    assert not store.read(lines.is_paused, "usb0")
    assert store.read(audit.latest, limit=1)[0].actor != ""


def test_a_line_nobody_knows_cannot_be_paused(config: Path, store: Store) -> None:
    ran = postline("lines", "pause", "usb9", "--config", config)
    assert ran.returncode == 65
    assert ran.stderr == "postline: no line 'usb9' has ever run; there are: usb0, sim\n"
    ran = postline("lines", "pause", "usb0", "--config", config)
    assert ran.stderr == "postline: line 'usb0' has never run: is `postline serve` up?\n"
    assert not store.read(lines.all_lines)


# -- probe-modem


@pytest.fixture
def sim(tmp_path: Path) -> Iterator[Running]:
    plan = {
        "speed": "max",
        "lines": [{"name": "sim", "number": LINE}],
        "far": [{"number": FAR, "answers": "fax"}],
    }
    with running(tmp_path / "exchange", plan) as process:
        yield process


def test_a_modem_is_examined_and_its_profile_named(sim: Running) -> None:
    ran = postline("probe-modem", sim.port)
    assert ran.returncode == 0, ran.stderr
    told = ran.stdout.splitlines()
    assert told[0] == str(sim.port)
    assert "ok    profile: softmodem, because it says 'soft-switch'" in told
    assert "ok    speed: up to 14400 bit/s by V.27ter, V.29, V.17" in told
    assert told[-1] == f'This modem can be used: device = "{sim.port}", profile = "softmodem".'


def test_the_same_through_a_terminal_server_for_a_program(sim: Running) -> None:
    with TerminalServer(sim.port, rfc2217=True) as server:
        said = answer("probe-modem", server.url)
    assert (said["usable"], said["profile"], said["service_class"]) == (True, "softmodem", "1")
    assert said["rates"][0] == 14400
    assert {one["subject"] for one in said["findings"]} >= {"port", "DTR", "reset", "round trip", "caller id"}


def test_74_a_device_that_is_not_there(tmp_path: Path) -> None:
    ran = postline("probe-modem", tmp_path / "ttyACM0")
    assert (ran.returncode, ran.stdout) == (74, "")
    assert ran.stderr.startswith(
        f"postline: {tmp_path / 'ttyACM0'}: there is no such device; plug the modem in"
    )


def test_74_a_port_somebody_holds_is_named_with_the_program() -> None:
    with PtyModem() as modem:
        port = open_port(modem.device, named("generic"))
        ran = postline("probe-modem", modem.device)
        port.close()
    assert ran.returncode == 74
    assert "another program uses it (" in ran.stderr
    assert "process " in ran.stderr


def test_74_a_modem_that_says_nothing() -> None:
    with PtyModem() as modem:
        modem.hangs.set()
        ran = postline("probe-modem", modem.device, "--json")
    assert ran.returncode == 74
    said = json.loads(ran.stdout)
    assert (said["usable"], said["profile"]) == (False, None)
    assert {"level": "fail", "subject": "modem"}.items() <= said["findings"][-1].items()
    assert said["findings"][-1]["text"] == "no answer"


def test_65_what_is_no_fax_modem(monkeypatch: pytest.MonkeyPatch) -> None:
    with PtyModem() as modem:
        real = modem._obey

        def data_modem(command: str) -> None:
            modem.say("0,8\r\n\r\nOK") if command == "AT+FCLASS=?" else real(command)

        monkeypatch.setattr(modem, "_obey", data_modem)
        ran = postline("probe-modem", modem.device)
    assert ran.returncode == 65
    assert "FAIL  modem: it is no fax modem: class 0, 8" in ran.stdout
    assert "      remedy: use a modem with Class 1 or 1.0" in ran.stdout
    assert ran.stdout.endswith("This modem cannot be used as it is.\n")


def test_a_report_names_speed_and_every_remedy() -> None:
    made = Examination(
        "/dev/ttyS0", speed=57600, findings=[Finding("warn", "reset", "refused", "override it")]
    )
    assert report(made).splitlines() == [
        "/dev/ttyS0 at 57600 bit/s",
        "warn  reset: refused",
        "      remedy: override it",
        "This modem cannot be used as it is.",
    ]


# -- groups nobody serves

WAITS = "account acme asks for lines of group night, and none that dials has it: its faxes wait"


def test_a_group_nobody_serves_is_told_when_it_is_provisioned_checked_and_looked_at(
    config: Path, tmp_path: Path
) -> None:
    accounts = tmp_path / "accounts.toml"
    accounts.write_text(ACCOUNT + 'lines = "night"\n')
    before = postline("check-config", "--config", config)
    assert (before.returncode, "warning" in before.stdout) == (0, False)
    assert not (tmp_path / "state").exists(), "a check makes no database"
    ran = postline("provision", accounts, "--config", config)
    assert (ran.returncode, ran.stderr) == (0, f"postline: warning: {WAITS}\n")
    assert answer("check-config", "--config", config)["warnings"] == [WAITS]
    assert f"warning: {WAITS}" in postline("check-config", "--config", config).stdout
    looked = postline("doctor", "--config", config)
    assert looked.returncode == 78
    assert f"FAIL  groups: {WAITS}\n      remedy: give a [[line]] group = " in looked.stdout


def test_a_group_that_is_served_is_no_news(config: Path, tmp_path: Path) -> None:
    accounts = tmp_path / "accounts.toml"
    accounts.write_text(ACCOUNT + 'lines = "day"\n')
    assert postline("provision", accounts, "--config", config).stderr == ""
    assert answer("check-config", "--config", config)["warnings"] == []
