"""The parameters of MAIL and RCPT: SIZE (RFC 1870), BODY (RFC 6152), AUTH (RFC 4954), and RFC 3461's.

RET, ENVID, NOTIFY and ORCPT are only read and kept here, as plain JSON; who is told what is decided in
`notify`. Values are decoded from xtext (RFC 3461 section 4) and hold printable ASCII only, so that they can
go into a report as they are. A parameter we do not know is refused: we could not keep what it asks for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gateway.mailin import replies

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.mailin.replies import Reply

XTEXT = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})*")
HEX = re.compile(r"\+([0-9A-F]{2})")
WHEN = ("SUCCESS", "FAILURE", "DELAY")
LONGEST_ENVID = 100
LONGEST_ORCPT = 500
ADDRESS_TYPE = re.compile(r"[A-Za-z0-9-]{1,40}")


class BadParameter(Exception):  # noqa: N818  (an answer on its way, not an error)
    """A parameter that is not taken; `reply` says so."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(str(reply))
        self.reply = reply


@dataclass(frozen=True, slots=True)
class OfMail:
    """What MAIL says: octets announced, and {"ret": "full"|"hdrs", "envid": text} as far as asked."""

    size: int = 0
    envelope: dict[str, Any] = field(default_factory=dict)


def of_mail(parameters: Mapping[str, str], *, with_auth: bool = False) -> OfMail:
    """Read the parameters of MAIL; raise `BadParameter`.

    `with_auth`: AUTH= is let pass; whom the client names there proves nothing and is not kept.
    """
    known = {"SIZE", "BODY", "RET", "ENVID", *(["AUTH"] if with_auth else [])}
    size = parameters.get("SIZE", "0")
    body = parameters.get("BODY", "7BIT").upper()
    if not set(parameters) <= known or body not in {"7BIT", "8BITMIME"}:
        raise BadParameter(replies.BAD_PARAMETER)
    if not size.isdecimal() or len(size) > 20:
        raise BadParameter(replies.BAD_PARAMETER)
    envelope: dict[str, Any] = {}
    if "RET" in parameters:
        envelope["ret"] = parameters["RET"].lower()
        if envelope["ret"] not in ("full", "hdrs"):
            raise BadParameter(replies.bad_dsn("RET"))
    if "ENVID" in parameters:
        envelope["envid"] = decoded(parameters["ENVID"], LONGEST_ENVID, "ENVID")
    return OfMail(int(size), envelope)


def of_recipient(parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return {"notify": ["never"] or [...], "orcpt": "type;address"} of RCPT; raise `BadParameter`."""
    if not set(parameters) <= {"NOTIFY", "ORCPT"}:
        raise BadParameter(replies.BAD_PARAMETER)
    asked: dict[str, Any] = {}
    if "NOTIFY" in parameters:
        asked["notify"] = _when(parameters["NOTIFY"].upper().split(","))
    if "ORCPT" in parameters:
        kind, semicolon, address = parameters["ORCPT"].partition(";")
        if not semicolon or not ADDRESS_TYPE.fullmatch(kind):
            raise BadParameter(replies.bad_dsn("ORCPT"))
        asked["orcpt"] = f"{kind.lower()};{decoded(address, LONGEST_ORCPT, 'ORCPT')}"
    return asked


def decoded(xtext: str, longest: int, name: str) -> str:
    """Return what an xtext says; raise `BadParameter` if it is none, empty or longer than `longest`."""
    text = HEX.sub(lambda match: chr(int(match[1], 16)), xtext)
    if not XTEXT.fullmatch(xtext) or not 0 < len(xtext) <= longest:
        raise BadParameter(replies.bad_dsn(name))
    if not text.isascii() or not text.isprintable():
        raise BadParameter(replies.bad_dsn(name))
    return text


def _when(words: list[str]) -> list[str]:
    if words == ["NEVER"]:
        return ["never"]
    if not words or len(set(words)) < len(words) or not set(words) <= set(WHEN):
        raise BadParameter(replies.bad_dsn("NOTIFY"))
    return [word.lower() for word in WHEN if word in words]
