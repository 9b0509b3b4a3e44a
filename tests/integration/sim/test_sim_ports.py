"""The ports: what a pty can tell of its host, and what it cannot keep from the next one."""

from __future__ import annotations

import os
import termios
from typing import TYPE_CHECKING

import pytest
from waiting import wait_until

from modem.sim.ports import Port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def port(tmp_path: Path) -> Iterator[Port]:
    made = Port(tmp_path / "sim")
    assert not made.open
    yield made
    made.close()


@pytest.fixture
def host(port: Port, tmp_path: Path) -> Iterator[int]:
    device = os.open(tmp_path / "sim", os.O_RDWR | os.O_NOCTTY)
    assert port.read() == b""
    yield device
    os.close(device)


def test_a_port_nobody_opened_is_closed(port: Port) -> None:
    assert port.read() is None
    assert not port.open


@pytest.mark.usefixtures("host")
def test_an_open_port_with_nothing_written_is_open_and_empty(port: Port) -> None:
    assert port.read() == b""
    assert port.open


def test_octets_pass_unchanged_both_ways(port: Port, host: int) -> None:
    every = bytes(range(256))
    os.write(host, every)
    assert wait_until(port.read) == every
    assert port.write(every) == 256
    assert os.read(host, 1000) == every


def test_a_host_that_closes_the_port_is_noticed(port: Port, tmp_path: Path) -> None:
    device = os.open(tmp_path / "sim", os.O_RDWR | os.O_NOCTTY)
    os.write(device, b"AT\r")
    os.close(device)
    assert port.read() == b"AT\r"
    assert port.read() is None


def test_what_the_host_has_not_read_is_counted(port: Port, host: int) -> None:
    port.write(bytes(3000))
    assert wait_until(lambda: port.unread() == 3000)
    os.read(host, 1000)
    assert port.unread() == 2000


def test_b0_is_a_dropped_dtr_once(port: Port, host: int) -> None:
    assert not port.dtr_dropped()
    attributes = termios.tcgetattr(host)
    attributes[4] = attributes[5] = termios.B0
    termios.tcsetattr(host, termios.TCSANOW, attributes)
    assert port.dtr_dropped()
    assert not port.dtr_dropped()


def test_a_reset_leaves_nothing_of_the_last_host_to_the_next(port: Port, tmp_path: Path) -> None:
    device = os.open(tmp_path / "sim", os.O_RDWR | os.O_NOCTTY)
    attributes = termios.tcgetattr(device)
    attributes[3] |= termios.ECHO | termios.ICANON
    attributes[4] = attributes[5] = termios.B0
    termios.tcsetattr(device, termios.TCSANOW, attributes)
    port.write(b"old news")
    os.close(device)
    port.reset()
    device = os.open(tmp_path / "sim", os.O_RDWR | os.O_NOCTTY)
    attributes = termios.tcgetattr(device)
    assert not attributes[3] & (termios.ECHO | termios.ICANON)
    assert attributes[5] == termios.B38400
    assert port.unread() == 0
    assert not port.dtr_dropped()
    os.close(device)


def test_a_port_replaces_a_stale_link_and_takes_its_own_away(tmp_path: Path) -> None:
    link = tmp_path / "sim"
    link.symlink_to("/nowhere")
    port = Port(link)
    assert link.resolve().is_char_device()
    port.close()
    assert not link.is_symlink()


@pytest.mark.usefixtures("host")
def test_a_host_that_does_not_read_stops_the_writer_without_an_error(port: Port) -> None:
    taken = [port.write(bytes(4096)) for _ in range(1000)]
    assert taken[0] > 0
    assert 0 in taken, "the device fills up and says so"
    assert sum(taken) < 4096 * 1000
