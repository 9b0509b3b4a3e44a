"""Which mails the end of a delivery owes, written in the transaction of that end.

One result a number; for a list, or where the account wants it so, one summary when the last of its numbers
has come to rest. Besides, what the client's mail system asked for: a delivery status notification, a receipt
(`domain.telling` decides). All go to addresses that were proved or registered, never to one that only a
header named (`spec/threats.md` section 4). A mail that became no fax is refused by `owe_refusal`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import select

from gateway.domain.states import DeliveryState
from gateway.domain.telling import AT_REST, Asked, Wishes, owed
from gateway.store import outbox
from gateway.store.database import one_at_a_time
from gateway.store.models import Delivery, Outbox, User

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from gateway.domain.outcome import Cause
    from gateway.store.models import Account, Fax


class Ended(Protocol):
    """A number that came to rest: a `Delivery`, or what is read of one of thousands (`together.Moved`)."""

    @property
    def number(self) -> int:
        """Its public number."""

    @property
    def state(self) -> DeliveryState:
        """How it ended."""

    @property
    def dsn(self) -> dict[str, Any]:
        """What the client's mail system asked for it."""

    @property
    def resend_of(self) -> int | None:
        """The number that it repeats, if it does."""


def notify_settings(session: Session, account: Account, user_id: int | None = None) -> dict[str, Any]:
    """Return the `notify` table in force: the account's, and over it what its user chose otherwise."""
    user = session.get(User, user_id) if user_id is not None else None
    of_user = user.settings.get("notify", {}) if user is not None else {}
    return {**account.settings.get("notify", {}), **of_user}


def wishes_of(session: Session, fax: Fax) -> Wishes:
    """Return what is wanted of the reports about a fax."""
    return Wishes.of(notify_settings(session, fax.account, fax.user_id), fax.options.get("notify"))


def owe_at_end(
    session: Session, fax: Fax, ended: Sequence[Ended], now: datetime, new_id: Callable[[], str]
) -> None:
    """Owe what the end of these numbers of a fax owes; their states are written already.

    A number of a list that comes to rest after its summary (sent again, or no longer uncertain) gets a
    result of its own.
    """
    wishes = wishes_of(session, fax)
    summed_up: frozenset[int] = frozenset()
    if fax.batch or wishes.batch or wishes.mdn:
        one_at_a_time(session, f"end of fax {fax.id}")  # of two numbers that end at once, the later sees both
        session.flush()
        summed_up = _in_batch(session, fax, ended, wishes)
        if _all_at_rest(session, fax):
            asked = _asked(fax, ended[-1]) if summed_up else None
            _owe_of_fax(session, fax, wishes, asked, now=now, new_id=new_id)
    for delivery in ended:
        for kind in owed(wishes, _asked(fax, delivery), good=delivery.state is DeliveryState.SENT):
            if kind == "dsn":
                _owe(session, kind, _envelope_sender(fax), now, new_id, delivery=delivery)
            elif delivery.number not in summed_up:
                _owe(session, kind, wishes.addresses(fax.notify_to), now, new_id, delivery=delivery)


def _asked(fax: Fax, delivery: Ended) -> Asked:
    """Return what the client's mail system asked for; nobody wants 20,000 reports about one list."""
    return Asked() if fax.batch else Asked.of(delivery.dsn)


def _owe_of_fax(
    session: Session,
    fax: Fax,
    wishes: Wishes,
    asked: Asked | None,
    *,
    now: datetime,
    new_id: Callable[[], str],
) -> None:
    """Owe what is told once of all numbers: the receipt, and, unless `asked` is None, the summary."""
    if asked is not None and "result" in owed(wishes, asked, good=_all_sent(session, fax)):
        _owe(session, "batch", wishes.addresses(fax.notify_to), now, new_id, fax=fax)
    if wishes.mdn and not _exists(session, fax, "mdn"):
        _owe(session, "mdn", _receipt_to(fax), now, new_id, fax=fax)


def owe_refusal(
    session: Session,
    account: Account,
    recipient: str,
    cause: Cause,
    reason: str,
    *,
    now: datetime,
    new_id: Callable[[], str],
    subject: str = "",
    request_id: str = "",
    user_id: int | None = None,
    face: str = "",
    in_part: bool = False,
) -> None:
    """Owe a mail that says why a mail of a **proved** sender became no fax; the caller proved `recipient`.

    `in_part`: it did become one, but not for the numbers that `reason` names.

    `reason` is one of the sentences of `gateway.details`, or text that is shown as it is; `subject` and
    `request_id` are those of the mail that was refused. `face`: "axatel" for a status mail of that face.
    """
    wishes = Wishes.of(notify_settings(session, account, user_id))
    data = {
        "account_id": account.id,
        "user_id": user_id,
        "cause": cause.value,
        "reason": reason,
        "subject": subject,
        "request_id": request_id,
        "face": face,
        "in_part": in_part,
    }
    if wishes.result(good=False):
        outbox.owe(session, "refusal", recipient, new_id=new_id, now=now, data=data)


def _owe(
    session: Session,
    kind: str,
    addresses: tuple[str, ...],
    now: datetime,
    new_id: Callable[[], str],
    *,
    delivery: Ended | None = None,
    fax: Fax | None = None,
) -> None:
    number, fax_id = delivery.number if delivery else None, fax.id if fax else None
    for address in addresses:
        outbox.owe(session, kind, address, new_id=new_id, now=now, delivery_number=number, fax_id=fax_id)


def _in_batch(session: Session, fax: Fax, ended: Sequence[Ended], wishes: Wishes) -> frozenset[int]:
    """Return which of these a summary tells of: first sendings of one of several, while none is out yet."""
    first = frozenset(delivery.number for delivery in ended if delivery.resend_of is None)
    if not first or not (fax.batch or wishes.batch) or _exists(session, fax, "batch"):
        return frozenset()
    return first if fax.batch or _several(session, fax) else frozenset()


def _several(session: Session, fax: Fax) -> bool:
    numbers = select(Delivery.number).where(Delivery.fax_id == fax.id, Delivery.resend_of.is_(None))
    return len(session.scalars(numbers.limit(2)).all()) > 1


def _all_at_rest(session: Session, fax: Fax) -> bool:
    moving = select(Delivery.number).where(Delivery.fax_id == fax.id, Delivery.state.not_in(AT_REST))
    return session.scalar(moving.order_by(Delivery.number.desc()).limit(1)) is None


def _all_sent(session: Session, fax: Fax) -> bool:
    first = select(Delivery.number).where(Delivery.fax_id == fax.id, Delivery.resend_of.is_(None))
    return session.scalar(first.where(Delivery.state != DeliveryState.SENT).limit(1)) is None


def _exists(session: Session, fax: Fax, kind: str) -> bool:
    return (
        session.scalar(select(Outbox.id).where(Outbox.fax_id == fax.id, Outbox.kind == kind).limit(1))
        is not None
    )


def _envelope_sender(fax: Fax) -> tuple[str, ...]:
    """Return where reports for mail systems go: the envelope sender of the request, who was proved."""
    return (fax.message.sender,) if fax.message is not None and fax.message.sender else ()


def _receipt_to(fax: Fax) -> tuple[str, ...]:
    """Return where a receipt goes: only to the envelope sender, if it is who asked (RFC 8098 section 2.1)."""
    asked = str(fax.message.envelope.get("disposition_to", "")) if fax.message is not None else ""
    return tuple(sender for sender in _envelope_sender(fax) if sender.casefold() == asked.casefold())
