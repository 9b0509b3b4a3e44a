"""Jobs for the sandbox tests: well-behaved ones and every kind of misbehaviour."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from render.errors import TooManyPages


@dataclass(frozen=True, slots=True)
class Answer:
    """A result such as jobs return."""

    words: tuple[str, ...]
    pid: int


class NotPortableError(Exception):
    """Its state does not travel."""

    def __init__(self, handle: object) -> None:
        super().__init__(handle)


class Hook:
    """What a child that was taken over would send: code to run in the parent."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.path}",)


def echo(*words: str) -> Answer:
    return Answer(words, os.getpid())


def niceness() -> int:
    return os.nice(0)


def size(data: bytes) -> int:
    return len(data)


def octets(count: int) -> bytes:
    return b"x" * count


def refuse() -> NoReturn:
    raise TooManyPages("a.pdf", "Too long.")


def trip() -> NoReturn:
    raise ValueError("tripped")


def trip_with_a_lock() -> NoReturn:
    raise NotPortableError(threading.Lock())


def eat_memory() -> int:
    return len(bytearray(8 << 30))


def eat_memory_in_pieces() -> None:
    kept = []
    while True:
        kept.append(bytearray(1 << 24))


def burn() -> None:
    while True:
        pass


def wait_for_ever() -> None:
    threading.Event().wait()


def wait_deaf_to_signals(path: str) -> None:
    import signal

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM, signal.SIGXCPU):
        signal.signal(number, signal.SIG_IGN)
    Path(path).write_text(str(os.getpid()))
    threading.Event().wait()


def announce_and_wait(path: str) -> None:
    Path(path).write_text(str(os.getpid()))
    threading.Event().wait()


def crash() -> None:
    ctypes.string_at(0)


def leave() -> NoReturn:
    os._exit(3)


def fill_disk(path: str) -> int:
    with Path(path).open("wb") as file:
        file.writelines(b"\0" * (1 << 20) for _ in range(64))
    return Path(path).stat().st_size


def start_grandchild(path: str) -> None:
    child = subprocess.Popen([sys.executable, "-c", "import threading; threading.Event().wait()"])
    Path(path).write_text(str(child.pid))


def hook(path: str) -> Hook:
    return Hook(path)


def secrets() -> list[str]:
    return sorted(os.environ)


def open_files() -> list[str]:
    open_now = [fd for fd in Path("/proc/self/fd").iterdir() if fd.is_symlink()]
    return sorted(str(fd.readlink()) for fd in open_now if fd.is_symlink())


def reach(port: int) -> str:
    try:
        socket.create_connection(("127.0.0.1", port), 2).close()
    except OSError as error:
        return type(error).__name__
    return "reached"


def core_limit() -> tuple[int, int]:
    import resource

    return resource.getrlimit(resource.RLIMIT_CORE)
