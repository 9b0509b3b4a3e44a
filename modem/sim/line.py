"""A subscriber line of the exchange: a soft modem, and the octets between it and its host.

The host may be a pseudo terminal (`modem.sim.ports`) or a test in simulated time: both write with
`from_host` and read with `to_host`. It does not know what it is connected to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modem.sim.libspandsp import SILENCE, ffi
from modem.sim.spandsp import FEED, CallEvent, Op, Request, SoftModem
from modem.sim.turns import Move, Turns

if TYPE_CHECKING:
    from modem.sim.call import Call
    from modem.sim.settings import Recovers
    from modem.sim.spandsp import Samples

HOST_BACKLOG = 2048
"""Unread octets at which a fast line waits for its host."""


class Line:
    """One line. `name` is the port's, `number` its telephone number; `call` the call it takes part in.

    `last` says what its last call took: number, outcome, seconds. A modem that *hangs* neither answers its
    host nor sends, hears or rings.
    """

    answers_after: float | None = None  # a host answers when it likes

    def __init__(self, name: str, number: str) -> None:
        self.name = name
        self.number = number
        self.call: Call | None = None
        self.unread = 0
        self.last: dict[str, Any] | None = None
        self._hung: Recovers | None = None
        self._requests: list[Request] = []
        self._from_host = b""
        self._to_host = bytearray()
        self._reset()

    def _reset(self) -> None:
        self._modem = SoftModem()
        self._turns = Turns()

    # -- the host's side

    @property
    def accepts(self) -> bool:
        """False while the modem holds the host off (clear to send is down)."""
        return self._turns.clear_to_send and not self._from_host

    @property
    def host_acts(self) -> bool:
        """True while the line must not run ahead of wall time."""
        return self._turns.host_acts or self._hung is not None

    @property
    def host_is_behind(self) -> bool:
        """True while so much waits to be read that a fast line has to stand still."""
        return self.unread + len(self._to_host) > HOST_BACKLOG

    def from_host(self, data: bytes) -> None:
        """Take octets from the host; what the modem cannot take yet is kept."""
        if self._hung is None:
            self._from_host += data
            self._feed()

    def to_host(self) -> bytes:
        """Return and forget the octets for the host."""
        taken = bytes(self._to_host)
        self._to_host.clear()
        return taken

    def put_back(self, data: bytes) -> None:
        """Keep octets the host's device did not take."""
        self._to_host[:0] = data

    def host_left(self) -> None:
        """Forget everything said and reset the modem: the host closed its port or dropped DTR."""
        if self._hung == "reset":
            self._hung = None
        self._modem.close()
        self._from_host = b""
        self._to_host.clear()
        self._requests.clear()
        self._reset()

    def hang(self, recovers: Recovers) -> None:
        """Stop answering the host: until it resets the modem, or until `switch`."""
        self.host_left()
        self._hung = recovers

    def state(self) -> dict[str, Any]:
        """Return whether the line talks, the number of its call, and what its last one took."""
        call = self.call
        off_hook = call is not None and (call.caller is self or call.stands)
        return {"call": call.n if call else None, "off_hook": off_hook, "last": self.last}

    def switch(self) -> None:
        """Switch the modem off and on: it is as new."""
        self._hung = None
        self.host_left()

    def _feed(self) -> None:
        while self._from_host and self._turns.clear_to_send:
            piece = self._from_host[:FEED]
            if self._turns.writing and (end := self._turns.end_of_data(piece)) >= 0:
                piece = piece[:end]  # the modem drops what follows the end of data in the same call
            self._from_host = self._from_host[len(piece) :]
            self._turns.host_wrote(piece)
            self._modem.write(piece)
            self._collect()

    def _collect(self) -> None:
        for request in self._modem.take_requests():
            if request.op is Op.CTS:
                self._turns.clear_to_send = bool(request.level)
            else:
                self._note(request)
        for piece in self._modem.take_output():
            self._turns.modem_said(piece)
            self._to_host += piece

    def _note(self, request: Request) -> None:
        if request.op is Op.CALL:
            self._turns.dialling()
        elif request.op is Op.ANSWER:
            self._turns.answering()
        self._requests.append(request)

    # -- the exchange's side

    def take_requests(self) -> list[Request]:
        """Return and forget what the modem asked of the exchange: dial, answer, hang up."""
        taken = self._requests[:]
        self._requests.clear()
        return taken

    def _tell(self, event: CallEvent) -> None:
        if self._hung is not None:
            return
        self._modem.event(event)
        self._collect()
        # what the exchange did to the modem comes back as the modem's wish
        self._requests = [wish for wish in self._requests if wish.op not in (Op.ON_HOOK, Op.HANG_UP)]

    def alert(self, caller: str, *, first: bool) -> None:
        """Ring once."""
        if first and self._hung is None:
            self._modem.announce(caller, self.number)
        self._tell(CallEvent.ALERTING)

    def refused(self, event: CallEvent) -> None:
        """Hear the tone of a call that did not come about."""
        self._tell(event)

    def connected(self) -> None:
        """Tell the modem that the called party answered."""
        self._tell(CallEvent.CONNECTED)

    def answered(self) -> None:
        """Tell the modem that its ATA took the call."""
        self._tell(CallEvent.ANSWERED)

    def hung_up(self) -> None:
        """Tell the modem that the other end left; a waiting host gets NO CARRIER.

        Page data that it had not taken yet is lost: no clock will ever drain it. For the same reason a
        command that still waits for its result gets it here: the library says nothing then.
        """
        self._from_host = b""
        self._turns.clear_to_send = True
        self._tell(CallEvent.HANG_UP)
        if self._turns.move is not Move.HOST and self._hung is None:
            self._to_host += b"\r\nNO CARRIER\r\n"
            self._turns.modem_said(b"NO CARRIER")

    @property
    def waits_in_vain(self) -> bool:
        """True where the host waits for a result that only the clock of a call could bring."""
        return self.call is None and self._turns.move is not Move.HOST and self._hung is None

    def answer_in_vain(self) -> None:
        """Go off hook for an ATA without a call: nobody there, NO CARRIER."""
        self._tell(CallEvent.ANSWERED)
        self.hung_up()

    @property
    def finished(self) -> bool:
        """A modem never leaves a call by itself: its host says ATH."""
        return False

    def transmit(self, samples: Samples) -> None:
        """Fill a block with what the modem sends."""
        if self._hung is not None:
            ffi.buffer(samples)[:] = SILENCE
            return
        self._modem.transmit(samples)
        self._collect()

    def receive(self, samples: Samples) -> None:
        """Let the modem hear a block."""
        if self._hung is not None:
            return
        self._modem.receive(samples)
        self._turns.tick()
        self._collect()
        self._feed()

    def close(self) -> None:
        """Free the modem."""
        self._modem.close()
