"""What accounts did in the last hour, counted for `domain.alarms`; and the rows an alarm leaves.

An alarm is an audit row of the account, an event, and a note owed to each operator, in one transaction. The
audit row is also the memory that keeps the same alarm quiet for a day, so any number of processes may look.
A fax that waits for approval is told the same way, once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import aliased

from gateway.domain.alarms import QUIET, SPAN, Alarm, Counts, country_of, is_night, raised
from gateway.domain.errors import BadNumber
from gateway.domain.numbers import region_of
from gateway.domain.states import DeliveryState
from gateway.store import audit, events, outbox, release, spending, together
from gateway.store.database import one_at_a_time
from gateway.store.lines import all_lines
from gateway.store.models import Account, Attempt, Audit, Delivery
from gateway.store.stranded import stranded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from gateway.domain.alarms import Thresholds
    from gateway.store.leases import LineTraits
    from gateway.store.stranded import Stranded

ALARM: Final = "alarm"
REFUSED: Final = "number.refused"
SENTENCES: Final = {
    "new-country": "Account {account} called a country it never called before: {what}.",
    "night-calls": "Account {account} made {what} calls in an hour of the night.",
    "failed-numbers": "Account {account} failed to reach {what} different numbers within an hour.",
    "refused-numbers": "Account {account} asked for {what} numbers within an hour that are not dialled here.",
    "approval": "A fax of account {account} waits for approval: {what}.",
    "credit": "Account {account} has spent what it may: {what}.",
    "no-line": "Account {account} has faxes that no line may carry: {what}.",
}
ADVICE: Final = {
    "approval": "Look at it with `postline approve`, then approve it or return it.",
    "credit": "They go when there is room again below `cost_per_day` or `cost_per_month`; one that waited a "
    "day fails and is told to its sender. Raise the cap in `caps` of the account, or in [dialling.caps].",
    "no-line": "They wait until a line that dials has the `group` the account asks for by `lines`, and its "
    "`allow` and `deny` let the number pass.",
}
STOP: Final = "If that is not meant, stop all dialling with `postline dialling pause`."


def look(
    session: Session,
    thresholds: Thresholds,
    now: datetime,
    *,
    operators: Sequence[str],
    new_id: Callable[[], str],
    home: str = "",
    lines: Sequence[LineTraits] | None = None,
) -> list[Alarm]:
    """Raise every alarm that is due; return them. `home` is the site's country.

    `lines` are all there are, None where they are not known: then no fax is said to wait in vain.
    """
    one_at_a_time(session, "alarms")
    found = []
    lost = {one.account_id: one for one in _stranded(session, lines, now)}
    broke = spending.held(session)
    busy = _busy(session, now) | set(lost) | set(broke)
    for account in session.scalars(select(Account).where(Account.id.in_(busy))):
        quiet = _told(session, account, now)
        alarms = [*raised(counts(session, account, now, home), thresholds), *_waiting(session, account)]
        if account.id in broke:
            alarms.append(Alarm("credit", f"faxes that wait: {broke[account.id]}"))
        if account.id in lost:
            alarms.append(Alarm("no-line", _in_words(lost[account.id])))
        for alarm in alarms:
            if alarm.key not in quiet:
                _raise(session, account, alarm, now, operators=operators, new_id=new_id)
                found.append(alarm)
    return found


def counts(session: Session, account: Account, now: datetime, home: str = "") -> Counts:
    """Return what an account did in the last hour."""
    since = now - SPAN
    zone = ZoneInfo(account.timezone)
    mine = Attempt.account_id == account.id, Attempt.dialled_at > since
    calls = session.execute(select(Attempt.dialled_at, Attempt.destination).where(*mine)).all()
    return Counts(
        countries=tuple(_new_countries(session, account, {row.destination for row in calls}, since, home)),
        night_calls=sum(row.dialled_at is not None and is_night(row.dialled_at, zone) for row in calls),
        failed_numbers=_failed(session, account, since),
        refused_numbers=_refused(session, account, since),
    )


def _busy(session: Session, now: datetime) -> set[int]:
    """Return the accounts that did anything an alarm may be about."""
    since = now - SPAN
    called = session.scalars(select(Attempt.account_id).where(Attempt.dialled_at > since).distinct())
    refused = session.scalars(select(Audit.account_id).where(*_audited(REFUSED, since)).distinct())
    return {*called, *(one for one in refused if one), *(fax.account_id for fax in release.waiting(session))}


def _new_countries(
    session: Session, account: Account, numbers: set[str], since: datetime, home: str
) -> Iterator[str]:
    """Yield the countries of these numbers, home apart, where no earlier call of the account went."""
    own = account.country or home
    known = {region_of(own)} if own else set()
    for number in sorted(numbers):
        country = _country(number)
        if country not in known:
            known.add(country)
            if not _called_before(session, account, number, country, since):
                yield country


def _called_before(session: Session, account: Account, number: str, country: str, since: datetime) -> bool:
    """Say whether the account called this country before `since`; a code may hold several countries."""
    code = number[:3]  # the first digit after 00; enough to find candidates by index
    earlier = select(Attempt.destination).where(
        Attempt.account_id == account.id,
        Attempt.dialled_at <= since,
        Attempt.destination.startswith(code, autoescape=True),
    )
    return any(_country(destination) == country for destination in session.scalars(earlier.distinct()))


def _country(number: str) -> str:
    try:
        return country_of(number)
    except BadNumber:
        return f"+{number[2:5]}"


def _failed(session: Session, account: Account, since: datetime) -> int:
    numbers = select(func.count(func.distinct(Delivery.destination))).where(
        Delivery.account_id == account.id,
        Delivery.state == DeliveryState.FAILED,
        Delivery.completed_at > since,
        Delivery.dials > 0,
    )
    again = aliased(Delivery)
    reached = exists().where(
        again.account_id == account.id,
        again.destination == Delivery.destination,
        again.state == DeliveryState.SENT,
        again.completed_at > since,
    )
    return session.scalar(numbers.where(~reached)) or 0


def _refused(session: Session, account: Account, since: datetime) -> int:
    query = select(Audit).where(Audit.account_id == account.id, *_audited(REFUSED, since))
    return len({row.data.get("number") for row in session.scalars(query)})


def _waiting(session: Session, account: Account) -> Iterator[Alarm]:
    for fax in release.waiting(session):
        if fax.account_id == account.id:
            size = f"{fax.pages} pages to {together.count(session, fax.id)} numbers"
            yield Alarm("approval", f"fax {together.first(session, fax.id)}, {size}")


def _stranded(session: Session, lines: Sequence[LineTraits] | None, now: datetime) -> list[Stranded]:
    """Return the faxes that wait in vain; none while another host has lines whose purpose we do not know."""
    if lines is None or {row.name for row in all_lines(session)} - {line.name for line in lines}:
        return []
    return stranded(session, lines, now)


def _in_words(lost: Stranded) -> str:
    group = f"for lines of group {lost.group}" if lost.group else "for any line"
    return f"{lost.faxes}, {group}, the first to {lost.destination}"


def _told(session: Session, account: Account, now: datetime) -> set[str]:
    query = select(Audit).where(Audit.account_id == account.id, *_audited(ALARM, now - QUIET))
    return {str(row.data.get("key")) for row in session.scalars(query)}


def _audited(action: str, since: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return Audit.action == action, Audit.at > since


def _raise(
    session: Session,
    account: Account,
    alarm: Alarm,
    now: datetime,
    *,
    operators: Sequence[str],
    new_id: Callable[[], str],
) -> None:
    sentence = SENTENCES[alarm.kind].format(account=account.name, what=alarm.what)
    audit.note(session, ALARM, now, account.id, kind=alarm.kind, key=alarm.key, what=alarm.what)
    events.append(session, "alarm", now, account_id=account.id, alarm=alarm.kind, what=alarm.what)
    text = f"{sentence}\n\n{ADVICE.get(alarm.kind, STOP)}\n"
    for operator in operators:
        outbox.owe(
            session, "note", operator, new_id=new_id, now=now, data={"subject": sentence, "text": text}
        )
    session.flush()
