"""When a deferred fax is due: email-interface.md section 2.2, rule 8."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain import deferral
from gateway.domain.errors import TooFarAhead

TOKYO, BERLIN = ZoneInfo("Asia/Tokyo"), ZoneInfo("Europe/Berlin")
ZONES = st.sampled_from(["UTC", "Asia/Tokyo", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
ASKED = datetime(2030, 6, 1, 12, 0, tzinfo=UTC)  # 21:00 in Tokyo


@pytest.mark.parametrize(
    ("value", "due"),
    [
        ("2030-06-02 09:30", "2030-06-02T00:30"),
        ("21:30", "2030-06-01T12:30"),
        ("20:59", "2030-06-02T11:59"),  # gone today: tomorrow
        ("21:00", "2030-06-02T12:00"),
        ("2030-06-01 20:00", "2030-06-01T12:00"),  # past: now
        ("1999-01-01 00:00", "2030-06-01T12:00"),
        ("2030-07-01 21:00", "2030-07-01T12:00"),  # thirty days, to the minute
    ],
)
def test_the_time_is_the_accounts(value: str, due: str) -> None:
    assert deferral.due(value, TOKYO, ASKED) == datetime.fromisoformat(due).replace(tzinfo=UTC)


def test_more_than_thirty_days_ahead_is_refused() -> None:
    with pytest.raises(TooFarAhead, match="30 days"):
        deferral.due("2030-07-01 21:01", TOKYO, ASKED)


@pytest.mark.parametrize(
    ("value", "due"),
    [
        ("2030-03-31 02:30", "2030-03-31T01:30"),  # does not exist: 03:30 summer time
        ("2030-10-27 02:30", "2030-10-27T01:30"),  # twice: the second
    ],
)
def test_a_time_the_clocks_make_doubtful_is_the_later_one(value: str, due: str) -> None:
    asked = datetime.fromisoformat(due).replace(tzinfo=UTC) - timedelta(days=1)
    assert deferral.due(value, BERLIN, asked) == datetime.fromisoformat(due).replace(tzinfo=UTC)


@given(st.times().map("{:%H:%M}".format), ZONES, st.integers(0, 7 * 366 * 24 * 60))
def test_a_time_without_a_date_is_the_next_such_time(clock: str, name: str, minutes: int) -> None:
    zone, asked = ZoneInfo(name), ASKED + timedelta(minutes=minutes)
    due = deferral.due(clock, zone, asked)
    assert asked < due <= asked + timedelta(hours=49)
    shown = due.astimezone(zone)
    gap = shown.replace(tzinfo=None) != (due - timedelta(hours=3)).astimezone(zone).replace(
        tzinfo=None
    ) + timedelta(hours=3)
    assert f"{shown:%H:%M}" == clock or gap  # but for an hour that is left out that night


@given(st.dates(date(2030, 5, 1), date(2030, 7, 1)), st.times(), ZONES)
def test_a_deferred_fax_never_leaves_early_nor_after_thirty_days(day: date, clock: object, name: str) -> None:
    value = deferral.written(f"{day} {clock:%H:%M}")
    try:
        due = deferral.due(value, ZoneInfo(name), ASKED)
    except TooFarAhead:
        assert datetime.fromisoformat(value).replace(tzinfo=ZoneInfo(name)) > ASKED + timedelta(days=30)
        return
    assert due >= ASKED
    assert due == ASKED or f"{due.astimezone(ZoneInfo(name)):%Y-%m-%d %H:%M}" == value
