"""`make bench`: runs every benchmark one after the other, prints a table, writes bench/results/<date>.json.

`python bench/run.py NAME...` runs only those named. Absolute figures mean something only beside the
calibration line: hashing, fsyncs and a Python loop on the machine and at the moment of the run. Line seconds
are counted in audio samples and do not depend on it. Nothing is asserted here.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bad_lines import bad_lines
from gateway_bench import accept_to_dial, endless_line
from interop_matrix import interop_matrix
from line_time import line_time
from lines_cost import share_of_a_core, simulated_call, turns_under_load
from mail_rate import mail_rate, many_numbers
from render_bench import drawing

RESULTS = Path(__file__).with_name("results")
BENCHMARKS = (
    accept_to_dial,
    endless_line,
    mail_rate,
    many_numbers,
    drawing,
    simulated_call,
    share_of_a_core,
    turns_under_load,
    line_time,
    bad_lines,
    interop_matrix,
)


def calibration() -> dict[str, Any]:
    """Return what this machine does in a second: MB hashed, fsyncs, loop turns."""
    return {"hash_mb_s": hashed(), "fsync_s": synced(), "loop_million_s": looped()}


def hashed() -> int:
    """Return megabytes of SHA-256 a second."""
    block, began, count = bytes(1 << 20), time.perf_counter(), 0
    while time.perf_counter() - began < 0.5:
        hashlib.sha256(block).digest()
        count += 1
    return count * 2


def synced() -> int:
    """Return small synced appends a second."""
    began, count = time.perf_counter(), 0
    with tempfile.TemporaryFile(dir=".") as file:
        while time.perf_counter() - began < 0.5:
            file.write(b"x")
            file.flush()
            os.fsync(file.fileno())
            count += 1
    return count * 2


def looped() -> float:
    """Return millions of turns of an empty loop a second."""
    began = time.perf_counter()
    for _ in range(2_000_000):
        pass
    return round(2 / (time.perf_counter() - began), 1)


def main() -> None:
    """Run everything, or what the command line names."""
    known = {benchmark.__name__: benchmark for benchmark in BENCHMARKS}
    wanted = sys.argv[1:] or list(known)
    if unknown := [name for name in wanted if name not in known]:
        sys.exit(f"no benchmark {', '.join(unknown)}; there are {', '.join(known)}")
    report: dict[str, Any] = {"at": datetime.now(UTC).isoformat(), "calibration": calibration()}
    print("calibration  " + "  ".join(f"{k} {v}" for k, v in report["calibration"].items()))
    report["results"] = [show(known[name]()) for name in wanted]
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"{datetime.now(UTC):%Y%m%d-%H%M%S}.json"
    file.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(f"written to {file.relative_to(Path.cwd())}")


def show(result: dict[str, Any]) -> dict[str, Any]:
    """Print one result and return it; tables inside it were printed as they were made."""
    short = {key: value for key, value in result.items() if not isinstance(value, dict | list)}
    print("  ".join(f"{key} {value}" if key != "what" else f"{value}:" for key, value in short.items()))
    return result


if __name__ == "__main__":
    main()
