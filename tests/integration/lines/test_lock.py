"""A line belongs to one process; its lock dies with that process."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from gateway.domain.errors import Unavailable
from gateway.lines.lock import hold

if TYPE_CHECKING:
    from pathlib import Path

HOLDER = """
import sys
from pathlib import Path
from gateway.lines.lock import hold
kept = hold(Path(sys.argv[1]), "usb0")
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_process_is_refused_until_the_first_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(Unavailable, match="another process"):
            hold(tmp_path, "usb0")
        hold(tmp_path, "usb1").close()
        other.kill()
        other.wait()
    hold(tmp_path, "usb0").close()
