"""Rows of the interop matrix: one fax call between `run-job` and a program we did not write, pixels compared.

A row is a value: the peer (HylaFAX, efax, libspandsp's fax machine), who sends, ECM, coding, modulation and
pages. `call` makes it on a simulated exchange of its own and says what was wrong, which is nothing where
the far side has every pixel, our result says success, and the DCS named what the row names.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hylafax_fixtures import HylaFax
from sim_fixtures import FAR, LINE, Running, letter, read_tiff, running, same, write_tiff
from waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL import Image

OTHER = "+81344772281"
ROOT = Path(__file__).parent.parent
CODINGS = {True: ("MH", "MR", "MMR"), False: ("MH", "MR")}
MODULATIONS = ("V.17", "V.29", "V.27ter")
SPANDSP_MODEMS = {"V.17": ["V.17", "V.29", "V.27ter"], "V.29": ["V.29", "V.27ter"], "V.27ter": ["V.27ter"]}
HYLAFAX_CARRIERS = {"V.17": (), "V.29": (24, 48, 72, 96), "V.27ter": (24, 48)}
EFAX_RATES = {"V.17": 5, "V.29": 3, "V.27ter": 1}
ROWS = 500


@dataclass(frozen=True, slots=True)
class Row:
    """One call. `sends`: "we" or "they"."""

    peer: str
    sends: str
    ecm: bool
    coding: str
    modulation: str
    pages: int = 1

    def __str__(self) -> str:
        ecm = "ecm" if self.ecm else "no-ecm"
        return f"{self.peer}-{self.sends}-send-{ecm}-{self.coding}-{self.modulation}-{self.pages}p"


def legal() -> list[Row]:
    """Every combination both ends can do: efax knows neither ECM nor two dimensions."""
    rows = [
        Row(peer, sends, ecm, coding, modulation)
        for peer, sends, ecm, modulation in product(
            ("spandsp", "hylafax"), ("we", "they"), (True, False), MODULATIONS
        )
        for coding in CODINGS[ecm]
    ]
    efax = product(("we", "they"), MODULATIONS)
    return rows + [Row("efax", sends, ecm=False, coding="MH", modulation=it) for sends, it in efax]


def table(text: str) -> tuple[Row, ...]:
    """Rows as text: peer, who sends, "ecm" or "-", coding, modulation, pages."""
    rows = []
    for line in text.strip().splitlines():
        peer, sends, ecm, coding, modulation, pages = line.split()
        rows.append(Row(peer, sends, ecm == "ecm", coding, modulation, int(pages)))
    return tuple(rows)


LONG = table("""
    spandsp we   ecm MMR V.17 12
    spandsp they ecm MMR V.17 12
    hylafax we   ecm MMR V.17 12
    hylafax they ecm MMR V.17 12
    hylafax we   -   MR  V.29 12
    hylafax they -   MR  V.17 12
""")
"""The six rows of twelve pages."""

CHOSEN = table("""
    spandsp we   ecm MMR V.17    12
    spandsp we   ecm MH  V.29    1
    spandsp we   -   MR  V.27ter 1
    spandsp we   -   MH  V.17    1
    spandsp they ecm MMR V.17    1
    spandsp they ecm MR  V.17    1
    spandsp they ecm MMR V.27ter 1
    spandsp they -   MR  V.29    1
    hylafax we   ecm MMR V.17    12
    hylafax we   ecm MMR V.29    1
    hylafax we   ecm MR  V.17    1
    hylafax we   ecm MH  V.27ter 1
    hylafax we   -   MR  V.17    1
    hylafax they ecm MMR V.17    12
    hylafax they ecm MMR V.29    1
    hylafax they ecm MH  V.29    1
    hylafax they -   MH  V.17    1
    hylafax they -   MR  V.27ter 1
    efax    we   -   MH  V.17    1
    efax    they -   MH  V.29    1
