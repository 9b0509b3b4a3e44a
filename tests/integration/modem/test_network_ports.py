"""Modems behind TCP: whole calls through a terminal server, plain and RFC 2217, and when it breaks."""

from __future__ import annotations

import array
import contextlib
import fcntl
import json
import socket
import termios
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import serial
from serial.rfc2217 import PortManager
from sim_fixtures import FAR, LINE, running
from softmodem_fixtures import drawn_pages, same_pixels, save_tiff, sending, tiff_images
from terminal_server import TerminalServer
from waiting import wait_until

from modem import cli
from modem.coding import Compression, Resolution
from modem.network_port import pulse
from modem.notices import WRITE_AHEAD, Notice, PageSending
from modem.port import PortError, open_port
from modem.probe import Probe
from modem.profiles import named
from modem.result import Reason
from modem.run import Mailbox, ask_modem, run_call
from modem.tiff import PreparedPages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sim_fixtures import Running

SCHEMES = ("socket", "rfc2217")


@pytest.fixture
def sim(tmp_path: Path) -> Iterator[Running]:
    machine = {"number": FAR, "answers": "fax", "ecm": False}
    plan = {"speed": "max", "lines": [{"name": "sim", "number": LINE}], "far": [machine]}
    with running(tmp_path / "exchange", plan) as process:
        yield process


@pytest.fixture(params=SCHEMES)
def server(request: pytest.FixtureRequest, sim: Running) -> Iterator[TerminalServer]:
    with TerminalServer(sim.port, rfc2217=request.param == "rfc2217") as made:
        yield made


def ask(url: str) -> Probe:
    probe = Probe()
    port = open_port(url, named("softmodem"))
    try:
        ask_modem(probe, port, clock=time.monotonic)
    finally:
        port.close()
    return probe


def job(folder: Path, **values: Any) -> Path:
    path = folder / "job.json"
    path.write_text(json.dumps(values))
    return path


def test_a_fax_goes_out_through_a_terminal_server(
    tmp_path: Path, sim: Running, server: TerminalServer
) -> None:
    pictures = drawn_pages(2, Resolution.STANDARD, 200)
    save_tiff(pictures, tmp_path / "a.tif")
    order = job(tmp_path, role="call", number="0312345678", documents=["a.tif"], ecm=False)
    ran = cli.main(
        [
            "run-job",
            "--port",
            server.url,
            "--job",
            str(order),
            "--result",
            str(tmp_path / "r.json"),
            "--quiet",
        ]
    )
    assert ran == 0, (tmp_path / "r.json").read_text()
    (end,) = sim.ended()
    arrived = tiff_images(Path(end["file"]))
    assert all(same_pixels(got, sent.image) for got, sent in zip(arrived, pictures, strict=True))


def test_a_modem_behind_a_terminal_server_says_what_it_is(server: TerminalServer) -> None:
    assert ask(server.url).profile.name == "softmodem"


def test_after_a_break_the_port_is_gone_and_a_new_one_works(server: TerminalServer) -> None:
    port = open_port(server.url, named("softmodem"))
    wait_until(lambda: server.connections == 1, 30.0)
    server.drop()
    with pytest.raises(PortError, match=r"gone|broke"):
        wait_until(port.read, 30.0)
    port.close()
    assert ask(server.url).alive
    assert server.connections == 2


def test_a_connection_that_breaks_in_a_call_ends_it_as_modem_error(server: TerminalServer) -> None:
    """The far machine loses its call; pages it confirmed stay confirmed, the page that stood is not."""
    pages = PreparedPages(drawn_pages(4, Resolution.STANDARD, 700), (Compression.MH, Compression.MR))
    call = sending(pages, None, ecm=False)
    mailbox = Mailbox()

    def told(notice: Notice) -> None:
        if isinstance(notice, WRITE_AHEAD):
            mailbox.stored(notice.id)
        if isinstance(notice, PageSending) and notice.n == 2:
            server.drop()

    port = open_port(server.url, named("softmodem"))
    result = run_call(call, port, clock=time.monotonic, on_notice=told, mailbox=mailbox)
    port.close()
    mailbox.close()
    assert (result.success, result.reason) == (False, Reason.MODEM_ERROR)
    assert result.confirmed == 1


