"""How a call ended: the reasons a caller of the engine may see, and what became of each page.

`Reason` is closed and total: every exit of a session names one. Success is only a confirmed final
post-page command; zero confirmed pages is never success, whatever else happened.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum


class Reason(StrEnum):
    """Why a call ended (`spec/t30-class1.md` section 11)."""

    SENT = "sent"
    RECEIVED = "received"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    NO_CARRIER = "no-carrier"
    NO_DIALTONE = "no-dialtone"
    MODEM_ERROR = "modem-error"
    MODEM_BLACKLIST = "modem-blacklist"
    VOICE_OR_DATA = "voice-or-data"
    REMOTE_CANNOT_RECEIVE = "remote-cannot-receive"
    INCOMPATIBLE = "incompatible"
    TRAINING_FAILED = "training-failed"
    NO_RESPONSE_DCS = "no-response-dcs"
    PAGE_REJECTED = "page-rejected"
    NO_RESPONSE_PAGE = "no-response-page"
    ECM_FAILED = "ecm-failed"
    REMOTE_DISCONNECT = "remote-disconnect"
    CALL_DROPPED = "call-dropped"
    POLL_REFUSED = "poll-refused"
    BAD_PASSWORD = "bad-password"  # noqa: S105  (a reason, not a secret)
    CANCELLED = "cancelled"
    PROTOCOL = "protocol"


class PageState(StrEnum):
    """What is known of a page: `awaiting` means sent, but its confirmation was not seen."""

    SENDING = "sending"
    AWAITING = "awaiting"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class PageResult:
    """One page of a call. `direction` "out" or "in"; `bytes` as coded on the line; `seconds` of line time."""

    n: int
    direction: str
    state: PageState
    compression: str = ""
    bytes: int = 0
    seconds: float = 0.0
    bad_lines: int = 0
    rate: int = 0
    file: str | None = None


@dataclass(frozen=True, slots=True)
class TraceEntry:
    """One line of the session log: `at` seconds since the call started, `direction` ">" ours, "<" theirs.

    `kind`: "at" (command or result code), "frame", "training", "page", "data", "note".
    `text` is readable by a person; `raw` the octets in hex where there are any. `now` is set only in the
    lines of a recording (`modem.recording`): the clock of the call.
    """

    at: float
    direction: str
    kind: str
    text: str
    raw: str = ""
    now: float | None = None

    def as_object(self) -> dict[str, object]:
        """Return the entry as a line of a log has it; only what was recorded has the call's clock."""
        return {key: value for key, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, slots=True)
class CallResult:
    """The outcome of one call; `t30` says more for people who read T.30 (last command, FTT count, ...).

    `rtn`, `ppr` and `ftt` count what went wrong on the way; `dis` is the FIF of the far end's last DIS or
    DTC in hex, empty where no fax was reached: what a memory of numbers is made from.
    """

    success: bool
    reason: Reason
    t30: str = ""
    remote_id: str = ""
    rate: int = 0
    ecm: bool = False
    line_seconds: float = 0.0
    pages: tuple[PageResult, ...] = ()
    rtn: int = 0
    ppr: int = 0
    ftt: int = 0
    dis: str = ""
    trace: tuple[TraceEntry, ...] = field(default=(), repr=False)

    @property
    def confirmed(self) -> int:
        """Pages the far machine confirmed (sending) or we confirmed (receiving)."""
        return sum(page.state is PageState.CONFIRMED for page in self.pages)
