"""The machine that sends: phases A to E of T.30 for a document, with ECM where the far end has it.

The states stand above the tables they belong to: `modem.sending` (dialling, identification, training, the
account of the pages), `modem.sender_plain` (pages without ECM) and `modem.sender_ecm` (pages in ECM). Here
they are one machine.

DCN in any state ends the call: nobody answers a DCN.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modem.fcf import Fcf
from modem.sender_ecm import ECM_TABLE, EcmPages
from modem.sender_plain import PLAIN_TABLE, PlainPages
from modem.states import Cue, State, Table

if TYPE_CHECKING:
    from modem.actions import Action

_TABLE: Table = {
    (State.DIALLING, Cue.CONNECTED): "_answered",
    (State.DIALLING, Cue.SILENCE): "_nobody",
    (State.WAIT_DIS, Fcf.DIS): "_identified",
    (State.WAIT_DIS, Fcf.DTC): "_decline_poll",
    (State.WAIT_DIS, Cue.SILENCE): "_no_dis",
    (State.TRAINING, Cue.SENT): "_prepare",
    (State.TRAINING, Fcf.CFR): "_send_page",
    (State.TRAINING, Fcf.FTT): "_slower",
    (State.TRAINING, Fcf.DIS): "_dcs_missed",
    (State.TRAINING, Fcf.CRP): "_train_again",
    (State.TRAINING, Cue.SILENCE): "_train_again",
    **PLAIN_TABLE,
    **ECM_TABLE,
    (State.REOPEN, Fcf.DIS): "_identified",
    (State.REOPEN, Cue.SILENCE): "_no_reopening",
}

_OWN = frozenset(
    {
        Fcf.DCS,
        Fcf.TSI,
        Fcf.SUB,
        Fcf.SID,
        Fcf.PWD,
        Fcf.NSS,
        Fcf.MPS,
        Fcf.EOM,
        Fcf.EOP,
        Fcf.PPS,
        Fcf.EOR,
        Fcf.RR,
        Fcf.CTC,
    }
)


class T30Sender(PlainPages, EcmPages):
    """Sends the pages of a `PageSource` in one call."""

    table = _TABLE
    own_frames = _OWN

    def _send_page(self, *before: Action) -> list[Action]:
        return self._send_blocks(*before) if self._ecm_octets() else self._send_plain(*before)

    def _prepare(self) -> list[Action]:
        """Make what follows: page `_n` behind CFR, the next page or block behind MCF."""
        training = self.state is State.TRAINING
        blocks_left = self.state is State.ASKED and not self._blocks.last
        if not (training or blocks_left or self._command() is Fcf.MPS):
            return []
        n = self._n if training or blocks_left else self._n + 1
        if self._ecm_octets():
            self._prepare_blocks(n)
        else:
            self._prepare_plain(n)
        return []
