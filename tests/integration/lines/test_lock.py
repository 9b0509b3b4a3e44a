"""A line belongs to one process; its lock dies with that process."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from gateway.domain.errors import Unavailable
from gateway.lines import lock
from gateway.lines.lock import hold, is_held, place

if TYPE_CHECKING:
    from pathlib import Path

HOLDER = """
import sys
from pathlib import Path
from gateway.lines import lock
from gateway.lines.lock import hold, is_held, place
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


def test_a_lock_is_looked_at_without_being_taken(tmp_path: Path) -> None:
    assert not is_held(tmp_path, "usb0"), "it never was"
    kept = hold(tmp_path, "usb0")
    assert is_held(tmp_path, "usb0")
    assert is_held(tmp_path, "usb0")
    kept.close()
    assert not is_held(tmp_path, "usb0")


def test_somebody_who_looks_does_not_keep_a_line_from_its_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold(tmp_path, "usb0").close()
    looker = place(tmp_path, "usb0").open(encoding="ascii")
    fcntl.flock(looker, fcntl.LOCK_SH)
    monkeypatch.setattr(lock.select, "select", lambda *_: looker.close())
    hold(tmp_path, "usb0").close()
    assert looker.closed
