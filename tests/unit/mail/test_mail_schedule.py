"""When a mail that was not taken is tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gateway.domain.schedule import mail_retry

OWED = datetime(2024, 4, 1, tzinfo=UTC)


def test_the_waits_are_one_five_fifteen_minutes_then_hourly_to_48_hours() -> None:
    now, waits = OWED, []
    tries = 1
    while due := mail_retry(OWED, tries, now):
        waits.append((due - now) / timedelta(minutes=1))
        now, tries = due, tries + 1
    assert waits[:4] == [1, 5, 15, 60]
    assert set(waits[4:]) == {60}
    assert timedelta(hours=47) < now - OWED <= timedelta(hours=48)


def test_a_try_that_ends_late_gets_no_other_beyond_48_hours() -> None:
    assert mail_retry(OWED, 3, OWED + timedelta(hours=47, minutes=50)) is None
    assert mail_retry(OWED, 3, OWED + timedelta(hours=47, minutes=45)) == OWED + timedelta(hours=48)
