"""From a verdict to an answer at the mail door: accepted, refused, or asked to come again (smime.md 8).

One table for the four account policies. It writes no sentence: the reply carries codes and the reason's
word, what a person reads comes from the gateway's catalogues. A failure to decrypt has one answer, whatever
went wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from smime.verdict import UNDECRYPTABLE, Encryption, Protection, Reason, Status

if TYPE_CHECKING:
    from smime.verdict import Verdict


class Rule(StrEnum):
    """`smime_policy` of an account."""

    OFF = "off"
    VERIFY = "verify"
    REQUIRED = "required"
    REQUIRED_ENCRYPTED = "required+encrypted"


INTEGRITY = "5.7.7"
FORBIDDEN = "5.7.1"
LATER = "4.7.1"
BROKEN = {Status.INVALID, Status.MALFORMED, Status.PARTIAL}
WORDLESS = "undecryptable"
NOT_ENCRYPTED = "not_encrypted"
NOT_PROTECTED = "headers_not_protected"


@dataclass(frozen=True, slots=True)
class Refusal:
    """SMTP reply (550 or 451), enhanced status code, and a stable word for catalogue and audit row."""

    reply: int
    code: str
    word: str


def refusal(verdict: Verdict, rule: Rule, *, require_protected_headers: bool = False) -> Refusal | None:
    """Return why an account with this rule does not take the message, None when it does."""
    if verdict.encryption not in {Encryption.NONE, Encryption.DECRYPTED}:
        return Refusal(550, UNDECRYPTABLE[0], WORDLESS)
    if rule is Rule.OFF:
        return None
    if verdict.verdict is not Status.VALID:
        unsigned = verdict.verdict is Status.NONE
        return None if unsigned and rule is Rule.VERIFY else _bad(verdict)
    if rule is Rule.REQUIRED_ENCRYPTED and not verdict.encrypted_inside:
        return Refusal(550, FORBIDDEN, NOT_ENCRYPTED)
    if require_protected_headers and verdict.protection is Protection.NONE:
        return Refusal(550, FORBIDDEN, NOT_PROTECTED)
    return None


def _bad(verdict: Verdict) -> Refusal:
    word = verdict.reason.value
    if verdict.verdict is Status.REVOCATION_UNKNOWN and verdict.reason is Reason.LIST_EXPIRED:
        return Refusal(451, LATER, word)  # the operator's list will be renewed
    return Refusal(550, INTEGRITY if verdict.verdict in BROKEN else FORBIDDEN, word)
