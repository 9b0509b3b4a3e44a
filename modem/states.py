"""The states of the machines of T.30, what moves them, and the form of their tables.

One list for all machines: a name belongs to the machine whose essay tells it (`modem.sending`, `sender_ecm`,
`sender_plain`, `receiver`). A table maps (state, signal) to the name of a method; `modem.session` reads it.
"""

from __future__ import annotations

from enum import Enum

from modem.fcf import Fcf


class State(Enum):
    """States of both machines; their meaning stands above the tables."""

    IDLE = "idle"
    DIALLING = "dialling"
    WAIT_DIS = "waiting for DIS"
    TRAINING = "training"
    PAGE = "page"
    AWAITING = "waiting for confirmation"
    BLOCK = "block"
    ASKED = "waiting for confirmation of a block"
    CORRECTING = "waiting for CTR"
    GIVING_UP = "waiting for ERR"
    REOPEN = "waiting for DIS after EOM"
    ANSWERING = "answering"
    PHASE_B = "waiting for DCS"
    REOPENING = "pausing after EOM"
    TCF = "training check"
    RETRAIN = "waiting for DCS again"
    RECEIVING = "receiving"
    POST_PAGE = "waiting for the post-page command"
    BETWEEN = "waiting for a page or a repeated command"
    CLOSING = "waiting for DCN"
    RECEIVING_BLOCK = "receiving a block"
    BLOCK_END = "waiting for the command of a block"
    BUSY = "storing, RNR said"
    ENDING = "ending"
    DONE = "done"


class Cue(Enum):
    """Signals that are no frames."""

    CONNECTED = "connected"
    SENT = "sent"
    SILENCE = "silence"
    DAMAGED = "damaged"
    UNKNOWN = "unknown frame"
    DATA_ENDED = "data ended"
    WRONG_CARRIER = "wrong carrier"
    NO_CARRIER = "no carrier"
    STORE_SLOW = "store slow"


Signal = Fcf | Cue
Table = dict[tuple[State, Signal], str]
