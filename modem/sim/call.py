"""One telephone call through the exchange: dialling, ringing, talking, release; 20 ms of line time a step.

It moves blocks of 160 samples both ways through two `Path`s, listens to both with a wiretap, spoils and cuts
where the far number's settings say so, lets machines leave and modems hang, and tells the ledger. It knows no
clock: `modem.sim.pace` decides when a step is due.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from modem.sim.copper import wires
from modem.sim.far import FarEnd, FarFax
from modem.sim.figures import Figures
from modem.sim.libspandsp import BLOCK_SECONDS
from modem.sim.line import Line
from modem.sim.line_settings import Copper
from modem.sim.media import Media
from modem.sim.spandsp import CallEvent, frame_name
from modem.sim.watch import RESPONSES, PageWatch, page_command

if TYPE_CHECKING:
    from collections.abc import Callable

    from modem.sim.far import FarNumber
    from modem.sim.party import Party

DIAL_SECONDS = 1.0
RING_PERIOD = 6.0
RING_SECONDS = 60.0
RELEASE_SECONDS = 1.0
SILENCE_SECONDS = 1.0


class Phase(Enum):
    """Where a call is."""

    DIALLING = auto()
    RINGING = auto()
    TALKING = auto()
    RELEASING = auto()
    ENDED = auto()


class Call:
    """A call numbered `n`. `called` is who will answer, None where nobody does; `refusal` the tone, if any.

    `far` gives the impairments. `result` is a JSON object once `phase` is ENDED.
    """

    def __init__(
        self,
        n: int,
        caller: Party,
        called: Party | None,
        *,
        refusal: CallEvent | None,
        far: FarNumber | None,
        log: Callable[..., None],
    ) -> None:
        self.n = n
        self.caller = caller
        self.called = called
        self.phase = Phase.DIALLING
        self.result: dict[str, Any] = {}
        self._refusal = refusal
        self._far = far
        self._log = log
        self._blocks = 0
        self._phase_from = 0
        self._release_at = 0.0
        self._gone: set[int] = set()
        self._quiet_blocks = 0
        self._spoilt = False
        self._hung = False
        self._copper: Copper = far.settings if far else Copper()
        self._seed = n if self._copper.seed is None else self._copper.seed
        self._watch = PageWatch()
        self._figures = Figures()
        self._hook: dict[str, float] = {}
        self._outcome = ""
        self._media: Media | None = None
        caller.call = self
        if called is not None:
            called.call = self

    @property
    def seconds(self) -> float:
        """Line seconds since the number was dialled."""
        return self._blocks * BLOCK_SECONDS

    @property
    def _phase_seconds(self) -> float:
        return (self._blocks - self._phase_from) * BLOCK_SECONDS

    @property
    def stands(self) -> bool:
        """Whether the call was answered and has not ended."""
        return self.phase in (Phase.TALKING, Phase.RELEASING)

    @property
    def parties(self) -> tuple[Party, ...]:
        """The ends that take part: one or two."""
        return (self.caller,) if self.called is None else (self.caller, self.called)

    @property
    def must_keep_time(self) -> bool:
        """True while line time has to pass like wall time even on a fast line."""
        silent = self.phase is Phase.TALKING and self._quiet_blocks * BLOCK_SECONDS > SILENCE_SECONDS
        return silent or any(party.host_acts for party in self.parties)

    @property
    def must_stand_still(self) -> bool:
        """True while a fast line has to wait for a host that reads too slowly."""
        return any(party.host_is_behind for party in self.parties)

    def step(self) -> None:
        """Let 20 ms of line time pass."""
        self._blocks += 1
        if self.phase is Phase.DIALLING:
            self._dial()
        elif self.phase is Phase.RINGING:
            self._ring()
        elif self.phase in (Phase.TALKING, Phase.RELEASING):
            self._talk()

    def _enter(self, phase: Phase) -> None:
        self.phase = phase
        self._phase_from = self._blocks

    # -- before the answer

    def _dial(self) -> None:
        if self._phase_seconds < DIAL_SECONDS:
            return
        if self._refusal is not None:
            self._refuse(self._refusal)
        else:
            self._enter(Phase.RINGING)
            self._alert(first=True)

    def _refuse(self, tone: CallEvent) -> None:
        self.caller.refused(tone)
        self._end(tone.name.lower().replace("_", "-"))

    def _alert(self, *, first: bool) -> None:
        if self.called is not None:
            self.called.alert(self.caller.number, first=first)

    def _ring(self) -> None:
        wait = self.called.answers_after if self.called is not None else None
        rung = self._phase_seconds
        if wait is not None and rung >= wait:
            self.answer()
        elif rung >= RING_SECONDS:
            self._refuse(CallEvent.NO_ANSWER)
        elif self._blocks_since_ring() == 0:
            self._alert(first=False)

    def _blocks_since_ring(self) -> int:
        return (self._blocks - self._phase_from) % round(RING_PERIOD / BLOCK_SECONDS)

    def answer(self) -> None:
        """Connect both ends: the called party went off hook."""
        if self.phase is not Phase.RINGING or self.called is None:
            return
        far_side = 0 if isinstance(self.caller, FarEnd) else 1
        self._media = Media((self.caller, self.called), wires(self._copper, self._seed, far_side))
        self._figures.answer(self.seconds)
        self._enter(Phase.TALKING)
        self._log("answered", self)
        self.called.answered()
        self.caller.connected()

    # -- the talk

    def _talk(self) -> None:
        media = self._media
        if media is None:
            return
        spoil = self._spoils()
        self._spoilt = (self._spoilt or spoil) and not self._watch.ecm
        disguised = self._spoilt and not self._watch.page
        silent = media.exchange(self._gone, spoil=spoil, disguised=disguised)
        self._quiet_blocks = self._quiet_blocks + 1 if all(silent) else 0
        page = self._watch.page
        self._watch.block(silent=silent)
        if page and not self._watch.page:
            self._pass("page")
        self._hear(media)
        self._note_pages()
        self._hang()
        if self._drops():
            self._cut("dropped")
        elif self.phase is Phase.TALKING:
            self._look_for_the_end()
        elif self.seconds >= self._release_at:
            self._cut(self._outcome)

    @property
    def _talked(self) -> float:
        return self._figures.since_answer(self.seconds)

    def _drops(self) -> bool:
        far, watch = self._far, self._watch
        if far is None or not far.drops_at(watch.page, watch.seconds, self._talked):
            return False
        far.spent["drop"] += 1
        return True

    def _hang(self) -> None:
        """Let our line's modem hang where the number says so, once a call."""
        recovers = self._far.hangs_at(self._talked) if self._far else None
        if recovers is None or self._far is None or self._hung:
            return
        self._hung = True
        self._far.spent["hang"] += 1
        for party in self.parties:
            if isinstance(party, Line):
                party.hang(recovers)

    def _pass(self, moment: str) -> None:
        """Let the far machine leave where it does so after this moment."""
        page = self._watch.confirmed if moment == "MCF" else self._watch.current
        how = self._far.leaves_after(moment, page) if self._far else None
        for party in self.parties:
            if how is not None and isinstance(party, FarFax) and not party.left:
                party.far.spent["leave"] += 1
                party.leave(how)

    def _spoils(self) -> bool:
        """Whether this block belongs to a page to be rejected; training is left alone."""
        return self._far is not None and self._watch.trained and self._far.rejects(self._watch.page)

    def _hear(self, media: Media) -> None:
        for side, frame in media.frames():
            name = frame_name(frame)
            if name in RESPONSES:
                self._log("frame", self, name=name, side=("caller", "called")[side])
            if name == "RTN" and self._far is not None:
                self._far.spent["reject"] += 1
                self._spoilt = False
            confirms = self._watch.frame(side, name, frame)
            self._figures.frame(name, self.seconds, confirms=confirms)
            if confirms:
                self._log("mcf", self, name=name, page=self._watch.confirmed)
            self._pass(page_command(name, frame) or name)

    def _note_pages(self) -> None:
        for party in self.parties:
            if isinstance(party, FarFax):
                for page in party.take_pages():
                    file = str(party.document) if party is self.called else None
                    figures = {"rows": page.rows, "bad_rows": page.bad_rows, "octets": page.octets}
                    self._log("page", self, page=page.n, file=file, **figures)

    def _look_for_the_end(self) -> None:
        for side, party in enumerate(self.parties):
            if party.finished:
                self._release(side, RELEASE_SECONDS)

    def _release(self, side: int, after: float) -> None:
        self._gone.add(side)
        self._on_hook(side)
        self._outcome = self._outcome or "connected"
        self._release_at = self.seconds + after
        self._enter(Phase.RELEASING)

    # -- the end

    def lose_called(self) -> bool:
        """Let the called line make a call of its own; False once it rings, for then it is taken.

        Its caller will hear the busy tone, as at any exchange.
        """
        if self.phase is Phase.DIALLING:
            self._refusal, self.called = CallEvent.BUSY, None
        return self.phase is not Phase.RINGING

    def hang_up(self, party: Party) -> None:
        """Take a party off the line. What it sent before still travels through the line's delay."""
        if self.phase in (Phase.DIALLING, Phase.RINGING):
            if party is self.caller:
                self._cut("abandoned")
        elif self.stands:
            self._leave(self.parties.index(party))

    def _leave(self, side: int) -> None:
        if side in self._gone:
            return
        delay = self._media.delay(side) if self._media else 0.0
        self._release(side, delay)
        if len(self._gone) == len(self.parties) or not delay:
            self._cut(self._outcome)

    def _cut(self, outcome: str) -> None:
        for side, party in enumerate(self.parties):
            if side not in self._gone:
                party.hung_up()
        self._note_pages()
        self._end(outcome)

    def _end(self, outcome: str) -> None:
        self._enter(Phase.ENDED)
        for side in range(len(self.parties)):
            self._on_hook(side)
        self.result = self._report(outcome)
        for party in self.parties:
            if party.call is self:
                party.call = None
            if isinstance(party, FarFax):
                party.close()
        if self._media is not None:
            self._media.close()
        self._log("end", self, **self.result)

    def _on_hook(self, side: int) -> None:
        """Note how long a line was off hook: its bill. A caller is from the first digit on."""
        party = self.parties[side]
        if isinstance(party, Line) and party.name not in self._hook:
            self._hook[party.name] = self.seconds if side == 0 else self._talked
            party.last = {
                "call": self.n,
                "line_seconds": round(self._hook[party.name], 2),
                "talk_s": round(self._talked, 2),
            }

    def _report(self, outcome: str) -> dict[str, Any]:
        report: dict[str, Any] = {
            "outcome": outcome,
            "success": self._watch.complete,
            "confirmed": self._watch.confirmed,
            "hook": {name: round(seconds, 2) for name, seconds in self._hook.items()},
            "seed": self._seed,
        } | self._figures.report(self.seconds)
        for party in self.parties:
            if isinstance(party, FarFax) and party.done is not None:
                report |= {"file": str(party.document), "page_octets": party.page_octets}
                report |= party.done.report()
        return report
