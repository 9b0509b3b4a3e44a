"""Drive one `FaxCall` on one `Port`, in the thread that owns the port.

The only place of the engine that waits. Nothing else may run in this thread: a turn-round has 55 to
100 ms. Other threads reach the call through `Mailbox` (notices stored, cancel), which wakes the loop. The
clock is handed in and must be monotonic.
"""

from __future__ import annotations

import contextlib
import os
import select
import threading
from collections import deque
from typing import TYPE_CHECKING

from modem.port import PortError

if TYPE_CHECKING:
    from collections.abc import Callable

    from modem.call import FaxCall
    from modem.caller import Incoming
    from modem.notices import Notice
    from modem.port import Port
    from modem.probe import Probe
    from modem.result import CallResult
    from modem.ring import RingWatch


class Mailbox:
    """What other threads tell a running call: `stored(id)` and `cancel()`. One for each call."""

    def __init__(self) -> None:
        self._letters: deque[int | None] = deque()
        self._lock = threading.Lock()
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)
        self._closed = False

    def stored(self, notice_id: int) -> None:
        """Say that this notice is on stable storage."""
        self._post(notice_id)

    def cancel(self) -> None:
        """Ask the call to end."""
        self._post(None)

    def fileno(self) -> int:
        """Return a descriptor that is readable when there is a letter."""
        return self._reader

    def take(self) -> list[int | None]:
        """Return the letters: a notice id that was stored, or None for cancel."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._reader, 4096)
        letters = []
        while self._letters:
            letters.append(self._letters.popleft())
        return letters

    def close(self) -> None:
        """Stop listening; letters that come later are dropped."""
        with self._lock:
            if not self._closed:
                self._closed = True
                os.close(self._reader)
                os.close(self._writer)

    def _post(self, letter: int | None) -> None:
        with self._lock:
            if self._closed:
                return
            self._letters.append(letter)
            with contextlib.suppress(BlockingIOError):
                os.write(self._writer, b".")


def run_call(
    call: FaxCall,
    port: Port,
    *,
    clock: Callable[[], float],
    on_notice: Callable[[Notice], None],
    mailbox: Mailbox,
) -> CallResult:
    """Run `call` to its end and return its result. `on_notice` is called in this thread and must not block.

    A port that goes away ends the call with `modem-error`. Never raises for what the line or modem does.
    """
    unwritten = b""
    call.start(clock())
    while True:
        for notice in call.notices():
            on_notice(notice)
        if call.result is not None:
            if not call.hung_up:
                port.pulse_dtr()
            return call.result
        try:
            port.obey_xoff(call.feeding)
            unwritten = _write(port, unwritten, call.data_to_send)
            readable = _wait(call.next_deadline(), port, mailbox, clock, writing=bool(unwritten))
            if port.fileno() in readable:
                call.receive_data(port.read(), clock())
        except PortError as error:
            call.port_failed(clock(), str(error))
        for letter in mailbox.take():
            if letter is None:
                call.cancel(clock())
            else:
                call.stored(letter, clock())
        call.handle_timeout(clock())


def wait_for_ring(
    watch: RingWatch, port: Port, *, clock: Callable[[], float], mailbox: Mailbox, until: float
) -> Incoming | None:
    """Run `watch` until a call is to be answered; None at `until`, at a letter, or when `watch.failed`.

    May be called again with the same watch. Raises PortError when the port goes away.
    """
    watch.start(clock())
    while watch.incoming is None and not watch.failed and clock() < until:
        unwritten = _write(port, b"", watch.data_to_send)
        watch.put_back(unwritten)
        deadline = min(until, watch.next_deadline() or until)
        readable = _wait(deadline, port, mailbox, clock, writing=bool(unwritten))
        if port.fileno() in readable:
            watch.receive_data(port.read(), clock())
        if mailbox.fileno() in readable:
            return None
        watch.timeout(clock())
    return watch.incoming


def ask_modem(probe: Probe, port: Port, *, clock: Callable[[], float]) -> None:
    """Run `probe` until all its questions were answered or given up; raises PortError."""
    probe.start(clock())
    unwritten = b""
    while not probe.done:
        unwritten = _write(port, unwritten, probe.data_to_send)
        seconds = max(0.0, (probe.next_deadline() or clock()) - clock())
        writing = [port.fileno()] if unwritten else []
        if select.select([port.fileno()], writing, [], seconds)[0]:
            probe.receive_data(port.read(), clock())
        probe.timeout(clock())


def _write(port: Port, unwritten: bytes, more: Callable[[], bytes]) -> bytes:
    """Hand over all that the port takes now; return what it left of the last piece."""
    while data := unwritten or more():
        unwritten = data[port.write(data) :]
        if unwritten:
            return unwritten
    return b""


def _wait(
    deadline: float | None, port: Port, mailbox: Mailbox, clock: Callable[[], float], *, writing: bool
) -> list[int]:
    """Wait for octets, a letter or the deadline; with octets to write also for room."""
    seconds = None if deadline is None else max(0.0, deadline - clock())
    waiting_to_write = [port.fileno()] if writing else []
    readable, _, _ = select.select([port.fileno(), mailbox.fileno()], waiting_to_write, [], seconds)
    return readable
