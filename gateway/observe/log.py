"""The log: structured records to standard error, as text for people or JSON for machines.

Modules ask for a logger by `structlog.get_logger()` and bind what they know (`fax=41230077`). This module
only decides how a record looks; it imports nothing of ours.
"""

from __future__ import annotations

import logging
import sys

import structlog


def configure(form: str = "text", level: str = "info") -> None:
    """Set the process's log form ("text" or "json") and lowest level."""
    ends: list[structlog.types.Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if form == "json"
        else [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(),
                pad_event_to=28,
                exception_formatter=structlog.dev.plain_traceback,  # rich prints locals: passwords
            )
        ]
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *ends,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
