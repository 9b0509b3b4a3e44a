"""The desk of the mail door: what every mail needs, by whatever door it comes; a role puts it together."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from gateway.intake.batch import Counter
from gateway.mailin.enrolment import Enrolment
from gateway.mailin.lately import Lately
from gateway.mailin.sealed import Examiner

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from gateway.mailin.envelope import Address
    from gateway.mailin.judging import Judge, Opinion
    from gateway.mailin.settings import SmtpSettings
    from gateway.store.blobs import BlobStore
    from gateway.store.database import AsyncStore


@dataclass(frozen=True, slots=True)
class Desk:
    """What every mail needs: stores, settings, and what is injected (time, ids, crash points).

    `new_id` gives a Message-ID with brackets; `accepted` is called after each commit, to wake the render
    role. `spool` is a folder on the file system of the blobs. `judges` are asked at the end of DATA, by name
    and in this order: "smime" of all sealed mails, each of them of senders that nothing else proved. `spf` is
    asked at RCPT, with IP address, sender and the name the client gives itself. `lately` knows senders for
    a moment; `counter` is where mails are handed in that are a fax and nothing more.
    """

    settings: SmtpSettings
    store: AsyncStore
    blobs: BlobStore
    spool: Path
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    crash: Callable[[str], None]
    accepted: Callable[[], None] = lambda: None
    judges: Mapping[str, Judge] = field(default_factory=dict)
    spf: Callable[[str, Address, str], Awaitable[Opinion]] | None = None
    lately: Lately = field(default_factory=Lately)
    counter: Counter = field(init=False)

    def __post_init__(self) -> None:
        counter = Counter(self.store, self.now, timedelta(hours=self.settings.dedupe_hours))
        object.__setattr__(self, "counter", counter)

    @property
    def enrolment(self) -> Enrolment | None:
        """Who takes mails to digitalid@: whoever can judge signatures."""
        judge = self.judges.get("smime")
        return Enrolment(judge, self.new_id) if isinstance(judge, Examiner) else None
