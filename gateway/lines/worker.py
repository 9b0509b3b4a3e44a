"""The modem line: one thread owns one port, waits for rings, claims deliveries, makes one call at a time.

Between calls the port belongs to a `RingWatch`, so that a ringing line is heard while the queue is empty. A
port that cannot be opened, or goes away, takes the line out of service with its reason and remedy; it is
tried again every few seconds, and the gateway keeps accepting meanwhile.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import structlog

from gateway.domain.errors import Unavailable
from gateway.lines.base import Identity, Plant, Seat, as_measured
from gateway.lines.inbound import answer
from gateway.lines.leftovers import Leftovers
from gateway.lines.outbound import place
from gateway.store import lines, queue
from modem import profiles
from modem.port import PortError, open_port
from modem.probe import Probe
from modem.ring import Incoming, RingWatch
from modem.run import Mailbox, ask_modem, wait_for_ring

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.line_table import LineConfig
    from gateway.store.leases import Lease
    from modem.port import Port
    from modem.profiles import Profile

log = structlog.get_logger()

POLL_SECONDS = 0.1
PORT_SECONDS = 3.0
NEVER = 1 << 30


class ModemLine:
    """A `Line` on a serial device, a pseudo terminal or a network port."""

    def __init__(
        self,
        plant: Plant,
        config: LineConfig,
        device: Callable[[], str],
        profile: Profile | None = None,
        line_seconds: Callable[[float], float] = as_measured,
    ) -> None:
        """`device` is asked each time the port is opened: a simulated exchange may not be there yet.

        Without a `profile` the modem is asked what it is. `line_seconds`: see `Seat`.
        """
        self.name = config.name
        self.worker = f"{plant.host}/{config.name}/"
        self._plant, self._config, self._device, self._profile = plant, config, device, profile
        self._line_seconds = line_seconds
        self._identity = Identity(
            name=config.name,
            number=config.number or config.ident,
            ident=config.ident or config.number,
            simulated=config.type == "simulated",
            prefix=config.prefix,
            dialling=plant.dialling,
        )
        self._leftovers = Leftovers(plant, self.worker)
        self._traits = queue.LineTraits(
            config.name, self._identity.simulated, tuple(config.allow), tuple(config.deny)
        )
        self._shown: tuple[str, str] | None = None
        self._current: Mailbox | None = None
        self._stop = threading.Event()

    def run(self, stop: threading.Event) -> None:
        """Carry calls until `stop` is set."""
        self._stop = stop
        self._show("starting")
        while not stop.is_set():
            self._leftovers.settle()
            try:
                port = open_port(self._device(), self._profile or profiles.named("generic"))
            except PortError as error:
                self._out_of_service(error)
                continue
            try:
                self._serve(port)
            except PortError as error:
                self._out_of_service(error)
            finally:
                port.close()

    def hang_up(self) -> None:
        """End the call that stands, if one does, with DCN (a second SIGTERM)."""
        if (current := self._current) is not None:
            current.cancel()

    def _serve(self, port: Port) -> None:
        profile = self._profile or self._ask(port)
        seat = Seat(self._plant, self._identity, port, profile, self._stop.is_set, self._line_seconds)
        rings = NEVER if self._config.direction == "out" else self._config.rings
        while not self._stop.is_set():
            watch = RingWatch(profile, rings)
            self._one_call(seat, self._wait(port, watch))

    def _ask(self, port: Port) -> Profile:
        """Return the profile of the modem at this port, by its own words."""
        probe = Probe()
        ask_modem(probe, port, clock=self._plant.clock)
        if not probe.alive:
            raise PortError(port.name, "the modem answers nothing", "switch it off and on; see the cable")
        log.info("modem.identified", line=self.name, profile=probe.profile.name)
        return probe.profile

    def _wait(self, port: Port, watch: RingWatch) -> Incoming | Lease | None:
        """Return a ringing call or a claimed delivery; None when the line is to stop."""
        idle = Mailbox()
        try:
            while not self._stop.is_set():
                until = self._plant.clock() + POLL_SECONDS
                incoming = wait_for_ring(watch, port, clock=self._plant.clock, mailbox=idle, until=until)
                if watch.failed:
                    raise PortError(port.name, watch.failed, "switch the modem off and on; see `class`")
                if incoming is not None:
                    return incoming
                if watch.ready:
                    self._show("idle")
                    self._leftovers.settle_if_due()
                    if (lease := self._claim()) is not None:
                        return lease
        finally:
            idle.close()
        return None

    def _one_call(self, seat: Seat, what: Incoming | Lease | None) -> None:
        self._current = mailbox = Mailbox()
        try:
            match what:
                case Incoming():
                    self._show("answering")
                    answer(seat, what, mailbox, self.worker)
                case queue.Lease():
                    self._show("calling", number=what.number)
                    place(seat, what, mailbox)
        except Unavailable as error:
            log.error("line.store_failed", line=self.name, error=error.text, detail=error.detail)  # noqa: TRY400
            self._stop.wait(1.0)
            self._leftovers.settle()
        except Exception as error:
            log.exception("call.failed", line=self.name)
            why = f"a fault of ours ended the call ({type(error).__name__})"
            raise PortError(seat.port.name, why, "see the log; the port is opened anew") from error
        finally:
            self._current = None
            mailbox.close()

    def _claim(self) -> Lease | None:
        rules = self._plant.dialling
        if self._config.direction == "in" or rules.paused:
            return None
        try:
            due = self._plant.store.read(queue.next_due)
            if due is None or due > self._plant.now():
                return None
            now = self._plant.now()
            return self._plant.store.run(queue.claim, self._traits, self.worker, now, rules=rules)
        except Unavailable as error:
            log.warning("line.no_queue", line=self.name, error=error.text)
            self._stop.wait(1.0)
            return None

    def _out_of_service(self, error: PortError) -> None:
        if self._shown != ("out_of_service", str(error)):
            log.error("line.out_of_service", line=self.name, cause=error.cause, remedy=error.remedy)
        self._show("out_of_service", str(error))
        self._stop.wait(PORT_SECONDS)

    def _show(self, state: str, detail: str = "", number: int | None = None) -> None:
        if self._shown == (state, detail):
            return
        try:
            self._plant.store.run(
                lines.report,
                self.name,
                self._plant.now(),
                kind=self._config.type,
                state=state,
                device=self._config.device,
                detail=detail,
                number=number,
                worker=self.worker,
            )
        except Unavailable as problem:
            log.warning("line.not_shown", line=self.name, error=problem.text)
        else:
            self._shown = (state, detail)


def profile_of(config: LineConfig) -> Profile | None:
    """Return the profile of a simulated line's soft modem; a real modem is asked, so None."""
    return profiles.named("softmodem") if config.type == "simulated" else None
