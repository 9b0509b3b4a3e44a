"""Every legal row of the interop matrix, the six of twelve pages, and a hundred calls on a clean line.

The rows are those of `tests/interop_fixtures.py`; `make interop` runs twenty. Several calls run at once,
each on an exchange of its own: efax needs the real clock, and HylaFAX waits for its modem most of the time.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from interop_fixtures import LONG, Row, call, legal

WORKERS = 4
CALLS = 100


def result(row: Row) -> tuple[Row, list[str]]:
    """Make the call of a row; return what was wrong."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            return row, call(row, Path(folder))
        except (AssertionError, OSError, subprocess.TimeoutExpired) as error:
            return row, [f"{type(error).__name__}: {str(error)[:300]}"]


def interop_matrix() -> dict[str, Any]:
    """Print the rows that failed; return how many there were of each peer."""
    rows = [*legal(), *LONG]
    again = [row for row in legal() if row.peer != "efax"]
    rows += (again * 2)[: CALLS - len(rows)]
    began = time.monotonic()
    with ThreadPoolExecutor(WORKERS) as pool:
        results = list(pool.map(result, rows))
    failed = [(row, wrong) for row, wrong in results if wrong]
    for row, wrong in failed:
        print(f"{row}: {'; '.join(wrong)}")
    return {
        "what": "calls with programs we did not write, pixels compared",
        "rows": len(legal()) + len(LONG),
        "calls": len(results),
        "peers": dict(Counter(row.peer for row in rows)),
        "failed": len(failed),
        "seconds": round(time.monotonic() - began),
        "goal": "0 failed",
    }


if __name__ == "__main__":
    print(interop_matrix())
