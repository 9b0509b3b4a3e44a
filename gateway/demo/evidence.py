"""What the demo leaves behind, and whether it proves anything: pages compared pixel by pixel, mails, traces.

`index.json` says where each piece is; it is written anew, whole or not at all, as the story proceeds, so that
a page can show each piece as soon as it exists. `ok` is true only if the story is finished, every page of the
far machine equals ours, both ways, and every mail that was owed lies in its mailbox.
"""

from __future__ import annotations

import io
import json
import os
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageSequence

from gateway import transmitted
from gateway.store import traces
from render.tiff import write_tiff

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.store.blobs import LocalBlobs
    from gateway.store.models import Delivery, Reception


def pixels(document: bytes) -> list[tuple[tuple[int, int], bytes]]:
    """Return size and pixels of every page of a TIFF."""
    with Image.open(io.BytesIO(document)) as picture:
        return [(page.size, page.convert("1").tobytes()) for page in ImageSequence.Iterator(picture)]


def equal(ours: bytes, theirs: bytes) -> bool:
    """Return whether two documents show the same pages, pixel for pixel, and at least one."""
    first, second = pixels(ours), pixels(theirs)
    return bool(first) and first == second


@dataclass
class Evidence:
    """Collects the pieces below `folder`."""

    folder: Path
    index: dict[str, Any] = field(default_factory=lambda: {"simulated": True})
    checks: dict[str, bool] = field(default_factory=dict)
    finished: bool = False

    @property
    def ok(self) -> bool:
        """Whether every check was made and holds."""
        return self.finished and bool(self.checks) and all(self.checks.values())

    def accepted(self, subject: str, answer: str) -> None:
        """Keep what our listener answered to the mail."""
        self.index["accepted"] = {"subject": subject, "answer": answer}
        self.publish()

    def outbound(self, delivery: Delivery, blobs: LocalBlobs, far_file: Path) -> None:
        """Keep both sides of a fax we sent, and compare them."""
        attempt = delivery.attempts[-1]
        ours = write_tiff(transmitted.pages_of(delivery, blobs.read)[attempt.first_page - 1 :])
        theirs = far_file.read_bytes()
        self._write("outbound-transmitted.tif", ours)
        self._write("outbound-received-by-far-machine.tif", theirs)
        self._write("outbound-trace.jsonl", traces.unpack(blobs.read(attempt.trace_blob or "")))
        self.checks["outbound pages equal"] = equal(ours, theirs)
        self.index["outbound"] = {
            "number": delivery.number,
            "state": delivery.state.value,
            "destination": delivery.destination,
            "pages": delivery.fax.pages,
            "pages_confirmed": delivery.pages_confirmed,
            "compression": attempt.compression,
            "resolution": attempt.resolution,
            "rate": attempt.rate,
            "line_seconds": attempt.line_seconds,
            "transmitted": "outbound-transmitted.tif",
            "received": "outbound-received-by-far-machine.tif",
            "trace": "outbound-trace.jsonl",
            "equal": self.checks["outbound pages equal"],
        }
        self.publish()

    def inbound(self, reception: Reception, blobs: LocalBlobs, far_file: Path) -> None:
        """Keep both sides of a fax we received, and compare them."""
        ours, theirs = blobs.read(reception.document or ""), far_file.read_bytes()
        self._write("inbound-sent-by-far-machine.tif", theirs)
        self._write("inbound-received.tif", ours)
        self._write("inbound-trace.jsonl", traces.unpack(blobs.read(reception.trace_blob or "")))
        self.checks["inbound pages equal"] = equal(ours, theirs)
        self.index["inbound"] = {
            "number": reception.number,
            "state": reception.state.value,
            "called": reception.called,
            "remote_id": reception.remote_id,
            "line_seconds": reception.line_seconds,
            "sent": "inbound-sent-by-far-machine.tif",
            "received": "inbound-received.tif",
            "trace": "inbound-trace.jsonl",
            "forwarded_to": [forward.address for forward in reception.forwards],
            "equal": self.checks["inbound pages equal"],
        }
        self.publish()

    def mails(self, kind: str, files: list[Path]) -> None:
        """Keep mails of one kind."""
        target = self.folder / "mails"
        target.mkdir(exist_ok=True)
        names = []
        for file in files:
            name = f"{kind}-{file.parent.name}-{file.name}"
            shutil.copyfile(file, target / name)
            names.append(f"mails/{name}")
        self.index.setdefault("mails", {})[kind] = names
        self.checks[f"{kind} mail arrived"] = bool(names)
        self.publish()

    def finish(self, ledger: Path) -> None:
        """Write `index.json` and the exchange's ledger."""
        shutil.copyfile(ledger, self.folder / "ledger.jsonl")
        self.index["ledger"] = "ledger.jsonl"
        self.finished = True
        self.publish()

    def failed(self, what: str) -> None:
        """Say that the story stopped, and why."""
        self.index["failure"] = what
        self.publish()

    def publish(self) -> None:
        """Write `index.json` as far as the story has come."""
        self.index |= {"checks": self.checks, "finished": self.finished, "ok": self.ok}
        partial = self.folder / ".index.json"
        partial.write_text(json.dumps(self.index, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        os.replace(partial, self.folder / "index.json")  # noqa: PTH105  (atomic on purpose)

    def _write(self, name: str, data: bytes) -> None:
        (self.folder / name).write_bytes(data)
