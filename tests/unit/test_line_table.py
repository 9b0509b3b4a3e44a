"""A `[[line]]` table: groups, hours, prefixes and profiles are read strictly and mean what they say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.config import Config, parse
from gateway.domain.errors import BadConfig
from gateway.line_table import LineConfig, read_hours
from modem.profiles import named, override

LEAST = """\
[server]
domains = ["fax.example.org"]
operator = ["ops@example.org"]
[mail]
smarthost = "smtp://mail.example.org:587"
sender = "fax@fax.example.org"
"""
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)


def with_lines(*tables: str) -> Config:
    heads = "".join(
        f'[[line]]\nname = "l{n}"\ntype = "modem"\ndevice = "/dev/ttyS{n}"\n{table}\n'
        for n, table in enumerate(tables)
    )
    return parse(LEAST + heads)


def line(table: str = "") -> LineConfig:
    return with_lines(table).line[0]


def fault(*tables: str) -> str:
    with pytest.raises(BadConfig) as caught:
        with_lines(*tables)
    return caught.value.text


# -- hours


@pytest.mark.parametrize(
    ("hours", "utc_hour", "dials"),
    [
        ("", 3, True),
        ("Mon-Fri 08:00-18:00 UTC", 8, True),
        ("Mon-Fri 08:00-18:00 UTC", 18, False),
        ("Mon-Fri 08:00-18:00 Asia/Tokyo", 0, True),
        ("Mon-Fri 08:00-18:00 Asia/Tokyo", 9, False),
        ("Sat 09:00-12:00, Sun 09:00-10:00 UTC", 9, False),
        ("22:00-06:00 Europe/Moscow", 23, True),
        ("22:00-06:00 Europe/Moscow", 12, False),
    ],
)
def test_a_line_dials_in_its_hours_by_the_clock_of_its_zone(hours: str, utc_hour: int, dials: bool) -> None:
    config = line(f'hours = "{hours}"')
    assert config.dials_at(MONDAY.replace(hour=utc_hour)) is dials


@pytest.mark.parametrize(
    ("hours", "says"),
    [
        ("Mon-Fri 08:00-18:00", "does not end in a time zone"),
        ("Mon-Fri 08:00-18:00 Tokyo", "does not end in a time zone"),
        ("UTC", "does not end in a time zone"),
        ("Mo-Fr 08:00-18:00 UTC", "is no window"),
        ("Mon-Fri 8-18 UTC", "is no window"),
        ("Mon-Xyz 08:00-18:00 UTC", "'xyz' is no day"),
        (", UTC", "does not end in a time zone"),
    ],
)
def test_hours_that_are_unclear_are_refused_with_their_line(hours: str, says: str) -> None:
    text = fault(f'hours = "{hours}"')
    assert says in text
    assert text.startswith("postline.toml:11: line.0.hours: ")


def test_hours_are_a_window_and_a_zone() -> None:
    window, zone = read_hours("Mon 08:00-09:00, Tue 10:00-11:00 Asia/Tokyo")
    assert len(window.spans) == 2
    assert zone.key == "Asia/Tokyo"


def test_hours_are_read_once_for_a_line_asks_ten_times_a_second() -> None:
    config, before = line('hours = "Mon 08:00-09:00 Asia/Tokyo"'), read_hours.cache_info().misses
    for _ in range(5):
        config.dials_at(MONDAY)
    assert read_hours.cache_info().misses == before


# -- prefixes


def test_prefixes_are_canonical_however_they_are_written() -> None:
    config = line('allow = ["+81", "0049"]\ndeny = ["+81990"]')
    assert (config.allow, config.deny) == (["0081", "0049"], ["0081990"])


@pytest.mark.parametrize("prefix", ["81", "0", "+", "00", "+81-3", "00 81", "0x"])
def test_a_prefix_that_could_mean_anything_is_refused(prefix: str) -> None:
    assert "is no prefix of numbers" in fault(f'allow = ["{prefix}"]')


# -- groups


def test_the_lines_of_a_group_agree_how_many_dial() -> None:
    assert with_lines('group = "a"\nmax_concurrent = 1', 'group = "a"\nmax_concurrent = 1', "").line
    assert "do not agree" in fault('group = "a"\nmax_concurrent = 1', 'group = "a"\nmax_concurrent = 2')
    assert "do not agree" in fault('group = "a"\nmax_concurrent = 1', 'group = "a"')
    assert "counts over a `group`" in fault("max_concurrent = 1")
    assert "line.0.max_concurrent" in fault('group = "a"\nmax_concurrent = 0')


def test_two_lines_on_one_device_are_refused() -> None:
    tables = "".join(
        f'[[line]]\nname = "{name}"\ntype = "modem"\ndevice = "/dev/ttyS0"\n' for name in ("a", "b")
    )
    with pytest.raises(BadConfig, match="same device"):
        parse(LEAST + tables)


# -- names and devices


def test_names_that_differ_by_case_alone_are_the_same_to_a_database() -> None:
    tables = "".join(
        f'[[line]]\nname = "{name}"\ntype = "modem"\ndevice = "/dev/tty{name}"\n' for name in ("a", "A")
    )
    with pytest.raises(BadConfig, match="same name"):
        parse(LEAST + tables)


def device(text: str) -> str:
    return f'[[line]]\nname = "a"\ntype = "modem"\ndevice = "{text}"\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("tcp://modems.example.org:7000", "socket://host:port or rfc2217://host:port"),
        ("socket://modems.example.org", "there is no host and port in it; write it as socket://host:port"),
        ("rfc2217://modems.example.org:70000", "write it as rfc2217://host:port"),
        ("socket://[::1:7000", "write it as socket://host:port"),
    ],
)
def test_a_network_port_that_cannot_be_one_is_refused(text: str, says: str) -> None:
    with pytest.raises(BadConfig) as caught:
        parse(LEAST + device(text))
    assert says in caught.value.text


@pytest.mark.parametrize("text", ["socket://modems:7000", "rfc2217://[::1]:7000", "/dev/serial/by-id/usb-1"])
def test_ports_by_name_and_over_the_network_are_taken(text: str) -> None:
    assert parse(LEAST + device(text)).line[0].device == text


# -- profiles

ASKED = override(named("conexant"), {"carriers": ["24", "48"]})


@pytest.mark.parametrize(
    ("table", "wanted"),
    [
        ("", {"name": "conexant", "service_class": "1.0", "carriers": ("24", "48")}),
        ('class = "1"', {"name": "conexant", "service_class": "1"}),
        ('profile = "usrobotics"', {"name": "usrobotics", "flow": "xonxoff", "carriers": ("24", "48")}),
        ('profile = { flow = "none" }', {"name": "conexant", "flow": "none"}),
        ('profile = { name = "lucent", fcs_octets = 0 }', {"name": "lucent", "fcs_octets": 0}),
        ('profile = { carriers = ["96"] }', {"carriers": ("96",)}),
        ('class = "1"\nprofile = { service_class = "1.0" }', {"service_class": "1.0"}),
        ('[line.profile]\nname = "zyxel"\ndial = "ATDP"', {"name": "zyxel", "dial": "ATDP"}),
    ],
)
def test_a_line_chooses_a_family_or_overrides_what_the_modem_said(table: str, wanted: dict[str, Any]) -> None:
    profile = line(table).profile_of(ASKED)
    assert {key: getattr(profile, key) for key in wanted} == wanted


def test_the_port_is_opened_with_what_the_line_says() -> None:
    assert line("profile = { baud = 9600 }").profile_to_open().baud == 9600
    assert line('profile = "usrobotics"').profile_to_open().flow == "xonxoff"
    assert line().profile_to_open().name == "generic"
    assert LineConfig(name="sim", type="simulated").profile_to_open().name == "softmodem"


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ('profile = "conexent"', "did you mean 'conexant'"),
        ('profile = { name = "lucent", fcs_octet = 0 }', "did you mean 'fcs_octets'"),
        ('profile = { flow = "hardware" }', "one of rtscts, xonxoff, none"),
        ('profile = { baud = "fast" }', "wants int"),
        ("profile = 7", "line.0.profile"),
        ('profile = { carriers = ["3"] }', "no speed is left"),
        ('profile = { dial = "0," }', "begins with ATD"),
    ],
)
def test_a_profile_that_is_unclear_is_refused(table: str, says: str) -> None:
    assert says in fault(table)


def test_a_simulated_line_has_its_own_profile() -> None:
    with pytest.raises(BadConfig, match="remove `profile`"):
        parse(LEAST + '[[line]]\nname = "a"\ntype = "simulated"\nprofile = "lucent"\n')