def test_rfc_2217_carries_speed_flow_control_dtr_and_the_modems_lines(sim: Running) -> None:
    with TerminalServer(sim.port, rfc2217=True) as server:
        port = open_port(server.url, named("generic"))
        assert port.signals() == {"CTS": True, "DSR": True, "DCD": False}
        port.configure(19200, "xonxoff")
        port.configure(19200, "rtscts")
        port.configure(57600, "none")
        port.pulse_dtr()
        port.close()
        wait_until(lambda: server.settings is not None, 30.0)
        assert server.settings == (57600, False, False)


def test_a_dtr_that_falls_hangs_a_call_up(sim: Running) -> None:
    with TerminalServer(sim.port, rfc2217=True) as server:
        port = open_port(server.url, named("softmodem"))
        heard = bytearray()

        def until(said: bytes) -> None:
            wait_until(lambda: heard.extend(port.read()) or said in heard, 60.0, said.decode())
            heard.clear()

        for command in (b"ATE0\r", b"AT+FCLASS=1\r"):
            port.write(command)
            until(b"OK")
        port.write(b"ATDT0312345678\r")
        until(b"CONNECT")
        port.pulse_dtr()
        (end,) = sim.ended()
        assert not end["success"]
        port.close()


def test_a_plain_connection_has_no_lines_no_speed_and_no_dtr(sim: Running) -> None:
    with TerminalServer(sim.port) as server:
        port = open_port(server.url, named("usrobotics"))
        port.configure(19200, "xonxoff")
        port.obey_xoff(wanted=True)
        port.pulse_dtr()
        assert port.signals() is None
        assert port.remark == ""
        port.close()


@pytest.mark.parametrize("url", ["socket://", "socket://host", "rfc2217://:4001", "socket://host:port"])
def test_a_url_without_host_and_port_says_how_to_write_it(url: str) -> None:
    with pytest.raises(PortError, match=r"write it as .*://host:port"):
        open_port(url, named("generic"))


def test_a_peer_that_vanishes_without_a_word_is_missed(sim: Running) -> None:
    """The kernel asks for it: 20 s of silence, then three questions 5 s apart."""
    with TerminalServer(sim.port) as server:
        port = open_port(server.url, named("softmodem"))
        wire = socket.socket(fileno=port.fileno())
        assert wire.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        options = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
        assert [wire.getsockopt(socket.IPPROTO_TCP, option) for option in options] == [20, 5, 3]
        wire.detach()
        port.close()


def test_a_host_nobody_can_be_called_is_a_port_that_cannot_be_opened() -> None:
    with pytest.raises(PortError, match="cannot connect"):
        open_port("socket://modems..example.org:7000", named("generic"))


def test_a_server_that_talks_without_end_does_not_keep_its_port_from_closing() -> None:
    """The pipe behind RFC 2217 is full and nobody reads: closing must not wait for room in it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        talker = threading.Thread(target=chatter, args=(listening,))
        talker.start()
        port = open_port(f"rfc2217://127.0.0.1:{listening.getsockname()[1]}", named("softmodem"))
        wait_until(lambda: waiting_in(port.fileno()) >= PIPE_OCTETS, 30.0, "a full pipe")
        closing = threading.Thread(target=port.close, daemon=True)
        closing.start()
        closing.join(20.0)
        assert not closing.is_alive()
        talker.join(20.0)
        assert not talker.is_alive()


PIPE_OCTETS = 30_000  # of 64 KiB: a pipe has 16 pages, and one that odd pieces fill may hold half of that


def waiting_in(descriptor: int) -> int:
    room = array.array("i", [0])
    fcntl.ioctl(descriptor, termios.FIONREAD, room)
    return room[0]


def chatter(listening: socket.socket) -> None:
    """Agree to all that RFC 2217 asks for, then talk until the other side is gone."""
    connection, _ = listening.accept()
    with connection, contextlib.suppress(OSError):
        server = PortManager(serial.serial_for_url("loop://"), Wire(connection))
        connection.settimeout(0.5)
        with contextlib.suppress(TimeoutError):
            while data := connection.recv(4096):
                list(server.filter(data))
        connection.settimeout(20.0)
        while True:
            connection.sendall(b"RING\r\n" * 1000)


class Wire:
    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def write(self, data: bytes) -> None:
        self._connection.sendall(data)


class Unwilling:
    """A port of a server that takes DTR for none of our business."""

    @property
    def dtr(self) -> bool:
        return True

    @dtr.setter
    def dtr(self, wanted: bool) -> None:
        raise ValueError(f"remote rejected value for option 'control' ({wanted})")


def test_a_server_that_refuses_dtr_does_no_harm() -> None:
    pulse(Unwilling())
