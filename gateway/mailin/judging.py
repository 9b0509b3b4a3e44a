"""What is asked of a mail at the end of DATA, before anything is promised.

Judges may be asked for S/MIME (a signature bound to the sender, and the account's policy), for what a relay
found out, and for DKIM (a signature of the sender's domain). Each gets the exact bytes in the spool file and
gives an `Opinion`; `hear` decides who is asked and what follows. Judges do their arithmetic on hostile bytes
in children with limits, never in this process.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from gateway.mailin import replies
from gateway.mailin.evidence import KnownSender, Provable
from gateway.mailin.prescan import Rejected

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy.orm import Session

    from gateway.mailin.envelope import Address
    from gateway.mailin.prescan import Findings
    from gateway.mailin.replies import Reply


@dataclass(frozen=True, slots=True)
class Case:
    """A mail at the end of DATA.

    `path` is the spool file: closed, complete, dots taken out, `size` bytes. `sender` is the envelope's,
    `who` the account behind it, proved or not yet. `peer` is the client's IP address. `numbers` are the
    canonical numbers of the recipients, `written` their addresses. `at` is the time of the end of DATA.
    `in_subject`: the number stands in the subject as it came (axatel.md).
    """

    path: Path
    size: int
    sender: Address
    who: KnownSender | Provable
    peer: str
    findings: Findings
    numbers: tuple[str, ...]
    at: datetime
    written: tuple[str, ...] = ()
    in_subject: bool = False


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a judge says.

    `evidence`: a proof of the envelope sender ({"by": ...}), None where there is none. `refusal`: the reply
    with which the mail is turned away, whoever sent it; `why` goes to the audit. `verdict`: kept as
    `Message.verdict`. `record`: writes what must be remembered, in the transaction that accepts the mail, and
    not for one that came before; it may raise `Rejected`, and nothing is stored then. `passing`: no proof
    now, but perhaps later (DNS trouble): a mail that stays unproved then gets 451 instead of 550. `dedupe`: a
    better key than the mail's bytes by which the same mail is known, where there is one. `subject`: what is
    stored in the place of the mail's own; None leaves it.
    """

    evidence: dict[str, Any] | None = None
    refusal: Reply | None = None
    why: str = ""
    verdict: dict[str, Any] = field(default_factory=dict)
    record: Callable[[Session], None] | None = None
    passing: bool = False
    dedupe: str = ""
    subject: str | None = None


class Judge(Protocol):
    """Answers for a mail; must not raise for anything the mail says."""

    async def __call__(self, case: Case) -> Opinion:
        """Return the opinion."""


class Refusal(Exception):  # noqa: N818  (an answer on its way, not an error)
    """The mail is turned away with `reply`; `why` is for the audit."""

    def __init__(self, reply: Reply, why: str) -> None:
        super().__init__(why)
        self.reply = reply
        self.why = why


async def hear(judges: Mapping[str, Judge], case: Case) -> tuple[KnownSender, tuple[Opinion, ...]]:
    """Ask the judges that this mail needs; return the proved sender and the opinions.

    Raise `Refusal` where a judge turns the mail away or nobody proves the sender, `Rejected` for a sealed
    mail without a judge for it.
    """
    if "smime" not in judges and _must_hear("smime", case.who, case.findings):
        raise Rejected("5.7.5", "Signed and encrypted mail is not taken by this gateway")
    if "password" not in judges and case.who.password_required:
        raise Refusal(replies.PASSWORD_NEEDED, "no password asked for at this door")
    who, opinions = case.who, []
    for name, judge in judges.items():
        if name == "password" and isinstance(who, Provable):
            break  # a second factor, and no oracle for whoever has not the first
        if _must_hear(name, who, case.findings):
            opinion = await judge(case)
            opinions.append(opinion)
            if opinion.refusal is not None:
                raise Refusal(opinion.refusal, opinion.why)
            if opinion.evidence is not None and isinstance(who, Provable):
                who = who.proved(opinion.evidence)
    if isinstance(who, Provable):
        raise _unproved(who, opinions)
    return who, tuple(opinions)


def must_be_judged(who: KnownSender | Provable, findings: Findings) -> bool:
    """Say whether any judge must be heard, or is missing, before this mail can be taken."""
    named = ("smime", "password")
    return isinstance(who, Provable) or any(_must_hear(name, who, findings) for name in named)


def _must_hear(name: str, who: KnownSender | Provable, findings: Findings) -> bool:
    if isinstance(who, Provable) and name in who.by:
        return True
    if name == "password":
        return who.password_required
    return name == "smime" and (findings.sealed or who.smime_policy.startswith("required"))


def _unproved(who: Provable, opinions: list[Opinion]) -> Refusal:
    """Turn away a mail that nothing proved: in the wording for strangers, or "later" if DNS was away."""
    why = "; ".join(o.why for o in opinions if o.why) or "no proof of the sender"
    passing = who.passing or any(opinion.passing for opinion in opinions)
    return Refusal(replies.PROOF_LATER if passing else replies.NOT_ALLOWED, why)
