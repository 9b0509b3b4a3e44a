"""The exchange as a process of its own: ports, control socket, ledger, and how it survives its hosts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import termios
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sim_fixtures import (
    FAR,
    LINE,
    Running,
    decode_mh,
    host_at,
    letter,
    mh,
    read_tiff,
    running,
    same,
    write_tiff,
)
from waiting import wait_until

from modem.sim.control import Control, ControlError

if TYPE_CHECKING:
    from collections.abc import Iterator

MCF = 0x8C
REPOSITORY = Path(__file__).parents[3]
FAST = {
    "speed": "max",
    "lines": [{"name": "sim", "number": LINE}, {"name": "sim2", "number": "+81344772281"}],
    "far": [{"number": FAR}],
}


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path / "exchange", FAST) as started:
        yield started


def test_a_fax_goes_out_over_the_port_at_max_speed_pixel_for_pixel(exchange: Running, tmp_path: Path) -> None:
    pages = [letter(mark="one"), letter(lines=50, rows=2200, mark="two")]
    with host_at(exchange.port) as host:
        assert host.send_fax("0312345678", [mh(page, tmp_path) for page in pages]) == [MCF, MCF]
    (end,) = exchange.ended()
    assert end["success"] is True
    assert same(read_tiff(Path(end["file"])), pages)


def test_a_fax_comes_in_over_the_port_at_max_speed_pixel_for_pixel(exchange: Running, tmp_path: Path) -> None:
    pages = [letter(mark="one"), letter(lines=50, rows=2200, mark="two"), letter(mark="three")]
    with exchange.control() as control, host_at(exchange.port) as host:
        host.command("+FCLASS=1")
        call = control.call(LINE, write_tiff(tmp_path / "in.tif", pages), "+81399998888")
        received = host.receive_fax()
        assert control.wait(call)["success"] is True
    decoded = [decode_mh(data, page.height, tmp_path) for data, page in zip(received, pages, strict=True)]
    assert same(decoded, pages)


def test_two_lines_are_in_calls_at_the_same_time(exchange: Running) -> None:
    second = exchange.directory / "ports" / "sim2"
    with host_at(exchange.port) as one, host_at(second) as two, exchange.control() as control:
        assert one.call("0312345678") == "CONNECT"
        assert two.call("0312345678") == "CONNECT"
        assert control.status()["calls"] == [1, 2]
        one.command("H0")
        two.command("H0")
    assert {end["outcome"] for end in exchange.ended(2)} == {"connected"}


def test_the_ledger_tells_the_story_of_a_call_in_order(exchange: Running, tmp_path: Path) -> None:
    with host_at(exchange.port) as host:
        host.send_fax("0312345678", [mh(letter(), tmp_path)])
    exchange.ended()
    story = [entry["event"] for entry in exchange.ledger if entry["event"] != "frame"]
    assert story == ["call", "answered", "page", "mcf", "end"]
    line = [entry["line_s"] for entry in exchange.ledger]
    assert line == sorted(line)


def test_a_host_killed_in_mid_call_is_hung_up_and_the_next_one_finds_a_fresh_modem(
    exchange: Running, tmp_path: Path
) -> None:
    script = (
        "import os, sys, time\n"
        "port = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)\n"
        "os.write(port, b'ATE0\\rAT+FCLASS=1\\rATDT0312345678\\r')\n"
        "seen = b''\n"
        "while b'CONNECT' not in seen: seen += os.read(port, 100)\n"
        "print('connected', flush=True)\n"
        "time.sleep(100)\n"
    )
    victim = subprocess.Popen(
        [sys.executable, "-c", script, str(exchange.port)], stdout=subprocess.PIPE, text=True
    )
    assert victim.stdout is not None
    assert victim.stdout.readline() == "connected\n"
    victim.kill()
    victim.wait()
    victim.stdout.close()
    (end,) = exchange.ended()
    assert (end["code"], end["confirmed"]) == (49, 0)
    with host_at(exchange.port) as host:
        host.write(b"AT+FCLASS?\r")
        assert host.until("0", "1") == "0", "settings of the dead host are gone"
        host.until("OK")
        assert host.send_fax("0312345678", [mh(letter(), tmp_path)]) == [MCF]


def test_b0_hangs_up(exchange: Running) -> None:
    with host_at(exchange.port) as host:
        assert host.call("0312345678") == "CONNECT"
        device = os.open(exchange.port, os.O_RDWR | os.O_NOCTTY)
        attributes = termios.tcgetattr(device)
        attributes[4] = attributes[5] = termios.B0
        termios.tcsetattr(device, termios.TCSANOW, attributes)
        os.close(device)
        assert exchange.ended()[0]["code"] == 49


def test_what_a_modem_says_to_a_closed_port_is_not_kept_for_the_next_host(
    exchange: Running, tmp_path: Path
) -> None:
    with exchange.control() as control:
        control.call(LINE, write_tiff(tmp_path / "in.tif", [letter()]), "+81399998888")
        wait_until(lambda: exchange.ledger, 10.0)
        # the first RING comes a line second after the call, in real time while nobody acts
        wait_until(lambda: control.status()["lines"]["sim"]["call"] == 1, 10.0)
        with host_at(exchange.port) as host:
            host.write(b"AT\r")
            heard = [host.line()]
            while heard[-1] != "OK":
                heard.append(host.line())
        assert heard.count("RING") <= 1


def test_a_page_streams_through_clear_to_send_without_losing_an_octet(
    exchange: Running, tmp_path: Path
) -> None:
    page = letter(lines=54, rows=2290, mark="a long dense page to fill every buffer on the way twice over")
    coded = mh(page, tmp_path)
    assert len(coded) > 30_000
    with host_at(exchange.port) as host:
        assert host.send_fax("0312345678", [coded]) == [MCF]
    assert same(read_tiff(Path(exchange.ended()[0]["file"])), [page])


def test_a_second_run_in_the_same_directory_goes_on_counting(tmp_path: Path) -> None:
    directory = tmp_path / "exchange"
    busy = FAST | {"far": [{"number": FAR, "answers": "busy"}]}
    for run in (1, 2):
        with running(directory, busy) as exchange, host_at(exchange.port) as host:
            assert host.call("0312345678") == "BUSY"
            assert exchange.ended(run)[-1]["call"] == run


# -- the control socket


def test_a_far_machine_is_changed_through_the_socket(exchange: Running) -> None:
    with exchange.control() as control, host_at(exchange.port) as host:
        control.set(FAR, answers="busy")
        assert host.call("0312345678") == "BUSY"
        control.set(FAR, answers="no-dialtone")
        assert host.call("0312345678") == "NO DIALTONE"
        assert [call["outcome"] for call in control.calls()] == ["busy", "no-dialtone"]


def test_status_names_lines_speed_and_far_machines(exchange: Running) -> None:
    with exchange.control() as control:
        status = control.status()
    assert status["speed"] == "max"
    assert status["lines"]["sim"] == {"number": LINE, "call": None}
    assert [far["number"] for far in status["far"]] == [FAR]


@pytest.mark.parametrize(
    ("op", "values", "word"),
    [
        ("dance", {}, "no operation"),
        ("set", {"number": FAR, "answers": "perhaps"}, "answers"),
        ("set", {}, "number"),
        ("wait", {"call": 99}, "no call 99"),
        ("wait", {}, "call"),
        ("call", {"called": LINE, "from": "1", "file": "/nowhere.tif"}, "nowhere"),
    ],
)
def test_a_refused_operation_says_why_and_the_connection_stays(
    exchange: Running, op: str, values: dict[str, object], word: str
) -> None:
    with exchange.control() as control:
        with pytest.raises(ControlError, match=word):
            control.ask(op, **values)
        assert control.status()["ok"] is True


def test_a_file_that_is_no_tiff_is_refused_before_anything_rings(exchange: Running, tmp_path: Path) -> None:
    picture = tmp_path / "photo.png"
    letter().save(picture)
    with exchange.control() as control:
        with pytest.raises(ControlError, match="PNG"):
            control.call(LINE, picture, "+81399998888")
        assert control.status()["calls"] == []


def test_nonsense_on_the_socket_gets_an_error_and_harms_nobody(exchange: Running) -> None:
    import socket

    with socket.socket(socket.AF_UNIX) as client, exchange.control() as control:
        client.connect(str(exchange.directory / "control.sock"))
        for line in (b"{\n", b"[]\n", b"7\n", b"\xff\n"):
            client.sendall(line)
            assert b'"ok": false' in client.recv(4096)
        assert control.status()["ok"] is True


def test_a_client_that_leaves_while_it_waits_harms_nobody(exchange: Running) -> None:
    import json
    import socket

    with host_at(exchange.port) as host, exchange.control() as control:
        assert host.call("0312345678") == "CONNECT"
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(exchange.directory / "control.sock"))
            client.sendall(json.dumps({"op": "wait", "call": 1}).encode() + b"\n")
        host.frames(connected=True)
        host.command("H0")
        assert control.wait(1)["outcome"] == "connected"


def test_the_socket_works_in_a_folder_of_any_depth(tmp_path: Path) -> None:
    folder = tmp_path / ("a folder with a name of some length " * 4)
    with running(folder, FAST) as exchange, exchange.control() as control:
        assert control.status()["speed"] == "max"


def test_a_client_of_an_exchange_that_does_not_run_gets_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Control(tmp_path / "control.sock")


# -- the end


@pytest.mark.parametrize("way", ["stop", "SIGTERM", "SIGINT"])
def test_it_ends_cleanly_and_takes_ports_socket_and_pid_with_it(exchange: Running, way: str) -> None:
    with host_at(exchange.port) as host:
        assert host.call("0312345678") == "CONNECT"
        if way == "stop":
            with exchange.control() as control:
                control.stop()
        else:
            exchange.process.send_signal(signal.Signals[way])
        assert exchange.process.wait(20.0) == 0
    left = {path.name for path in exchange.directory.iterdir()}
    assert left == {"config.json", "ledger.jsonl", "ports", "received"}
    assert list((exchange.directory / "ports").iterdir()) == []
    assert exchange.ledger[-1]["event"] == "end", "the call that stood was ended and booked"


def test_a_configuration_it_cannot_run_with_ends_it_with_a_sentence(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text('{"speed": 7}')
    command = [sys.executable, "-m", "modem.sim", "--dir", str(tmp_path / "x"), "--config", str(config)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "speed" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_second_exchange_in_the_same_folder_is_refused(exchange: Running) -> None:
    config = exchange.directory / "config.json"
    command = [sys.executable, "-m", "modem.sim", "--dir", str(exchange.directory), "--config", str(config)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "another exchange" in done.stderr
    with exchange.control() as control:
        assert control.status()["ok"] is True
