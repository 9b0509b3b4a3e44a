"""A desk for tests of the lines: a real database and blob store, faxes with real pages, lines on an exchange.

A line's clocks are real, because ports and exchange processes are; its wall clock runs from `desk.house.now`,
which a test may move on (`desk.house.later`).
"""

from __future__ import annotations

import errno
import threading
import time
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sim_fixtures import FAR, LINE, running
from softmodem_fixtures import drawn_pages
from store_fixtures import House
from waiting import wait_until

from gateway.domain.errors import Unavailable
from gateway.domain.states import DeliveryState
from gateway.line_table import LineConfig
from gateway.lines.base import Identity, Plant
from gateway.lines.pool import Pool
from gateway.lines.worker import ModemLine
from gateway.store import faxes, lines
from gateway.store.blobs import Floor, LocalBlobs
from gateway.store.database import Store
from gateway.store.files import Files
from gateway.store.models import Reception
from modem.coding import Coding, Compression, ReceivedPage, Resolution
from modem.port import MemoryPort
from modem.profiles import named
from render import coding as t4
from render.coding import coded_page
from render.tiff import write_tiff

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sim_fixtures import Running
    from sqlalchemy.orm import Session

    from gateway.store.leases import Lease
    from gateway.store.models import Delivery

DESTINATION = "0081312345678"
IDENTITY = Identity(name="sim", number=LINE, ident="+81 3 4477 2288", simulated=True)


def masters_of(
    pages: int = 1, height: int = 200, resolutions: tuple[str, ...] = ("standard",)
) -> dict[str, bytes]:
    """Return masters of so many small drawn pages."""
    return {
        name: write_tiff(
            [coded_page(picture.image, name) for picture in drawn_pages(pages, Resolution(name), height)]
        )
        for name in resolutions
    }


def received(n: int = 1, height: int = 120, bad: tuple[int, ...] = ()) -> ReceivedPage:
    """Return a page as it comes off the line, MH, standard."""
    (picture,) = drawn_pages(1, Resolution.STANDARD, height, seed=n)
    data = t4.encode(picture.image, "MH", fine=False)
    return ReceivedPage(n, Coding(Compression.MH), data, height, bad, len(bad), 14400, ecm=False, seconds=4.0)


class PoliteModem(MemoryPort):
    """A modem that says OK to every command and hears nobody."""

    def write(self, data: bytes) -> int:
        """Answer each command line."""
        for _ in range(data.count(b"\r")):
            self.say(b"\r\nOK\r\n")
        return super().write(data)


class FullDisk(Files):
    """A disk without room."""

    def write(self, descriptor: int, data: memoryview) -> int:  # noqa: ARG002  (the signature of Files)
        raise OSError(errno.ENOSPC, "No space left on device")


