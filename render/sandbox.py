"""Runs one function on hostile input in a short-lived child of a fork server, under hard limits.

The fork server (`render.forkserver`) has imported what jobs need and opened no document; every job gets a
fresh fork of it (some milliseconds), bounded in memory, CPU time, file size and wall clock, and is never used
again. Nothing is decided here about documents: the job is "module:function" with picklable arguments, its
result plain values and dataclasses. A job's own exception is raised here; a child that dies of its limits or
of a crash raises RenderFailed. Safe to use from threads (`run`) and from asyncio (`arun`).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from render import wire
from render.errors import RenderFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

MIB = 1 << 20
_GRACE_SECONDS = 15.0
_PASSED_ON = ("PATH", "HOME", "TMPDIR", "LANG", "XDG_CACHE_HOME", "FONTCONFIG_FILE")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one job may use. Address space and files in octets; waiting for a free child is not counted."""

    memory: int = 1536 * MIB
    cpu_seconds: int = 60
    wall_seconds: float = 60.0
    file_size: int = 64 * MIB
    result_size: int = 256 * MIB

    @classmethod
    def for_pages(cls, pages: int) -> Limits:
        """Allow a minute and two seconds a page, for drawing."""
        return cls(cpu_seconds=60 + 2 * pages, wall_seconds=60.0 + 2 * pages)


DEFAULT = Limits()


class Sandbox:
    """A fork server and the jobs sent to it. First it imports `preload` and calls `warm()` of each."""

    def __init__(self, preload: Sequence[str] = (), children: int = os.cpu_count() or 1) -> None:
        self._preload = tuple(preload)
        self._children = children
        self._lock = threading.Lock()
        self._server: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def start(self) -> None:
        """Start the fork server now, so that the first job need not wait for its imports."""
        with self._lock:
            self._ensure()

    def close(self) -> None:
        """End the fork server and every child of it."""
        with self._lock:
            if self._control is not None:
                self._control.close()
                self._control = None
            if self._server is not None:
                self._server.wait(_GRACE_SECONDS)
                self._server = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self, function: str, *args: Any, limits: Limits = DEFAULT) -> Any:
        """Return `function(*args)` of a child, "module:function"; raises its exception or RenderFailed."""
        data, status = self._submit(limits)
        with data, status:
            body = b""
            with contextlib.suppress(ConnectionError):
                data.sendall(wire.pack((function, args)))
                body = _read(data, limits.result_size)
            return _outcome(function, body, status.recv(wire.STATUS.size))

    async def arun(self, function: str, *args: Any, limits: Limits = DEFAULT) -> Any:
        """Do the same for asyncio; cancelling it kills the child."""
        data, status = self._submit(limits)
        loop = asyncio.get_running_loop()
        with data, status:
            data.settimeout(0)
            status.settimeout(0)
            body = b""
            with contextlib.suppress(ConnectionError):
                await loop.sock_sendall(data, wire.pack((function, args)))
                body = await _aread(data, limits.result_size)
            return _outcome(function, body, await loop.sock_recv(status, wire.STATUS.size))

    def _submit(self, limits: Limits) -> tuple[socket.socket, socket.socket]:
        ours, theirs = socket.socketpair()
        status, reporter = socket.socketpair()
        with theirs, reporter, self._lock:
            control = self._ensure()
            fds = [theirs.fileno(), reporter.fileno()]
            try:
                socket.send_fds(control, [wire.pack(limits)], fds)
            except BrokenPipeError:
                self._server = None
                socket.send_fds(self._ensure(), [wire.pack(limits)], fds)
        return ours, status

    def _ensure(self) -> socket.socket:
        if self._control is not None and self._server is not None and self._server.poll() is None:
            return self._control
        if self._control is not None:
            self._control.close()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._server = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "render.forkserver",
                    str(theirs.fileno()),
                    str(self._children),
                    *self._preload,
                ],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env=_environment(),
            )
        self._control = ours
        return ours


def _environment() -> dict[str, str]:
    # Nothing of ours that a hostile document could carry off: no passwords given by environment.
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {**passed, "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path)}


def _body_length(header: bytes, most: int) -> int:
    if len(header) < wire.LENGTH.size:
        return 0
    (length,) = wire.LENGTH.unpack(header)
    if length > most:
        raise RenderFailed("", "The result is larger than allowed.")
    return int(length)


def _read(data: socket.socket, most: int) -> bytes:
    length = _body_length(_receive(data, wire.LENGTH.size), most)
    body = _receive(data, length)
    return body if len(body) == length else b""


def _receive(data: socket.socket, length: int) -> bytes:
    out = bytearray()
    while len(out) < length and (piece := data.recv(min(MIB, length - len(out)))):
        out += piece
    return bytes(out)


async def _aread(data: socket.socket, most: int) -> bytes:
    length = _body_length(await _areceive(data, wire.LENGTH.size), most)
    body = await _areceive(data, length)
    return body if len(body) == length else b""


async def _areceive(data: socket.socket, length: int) -> bytes:
    loop = asyncio.get_running_loop()
    out = bytearray()
    while len(out) < length and (piece := await loop.sock_recv(data, min(MIB, length - len(out)))):
        out += piece
    return bytes(out)


def _outcome(function: str, body: bytes, status: bytes) -> Any:
    """Return the job's result or raise its error; without a result, say what ended the child."""
    if not body:
        raise RenderFailed("", _obituary(status), detail=function)
    try:
        good, value = wire.unpack(body, function.split(".", 1)[0])
    except Exception as error:  # a child that was taken over may send anything at all
        raise RenderFailed(
            "", "The renderer gave an answer that cannot be trusted.", detail=repr(error)
        ) from error
    if good:
        return value
    raise value if isinstance(value, Exception) else RenderFailed("", "The renderer failed.")


def _obituary(status: bytes) -> str:
    if len(status) < wire.STATUS.size:
        return "The renderer ended without an answer."
    ended, overdue = wire.STATUS.unpack(status)
    if overdue or (
        os.WIFSIGNALED(ended) and os.WTERMSIG(ended) in {signal.SIGXCPU, signal.SIGALRM, signal.SIGVTALRM}
    ):
        return "The document took too long to draw."
    if os.WIFSIGNALED(ended):
        return f"The renderer crashed on this document ({signal.Signals(os.WTERMSIG(ended)).name})."
    return "The renderer ended without an answer."
