"""The exchange: number plan, calls, and what each line's modem asks for. Several calls and lines at once.

`advance(now)` moves every call whose time has come; `step_all()` moves all of them by one block, for tests in
simulated time. Files of far machines go to `received`. It opens no socket, device or log by itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from modem.sim.call import Call, Phase
from modem.sim.far import FarFax, FarNumber, FarVoice
from modem.sim.line import Line
from modem.sim.pace import Pace
from modem.sim.settings import Answers, BadSettingsError, FarSettings, far_settings
from modem.sim.spandsp import CallEvent, Op

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from modem.sim.party import Party
    from modem.sim.settings import Recovers, Settings

SHORTEST_MATCH = 6
_TONES = {
    "busy": CallEvent.BUSY,
    "no-dialtone": CallEvent.NO_DIALTONE,
}


def digits_of(number: str) -> str:
    """Digits of a number or dial string; everything else is punctuation or a dial modifier."""
    return re.sub(r"\D", "", number)


def common_suffix(one: str, other: str) -> int:
    """Length of the longest common end."""
    length = 0
    for a, b in zip(reversed(one), reversed(other), strict=False):
        if a != b:
            break
        length += 1
    return length


class Exchange:
    """`log(event, call, **data)` is told what happens; `first_call` continues an earlier run's numbering."""

    def __init__(
        self, settings: Settings, received: Path, log: Callable[..., None], first_call: int = 1
    ) -> None:
        self.fast = settings.fast
        self.lines = {line.name: Line(line.name, line.number) for line in settings.lines}
        self.calls: dict[int, Call] = {}
        self.results: dict[int, dict[str, Any]] = {}
        self._far = {digits_of(far.number): FarNumber(far) for far in settings.far}
        self._unlisted: Answers = settings.unlisted
        self._received = received
        self._log = log
        self._next = first_call
        self._paces: dict[int, Pace] = {}

    # -- number plan

    def _by_number(self) -> dict[str, Line]:
        """Our lines by their numbers; of several with one number the first that is free."""
        found: dict[str, Line] = {}
        for line in self.lines.values():
            number = digits_of(line.number)
            if number not in found or (found[number].call is not None and line.call is None):
                found[number] = line
        return found

    def _listed(self, dialled: str) -> Line | FarNumber | None:
        """Whose number ends most like what was dialled: trunk and international prefixes do not matter."""
        wanted = digits_of(dialled)
        listed: dict[str, Line | FarNumber] = {**self._by_number(), **self._far}
        best = max(listed, key=lambda number: common_suffix(wanted, number), default="")
        if best == wanted or common_suffix(wanted, best) >= SHORTEST_MATCH:
            return listed[best]
        return None

    def change(self, values: dict[str, Any], *, fresh: bool = False) -> None:
        """Change or add a far machine from the next call on; `fresh` forgets it first. BadSettingsError."""
        number = digits_of(str(values.get("number", "")))
        known = None if fresh else self._far.get(number)
        self._far[number] = FarNumber(far_settings(values, known.settings if known else None))

    def set_speed(self, speed: object) -> None:
        """Let calls that begin from now on run at 1.0 or "max"; raises BadSettingsError."""
        if speed not in (1, "max"):
            raise BadSettingsError(f'speed {speed!r}: only 1.0 and "max" train at every rate')
        self.fast = speed == "max"

    def line_at(self, name: str) -> Line:
        """Return the line of this name; raises BadSettingsError."""
        if name not in self.lines:
            raise BadSettingsError(f"no line {name!r}: {', '.join(self.lines)}")
        return self.lines[name]

    def hang(self, name: str, recovers: str) -> None:
        """Let a line's modem stop answering its host, or "now" switch it off and on."""
        line = self.line_at(name)
        if recovers == "now":
            line.switch()
        elif recovers in ("reset", "never"):
            line.hang(cast("Recovers", recovers))
        else:
            raise BadSettingsError(f"recovers {recovers!r}: reset, never, now")

    def status(self) -> dict[str, Any]:
        """Return lines and calls as a JSON object."""
        return {
            "speed": "max" if self.fast else 1.0,
            "lines": {
                line.name: {"number": line.number, "call": line.call.n if line.call else None}
                for line in self.lines.values()
            },
            "calls": [call.n for call in self.calls.values()],
            "far": [far.settings.model_dump(mode="json") for far in self._far.values()],
        }

    # -- calls

    def dial(self, line: Line, dialled: str) -> Call | None:
        """Start the call a line's modem asks for; None where it collides with a call that rings there."""
        if line.call is not None and line.call.called is line and not line.call.lose_called():
            line.refused(CallEvent.NO_DIALTONE)  # off hook it hears its caller, and no dial tone
            return None
        if line.call is not None:
            line.call.hang_up(line)
        listed = self._listed(dialled)
        if isinstance(listed, Line):
            refusal = CallEvent.BUSY if listed.call is not None or listed is line else None
            return self._start(line, None if refusal else listed, dialled, refusal=refusal)
        far = listed or FarNumber(FarSettings(number=dialled, answers=self._unlisted))
        refusal = _TONES.get(far.settings.answers)
        return self._start(line, self._answering(far), dialled, refusal=refusal, far=far)

    def _answering(self, far: FarNumber) -> Party | None:
        if far.settings.answers == "fax":
            return FarFax(far, self._received / f"call-{self._next}.tif", caller=False)
        return FarVoice(far) if far.settings.answers == "voice" else None

    def call_in(
        self,
        called: str,
        document: Path,
        caller: str,
        line_name: str | None = None,
        keys: dict[str, Any] | None = None,
    ) -> int:
        """Let the far machine at `caller` send `document` to a line; return the call's number.

        `keys` change its settings for this call only.
        """
        line = self.lines.get(line_name) if line_name else self._listed(called)
        if not isinstance(line, Line):
            raise BadSettingsError(f"no line has the number {called or line_name}")
        far = self._far.get(digits_of(caller)) or FarNumber(FarSettings(number=caller))
        if keys:
            far = FarNumber(far_settings({"number": caller, **keys}, far.settings))
        party = FarFax(far, document, caller=True)
        if line.call is not None:
            return self._start(party, None, called, refusal=CallEvent.BUSY, far=far).n
        return self._start(party, line, called, refusal=None, far=far).n

    def _start(
        self,
        caller: Party,
        called: Party | None,
        dialled: str,
        *,
        refusal: CallEvent | None,
        far: FarNumber | None = None,
    ) -> Call:
        call = Call(self._next, caller, called, refusal=refusal, far=far, log=self._log)
        self._next += 1
        self.calls[call.n] = call
        self._paces[call.n] = Pace(fast=self.fast)
        self._log("call", call, caller=caller.number, dialled=dialled)
        return call

    # -- what modems ask for

    def host_wrote(self, line: Line, data: bytes) -> None:
        """Take octets of a line's host and do what its modem asks for then."""
        line.from_host(data)
        self.attend(line)

    def host_left(self, line: Line) -> None:
        """Hang up and reset: the host closed its port or dropped DTR."""
        if line.call is not None:
            line.call.hang_up(line)
        line.host_left()
        self._tidy()

    def attend(self, line: Line) -> None:
        """Do what the line's modem asked for."""
        while requests := line.take_requests():
            for request in requests:
                if request.op is Op.CALL:
                    self.dial(line, request.digits)
                elif request.op is Op.ANSWER:
                    self._answer(line)
                elif line.call is not None and request.op in (Op.HANG_UP, Op.ON_HOOK):
                    line.call.hang_up(line)
        if line.waits_in_vain:
            line.hung_up()
        self._tidy()

    def _answer(self, line: Line) -> None:
        if line.call is not None and line.call.called is line:
            line.call.answer()
        else:
            line.answer_in_vain()

    def _tidy(self) -> None:
        for n, call in list(self.calls.items()):
            if call.phase is Phase.ENDED:
                self.results[n] = call.result
                del self.calls[n], self._paces[n]

    # -- time

    def step(self, call: Call) -> None:
        """Let 20 ms pass for one call."""
        call.step()
        for party in call.parties:
            if isinstance(party, Line):
                self.attend(party)
        self._tidy()

    def step_all(self) -> None:
        """Let 20 ms pass for every call."""
        for call in list(self.calls.values()):
            if call.phase is not Phase.ENDED:
                self.step(call)

    def next_due(self) -> float | None:
        """Wall time at which the next call wants to move; None without calls."""
        return min((self._paces[n].next_due(call) for n, call in self.calls.items()), default=None)

    def advance(self, now: float) -> None:
        """Move every call that is due at `now`; a free running one by a slice of blocks."""
        for call in list(self.calls.values()):
            pace = self._paces.get(call.n)
            if pace is not None:
                pace.run(call, now, self.step)

    def close(self) -> None:
        """End every call and free the modems."""
        for call in list(self.calls.values()):
            call.hang_up(call.caller)
        for line in self.lines.values():
            line.close()
