"""Faxes no line can ever carry: the lines their account asks for, or their number needs, are not there.

Such a delivery waits without a word, since every line passes it over. What a line may carry is asked as
`candidates` asks it; which lines there are is the caller's knowledge, for the rows of lines do not say what
they are for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, or_, select, true

from gateway.domain.states import FaxState
from gateway.store.candidates import WAITING, prefixes, wanted_group
from gateway.store.leases import LineTraits
from gateway.store.models import Account, Delivery, Fax

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from gateway.line_table import LineConfig


@dataclass(frozen=True, slots=True)
class Stranded:
    """The faxes of one account that wait for nothing. `group`: the lines it asks for, "" for any line."""

    account_id: int
    group: str
    faxes: int
    destination: str


def traits_of(line: LineConfig) -> LineTraits:
    """Return what of a configured line matters to the queue."""
    simulated = line.type == "simulated"
    dials = line.direction != "in"
    return LineTraits(line.name, simulated, tuple(line.allow), tuple(line.deny), line.group, dials)


def accounts_without_lines(session: Session, lines: Sequence[LineTraits]) -> dict[str, str]:
    """Return the accounts, by name, that ask for a group which no line that dials has; and the group."""
    groups = ["", *(line.group for line in lines if line.dials)]
    query = select(Account.name, wanted_group().label("wanted")).where(wanted_group().not_in(groups))
    return {row.name: row.wanted for row in session.execute(query.order_by(Account.name))}


def stranded(session: Session, lines: Sequence[LineTraits], now: datetime) -> list[Stranded]:
    """Return, for each account, its faxes that are due and that none of these lines may carry."""
    group = wanted_group()
    query = (
        select(Delivery.account_id, group, func.count(), func.min(Delivery.destination))
        .join(Fax, Delivery.fax_id == Fax.id)
        .join(Account, Delivery.account_id == Account.id)
        .where(Fax.state == FaxState.READY, Delivery.state.in_(WAITING), Delivery.due_at <= now)
        .where(*(~_carries(line) for line in lines if line.dials))
        .group_by(Delivery.account_id, group)
    )
    return [Stranded(*row) for row in session.execute(query)]


def _carries(line: LineTraits) -> ColumnElement[bool]:
    mine = or_(wanted_group() == "", wanted_group() == line.group)
    return and_(true(), mine, *prefixes(line))
