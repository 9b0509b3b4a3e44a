"""Examine one modem from the port up: what it is, whether its port does its part, what can be done with it.

The long form of what the gateway asks whenever it opens a port; it makes no call, and leaves the modem as its
reset leaves it. What is found is a list of `Finding`, worst things with a remedy; `modem.probe` asks, this
module judges. The budgets are those of `spec/t30-class1.md` section 9: a turn-round has 55 ms.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from modem import profiles
from modem.port import is_pseudo_terminal, open_port
from modem.probe import QUESTIONS, Probe
from modem.rates import Modulation
from modem.run import ask_modem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from modem.port import Port
    from modem.profiles import Profile

OK, NOTE, WARN, FAIL = "ok", "note", "warn", "fail"
SPEEDS = (115200, 57600, 38400, 19200, 9600, 2400)
ROUND_TRIPS = 10
QUICK, SLOW = 0.02, 0.055
ANSWER_SECONDS = 1.5


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `level` is ok, note, warn or fail; a remedy stands where something can be done."""

    level: str
    subject: str
    text: str
    remedy: str = ""


@dataclass(slots=True)
class Examination:
    """What came of it. `usable`: faxes can be sent; `profile` is None where no fax modem answered."""

    device: str
    speed: int | None = None
    identity: str = ""
    profile: Profile | None = None
    classes: tuple[str, ...] = ()
    rates: tuple[int, ...] = ()
    round_trip_ms: float | None = None
    findings: list[Finding] = field(default_factory=list)
    answers: dict[str, list[str]] = field(default_factory=dict)

    @property
    def usable(self) -> bool:
        """Whether nothing found keeps the modem from sending faxes."""
        return self.profile is not None and all(found.level != FAIL for found in self.findings)


def examine(
    device: str, *, clock: Callable[[], float], opened: Callable[[str, Profile], Port] = open_port
) -> Examination:
    """Examine the modem at `device`; raises PortError where the port cannot be opened or goes away."""
    port = opened(device, profiles.named("generic"))
    try:
        return _Examiner(device, port, clock).run()
    finally:
        port.close()


