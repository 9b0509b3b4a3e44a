"""Calling windows, at any time in any zone: open is what the clock on the wall says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain import windows
from gateway.domain.errors import BadOption

TOKYO, BERLIN, NEW_YORK = ZoneInfo("Asia/Tokyo"), ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
ZONES = st.sampled_from(
    ["UTC", "Asia/Tokyo", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca"]
).map(ZoneInfo)
DAYS = st.sampled_from(windows.DAYS)
CLOCKS = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
FIRST, LAST = datetime(2024, 1, 1), datetime(2031, 1, 1)  # noqa: DTZ001  (Hypothesis adds the zone)
MOMENTS = st.datetimes(FIRST, LAST, timezones=st.just(UTC))


@st.composite
def texts(draw: st.DrawFn) -> str:
    spans = []
    for _ in range(draw(st.integers(1, 3))):
        opens, closes = draw(st.tuples(CLOCKS, CLOCKS).filter(lambda pair: pair[0] != pair[1]))
        day = draw(st.one_of(st.just(""), DAYS, st.builds("{}-{}".format, DAYS, DAYS)))
        spans.append(f"{day} {opens}-{closes}".strip())
    return ", ".join(spans)


def local(text: str, zone: ZoneInfo) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("window", "at", "opens"),
    [
        ("08:00-20:00", "2030-06-03 12:00", "2030-06-03 12:00"),
        ("08:00-20:00", "2030-06-03 08:00", "2030-06-03 08:00"),
        ("08:00-20:00", "2030-06-03 20:00", "2030-06-04 08:00"),
        ("08:00-20:00", "2030-06-03 07:59", "2030-06-03 08:00"),
        ("8:00-24:00", "2030-06-03 23:59", "2030-06-03 23:59"),
        ("22:00-06:00", "2030-06-03 05:59", "2030-06-03 05:59"),
        ("22:00-06:00", "2030-06-03 06:00", "2030-06-03 22:00"),
        ("Mon-Fri 08:00-18:00", "2030-06-07 18:00", "2030-06-10 08:00"),
        ("Mon-Fri 08:00-18:00, Sat 09:00-12:00", "2030-06-07 18:00", "2030-06-08 09:00"),
        ("fri-mon 10:00-11:00", "2030-06-04 00:00", "2030-06-07 10:00"),
        ("Sat 22:00-06:00", "2030-06-09 05:00", "2030-06-09 05:00"),  # Sunday belongs to Saturday's night
        ("Sat 22:00-06:00", "2030-06-10 05:00", "2030-06-15 22:00"),
        ("", "2030-06-03 03:00", "2030-06-03 03:00"),
    ],
)
def test_a_window_opens_at_the_first_minute_it_names(window: str, at: str, opens: str) -> None:
    assert windows.read(window).opening(local(at, TOKYO), TOKYO) == local(opens, TOKYO)


@pytest.mark.parametrize(
    ("window", "at", "opens"),
    [
        # 2030-03-31 02:00 becomes 03:00: what begins in the hour that is missing begins at its end.
        ("02:30-05:00", "2030-03-31T00:30:00+00:00", "2030-03-31T01:00:00+00:00"),
        # A stretch that lies in the missing hour altogether is not there that night.
        ("02:15-02:45", "2030-03-31T00:30:00+00:00", "2030-04-01T00:15:00+00:00"),
        ("Sun 02:15-02:45", "2030-03-31T00:30:00+00:00", "2030-04-07T00:15:00+00:00"),
        # 2030-10-27 03:00 becomes 02:00: the hour that comes twice is open twice.
        ("02:15-02:45", "2030-10-27T00:50:00+00:00", "2030-10-27T01:15:00+00:00"),
    ],
)
def test_the_night_the_clocks_change(window: str, at: str, opens: str) -> None:
    opening = windows.read(window).opening(datetime.fromisoformat(at), BERLIN)
    assert opening == datetime.fromisoformat(opens)


@settings(max_examples=150)
@given(texts(), MOMENTS, ZONES, st.floats(0, 1))
def test_the_opening_is_open_not_in_the_past_and_nothing_before_it_is_open(
    text: str, at: datetime, zone: ZoneInfo, share: float
) -> None:
    window = windows.read(text)
    opening = window.opening(at, zone)
    assert opening >= at
    assert window.is_open(opening, zone)
    between = at + (opening - at) * share
    assert between == opening or not window.is_open(between, zone)
    assert at == opening or not window.is_open(opening - timedelta(seconds=1), zone)


@given(MOMENTS, ZONES)
def test_a_window_around_the_clock_holds_nobody_back(at: datetime, zone: ZoneInfo) -> None:
    assert windows.read("00:00-24:00").opening(at, zone) == at
    assert windows.read("").opening(at, zone) == at


@pytest.mark.parametrize(
    "text",
    [
        "always",
        "08:00",
        "8-20",
        "08:00-08:00",
        "25:00-26:00",
        "08:60-09:00",
        "Monday 08:00-09:00",
        "xyz 08:00-09:00",
    ],
)
def test_what_is_no_window_is_refused(text: str) -> None:
    with pytest.raises(BadOption):
        windows.read(text)
