"""The envelope: a strict reading of the paths of MAIL and RCPT, and of what a recipient means.

The library takes unbracketed paths, missing `>`, source routes and NUL; an account looked up by such an
address could be another than the one refused. So every path is read again here, by RFC 5321 section 4.1.2
with one leniency: brackets in an unquoted local part, which people write in telephone numbers. `%`, `!` and
source routes are refused in recipients: we relay nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from gateway.domain.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Collection

ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~()-]+"
LOCAL = re.compile(rf"{ATOM}(?:\.+{ATOM})*\.*\Z")
QUOTED = re.compile(r'"(?:[ !#-\[\]-~]|\\[ -~])*"\Z')
LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
DOMAIN = re.compile(rf"(?:{LABEL}(?:\.{LABEL})*|\[[0-9A-Za-z:.]+\])\Z")
PATH = re.compile(r'<((?:"(?:[^"\\]|\\.)*"|[^<>" ])*)>(?: (.*))?\Z')
QUOTED_PAIR = re.compile(r"\\(.)")
MAX_PATH = 254
MAX_LOCAL = 128  # RFC 5321 says 64; VERP and SRS senders exceed it

# RFC 2142 and RFC 5321 section 4.5.1: people write to these when something is wrong.
RESERVED = frozenset({"postmaster", "abuse", "hostmaster", "webmaster", "security", "noc", "mailer-daemon"})
RETURN_PREFIX = "fwd+"
ENROLMENT = "digitalid"


class BadPath(Refused):
    """Not a mail path; `text` says why."""

    code = "bad-path"


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox; `local` without quotes and as written, `domain` in lower case ("" only for postmaster)."""

    local: str
    domain: str

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}" if self.domain else self.local

    @property
    def key(self) -> str:
        """The address as accounts are looked up by: all in lower case."""
        return str(self).lower()


NULL = Address("", "")


@dataclass(frozen=True, slots=True)
class Path:
    """A path with its ESMTP parameters: names in upper case, "" where a parameter has no value."""

    address: Address
    parameters: dict[str, str]


class Kind(Enum):
    """What a recipient is: a number perhaps, a role address, a bounce, a certificate to keep, foreign."""

    NUMBER = auto()
    ENROLMENT = auto()
    OPERATOR = auto()
    BOUNCE = auto()
    FOREIGN = auto()


def parse_path(argument: str, keyword: str, *, null_allowed: bool = False) -> Path:
    """Read the argument of MAIL ("FROM:") or RCPT ("TO:"); raise `BadPath`."""
    if not argument.isascii() or not argument.isprintable():
        raise BadPath("Control and non-ASCII characters have no place in a path")
    if argument[: len(keyword)].upper() != keyword:
        raise BadPath(f"Expected {keyword}<address>")
    match = PATH.match(argument[len(keyword) :].lstrip(" "))
    if match is None:
        raise BadPath("The address must stand in angle brackets")
    return Path(parse_address(match[1], null_allowed=null_allowed), _parameters(match[2] or ""))


def parse_address(text: str, *, null_allowed: bool = False) -> Address:
    """Read a mailbox without its angle brackets; raise `BadPath`."""
    if not text:
        if null_allowed:
            return NULL
        raise BadPath("The address is empty")
    if text.lower() == "postmaster":
        return Address("postmaster", "")
    if text.startswith("@") or len(text) > MAX_PATH:
        raise BadPath("Source routes are not taken" if text.startswith("@") else "The address is too long")
    local, at, domain = text.rpartition("@")
    if not at or not DOMAIN.match(domain) or len(local) > MAX_LOCAL:
        raise BadPath("Not a mail address")
    return Address(_local_part(local), domain.lower())


def classify(address: Address, domains: Collection[str]) -> Kind:
    """Say what a recipient is; `domains` are ours, in lower case."""
    local = address.local.lower()
    if not address.domain:
        return Kind.OPERATOR
    if address.domain not in domains or "%" in local or "!" in local or "@" in local:
        return Kind.FOREIGN
    if local in RESERVED:
        return Kind.OPERATOR
    if local == ENROLMENT:
        return Kind.ENROLMENT
    return Kind.BOUNCE if local.startswith(RETURN_PREFIX) else Kind.NUMBER


def _local_part(local: str) -> str:
    if QUOTED.match(local):
        return QUOTED_PAIR.sub(r"\1", local[1:-1])
    if LOCAL.match(local):
        return local
    raise BadPath("Not a mail address")


def _parameters(text: str) -> dict[str, str]:
    parameters = {}
    for word in text.split():
        name, equals, value = word.partition("=")
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]*", name) or (equals and not value):
            raise BadPath("Not an ESMTP parameter")
        parameters[name.upper()] = value
    return parameters
