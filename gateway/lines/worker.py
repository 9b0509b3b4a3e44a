"""The modem line: one thread owns one port, waits for rings, claims deliveries, makes one call at a time.

Between calls the port belongs to a `RingWatch`, so that a ringing line is heard while the queue is empty; a
line that rings does not dial (glare). A modem that hangs is reset, then left alone for a while
(`lines.patience`). A port that cannot be opened, or goes away, takes the line out of service with its reason
and remedy; it claims nothing, is tried again, and the gateway keeps accepting meanwhile.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import structlog

from gateway.domain.errors import LostLease, Unavailable
from gateway.lines.base import Identity, Plant, Seat, as_measured
from gateway.lines.gate import Gate
from gateway.lines.inbound import answer
from gateway.lines.leftovers import Leftovers
from gateway.lines.outbound import place
from gateway.lines.patience import Faults, Patience
from gateway.lines.standing import LOOK_SECONDS, Standing
from gateway.store import queue
from gateway.store.stranded import traits_of
from modem import profiles
from modem.caller import Incoming
from modem.port import PortError, open_port
from modem.probe import Probe
from modem.ring import RingWatch
from modem.run import Mailbox, ask_modem, wait_for_ring

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.line_table import LineConfig
    from gateway.store.leases import Lease
    from modem.port import Port
    from modem.profiles import Profile
    from modem.result import CallResult

log = structlog.get_logger()

POLL_SECONDS = 0.1
CLAIM_SECONDS = 1.0
"""How long a line that may carry nothing of what is due leaves the queue alone: a claim locks the store."""
PORT_SECONDS = 3.0
NEVER = 1 << 30


class HungModemError(PortError):
    """The port is there, its modem answers nothing."""


class ModemLine:
    """A `Line` on a serial device, a pseudo terminal or a network port."""

    def __init__(
        self,
        plant: Plant,
        config: LineConfig,
        device: Callable[[], str],
        profile: Profile | None = None,
        *,
        line_seconds: Callable[[float], float] = as_measured,
        gate: Gate | None = None,
    ) -> None:
        """`device` is asked each time the port is opened: a simulated exchange may not be there yet.

        Without a `profile` the modem is asked what it is. `line_seconds`: see `Seat`; `gate`: the group's.
        """
        self.name = config.name
        self.worker = f"{plant.host}/{config.name}/"
        self._plant, self._config, self._device, self._profile = plant, config, device, profile
        self._line_seconds, self._gate = line_seconds, gate or Gate()
        self._identity = Identity(
            name=config.name,
            number=config.number or config.ident,
            ident=config.ident or config.number,
            simulated=config.type == "simulated",
            prefix=config.prefix,
            dialling=plant.dialling,
        )
        self._leftovers = Leftovers(plant, self.worker)
        self._traits = traits_of(config)
        self._standing = Standing(plant, config, self.worker)
        self._patience, self._faults = Patience(PORT_SECONDS), Faults()
        self._claim_at = plant.clock()
        self._current: Mailbox | None = None
        self._stop = threading.Event()

    def run(self, stop: threading.Event) -> None:
        """Carry calls until `stop` is set."""
        self._stop = stop
        self._standing.show("starting")
        while not stop.is_set():
            self._leftovers.settle()
            if self._standing.is_paused():
                self._rest()
            else:
                self._work()

    def hang_up(self) -> None:
        """End the call that stands, if one does, with DCN (a second SIGTERM)."""
        if (current := self._current) is not None:
            current.cancel()

    def _work(self) -> None:
        """Open the port and carry calls until something ends it."""
        try:
            port = open_port(self._device(), self._profile or self._config.profile_to_open())
        except PortError as error:
            self._out_of_service(error)
            return
        if port.remark:
            log.warning("line.remark", line=self.name, remark=port.remark)
        try:
            self._serve(port)
        except HungModemError as error:
            self._hung(port, error)
        except PortError as error:
            self._out_of_service(error)
        finally:
            port.close()

    def _serve(self, port: Port) -> None:
        profile = self._profile or self._ask(port)
        stopping, seconds = self._stop.is_set, self._line_seconds
        seat = Seat(self._plant, self._identity, port, profile, stopping, seconds, self._ended)
        rings = NEVER if self._config.direction == "out" else self._config.rings
        incoming = None
        while not (self._stop.is_set() or self._standing.is_paused()):
            watch = RingWatch(profile, rings, incoming)
            incoming = self._one_call(seat, self._wait(port, watch))

    def _ask(self, port: Port) -> Profile:
        """Return the profile of the modem at this port, by its own words and the line's."""
        probe = Probe()
        ask_modem(probe, port, clock=self._plant.clock)
        if not probe.alive:
            cause = "the modem answers nothing"
            raise HungModemError(port.name, cause, "switch it off and on; see the cable")
        if not probe.is_fax:
            cause = f"the modem offers {probe.offers}, and no fax class we speak"
            raise PortError(port.name, cause, "use a modem with Class 1 or 1.0")
        profile = self._config.profile_of(probe.profile)
        if not profile.rates:
            cause = (
                f"the modem can both send and receive none of our carriers ({', '.join(profile.carriers)})"
            )
            raise PortError(port.name, cause, "override `carriers` in the profile, or use another modem")
        port.configure(profile.baud, profile.flow)
        self._standing.identified(profile.name, probe.identity)
        return profile

    def _wait(self, port: Port, watch: RingWatch) -> Incoming | Lease | None:
        """Return a ringing call or a claimed delivery; None when the line is to stop."""
        idle = Mailbox()
        try:
            while not (self._stop.is_set() or self._standing.is_paused()):
                until = self._plant.clock() + POLL_SECONDS
                incoming = wait_for_ring(watch, port, clock=self._plant.clock, mailbox=idle, until=until)
                if watch.failed:
                    raise HungModemError(port.name, watch.failed, "switch the modem off and on; see `class`")
                if incoming is not None:
                    return incoming
                if watch.ready and (lease := self._next_work(port, watch)) is not None:
                    return lease
        finally:
            idle.close()
        return None

    def _next_work(self, port: Port, watch: RingWatch) -> Lease | None:
        """Return a claimed delivery, unless the line rings, or began to while we claimed."""
        self._in_service()
        self._leftovers.settle_if_due()
        watch.look(self._plant.clock())
        if watch.ringing or (lease := self._claim()) is None:
            return None
        taken = False
        try:
            watch.receive_data(port.read(), self._plant.clock())
            taken = not (watch.ringing or self._stop.is_set())
        finally:
            if not taken:
                self._give_back(lease)
        return lease if taken else None

    def _give_back(self, lease: Lease) -> None:
        log.info("line.gave_back", line=self.name, fax=lease.number)
        self._gate.leave(self.name)
        try:
            self._plant.store.run(queue.give_back, lease, self._plant.now(), new_id=self._plant.new_id)
        except (LostLease, Unavailable) as error:  # the leftovers find it
            log.warning("line.not_given_back", line=self.name, fax=lease.number, error=error.text)

    def _one_call(self, seat: Seat, what: Incoming | Lease | None) -> Incoming | None:
        """Carry a call; return one that came in just before we would have dialled."""
        self._current = mailbox = Mailbox()
        try:
            match what:
                case Incoming():
                    self._standing.show("answering")
                    answer(seat, what, mailbox, self.worker)
                case queue.Lease():
                    self._standing.show("calling", number=what.number)
                    return place(seat, what, mailbox)
        except Unavailable as error:
            log.error("line.store_failed", line=self.name, error=error.text, detail=error.detail)  # noqa: TRY400
            self._stop.wait(1.0)
            self._leftovers.settle()
        except Exception as error:
            log.exception("call.failed", line=self.name)
            why = f"a fault of ours ended the call ({type(error).__name__})"
            raise PortError(seat.port.name, why, "see the log; the port is opened anew") from error
        finally:
            self._gate.leave(self.name)
            self._current = None
            mailbox.close()
        return None

    def _claim(self) -> Lease | None:
        rules, now = self._plant.dialling, self._plant.now()
        if self._config.direction == "in" or rules.paused or not self._config.dials_at(now):
            return None
        if self._plant.clock() < self._claim_at or not self._gate.enter(self.name):
            return None
        lease = None
        try:
            due = self._plant.store.read(queue.next_due)
            if due is not None and due <= now:
                lease = self._plant.store.run(queue.claim, self._traits, self.worker, now, rules=rules)
                self._claim_at = self._plant.clock() + (CLAIM_SECONDS if lease is None else 0.0)
        except Unavailable as error:
            log.warning("line.no_queue", line=self.name, error=error.text)
            self._stop.wait(1.0)
        finally:
            if lease is None:
                self._gate.leave(self.name)
        return lease

    def _ended(self, result: CallResult) -> None:
        if self._faults.alarm_due(result.reason):
            self._standing.faults(result, self._faults.count)
        elif self._faults.over(result.reason):
            self._standing.faults_over()

    def _in_service(self) -> None:
        self._standing.show("idle")
        if self._patience.well():
            self._standing.all_clear()

    def _hung(self, port: Port, error: PortError) -> None:
        """Reset a modem that hangs for the first time; take it out of service when that did not help."""
        if self._patience.hung():
            log.warning("line.modem_reset", line=self.name, cause=error.cause)
            port.pulse_dtr()
        else:
            self._out_of_service(error)

    def _out_of_service(self, error: PortError) -> None:
        self._standing.out_of_service(error)
        seconds = self._patience.out(self._plant.clock())
        if self._patience.alarm_due(self._plant.clock()):
            self._standing.alarm(error)
        self._pass(seconds)

    def _rest(self) -> None:
        """Wait, the port closed, until the operator wants the line again."""
        self._standing.show("paused")
        while self._standing.is_paused() and not self._stop.is_set():
            self._stop.wait(LOOK_SECONDS / 2)
        self._standing.show("starting")

    def _pass(self, seconds: float) -> None:
        """Let time pass; a pause, or its end, is heard meanwhile."""
        until = self._plant.clock() + seconds
        while (left := until - self._plant.clock()) > 0 and not self._stop.is_set():
            if self._standing.is_paused():
                return
            self._stop.wait(min(left, LOOK_SECONDS))


def profile_of(config: LineConfig) -> Profile | None:
    """Return the profile of a simulated line's soft modem; a real modem is asked, so None."""
    return profiles.named("softmodem") if config.type == "simulated" else None
