"""The errors of the gateway. Each carries a stable code, retry advice and a sentence a person understands.

PostlineError
+-- Refused            what was asked cannot be done, and asking again will not help
|   +-- BadNumber        not a telephone number we may dial
|   |   +-- NumberDenied   a number, but one that a rule or table forbids
|   +-- BadOption        a subject modifier or API parameter with an impossible value
|   |   +-- TooFarAhead    a time beyond what a fax may be deferred
|   +-- BadList          a list of numbers that cannot be used
|   +-- BadConfig        configuration: file, line, key, nearest key
+-- Unavailable        our fault or a passing one; asking later helps (SMTP 4xx, HTTP 503)
|   +-- StorageFull      the disk floor is reached
+-- LostLease          another worker owns the row now: stop at once
+-- IllegalTransition  a state machine was asked for an edge it does not have (a bug)
"""

from __future__ import annotations


class PostlineError(Exception):
    """Base. `code` is stable, `retry` one of never, later, other_line, ask_person."""

    code = "error"
    retry = "never"

    def __init__(self, text: str, *, detail: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.detail = detail


class Refused(PostlineError):  # noqa: N818  (reads as what happened)
    """What was asked cannot be done."""

    code = "refused"


class BadNumber(Refused):
    """Not a telephone number we may dial."""

    code = "bad-number"


class NumberDenied(BadNumber):
    """A number that exists and is not dialled: a rule or a table forbids it."""

    code = "number-denied"


class BadOption(Refused):
    """An option with an impossible value."""

    code = "bad-option"


class TooFarAhead(BadOption):
    """A time beyond the 30 days that a fax may be deferred (code -114 of the InterFAX interfaces)."""

    code = "too-far-ahead"


class BadList(Refused):
    """A list of numbers, or its name, that cannot be used."""

    code = "bad-list"


class BadConfig(Refused):
    """A configuration that cannot be used."""

    code = "bad-config"


class Unavailable(PostlineError):  # noqa: N818
    """A passing fault of ours."""

    code = "unavailable"
    retry = "later"


class StorageFull(Unavailable):
    """The free-space floor is reached; nothing was stored."""

    code = "storage-full"


class LostLease(PostlineError):  # noqa: N818
    """Another worker owns the row now."""

    code = "lost-lease"


class IllegalTransition(PostlineError):  # noqa: N818
    """A state machine has no such edge."""

    code = "illegal-transition"

    def __init__(self, machine: str, state: str, event: str) -> None:
        super().__init__(f"{machine}: {event!r} is not possible in state {state!r}")
