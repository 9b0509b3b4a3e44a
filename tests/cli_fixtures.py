"""The `postline` command as a script would use it: a process of its own, its output and its exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typer.testing import CliRunner

from gateway.domain.errors import PostlineError

if TYPE_CHECKING:
    from click.testing import Result

ROOT = Path(__file__).parents[1]

LEAST = """\
[server]
domains = ["fax.example.org"]
operator = ["ops@example.org"]
data = "{data}"

[mail]
smarthost = "smtp://127.0.0.1:2526"
sender = "fax@fax.example.org"

[limits]
free_disk_bytes = 1048576
free_disk_fraction = 0.0
"""
ACCOUNT = """\
[[account]]
name = "acme"
country = "81"
senders = ["alice@acme.example"]
"""


def postline(*arguments: object, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end; colours and the caller's configuration stay out of it."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("POSTLINE")}
    return subprocess.run(
        [sys.executable, "-m", "gateway", *map(str, arguments)],
        cwd=ROOT,
        env=kept | {"NO_COLOR": "1", "COLUMNS": "200"} | environ,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


def answer(*arguments: object) -> Any:
    """Run a command with --json that must succeed; return what it says."""
    ran = postline(*arguments, "--json")
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def configured(folder: Path, extra: str = "") -> Path:
    """Write a configuration with its state below `folder`; return its path."""
    file = folder / "postline.toml"
    file.write_text(LEAST.format(data=folder / "state") + extra)
    return file


class Console:
    """Commands run in this process, for tests that run many: a process of their own costs a second each."""

    def __init__(self, config: Path) -> None:
        from gateway.cli import base, register

        register()
        self.config, self.app, self.runner = config, base.app, CliRunner()

    def run(self, *arguments: object, stdin: str | None = None) -> Result:
        """Run one command; its error, if any, is in `exception`."""
        words = [*map(str, arguments), "--config", str(self.config)]
        return self.runner.invoke(self.app, words, input=stdin)

    def say(self, *arguments: object, stdin: str | None = None) -> str:
        """Run a command that must succeed; return what it prints for a person."""
        ran = self.run(*arguments, stdin=stdin)
        assert ran.exit_code == 0, (ran.output, ran.exception)
        return str(ran.stdout).strip()

    def answer(self, *arguments: object, stdin: str | None = None) -> Any:
        """Run a command that must succeed; return what it says to a program."""
        return json.loads(self.say(*arguments, "--json", stdin=stdin))

    def refuse(self, *arguments: object, stdin: str | None = None) -> str:
        """Run a command that must be refused; return the sentence."""
        ran = self.run(*arguments, stdin=stdin)
        assert ran.exit_code != 0, ran.output
        if isinstance(ran.exception, PostlineError):
            return ran.exception.text
        return str(ran.stderr).strip()
