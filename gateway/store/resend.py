"""Sending an old fax again: a new delivery of the same pages, with a public number of its own.

Nothing of the old delivery changes: what was told about it stays true. `rest` sends only the pages that the
far machine did not confirm, to the same number; the new delivery begins behind them. What was never drawn, or
is still on its way, is refused: two deliveries of one fax to one number are two faxes there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from gateway.domain.errors import Refused
from gateway.domain.states import FINAL_DELIVERY, DeliveryState, FaxState
from gateway.store import audit, endings, release
from gateway.store.acceptance import DEFAULT_DIALS
from gateway.store.faxes import Recipient, allocate
from gateway.store.models import Delivery

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy.orm import Session


def resend(
    session: Session,
    number: int,
    now: datetime,
    *,
    actor: str,
    new_id: Callable[[], str],
    to: Recipient | None = None,
    rest: bool = False,
    account_id: int | None = None,
) -> Delivery:
    """Queue delivery `number` again, `to` another number if given; return the new delivery.

    The caller has asked whether the number may be called (`domain.dialling`). Raises `Refused`.
    """
    old = _old(session, number, account_id)
    first_page = _first_page(session, old, to, rest=rest)
    retries = {
        **old.fax.account.settings.get("retries", {}),
        **old.fax.options,
    }  # what was wished holds again
    new = Delivery(
        number=allocate(session, "delivery"),
        fax=old.fax,
        account_id=old.account_id,
        destination=to.destination if to else old.destination,
        sub=to.sub[:20] if to else old.sub,
        contact=to.contact[:200] if to else old.contact,
        simulated_status=to.simulated_status if to else old.simulated_status,
        state=DeliveryState.CREATED,
        priority=old.priority,
        due_at=now,
        max_dials=retries.get("dials", DEFAULT_DIALS),
        interval_minutes=retries.get("interval_minutes"),
        first_page=first_page,
        pages_confirmed=len(endings.confirmed_pages(session, old)) if first_page > 1 else 0,
        resend_of=old.number,
        created_at=now,
    )
    session.add(new)
    session.flush()
    audit.note(session, "delivery.resend", now, old.account_id, actor, number=number, new=new.number)
    release.start(session, new, now, new_id=new_id)
    session.flush()
    return new


def _old(session: Session, number: int, account_id: int | None) -> Delivery:
    query = select(Delivery).where(Delivery.number == number).with_for_update(of=Delivery)
    if account_id is not None:
        query = query.where(Delivery.account_id == account_id)
    old = session.scalar(query)
    if old is None:
        raise Refused(f"There is no fax {number}.")
    if old.fax.state is not FaxState.READY:
        raise Refused(f"Fax {number} has no pages to send again; it is {old.fax.state.value}.")
    return old


def _first_page(session: Session, old: Delivery, to: Recipient | None, *, rest: bool) -> int:
    elsewhere = to is not None and (to.destination, to.sub) != (old.destination, old.sub)
    if not elsewhere and old.state not in FINAL_DELIVERY:
        raise Refused(f"Fax {old.number} is still on its way; it is {old.state.value}.")
    if not rest:
        return 1
    if elsewhere:
        raise Refused("Only the rest can be sent to the same number: another machine has no page yet.")
    first_page = endings.next_page(session, old)
    if first_page > old.fax.pages:
        raise Refused(f"Fax {old.number} has no rest: every page was confirmed.")
    return first_page
