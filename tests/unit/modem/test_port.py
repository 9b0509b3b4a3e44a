"""Ports: locks, errors that say what to do, and that nothing blocks. Sockets and ptys stand in for modems."""

from __future__ import annotations

import errno
import grp
import os
import pty
import socket
import subprocess
import sys
import termios
import threading
import tty
from typing import TYPE_CHECKING

import pytest
import serial
from waiting import wait_until

from modem import port as port_module
from modem.port import MemoryPort, PortError, SerialPort, SocketPort, UucpLock, is_pseudo_terminal, open_port
from modem.profiles import named
from modem.uucp import holder_of, is_alive, process_name, users_of

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
    with pytest.raises(
        PortError, match=f"another program \\({process_name(os.getpid())}, process {os.getpid()}\\)"
    ):
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


def dead_process() -> int:
    gone = os.fork()
    if gone == 0:
        os._exit(0)
    os.waitpid(gone, 0)
    return gone


def test_a_lock_written_as_a_binary_number_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "LCK..ttyACM7"
    path.write_bytes(os.getppid().to_bytes(4, sys.byteorder))
    assert holder_of(path) == os.getppid()
    with pytest.raises(PortError, match=f"process {os.getppid()}"):
        UucpLock("/dev/ttyACM7", tmp_path)
    path.write_bytes(dead_process().to_bytes(4, sys.byteorder))
    UucpLock("/dev/ttyACM7", tmp_path).release()
    assert not path.exists()


def test_a_number_that_came_round_again_is_no_lock_of_ours(tmp_path: Path) -> None:
    """A container's first process has the same number in every life."""
    path = tmp_path / "LCK..ttyACM7"
    path.write_text(f"{os.getpid():10d}\n")
    lock = UucpLock("/dev/ttyACM7", tmp_path)
    with pytest.raises(PortError, match="holds"):
        UucpLock("/dev/ttyACM7", tmp_path)
    lock.release()


def test_a_lock_taken_by_another_between_our_look_and_our_hand_is_respected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "LCK..ttyACM7"
    monkeypatch.setattr(UucpLock, "_create", lambda _self: path.write_text("1\n") == 0)
    with pytest.raises(PortError, match="process 1"):
        UucpLock("/dev/ttyACM7", tmp_path)


def test_without_a_place_for_locks_the_port_works_and_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "no lock file" in UucpLock("/dev/ttyACM7", tmp_path / "none").remark
    assert UucpLock("/dev/ttyACM7", tmp_path).remark == ""
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "not there or not writable" in UucpLock("/dev/ttyACM8", tmp_path).remark
    (tmp_path / "LCK..ttyACM8").write_text(f"{os.getppid():10d}\n")
    with pytest.raises(PortError, match="holds"):
        UucpLock("/dev/ttyACM8", tmp_path)


def test_processes_are_alive_dead_or_none() -> None:
    assert is_alive(os.getpid())
    assert is_alive(1)
    assert not is_alive(dead_process())
    assert not is_alive(1 << 80)
    assert process_name(1 << 30) == "unknown"


@pytest.mark.parametrize("content", ["", "kermit", "-1"])
def test_a_lock_nobody_can_read_is_respected(tmp_path: Path, content: str) -> None:
    (tmp_path / "LCK..ttyACM7").write_text(content)
    with pytest.raises(PortError, match="holds") as caught:
        UucpLock("/dev/ttyACM7", tmp_path)
    assert "LCK..ttyACM7 if no program uses the modem" in caught.value.remedy


def test_a_refused_open_leaves_no_lock_behind(tmp_path: Path) -> None:
    (tmp_path / "ttyNONE").write_bytes(b"")
    with pytest.raises(PortError):
        SerialPort(str(tmp_path / "ttyNONE"), 9600, "none", tmp_path)
    assert not list(tmp_path.glob("LCK..*"))


def test_a_device_that_fails_while_it_is_set_up_leaves_no_lock_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """termios has an error of its own, which is no OSError: it once left the lock for ever."""

    def fail(*_: object, **__: object) -> None:
        raise termios.error(errno.EIO, "Input/output error")

    monkeypatch.setattr(serial, "Serial", fail)
    with pytest.raises(PortError):
        SerialPort("/dev/ttyACM7", 9600, "none", tmp_path)
    assert not list(tmp_path.glob("LCK..*"))


