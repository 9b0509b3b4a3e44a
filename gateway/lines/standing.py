"""What a line shows to people, and the operator's word to it: its row, its events, alarms, the pause.

Showing never fails a call: a store that does not answer is logged, and the state is shown when it does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from gateway.domain.errors import Unavailable
from gateway.store import lines, outbox
from modem.result import Reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from gateway.line_table import LineConfig
    from gateway.lines.base import Plant
    from modem.port import PortError
    from modem.result import CallResult

log = structlog.get_logger()

LOOK_SECONDS = 1.0
"""How often the line asks whether it was paused."""


class Standing:
    """One line's row. `shown` is the state and detail last written, None before the first."""

    def __init__(self, plant: Plant, config: LineConfig, worker: str) -> None:
        self._plant, self._config, self._worker = plant, config, worker
        self.shown: tuple[str, str] | None = None
        self._paused = False
        self._look_at = plant.clock()

    def show(self, state: str, detail: str = "", number: int | None = None) -> None:
        """Show a state, if it is another one."""
        if self.shown == (state, detail):
            return
        try:
            self._plant.store.run(
                lines.report,
                self._config.name,
                self._plant.now(),
                kind=self._config.type,
                state=state,
                device=self._config.device,
                detail=detail,
                number=number,
                worker=self._worker,
            )
        except Unavailable as problem:
            log.warning("line.not_shown", line=self._config.name, error=problem.text)
        else:
            self.shown = (state, detail)

    def out_of_service(self, error: PortError) -> None:
        """Show that the line carries nothing, and why."""
        if self.shown != ("out_of_service", str(error)):
            log.error("line.out_of_service", line=self._config.name, cause=error.cause, remedy=error.remedy)
        self.show("out_of_service", str(error))

    def identified(self, profile: str, modem: str) -> None:
        """Show what the modem is."""
        log.info("modem.identified", line=self._config.name, profile=profile, modem=modem)
        self._run(lines.identified, self._config.name, self._plant.now(), profile=profile, modem=modem)

    def alarm(self, error: PortError) -> None:
        """Tell the operator that the line has been out of service for a while."""
        self._tell(
            f"Line {self._config.name} is out of service",
            f"{error.device}: {error.cause}.\nWhat to do: {error.remedy}.\n\n"
            "Faxes wait for another line, or for this one: it is tried again all the time.",
        )

    def all_clear(self) -> None:
        """Take the alarm back."""
        self._tell(f"Line {self._config.name} is back in service", "Its modem works again; faxes go out.")

    def faults(self, result: CallResult, count: int) -> None:
        """Tell the operator that calls fail by the line's own fault, one after the other."""
        if result.reason is Reason.NO_DIALTONE:
            why = "There is no dial tone. See that the telephone line is plugged in and works."
        else:
            said = result.t30 or result.reason
            why = f"The modem fails: {said}. Switch it off and on; see `postline probe-modem`."
        log.error("line.faults", line=self._config.name, cause=result.reason, count=count)
        self._tell(
            f"Line {self._config.name} cannot call out",
            f"{count} calls failed one after the other. {why}\n\n"
            "Faxes go out by other lines, or wait for this one: it is tried again all the time.",
        )

    def faults_over(self) -> None:
        """Take that back."""
        self._tell(f"Line {self._config.name} calls out again", "A call went out over it.")

    def is_paused(self) -> bool:
        """Say whether the operator took the line out of service; the store is asked once a second."""
        now = self._plant.clock()
        if now >= self._look_at:
            self._look_at = now + LOOK_SECONDS
            try:
                self._paused = self._plant.store.read(lines.is_paused, self._config.name)
            except Unavailable as problem:
                log.warning("line.no_word", line=self._config.name, error=problem.text)
        return self._paused

    def _tell(self, subject: str, text: str) -> None:
        plant = self._plant

        def owe(session: Session) -> None:
            for operator in plant.operator:
                data = {"subject": subject, "text": text}
                outbox.owe(session, "note", operator, new_id=plant.new_id, now=plant.now(), data=data)

        self._run(owe)

    def _run(self, function: Callable[..., None], *arguments: object, **named: object) -> None:
        try:
            self._plant.store.run(function, *arguments, **named)
        except Unavailable as problem:
            log.warning("line.not_shown", line=self._config.name, error=problem.text)