""")
"""The twenty rows of `make interop`; `bench/interop_matrix.py` runs all."""


# -- our side


def job_file(folder: Path, **values: Any) -> Path:
    """Write a JOB.json."""
    path = folder / "job.json"
    path.write_text(json.dumps(values))
    return path


@contextmanager
def run_job(port: Path, job: Path) -> Iterator[Path]:
    """`run-job` on a port, ended when the block is left; yields where its RESULT will be."""
    result = job.with_name("result.json")
    command = [sys.executable, "-m", "modem.cli", "run-job", "--port", str(port)]
    command += ["--job", str(job), "--result", str(result), "--quiet"]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        yield result
    finally:
        process.terminate()
        process.wait(30.0)


def outcome(result: Path, patience: float = 100.0) -> dict[str, Any]:
    """RESULT.json, once it is there and whole."""

    def written() -> dict[str, Any]:
        try:
            told: dict[str, Any] = json.loads(result.read_text())
        except (OSError, ValueError):
            return {}
        return told

    return wait_until(written, patience, "run-job to write its result")


def commanded(result: Path) -> str:
    """What the last DCS of a call says, in the words of the trace."""
    trace = result.with_name("result.trace.jsonl").read_text().splitlines()
    texts = [json.loads(line)["text"] for line in trace if '"DCS:' in line]
    return texts[-1] if texts else "no DCS"


# -- a call


def pages(count: int) -> list[Image.Image]:
    """Different pages, so that a lost or doubled one shows."""
    return [letter(lines=8, rows=ROWS, mark=f"Page {n} of {count}") for n in range(1, count + 1)]


def call(row: Row, folder: Path) -> list[str]:
    """Make the call; return what went wrong."""
    document = write_tiff(folder / "document.tif", pages(row.pages))
    speed = 1.0 if row.peer == "efax" else "max"  # efax divides by the whole seconds a page takes
    far = {
        "number": FAR,
        "ecm": row.ecm,
        "compressions": _upto(row),
        "modems": SPANDSP_MODEMS[row.modulation],
    }
    lines = [{"name": "ours", "number": LINE}, {"name": "theirs", "number": OTHER}]
    with running(folder / "exchange", {"speed": speed, "lines": lines, "far": [far]}) as exchange:
        side = (_we_send if row.sends == "we" else _they_send)[row.peer]
        received, result = side(row, exchange, document)
    wrong = [] if result["success"] else [f"our result: {result['reason']} {result['t30']}"]
    arrived = [page for path in received for page in read_tiff(path)] if all(received) else []
    ours = read_tiff(document)
    if row.peer == "efax":
        arrived = [_without_header(page, ours[0]) for page in arrived]
    if not same(ours, arrived):
        wrong.append(f"{len(arrived)} pages arrived, not these {len(ours)} pixel for pixel")
    told = commanded(folder / "result.json")
    return wrong + [f"{name} is not in {told!r}" for name in _names(row) if name not in told]


def _names(row: Row) -> list[str]:
    return [f" {row.modulation},", f" {row.coding},", *(["ECM"] if row.ecm else [])]


def _upto(row: Row) -> list[str]:
    return ["MH"] if row.coding == "MH" else ["MH", row.coding]


def _without_header(page: Image.Image, sent: Image.Image) -> Image.Image:
    """Cut off the header line efax puts above a page and the white it leaves below."""
    tries = (page.crop((0, n, page.width, n + sent.height)) for n in range(page.height - sent.height + 1))
    return next((one for one in tries if same([one], [sent])), page)


def _ours(row: Row, document: Path, number: str = "") -> Path:
    common = {"ecm": row.ecm, "compressions": [row.coding], "ident": LINE}
    if number:
        return job_file(
            document.parent, role="call", number=number, documents=[document.name], max_seconds=1200, **common
        )
    return job_file(document.parent, role="answer", receive_dir="in", max_seconds=1200, **common)


def _taken(told: dict[str, Any]) -> list[Path]:
    return [Path(page["file"]) for page in told["pages"] if page["file"]]


Ended = tuple[list[Path], dict[str, Any]]


def _to_spandsp(row: Row, exchange: Running, document: Path) -> Ended:
    with run_job(_port(exchange, "ours"), _ours(row, document, FAR)) as result:
        told = outcome(result)
        (end,) = exchange.ended()
    return [Path(end["file"])], told


def _from_spandsp(row: Row, exchange: Running, document: Path) -> Ended:
    with run_job(_port(exchange, "ours"), _ours(row, document)) as result, exchange.control() as control:
        control.wait(control.call(LINE, document, FAR))
        told = outcome(result)
    return _taken(told), told


def _to_hylafax(row: Row, exchange: Running, document: Path) -> Ended:
    hylafax = _hylafax(row, document)
    with hylafax.answering(_port(exchange, "theirs")):
        with run_job(_port(exchange, "ours"), _ours(row, document, OTHER)) as result:
            told = outcome(result)
        return hylafax.received() if told["success"] else [], told


def _from_hylafax(row: Row, exchange: Running, document: Path) -> Ended:
    with run_job(_port(exchange, "ours"), _ours(row, document)) as result:
        sent = _hylafax(row, document).send(_port(exchange, "theirs"), LINE, document)
        told = outcome(result)
    assert sent.pages == row.pages or not told["success"], sent.log
    return _taken(told), told


def _hylafax(row: Row, document: Path) -> HylaFax:
    carriers = HYLAFAX_CARRIERS[row.modulation]
    return HylaFax(document.parent / "hylafax", ecm=row.ecm, compressions=_upto(row), carriers=carriers)


def _to_efax(row: Row, exchange: Running, document: Path) -> Ended:
    with run_job(_port(exchange, "ours"), _ours(row, document, OTHER)) as result:
        wait_until(lambda: exchange.ledger, 30.0, "our call to ring")
        efax(row, exchange, "-r", str(document.parent / "page"))
        told = outcome(result)
    return sorted(document.parent.glob("page.*")), told


def _from_efax(row: Row, exchange: Running, document: Path) -> Ended:
    images = write_tiff(document.parent / "efax.tif", read_tiff(document), "group3")
    with run_job(_port(exchange, "ours"), _ours(row, document)) as result:
        efax(row, exchange, "-h", " ", "-t", f"T{LINE.removeprefix('+')}", str(images))
        told = outcome(result)
    return _taken(told), told


def efax(row: Row, exchange: Running, *options: str) -> None:
    """Run efax on its line, limited to the row's modulation."""
    program = shutil.which("efax")
    assert program, "efax is missing: apt-get install efax"
    limits = f"0,{EFAX_RATES[row.modulation]},0,2,0,0,0,0"
    command = [program, "-d", str(_port(exchange, "theirs")), "-o1", "-c", limits, "-l", OTHER, *options]
    subprocess.run(command, check=False, timeout=110, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _port(exchange: Running, name: str) -> Path:
    return exchange.directory / "ports" / name


_we_send = {"spandsp": _to_spandsp, "hylafax": _to_hylafax, "efax": _to_efax}
_they_send = {"spandsp": _from_spandsp, "hylafax": _from_hylafax, "efax": _from_efax}
