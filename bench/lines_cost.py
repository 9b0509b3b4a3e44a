"""What calls cost the lines process: its share of a core, how quickly it acts; how fast a call is simulated.

The gateway runs as it does in production, the exchange in a process of its own that is not counted. Figures
mean something on an idle machine only.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from house import LINES, REST, House, letter, queued_number
from sim_fixtures import running
from softmodem_fixtures import SoftLine, drawn_pages, sending
from waiting import wait_until

from modem.coding import Compression
from modem.tiff import PageFolder, PreparedPages

if TYPE_CHECKING:
    from collections.abc import Iterator

CALLS, CORES = 8, 2
TICK = os.sysconf("SC_CLK_TCK")
PAGE = "".join(f"Line {n:2}: four cartons of paper, to be delivered on Monday morning.\n" for n in range(30))
FOUR_PAGES = "\f".join(f"Page {n}\n{PAGE}" for n in range(1, 5))
FAX = "+8131234567{}"
RENDERING = "import sys; sys.path.insert(0, 'bench'); import lines_cost; lines_cost.render_for_ever()"


# -- its share of a core


def share_of_a_core() -> dict[str, Any]:
    """Return the processor seconds of the lines process over a call in real time."""
    with tempfile.TemporaryDirectory() as folder, House(Path(folder), speed="1.0") as house:
        house.start_all()
        house.wait_for_line("idle")
        number = queued_number(house.mail(letter(text=FOUR_PAGES)))
        process = house.processes[LINES].pid
        wait_until(lambda: list(house.ledger("call")), 60, "the call to be dialled")
        before, began = used(process), time.monotonic()
        wait_until(lambda: list(house.ledger("end")), 600, "the call to end")
        spent, wall = used(process) - before, time.monotonic() - began
        house.delivery(number)
        (end,) = house.ledger("end")
    return {
        "what": "processor time of the lines process over a call in real time",
        "percent_of_a_core": round(100 * spent / wall, 2),
        "pages": end["confirmed"],
        "seconds": round(wall, 1),
        "goal": "under 2 %",
    }


def used(process: int) -> float:
    """Return the processor seconds a process has used, all threads, children that ended too."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / TICK


# -- how quickly it acts


def turns_under_load() -> dict[str, Any]:
    """Return how long the host's turns take with eight calls at once while rendering loads both cores."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        names = [f"m{n}" for n in range(CALLS)]
        lines = [{"name": one, "number": f"+8134477229{n}"} for n, one in enumerate(names)]
        far = [{"number": FAX.format(n)} for n in range(CALLS)]
        with running(folder / "exchange", {"speed": 1.0, "lines": lines, "far": far}) as exchange:
            ports = [exchange.directory / "ports" / one for one in names]
            with relayed(folder / "relay", ports), loaded():
                eight_calls(folder, names)
                exchange.ended(CALLS)
        turns = json.loads((folder / "relay" / "turns.json").read_text(encoding="utf-8"))
        confirmed = [end["confirmed"] for end in exchange.ended(CALLS)]
    return told(turns, confirmed)


def told(turns: list[tuple[float, str, str]], confirmed: list[int]) -> dict[str, Any]:
    """Put the turns into figures; print the slowest."""
    turns.sort()
    for turn in turns[-5:]:
        print("slow turn", turn)
    milliseconds = [turn[0] for turn in turns]
    return {
        "what": f"result code to the host's next octets, {CALLS} calls at once, {CORES} cores rendering",
        "turns": len(turns),
        "median_ms": round(statistics.median(milliseconds), 2),
        "p95_ms": round(statistics.quantiles(milliseconds, n=20)[-1], 2),
        "worst_ms": milliseconds[-1],
        "pages": sum(confirmed),
        "goal": "95th percentile under 5 ms",
    }


def eight_calls(folder: Path, names: list[str]) -> None:
    """Send eight faxes over eight modem lines of one gateway."""
    place = folder / "house"
    place.mkdir()
    table = '\n[[line]]\nname = "{}"\ntype = "modem"\ndevice = "{}"\ndirection = "out"\n'
    tables = "".join(table.format(one, folder / "relay" / one) for one in names)
    with House(place, speed="1.0", extra=tables, edit=only_in) as house:
        house.start(LINES)
        house.start(REST)
        text = "\f".join([PAGE] * 3)
        numbers = [
            queued_number(house.mail(letter(number=FAX.format(n), text=text))) for n in range(len(names))
        ]
        for number in numbers:
            house.delivery(number, 600)


def only_in(config: str) -> str:
    """Let the demo's own lines take calls only: the eight have to dial."""
    return config.replace('type = "simulated"\n', 'type = "simulated"\ndirection = "in"\n')


@contextmanager
def relayed(folder: Path, ports: list[Path]) -> Iterator[None]:
    """Run the relay between the ports and the names it gives them."""
    command = [sys.executable, str(Path(__file__).with_name("relay.py")), str(folder), *map(str, ports)]
    process = subprocess.Popen(command)
    try:
        wait_until((folder / ports[-1].name).is_symlink, 30, "the relay to start")
        yield
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def loaded() -> Iterator[None]:
    """Render on every core."""
    command = [sys.executable, "-c", RENDERING]
    processes = [subprocess.Popen(command, cwd=Path(__file__).parents[1]) for _ in range(CORES)]
    try:
        yield
    finally:
        for process in processes:
            process.terminate()
            process.wait(30)


def render_for_ever() -> None:
    """Draw a long text again and again, as the gateway does: in children of a fork server."""
    from render.document import Part, Settings  # noqa: PLC0415  (only the loaded processes draw)
    from render.sandbox import Sandbox  # noqa: PLC0415

    part = Part("body", "text/plain", FOUR_PAGES.encode(), "utf-8", "body", {})
    with Sandbox(("render.warm",)) as sandbox:
        while True:
            sandbox.run("render.pages:render_parts", [part], Settings())


# -- how fast a call is simulated


def simulated_call() -> dict[str, Any]:
    """Return the seconds a call of three pages takes in simulated time, far machine and audio included."""
    seconds, processor = [], []
    for _ in range(5):
        with tempfile.TemporaryDirectory() as folder:
            pages = PreparedPages(drawn_pages(3, height=1100), tuple(Compression))
            call = sending(pages, PageFolder(Path(folder)), compressions=tuple(Compression))
            line = SoftLine(Path(folder) / "far", {"ecm": True})
            began, used_before = time.perf_counter(), time.process_time()
            result = line.run(call)
            seconds.append(time.perf_counter() - began)
            processor.append(time.process_time() - used_before)
    return {
        "what": "a call of three pages in simulated time",
        "median_s": round(statistics.median(seconds), 2),
        "processor_s": round(statistics.median(processor), 2),
        "line_s": round(result.line_seconds, 1),
        "confirmed": result.confirmed,
        "goal": "under 1 s",
    }


if __name__ == "__main__":
    for bench in (simulated_call, share_of_a_core, turns_under_load):
        print(bench())
