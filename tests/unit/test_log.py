"""What the log may print: the place of an error, never the values it met."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import sys, structlog
from gateway.observe import log
log.configure(sys.argv[1])
secret = "correct " + "horse"
try:
    open(secret.upper().lower()[:0])
except OSError:
    structlog.get_logger().exception("outbox.failed")
"""


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_traceback_prints_no_value_of_a_variable(form: str) -> None:
    ran = subprocess.run([sys.executable, "-c", PROGRAM, form], capture_output=True, text=True, check=True)
    assert "FileNotFoundError" in ran.stderr
    assert "correct horse" not in ran.stderr  # the rich traceback of structlog prints all locals
