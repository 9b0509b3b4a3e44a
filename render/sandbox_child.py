"""The life of one sandbox child: take its limits, read one job, run it, answer, end.

Runs in a fresh fork. It never returns and never runs the parent's clean-up: it leaves by `os._exit`.
"""

from __future__ import annotations

import importlib
import os
import pickle
import resource
import signal
from typing import TYPE_CHECKING, Any, NoReturn

from render import wire
from render.errors import RenderFailed

if TYPE_CHECKING:
    import socket

    from render.sandbox import Limits

NICENESS = 10
"""A document can wait, a modem cannot: calls on the same cores have turn-rounds of 55 to 100 ms."""

_FIRST_FREE = 3


def live(data: socket.socket, limits: Limits) -> NoReturn:
    """Run the job that comes in on `data` under `limits` and end this process."""
    try:
        _shut_in(data, limits)
        data.sendall(_answer(data))
    finally:
        os._exit(0)


def _shut_in(data: socket.socket, limits: Limits) -> None:
    os.setpgid(0, 0)
    os.nice(NICENESS)
    kept = data.fileno()
    os.closerange(_FIRST_FREE, kept)
    os.closerange(kept + 1, 4096)
    for limit, value in (
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_FSIZE, limits.file_size),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (value, value))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 2))
    # Native code hears no Python handler: a page that PDFium cannot finish ends the child (render.pdf).
    signal.signal(signal.SIGVTALRM, signal.SIG_DFL)
    # Should the fork server itself be killed, nobody else would watch the clock.
    signal.setitimer(signal.ITIMER_REAL, limits.wall_seconds + 5)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _answer(data: socket.socket) -> bytes:
    try:
        function, args = pickle.loads(_job(data))  # noqa: S301  (the job comes from our own parent)
        return wire.pack((True, _named(function)(*args)))
    except MemoryError:
        return wire.pack((False, RenderFailed("", "The document needs more memory than allowed.")))
    except Exception as error:  # noqa: BLE001  (the task boundary: whatever it is goes to the parent)
        return _confession(error)


def _job(data: socket.socket) -> bytes:
    (length,) = wire.LENGTH.unpack(_exactly(data, wire.LENGTH.size))
    return _exactly(data, length)


def _exactly(data: socket.socket, length: int) -> bytes:
    out = bytearray(length)
    view = memoryview(out)
    while view:
        read = data.recv_into(view)
        if not read:
            os._exit(1)
        view = view[read:]
    return bytes(out)


def _named(function: str) -> Any:
    module, _, name = function.partition(":")
    return getattr(importlib.import_module(module), name)


def _confession(error: Exception) -> bytes:
    try:
        frame = wire.pack((False, error))
        wire.unpack(frame[wire.LENGTH.size :], type(error).__module__.split(".")[0])
    except Exception:  # noqa: BLE001  (an exception with state that does not travel)
        described = f"{type(error).__name__}: {error}"
        return wire.pack((False, RenderFailed("", "The renderer failed on this document.", described)))
    return frame