def test_the_group_that_may_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    device = tmp_path / "ttyACM0"
    device.write_bytes(b"")
    group = grp.getgrgid(device.stat().st_gid).gr_name

    def refuse(*_: object, **__: object) -> None:
        raise serial.SerialException(errno.EACCES, "Permission denied")

    monkeypatch.setattr(serial, "Serial", refuse)
    with pytest.raises(PortError, match=f"permission denied; .* group {group}: usermod -aG {group} USER"):
        SerialPort(str(device), 9600, "none", tmp_path)
    device.unlink()
    with pytest.raises(PortError, match="to the group of the device"):
        SerialPort(str(device), 9600, "none", tmp_path)


def test_the_program_that_has_the_port_is_named(modem_end: tuple[int, str]) -> None:
    _, device = modem_end
    code = """
import fcntl, sys
file = open(sys.argv[1], "rb+", buffering=0)
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""
    command = [sys.executable, "-c", code, device]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        assert users_of(device) == [other.pid]
        with pytest.raises(PortError, match=f"uses it \\(.*, process {other.pid}\\); stop that program"):
            open_port(device, GENERIC)
        other.communicate()


def test_soft_flow_control_obeys_only_while_the_modem_is_fed(modem_end: tuple[int, str]) -> None:
    """A page that comes in holds DC1 and DC3 as data; the kernel must not eat them."""
    master, device = modem_end
    port = SerialPort(device, 19200, "xonxoff")
    port._soft = True  # a pty takes the flags, but is not asked to use them
    port.obey_xoff(wanted=True)
    assert termios.tcgetattr(port.fileno())[0] & termios.IXON
    os.write(master, b"\x13")
    wait_until(lambda: port.write(b"x") == 0, 5.0, "the modem to stop us")
    port.obey_xoff(wanted=False)
    assert not termios.tcgetattr(port.fileno())[0] & termios.IXON
    assert port.write(b"AT\r") == 3, "a DC3 does not hold the next command"
    heard = bytearray()
    wait_until(lambda: heard.extend(os.read(master, 4096)) or heard.endswith(b"AT\r"), 5.0, "the command")
    os.write(master, b"\x11\x13")
    assert wait_until(port.read, 5.0) == b"\x11\x13"
    port.close()


def test_a_pty_has_no_speed_no_flow_control_and_no_lines(modem_end: tuple[int, str]) -> None:
    _, device = modem_end
    port = open_port(device, named("usrobotics"))
    before = termios.tcgetattr(port.fileno())
    port.configure(9600, "xonxoff")
    port.obey_xoff(wanted=True)
    assert termios.tcgetattr(port.fileno()) == before
    assert port.signals() is None
    port.close()


def test_a_device_changes_speed_and_flow_control_while_open(modem_end: tuple[int, str]) -> None:
    _, device = modem_end
    port = SerialPort(device, 115200, "rtscts")
    port._pseudo = False  # a pty takes the settings
    port.configure(19200, "rtscts")
    settings = termios.tcgetattr(port.fileno())
    assert settings[4] == termios.B19200
    assert settings[2] & termios.CRTSCTS
    port.configure(38400, "none")
    settings = termios.tcgetattr(port.fileno())
    assert settings[4] == termios.B38400
    assert not settings[2] & termios.CRTSCTS
    with pytest.raises(PortError, match="override `baud` or `flow`"):
        port.configure(-1, "none")
    port.close()


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (errno.ENXIO, "nothing is connected"),
        (errno.EIO, "nothing is connected"),
        (errno.EINVAL, "serial port"),
    ],
)
def test_every_refusal_of_the_system_has_a_remedy(number: int, says: str) -> None:
    assert says in str(port_module._cannot_open("/dev/null", OSError(number, "no")))


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
    port.configure(9600, "none")
    for wanted in (True, True, False):
        port.obey_xoff(wanted)
    assert (port.settings, port.obeys, port.signals()) == ((9600, "none"), [True, False], None)
    port.close()
    port.close()
