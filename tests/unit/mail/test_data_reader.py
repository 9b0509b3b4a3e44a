"""The reader of DATA without a network: where a mail ends, dots, line ends, limits and clocks."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from gateway.mailin.data_reader import Gone, Pace, Received, Scanner, SpoolFile, TooSlow, read_data

if TYPE_CHECKING:
    from pathlib import Path


def scan(*pieces: bytes, normalise: bool = False) -> tuple[bytes, Scanner]:
    """Feed pieces until the end is seen; return the content and the scanner."""
    scanner = Scanner(normalise=normalise)
    return b"".join(scanner.feed(piece) for piece in pieces), scanner


class Pieces:
    """A source that gives prepared pieces."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces)
        self.back = b""

    async def read(self, n: int) -> bytes:
        piece = self.pieces.pop(0) if self.pieces else b""
        assert len(piece) <= n
        return piece

    def unread(self, data: bytes) -> None:
        self.back = data


class Clock:
    """A clock that goes on by `step` seconds each time it is read."""

    def __init__(self, step: float) -> None:
        self.time, self.step = 0.0, step

    def __call__(self) -> float:
        self.time += self.step
        return self.time


PATIENT = Pace(idle_s=60, session_ends=1e9, min_rate=1, clock=Clock(0))


async def read(
    folder: Path, *pieces: bytes, limit: int = 1000, pace: Pace = PATIENT
) -> tuple[Received, bytes]:
    """Read a mail into a spool file; return what was learned and what was stored."""
    spool = SpoolFile(folder)
    received = await read_data(Pieces(*pieces), spool, pace, limit=limit, grace=100, normalise=False)
    spool.close()
    assert spool.sha256 == hashlib.sha256(spool.path.read_bytes()).hexdigest()
    assert spool.size == spool.path.stat().st_size
    return received, spool.path.read_bytes()


@pytest.mark.parametrize(
    ("wire", "content"),
    [
        (b".\r\n", b""),
        (b"a\r\n.\r\n", b"a\r\n"),
        (b"..\r\n.\r\n", b".\r\n"),
        (b".a\r\n.\r\n", b"a\r\n"),
        (b"a\r\n..\r\n...\r\n.\r\n", b"a\r\n.\r\n..\r\n"),
        (b"a.\r\n.\r\n", b"a.\r\n"),
        (b"\r\n.\r\n", b"\r\n"),
        (b"\r\n\r\n.\r\n", b"\r\n\r\n"),
    ],
)
def test_dots_are_taken_out_and_the_end_is_found_however_the_bytes_arrive(
    wire: bytes, content: bytes
) -> None:
    for cut in range(len(wire) + 1):
        found, scanner = scan(wire[:cut], wire[cut:])
        assert (found, scanner.done, scanner.bare) == (content, True, False), cut
    found, scanner = scan(*(bytes((byte,)) for byte in wire))
    assert (found, scanner.done) == (content, True)


def test_what_comes_after_the_end_is_given_back() -> None:
    assert scan(b"a\r\n.\r\nNOOP\r\n")[1].rest == b"NOOP\r\n"
    assert scan(b"a\r\n.", b"\r\nNO", b"")[1].rest == b"NO"


@pytest.mark.parametrize(
    "wire", [b"a\n.\n", b"a\r.\r", b"a\n.\r\n", b"a\r\n.\n", b"a\r\n.\r", b"a\r\n.\rb\r\n"]
)
def test_no_other_sequence_ends_a_mail(wire: bytes) -> None:
    _, scanner = scan(wire)
    assert not scanner.done


@pytest.mark.parametrize(
    "wire", [b"a\nb\r\n.\r\n", b"a\rb\r\n.\r\n", b"\na\r\n.\r\n", b"a\r\r\n.\r\n", b".\n\r\n.\r\n"]
)
def test_bare_line_ends_are_noticed_however_the_bytes_arrive(wire: bytes) -> None:
    for cut in range(len(wire)):
        assert scan(wire[:cut], wire[cut:])[1].bare, cut


def test_bare_line_ends_are_mended_on_request() -> None:
    wire = b"a\rb\nc\r\nd\r\r\ne\r\n.\r\n"
    for cut in range(len(wire)):
        content, scanner = scan(wire[:cut], wire[cut:], normalise=True)
        assert content == b"a\r\nb\r\nc\r\nd\r\n\r\ne\r\n", cut
        assert scanner.bare


def test_a_line_without_end_is_passed_on_at_once() -> None:
    scanner = Scanner()
    assert len(scanner.feed(b"x" * 65_536)) == 65_536
    assert len(scanner._held) == 0


async def test_a_mail_is_stored_and_the_rest_put_back(tmp_path: Path) -> None:
    received, stored = await read(tmp_path, b"Subject: x\r\n", b"\r\nbody\r\n.\r\nQUIT\r\n")
    assert received == Received(too_large=False, ended=True, bare=False)
    assert stored == b"Subject: x\r\n\r\nbody\r\n"


@pytest.mark.parametrize(("size", "too_large"), [(1000, False), (1001, True)])
async def test_the_limit_is_a_limit(tmp_path: Path, size: int, too_large: bool) -> None:
    received, stored = await read(tmp_path, b"x" * (size - 2) + b"\r\n.\r\n")
    assert (received.too_large, received.ended) == (too_large, True)
    assert len(stored) == (0 if too_large else size)


async def test_nothing_is_stored_beyond_the_limit_and_reading_stops_after_the_grace(tmp_path: Path) -> None:
    source = Pieces(*[b"x" * 50] * 100)
    spool = SpoolFile(tmp_path)
    received = await read_data(source, spool, PATIENT, limit=1000, grace=100, normalise=False)
    assert (received.too_large, received.ended) == (True, False)
    assert spool.size == 1000
    assert len(source.pieces) == 100 - 23
    spool.discard()


def test_a_discarded_spool_file_leaves_nothing(tmp_path: Path) -> None:
    spool = SpoolFile(tmp_path)
    spool.write(b"x")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"x"]
    spool.discard()
    assert not list(tmp_path.iterdir())


async def test_a_client_that_hangs_up_is_gone(tmp_path: Path) -> None:
    with pytest.raises(Gone):
        await read(tmp_path, b"Subject: x\r\n")


@pytest.mark.parametrize(
    ("pace", "pieces"),
    [
        (Pace(idle_s=1e6, session_ends=10, min_rate=1e-6, clock=Clock(1)), [b"x" * 1000] * 20),
        (Pace(idle_s=5, session_ends=1e9, min_rate=1000, clock=Clock(1)), [b"x"] * 30),
    ],
    ids=["session over", "too slow"],
)
async def test_the_clocks_end_a_mail(tmp_path: Path, pace: Pace, pieces: list[bytes]) -> None:
    with pytest.raises(TooSlow):
        await read(tmp_path, *pieces, limit=10**6, pace=pace)


async def test_a_steady_mail_is_never_too_slow(tmp_path: Path) -> None:
    pace = Pace(idle_s=5, session_ends=1e9, min_rate=1000, clock=Clock(1))
    received, _ = await read(tmp_path, *[b"x" * 1000] * 100, b"\r\n.\r\n", limit=10**6, pace=pace)
    assert received.ended
