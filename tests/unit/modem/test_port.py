"""Ports: locks, errors that say what to do, and that nothing blocks. Sockets and ptys stand in for modems."""

from __future__ import annotations

import os
import pty
import socket
import threading
import tty
from typing import TYPE_CHECKING

import pytest
from waiting import wait_until

from modem.port import MemoryPort, PortError, SerialPort, SocketPort, UucpLock, is_pseudo_terminal, open_port
from modem.profiles import named

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GENERIC = named("generic")


@pytest.fixture
def modem_end() -> Iterator[tuple[int, str]]:
    """A pty: the modem's descriptor and the name of the host's device."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    yield master, os.ttyname(slave)
    os.close(slave)
    os.close(master)


def test_octets_pass_a_pty_both_ways_unchanged(modem_end: tuple[int, str]) -> None:
    master, device = modem_end
    port = open_port(device, GENERIC)
    everything = bytes(range(256))
    assert port.write(everything) == 256
    assert wait_until(lambda: os.read(master, 512), 5.0) == everything
    assert port.read() == b""
    os.write(master, everything)
    assert wait_until(port.read, 5.0) == everything
    port.pulse_dtr()
    port.close()
    port.close()


def test_a_full_pty_takes_part_and_does_not_block(modem_end: tuple[int, str]) -> None:
    _, device = modem_end
    port = open_port(device, GENERIC)
    taken = 0
    while count := port.write(b"x" * 4096):
        taken += count
    assert 0 < taken < 1 << 20
    port.close()


def test_a_modem_that_goes_away_is_named_with_a_remedy() -> None:
    master, slave = pty.openpty()
    port = open_port(os.ttyname(slave), GENERIC)
    os.close(slave)
    os.close(master)
    with pytest.raises(PortError, match="gone") as caught:
        wait_until(port.read, 5.0)
    assert caught.value.device.startswith("/dev/pts/")
    assert "plugged in" in caught.value.remedy
    port.close()


def test_two_programs_cannot_open_one_port(modem_end: tuple[int, str]) -> None:
    _, device = modem_end
    port = open_port(device, GENERIC)
    with pytest.raises(PortError, match="another program uses it"):
        open_port(device, GENERIC)
    port.close()
    open_port(device, GENERIC).close()


def test_a_device_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(PortError, match="no such device; plug the modem in"):
        open_port(str(tmp_path / "ttyACM0"), GENERIC, tmp_path)


def test_a_file_is_no_serial_port(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(PortError, match=r"file: "):
        open_port(str(tmp_path / "file"), GENERIC, tmp_path / "none")


def test_the_lock_carries_our_process_number_and_goes_away(tmp_path: Path) -> None:
    lock = UucpLock("/dev/ttyACM7", tmp_path)
    path = tmp_path / "LCK..ttyACM7"
    assert path.read_text() == f"{os.getpid():10d}\n"
    with pytest.raises(PortError, match=f"another program \\({os.getpid()}\\)"):
        UucpLock("/dev/ttyACM7", tmp_path)
    lock.release()
    assert not path.exists()
    lock.release()


def test_the_lock_of_a_dead_process_is_taken_over(tmp_path: Path) -> None:
    gone = os.fork()
    if gone == 0:
        os._exit(0)
    os.waitpid(gone, 0)
    path = tmp_path / "LCK..ttyACM7"
    path.write_text(f"{gone:10d}\n")
    UucpLock("/dev/ttyACM7", tmp_path)
    assert path.read_text() == f"{os.getpid():10d}\n"


@pytest.mark.parametrize("content", ["", "kermit", "-1"])
def test_a_lock_nobody_can_read_is_respected(tmp_path: Path, content: str) -> None:
    (tmp_path / "LCK..ttyACM7").write_text(content)
    with pytest.raises(PortError, match="holds"):
        UucpLock("/dev/ttyACM7", tmp_path)


def test_a_refused_open_leaves_no_lock_behind(tmp_path: Path) -> None:
    (tmp_path / "ttyNONE").write_bytes(b"")
    with pytest.raises(PortError):
        SerialPort(str(tmp_path / "ttyNONE"), 9600, "none", tmp_path)
    assert not list(tmp_path.glob("LCK..*"))


def test_a_pty_needs_no_lock_file(modem_end: tuple[int, str], tmp_path: Path) -> None:
    _, device = modem_end
    link = tmp_path / "sim"
    link.symlink_to(device)
    assert is_pseudo_terminal(str(link))
    port = open_port(str(link), GENERIC, tmp_path)
    assert not list(tmp_path.glob("LCK..*"))
    port.close()


def test_a_socket_is_a_port() -> None:
    server = socket.create_server(("127.0.0.1", 0))
    port = open_port(f"socket://127.0.0.1:{server.getsockname()[1]}", GENERIC)
    modem, _ = server.accept()
    assert isinstance(port, SocketPort)
    assert port.read() == b""
    port.write(b"ATZ\r")
    assert modem.recv(100) == b"ATZ\r"
    modem.sendall(b"OK\r\n")
    assert wait_until(port.read, 5.0) == b"OK\r\n"
    modem.close()
    with pytest.raises(PortError, match="the other end closed it"):
        wait_until(port.read, 5.0)
    port.close()
    server.close()


@pytest.mark.parametrize("scheme", ["socket", "rfc2217"])
def test_a_terminal_server_that_is_not_there_says_so(scheme: str) -> None:
    free = socket.create_server(("127.0.0.1", 0))
    number = free.getsockname()[1]
    free.close()
    with pytest.raises(PortError, match="cannot connect"):
        open_port(f"{scheme}://127.0.0.1:{number}", GENERIC)


def test_an_rfc_2217_server_is_a_port() -> None:
    server = socket.create_server(("127.0.0.1", 0))
    said: list[bytes] = []
    thread = threading.Thread(target=telnet_modem, args=(server, said))
    thread.start()
    port = open_port(f"rfc2217://127.0.0.1:{server.getsockname()[1]}", named("generic", {"flow": "none"}))
    port.write(b"ATI\r")
    heard = bytearray()
    wait_until(lambda: heard.extend(port.read()) or heard.endswith(b"\n"), 10.0)
    assert heard == b"OK\r\n"
    port.close()
    port.close()
    thread.join(10.0)
    server.close()
    assert b"ATI\r" in b"".join(said)


def telnet_modem(server: socket.socket, said: list[bytes]) -> None:
    """Agree to every option and setting, as an RFC 2217 server does; answer ATI with OK."""
    connection, _ = server.accept()
    while data := connection.recv(1000):
        said.append(data)
        for command in data.split(b"\xff")[1:]:
            verb, option = command[0], command[1:2]
            if verb == 0xFD:
                connection.sendall(b"\xff\xfb" + option)
            elif verb == 0xFB:
                connection.sendall(b"\xff\xfd" + option)
            elif verb == 0xFA and len(command) > 3:
                connection.sendall(
                    b"\xff\xfa" + option + bytes([command[2] + 100]) + command[3:] + b"\xff\xf0"
                )
        if b"ATI\r" in data:
            connection.sendall(b"OK\r\n")
    connection.close()


def test_a_memory_port_keeps_what_each_side_said() -> None:
    port = MemoryPort()
    assert port.read() == b""
    port.say(b"OK\r\n")
    assert port.read() == b"OK\r\n"
    assert port.write(b"AT\r") == 3
    assert list(port.to_modem) == [b"AT\r"]
    port.pulse_dtr()
    assert port.pulses == 1
    port.close()
    port.close()
