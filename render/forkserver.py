"""The process behind `render.sandbox`: preloads modules once, then forks one bounded child a job.

`python -m render.forkserver FD CHILDREN MODULE...`. FD is a SOCK_SEQPACKET socket on which each message is
a frame of `Limits` with two descriptors: the job's stream (job in, result out) and the reporter, where the
child's end is told. The server is single-threaded, reads no document, and kills a child when its wall clock
runs out or its owner has gone. It leaves the network behind where the kernel allows. It ends with its parent.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import selectors
import signal
import socket
import sys
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from render import patience, wire
from render.isolation import leave_network, refuse_new_privileges
from render.sandbox_child import live

_THREADS_GONE_SECONDS = 5.0


if TYPE_CHECKING:
    from render.sandbox import Limits


@dataclass(slots=True, eq=False)
class _Job:
    limits: Limits
    data: socket.socket
    reporter: socket.socket
    pid: int = 0
    pidfd: int = -1
    deadline: float = 0.0
    overdue: bool = False


class ForkServer:
    """Takes jobs from `control` and runs at most `children` of them at once, the rest in order of arrival."""

    def __init__(self, control: socket.socket, children: int) -> None:
        self._control = control
        self._children = children
        self._waiting: deque[_Job] = deque()
        self._running: list[_Job] = []
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ, None)

    def serve(self) -> None:
        """Serve until the parent closes the control socket."""
        patience.PAGES_END_THE_PROCESS = True  # of the children; this process draws nothing any more
        while self._turn():
            self._kill_overdue()
            while self._waiting and len(self._running) < self._children:
                self._fork(self._waiting.popleft())
        for job in self._running:
            _kill(job)

    def _turn(self) -> bool:
        for key, _ in self._selector.select(self._patience()):
            if key.data is None:
                if not self._take_job():
                    return False
            elif key.fileobj is key.data.reporter:
                self._abandon(key.data)
            else:
                self._bury(key.data)
        return True

    def _patience(self) -> float | None:
        deadlines = [job.deadline for job in self._running if not job.overdue]
        return max(0.0, min(deadlines) - time.monotonic()) if deadlines else None

    def _take_job(self) -> bool:
        message, fds, _, _ = socket.recv_fds(self._control, 4096, 2)
        if not message:
            return False
        limits = wire.unpack(message[wire.LENGTH.size :], "render")
        self._waiting.append(_Job(limits, socket.socket(fileno=fds[0]), socket.socket(fileno=fds[1])))
        return True

    def _fork(self, job: _Job) -> None:
        pid = os.fork()
        if pid == 0:
            live(job.data, job.limits)
        # The child makes its own process group; doing it here too leaves no moment without one.
        with contextlib.suppress(PermissionError, ProcessLookupError):
            os.setpgid(pid, pid)
        job.pid, job.pidfd = pid, os.pidfd_open(pid)
        job.deadline = time.monotonic() + job.limits.wall_seconds
        job.data.close()
        self._running.append(job)
        self._selector.register(job.pidfd, selectors.EVENT_READ, job)
        self._selector.register(job.reporter, selectors.EVENT_READ, job)

    def _kill_overdue(self) -> None:
        now = time.monotonic()
        for job in self._running:
            if now >= job.deadline and not job.overdue:
                job.overdue = True
                _kill(job)

    def _abandon(self, job: _Job) -> None:
        """Its owner has gone: nobody wants the result."""
        self._selector.unregister(job.reporter)
        _kill(job)

    def _bury(self, job: _Job) -> None:
        _kill(job)
        _, status = os.waitpid(job.pid, 0)
        self._selector.unregister(job.pidfd)
        os.close(job.pidfd)
        with contextlib.suppress(KeyError):
            self._selector.unregister(job.reporter)
        with contextlib.suppress(OSError):
            job.reporter.send(wire.STATUS.pack(status, job.overdue))
        job.reporter.close()
        self._running.remove(job)


def _kill(job: _Job) -> None:
    # The whole group: what the child started dies with it. Not reaped yet, so the number is still its own.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(job.pid, signal.SIGKILL)


def preload(modules: list[str]) -> None:
    """Import `modules`, call `warm()` of those that have it, and make what they left cheap to share."""
    for name in modules:
        module = importlib.import_module(name)
        if hasattr(module, "warm"):
            module.warm()
    _wait_for_threads()
    gc.collect()
    gc.freeze()


def _wait_for_threads() -> None:
    """Wait until one thread is left: a fork copies no other, and the locks they hold would stay locked."""
    deadline = time.monotonic() + _THREADS_GONE_SECONDS
    while (count := len(list(Path("/proc/self/task").iterdir()))) > 1:
        if time.monotonic() > deadline:
            raise SystemExit(f"fork server: the preloaded modules left {count - 1} threads running")
        time.sleep(0.005)


def main(fd: str, children: str, *modules: str) -> None:
    """Serve on descriptor `fd` until its other end closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    refuse_new_privileges()
    leave_network()
    preload(list(modules))
    ForkServer(socket.socket(fileno=int(fd)), int(children)).serve()


if __name__ == "__main__":
    main(*sys.argv[1:])