class ShakyStore(Store):
    """A database that can be taken away: while `down` no transaction begins; `refused`: one did not."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.down, self.refused = threading.Event(), threading.Event()

    def begin(self) -> AbstractContextManager[Session]:
        """Refuse while down."""
        if self.down.is_set():
            self.refused.set()
            raise Unavailable("The database does not answer at the moment.")
        return super().begin()


@dataclass
class Desk:
    """The plant of one process, and the faxes it is to send."""

    folder: Path
    url: str
    account: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.house = House(self.url, **self.account)
        self.store = self.house.store
        self.blobs = LocalBlobs(self.folder / "blobs", floor=Floor(0, 0.0))
        self.plant = self.another_plant("host")

    def another_plant(self, host: str, store: Store | None = None) -> Plant:
        """Return the plant of another process on the same database and blobs."""
        began = time.monotonic()
        return Plant(
            store=store or self.store,
            blobs=self.blobs,
            now=lambda: self.house.now + timedelta(seconds=time.monotonic() - began),
            clock=time.monotonic,
            new_id=self.house.new_id,
            host=host,
        )

    def fax(
        self,
        pages: int = 1,
        number: str = DESTINATION,
        masters: dict[str, bytes] | None = None,
        **options: Any,
    ) -> int:
        """Accept a fax, draw it, return its public number: it is due now."""
        (public,) = self.house.accept(number)
        lease = self.store.run(faxes.claim_fax, "drawer/1", self.house.now, timedelta(seconds=60))
        drawn = masters or masters_of(pages)
        keys = {name: self.blobs.put("master", data) for name, data in drawn.items()}
        self.store.run(
            faxes.rendered,
            lease,
            faxes.Drawn(keys, pages, options=options),
            self.house.now,
            new_id=self.house.new_id,
        )
        return public

    def claimed(self, pages: int = 3, **named_: Any) -> Lease:
        """Return the lease of a fresh fax."""
        self.fax(pages, **named_)
        lease = self.house.claim("sim", "host/sim/")
        assert lease is not None
        return lease

    def delivery(self, number: int) -> Delivery:
        return self.house.delivery(number)

    def state(self, number: int) -> DeliveryState:
        return self.delivery(number).state

    def reception(self, number: int) -> Reception:
        """Return a reception with its pages."""

        def load(session: Any) -> Reception:
            row: Reception = session.get_one(Reception, number)
            assert row.pages is not None
            return row

        return self.store.read(load)

    def receptions(self) -> list[int]:
        """Return the numbers of all receptions."""
        return self.store.read(lambda session: [row.number for row in session.query(Reception).all()])

    def ended(self, number: int, seconds: float = 60.0) -> Delivery:
        """Return a delivery once no line has it and a call was made."""

        def over() -> Delivery | None:
            row = self.delivery(number)
            busy = (
                DeliveryState.QUEUED,
                DeliveryState.CLAIMED,
                DeliveryState.DIALLING,
                DeliveryState.CONNECTED,
            )
            return None if row.state in busy else row

        return wait_until(over, seconds, f"the end of {number}: {self.house.kinds(number)}")

    def event(self, number: int | None, kind: str, count: int = 1, seconds: float = 60.0) -> None:
        """Wait for an event."""
        wait_until(lambda: self.house.kinds(number).count(kind) >= count, seconds, f"{kind} of {number}")

    def line_state(self, name: str = "sim") -> str:
        """Return what a line shows."""
        rows = self.store.read(lines.all_lines)
        return next((row.state for row in rows if row.name == name), "")

    def line_detail(self, name: str = "sim") -> str:
        rows = self.store.read(lines.all_lines)
        return next((row.detail for row in rows if row.name == name), "")

    def shows(self, state: str, name: str = "sim") -> None:
        """Wait until a line shows a state."""
        wait_until(lambda: self.line_state(name) == state, 60.0, f"{name} to be {state}")

    def line(self, device: Path | str, plant: Plant | None = None, **settings: Any) -> ModemLine:
        """Return a line on a soft modem at `device`."""
        values = {"name": "sim", "type": "simulated", "number": LINE, "ident": IDENTITY.ident} | settings
        config = LineConfig.model_validate(values)
        return ModemLine(plant or self.plant, config, lambda: str(device), named("softmodem"))


@contextmanager
def working(*carriers: ModemLine) -> Iterator[Pool]:
    """A pool at work; at the end it is stopped, and a call that stands is ended."""
    pool = Pool(carriers)
    pool.start()
    try:
        yield pool
    finally:
        pool.stop()
        pool.stop()
        ended = threading.Thread(target=pool.join)
        ended.start()
        ended.join(60.0)
        assert not ended.is_alive(), "the lines did not end"


@contextmanager
def exchange(folder: Path, speed: float | str = "max", lines: int = 1, **far: Any) -> Iterator[Running]:
    """An exchange process with lines sim, sim2, ... and one far machine without ECM."""
    machine = {"number": FAR, "answers": "fax", "ecm": False, "slow_answer_s": 0.1} | far
    names = ["sim", *(f"sim{n}" for n in range(2, lines + 1))]
    numbers = [LINE, *(f"+8134477228{n}" for n in range(1, lines))]
    plan = [{"name": name, "number": number} for name, number in zip(names, numbers, strict=True)]
    with running(folder, {"speed": speed, "lines": plan, "far": [machine]}) as process:
        yield process
