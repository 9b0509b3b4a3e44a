"""The two senders of the line benches, on one exchange: `run-job` of ours and HylaFAX's faxsend.

Both call the same far machine through the same line; every figure of a call is the exchange's, which counts
audio samples. A call that went wrong is not hidden: the record says how many pages were confirmed.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from hylafax_fixtures import HylaFax
from interop_fixtures import job_file, outcome, run_job
from sim_fixtures import FAR, LINE, Running, running
from waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 1800.0


@dataclass(frozen=True, slots=True)
class Called:
    """One call: the exchange's record of its end, pages the sender itself takes for delivered, its words."""

    end: dict[str, Any]
    pages: int
    words: str

    @property
    def seconds(self) -> float:
        """Off-hook to on-hook."""
        return float(self.end["line_seconds"])


class Sides:
    """One exchange with a line and a far machine."""

    def __init__(self, exchange: Running, folder: Path) -> None:
        self.exchange = exchange
        self._folder = folder
        self._calls = 0

    def far(self, **settings: Any) -> None:
        """Make the far machine anew, with these settings and no others."""
        with self.exchange.control() as control:
            control.set(FAR, fresh=True, **settings)

    def ours(self, document: Path, *more: Path, **job: Any) -> Called:
        """Let us send documents in one call."""
        documents = [str(path) for path in (document, *more)]
        place = Path(tempfile.mkdtemp(dir=self._folder))
        order = job_file(place, role="call", number=FAR, documents=documents, max_seconds=LONGEST, **job)
        with run_job(self.exchange.port, order) as result:
            told = outcome(result, LONGEST)
        confirmed = sum(page["state"] == "confirmed" for page in told["pages"])
        return Called(self._ended(), confirmed, f"{told['reason']} {told['t30']}".strip())

    def hylafax(self, document: Path, **limits: Any) -> Called:
        """Let HylaFAX send a document."""
        sent = HylaFax(self._folder / "hylafax", **limits).send(
            self.exchange.port, FAR, document, timeout=LONGEST
        )
        return Called(self._ended(), sent.pages, sent.status)

    def _ended(self) -> dict[str, Any]:
        self._calls += 1
        with self.exchange.control() as control:
            return wait_until(lambda: self._record(control), 120.0, "the exchange to end the call")

    def _record(self, control: Any) -> dict[str, Any]:
        records = control.calls()
        return records[-1] if len(records) >= self._calls else {}


@contextmanager
def sides() -> Iterator[Sides]:
    """Run an exchange that is as fast as its ends allow."""
    settings = {"speed": "max", "lines": [{"name": "sim", "number": LINE}], "far": [{"number": FAR}]}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with running(folder / "exchange", settings) as exchange:
            yield Sides(exchange, folder)
