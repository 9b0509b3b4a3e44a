"""The `postline` command: one module a command, stable exit codes, `--json` everywhere.

 0  done                         74  a file or device could not be read or written
 2  wrong usage                  75  try again later
65  the fax or document failed   78  the configuration is wrong
69  not built yet                70  a fault of ours
"""

from __future__ import annotations

import sys

from gateway.cli.base import EXIT, app, say_error
from gateway.domain.errors import BadConfig, PostlineError, Unavailable
from gateway.observe import log


def register() -> None:
    """Make every command known: importing its module does."""
    from gateway.cli import (  # noqa: F401
        approve,
        audit,
        cancel,
        certificates,
        check_config,
        demo,
        dialling,
        doctor,
        keys,
        lines,
        lists,
        migrate,
        preview,
        probe_modem,
        provision,
        resend,
        send,
        serve,
        sim,
        status,
        templates,
        unbuilt,
        users,
    )


def main() -> None:
    """Run the command line; turn our errors into a sentence and an exit code."""
    register()
    log.configure("text", "warning")  # to standard error: standard output is the command's answer
    try:
        app()
    except BadConfig as error:
        say_error(error.text)
        sys.exit(EXIT.CONFIG)
    except Unavailable as error:
        say_error(error.text)
        sys.exit(EXIT.TEMPFAIL)
    except PostlineError as error:
        say_error(error.text)
        sys.exit(EXIT.DATA)
    except OSError as error:
        say_error(f"{error.filename or ''}: {error.strerror or error}".lstrip(": "))
        sys.exit(EXIT.IO)