class _Examiner:
    def __init__(self, device: str, port: Port, clock: Callable[[], float]) -> None:
        self._port, self._clock = port, clock
        self._has_speed = not (device.startswith("socket://") or is_pseudo_terminal(device))
        self._made = Examination(device)

    def run(self) -> Examination:
        made = self._made
        made.findings.extend(self._port_itself())
        if not self._wake():
            tried = f" at {', '.join(map(str, SPEEDS))} bit/s" if self._has_speed else ""
            made.findings.append(
                Finding(FAIL, "modem", f"no answer{tried}", "switch it off and on; see cable and `device`")
            )
            return made
        told = self._ask(QUESTIONS)
        made.answers, made.identity, made.classes = told.answers, told.identity, told.classes
        if not told.is_fax:
            made.findings.append(_no_fax(told))
            return made
        made.profile = told.profile
        made.rates = tuple(dict.fromkeys(rate.bits for rate in told.profile.rates))
        made.findings += [*_what_it_is(told), *_what_it_can(told)]
        made.findings += [*self._manners(told), *self._obedience(told.profile)]
        if made.usable:
            made.findings += self._swiftness()
        return made

    def _port_itself(self) -> Iterator[Finding]:
        if self._port.remark:
            yield Finding(WARN, "lock", self._port.remark, "let the user Postline runs as write there")
        signals = self._port.signals()
        if signals is None:
            yield Finding(NOTE, "port", "it has no modem lines (CTS, DSR, DTR): a hang-up is up to ATH alone")
            return
        said = ", ".join(f"{name} {'on' if on else 'off'}" for name, on in signals.items())
        if signals.get("CTS", True):
            yield Finding(OK, "port", said)
        else:
            yield Finding(WARN, "port", f"{said}: RTS/CTS would stop us", "see cable, or override `flow`")

    def _wake(self) -> bool:
        """Find the speed the modem answers at."""
        for speed in SPEEDS if self._has_speed else (None,):
            if speed is not None:
                self._port.configure(speed, "none")
            self._made.speed = speed
            if self._ask(("ATE0V1Q0",)).alive:
                return True
        return False

    def _manners(self, told: Probe) -> Iterator[Finding]:
        if told.echoed - {QUESTIONS[0]}:
            yield Finding(
                NOTE, "echo", "the modem repeats our commands though told not to; that does no harm"
            )
        profile = told.profile
        command = profile.flow_command
        if self._has_speed and command:
            obeys = self._ask((command,)).obeyed(command)
            text = f"{profile.flow} by {command}"
            remedy = "" if obeys else "override `flow` and its command in the profile of the line"
            yield Finding(
                OK if obeys else WARN, "flow control", text + ("" if obeys else ": refused"), remedy
            )
        caller_id = self._ask(profile.caller_id)
        obeys = all(caller_id.obeyed(one) for one in profile.caller_id)
        can = "shown" if obeys else "not shown"
        yield Finding(OK if obeys else NOTE, "caller id", f"{can} ({', '.join(profile.caller_id)})")

    def _obedience(self, profile: Profile) -> Iterator[Finding]:
        if self._port.signals() is not None:
            self._port.pulse_dtr()
            after = self._still_there("DTR", "the modem answers after DTR was lowered")
            yield after
            if after.level == FAIL:
                return
        reset = self._ask((profile.reset,))
        seconds = sum(reset.times)
        if not reset.obeyed(profile.reset):
            yield Finding(WARN, "reset", f"{profile.reset} is refused", "override `reset` in the profile")
            return
        yield self._still_there("reset", f"{profile.reset} takes {seconds * 1000:.0f} ms")

    def _still_there(self, subject: str, text: str) -> Finding:
        if self._ask(("ATE0V1Q0",)).alive:
            return Finding(OK, subject, text)
        return Finding(FAIL, subject, "the modem says nothing afterwards", "switch it off and on")

    def _swiftness(self) -> Iterator[Finding]:
        times = [seconds for _ in range(ROUND_TRIPS) for seconds in self._ask(("AT",)).times]
        if not times:
            yield Finding(FAIL, "round trip", "the modem stopped answering", "switch it off and on")
            return
        middle, worst = median(times), max(times)
        self._made.round_trip_ms = round(middle * 1000, 1)
        text = f"{middle * 1000:.1f} ms, {worst * 1000:.1f} ms at worst"
        if middle < QUICK:
            yield Finding(OK, "round trip", text)
        else:
            level, limit = (NOTE, "") if middle < SLOW else (WARN, "; a turn-round has 55 ms")
            remedy = "lower the latency timer of the USB adapter, or bring the terminal server nearer"
            yield Finding(level, "round trip", text + limit, remedy)

    def _ask(self, questions: Sequence[str]) -> Probe:
        probe = Probe(questions, ANSWER_SECONDS)
        ask_modem(probe, self._port, clock=self._clock)
        return probe


def _no_fax(told: Probe) -> Finding:
    if {"2", "2.0", "2.1"} & set(told.classes):
        text = f"it offers {told.offers}: Class 2 alone is not spoken"
    else:
        text = f"it is no fax modem: {told.offers}"
    return Finding(FAIL, "modem", text, "use a modem with Class 1 or 1.0")


def _what_it_is(told: Probe) -> Iterator[Finding]:
    yield Finding(OK, "modem", told.identity or "it does not say what it is")
    why = profiles.reason(told.profile, told.identity)
    if why:
        yield Finding(OK, "profile", f"{told.profile.name}, because it says {why!r}")
    else:
        text = "generic: no family is known by these words"
        yield Finding(NOTE, "profile", text, "send us this report; any key may be overridden meanwhile")
    if told.profile.software:
        yield Finding(OK, "hardware", "none: this is a soft modem")
    elif told.profile.tested:
        yield Finding(OK, "hardware", f"tested: {told.profile.tested}")
    else:
        yield Finding(
            NOTE, "hardware", "nobody has tested this family on hardware yet", "send us this report"
        )


def _what_it_can(told: Probe) -> Iterator[Finding]:
    yield Finding(OK, "class", f"{told.profile.service_class} of {told.offers}")
    rates = told.profile.rates
    if not rates:
        yield Finding(FAIL, "speed", "no carrier can both be sent and received", "use another modem")
        return
    names = ", ".join(str(kind) for kind in Modulation if any(rate.modulation is kind for rate in rates))
    guess = "" if told.carriers else " (it does not say; this is what Class 1 modems can)"
    yield Finding(OK, "speed", f"up to {max(rate.bits for rate in rates)} bit/s by {names}{guess}")
    yield Finding(OK, "error correction", "ECM, MH, MR and MMR: Postline does these itself")
    adaptive = told.obeyed("AT+FAR=?")
    text = (
        "a frame in place of a page is told at once" if adaptive else "it has none: such a frame is asked for"
    )
    yield Finding(OK if adaptive else NOTE, "adaptive reception", text)
