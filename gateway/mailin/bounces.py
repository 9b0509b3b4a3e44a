"""Delivery reports about forwards: a null-sender mail to `fwd+<token>@` says that a forward did not arrive.

Each forward leaves with its own return address, so the address alone tells which one came back; nothing in
the report is believed beyond the word "failed" (RFC 3464 section 2.3.3). Reports of delay change nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy import select

from gateway.domain.states import FORWARD, ForwardState, step
from gateway.mailin.envelope import RETURN_PREFIX
from gateway.store import events
from gateway.store.models import Forward

if TYPE_CHECKING:
    from datetime import datetime
    from mmap import mmap

    from sqlalchemy.orm import Session

    from gateway.mailin.envelope import Address

FAILED = re.compile(rb"^action:[ \t]*failed\b", re.IGNORECASE | re.MULTILINE)
LOOKED_AT = 1 << 20


def token_of(address: Address) -> str:
    """Return the token of a return address."""
    return address.local[len(RETURN_PREFIX) :]


def exists(session: Session, token: str) -> bool:
    """Say whether a forward left with this return address."""
    return session.scalar(select(Forward.id).where(Forward.token == token)) is not None


def tells_of_failure(mail: bytes | mmap) -> bool:
    """Say whether a mail is a report of a failed delivery."""
    return FAILED.search(mail[:LOOKED_AT]) is not None


def bounced(session: Session, token: str, now: datetime) -> None:
    """Mark a forward that was sent as bounced; repeated reports change nothing more."""
    forward = session.scalar(select(Forward).where(Forward.token == token).with_for_update())
    if forward is None or forward.state is not ForwardState.SENT:
        return
    forward.state = step(FORWARD, forward.state, "bounce")
    forward.detail = "The mail came back undelivered."
    events.append(
        session,
        "forward.failed",
        now,
        account_id=forward.account_id,
        number=forward.reception_number,
        address=forward.address,
        detail=forward.detail,
    )
