"""The configuration: the operators' contract, read strictly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.config import Smtp, find, load, parse
from gateway.dns_table import DnsTable
from gateway.domain.alarms import Thresholds
from gateway.domain.costs import Prices, Tariff
from gateway.domain.dialling import Rules
from gateway.domain.errors import BadConfig

LEAST = """\
[server]
domains = ["fax.example.org"]
operator = ["ops@example.org"]

[mail]
smarthost = "smtp://mail.example.org:587"
sender = "fax@fax.example.org"
"""


def fault(text: str, **environ: str) -> str:
    with pytest.raises(BadConfig) as caught:
        parse(text, environ=environ)
    return caught.value.text


def test_the_least_configuration_gets_the_contracts_defaults() -> None:
    config = parse(LEAST)
    assert config.server.data == Path("/var/lib/postline")
    assert config.server.database_url == "sqlite:////var/lib/postline/postline.sqlite"
    assert config.smtp.listen == ["0.0.0.0:25"]
    assert config.smtp.trusted_networks == []
    assert config.smtp.unauthenticated == "reject"
    assert config.http.faces == []
    assert config.limits.recipients == 500
    assert config.limits.message_bytes == 29_360_128


def test_a_database_server_is_taken_as_named() -> None:
    text = LEAST.replace("operator =", 'database = "postgresql+psycopg://fax@db/fax"\noperator =')
    assert parse(text).server.database_url == "postgresql+psycopg://fax@db/fax"


def test_a_modem_and_a_simulated_line_are_read_with_their_contract_names() -> None:
    config = parse(
        LEAST
        + """
[[line]]
name = "usb0"
type = "modem"
device = "/dev/ttyACM0"
class = "1.0"

[[line]]
name = "sim"
type = "simulated"
speed = "max"
far = [{ number = "+81312345678", answers = "fax", drop = { page = 2, after_s = 3 } }]
"""
    )
    assert [line.name for line in config.line] == ["usb0", "sim"]
    assert config.line[0].class_ == "1.0"
    assert config.line[1].far[0].drop is not None
    assert config.line[1].far[0].drop.page == 2


def test_an_unknown_key_is_refused_with_its_line_and_the_nearest_key() -> None:
    text = LEAST.replace("domains =", "domain =")
    assert "postline.toml:2: server.domain: unknown key; did you mean 'domains'?" in fault(text)


def test_an_unknown_key_in_the_second_line_table_is_found_there() -> None:
    text = LEAST + '\n[[line]]\nname = "a"\ntype = "simulated"\n\n[[line]]\nname = "b"\ntyp = "simulated"\n'
    assert "postline.toml:15: line.1.typ: unknown key; did you mean 'type'?" in fault(text)


@pytest.mark.parametrize(
    ("inner", "place"),
    [
        ("far = [{ nmber = 1 }]", 0),
        ('far = [\n  { number = "+81312345678" },\n  { nmber = 1 },\n]', 2),
        ('far = [\n\n  { number = "+81312345678", drop = { nmber = 1 } },\n]', 2),
    ],
)
def test_an_unknown_key_inside_a_value_is_found_on_its_own_line(inner: str, place: int) -> None:
    text = LEAST + f'[[line]]\nname = "a"\ntype = "simulated"\n{inner}\n'
    wanted = text.splitlines().index(inner.splitlines()[0]) + 1 + place
    named = [said for said in fault(text).splitlines() if "unknown key" in said]
    assert [said.split(":")[1] for said in named] == [str(wanted)]


def test_every_fault_is_named_at_once() -> None:
    text = LEAST.replace("domains", "domans").replace("sender", "sendr")
    named = fault(text)
    assert "server.domans" in named
    assert "mail.sendr" in named


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("smtp://mail.example.org:587", "smtp://fax.example.org:587"), "our own listener"),
        (("smtp://mail.example.org:587", "smtp://localhost:25"), "our own listener"),
        (("smtp://mail.example.org:587", "mail.example.org"), "mail.smarthost"),
        (("[mail]", '[smtp]\ntrusted_networks = ["10.0.0.0/33"]\n[mail]'), "smtp"),
        (("[mail]", '[smtp]\ncertificate = "a.pem"\n[mail]'), "go together"),
        (("[mail]", '[smtp]\nlisten_tls = ["0.0.0.0:465"]\n[mail]'), "needs a certificate"),
        (("[mail]", '[[line]]\nname = "x"\ntype = "modem"\n[mail]'), "needs `device`"),
        (("[mail]", '[[line]]\nname = "x"\ntype = "simulated"\nspeed = 30.0\n[mail]'), "speed is 1.0"),
        (("[mail]", "[webhooks]\n[mail]"), "not built yet"),
        (("[mail]", "[mail"), "postline.toml"),
    ],
)
def test_what_cannot_work_is_refused(change: tuple[str, str], sentence: str) -> None:
    assert sentence in fault(LEAST.replace(*change))


def test_two_lines_of_one_name_are_refused() -> None:
    twice = '\n[[line]]\nname = "a"\ntype = "simulated"\n' * 2
    assert "same name" in fault(LEAST + twice)


def test_the_environment_wins_over_the_file() -> None:
    environ = {"POSTLINE__SERVER__DATA": "/srv/fax", "POSTLINE__LIMITS__PAGES": "7", "HOME": "/root"}
    config = parse(LEAST, environ=environ)
    assert config.server.data == Path("/srv/fax")
    assert config.limits.pages == 7


def test_an_unknown_key_in_the_environment_is_refused_too() -> None:
    said = fault(LEAST, POSTLINE__SERVER__DTA="/srv")
    assert said == "POSTLINE__SERVER__DTA: server.dta: unknown key; did you mean 'data'?"


def test_a_secret_is_read_from_its_file(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("hunter2\n")
    config = parse(LEAST + f'password_file = "{secret}"\n')
    assert config.mail.password == "hunter2"
    assert "password_file" in fault(LEAST + 'password_file = "/nonexistent/secret"\n')


def test_the_file_is_looked_for_where_the_contract_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    here = tmp_path / "postline.toml"
    here.write_text(LEAST)
    assert find(None, {}) == Path("postline.toml")
    assert find(None, {"POSTLINE_CONFIG": "/a"}) == Path("/a")
    assert find(Path("/b"), {"POSTLINE_CONFIG": "/a"}) == Path("/b")
    assert load(None, {}).server.domains == ["fax.example.org"]


def test_a_missing_file_is_named() -> None:
    with pytest.raises(BadConfig, match="No such file"):
        load(Path("/nonexistent/postline.toml"), {})


@pytest.mark.parametrize("address", ["0.0.0.0:8080", "192.168.1.5:8080", "[::]:8080", "fax.example.org:8080"])
def test_pages_are_not_shown_beyond_this_machine_while_nobody_signs_in(address: str) -> None:
    assert "no sign-in yet" in fault(LEAST.replace("[mail]", f'[http]\nlisten = ["{address}"]\n[mail]'))


@pytest.mark.parametrize("address", ["127.0.0.1:8080", "[::1]:8080", "localhost:8080", "127.0.0.2:80"])
def test_pages_are_shown_on_this_machine(address: str) -> None:
    config = parse(LEAST.replace("[mail]", f'[http]\nlisten = ["{address}"]\n[mail]'))
    assert config.http.listen == [address]


def test_dial_rules_are_read_and_prefixes_made_canonical() -> None:
    rules = parse(
        LEAST
        + """
[dialling]
country = "jp"
outside = "0,W"
carriers = { "+81" = "0036" }
deny = ["+81120", "0044"]
allow = ["+81"]
international = false
shared_cost = "refuse"
caps = { calls_per_hour = 60 }
number = { at_once = 2, calls_per_day = 10 }
"""
    ).dialling.rules()
    assert (rules.country, rules.outside, rules.carriers) == ("JP", "0,W", (("0081", "0036"),))
    assert (rules.deny, rules.allow) == (("0081120", "0044"), ("0081",))
    assert (rules.international, rules.shared_cost, rules.paused) == (False, False, False)
    assert (rules.caps.calls_per_hour, rules.caps.calls_per_day) == (60, None)
    assert (rules.number.at_once, rules.number.calls_per_day) == (2, 10)


def test_a_price_list_is_by_prefix_with_a_star_for_the_rest() -> None:
    prices = (
        '{ "+81" = { call = 10, minute = 3 }, "0044" = { minute = 0.5, step = 1 }, "*" = { minute = 100 } }'
    )
    caps = "{ cost_per_day = 500, cost_per_month = 4999.5 }"
    rules = parse(f'{LEAST}[dialling]\nprices = {prices}\ncurrency = "JPY"\ncaps = {caps}\n').rules()
    assert rules.prices == Prices(
        (("0081", Tariff(10, 3)), ("0044", Tariff(0, 0.5, 1)), ("", Tariff(0, 100))), "JPY"
    )
    assert (rules.caps.cost_per_day, rules.caps.cost_per_month) == (500, 4999.5)


@pytest.mark.parametrize(
    ("line", "home"),
    [
        ('ident = "+81 3 4477 2288"', "81"),
        ('ident = "ACME"\nnumber = "+4930123456"', "49"),
        ('ident = "ACME"', ""),
        ('ident = "+0"', ""),
    ],
)
def test_who_names_no_country_is_at_home_where_the_lines_are(line: str, home: str) -> None:
    written = f'{LEAST}\n[[line]]\nname = "a"\ntype = "modem"\ndevice = "/dev/ttyS0"\n{line}\n'
    assert parse(written).rules() == Rules(home=home)


def test_without_dial_rules_nothing_but_the_tables_forbids() -> None:
    assert parse(LEAST).dialling.rules() == Rules()
    assert parse(LEAST).dialling.thresholds() == Thresholds()


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ('denny = ["+81"]', "did you mean 'deny'"),
        ('deny = ["81"]', "no prefix of numbers"),
        ('deny = ["+0"]', "no prefix of numbers"),
        ('carriers = { "Japan" = "0036" }', "no prefix of numbers"),
        ('carriers = { "+81" = "0036;" }', "dialling.carriers"),
        ('outside = "0;ATH"', "dialling.outside"),
        ('international_prefix = "+0"', "dialling.international_prefix"),
        ('country = "Atlantis"', "neither a calling code"),
        ("number = { at_once = 0 }", "dialling.number.at_once"),
        ("caps = { calls_per_minute = 1 }", "did you mean 'calls_per_"),
        ("caps = { calls_per_hour = -1 }", "dialling.caps.calls_per_hour"),
        ("caps = { cost_per_day = -1 }", "dialling.caps.cost_per_day"),
        ("caps = { cost_per_month = inf }", "dialling.caps.cost_per_month"),
        ('prices = { "81" = { minute = 1 } }', "no prefix of numbers"),
        ('prices = { "+81" = { minutes = 1 } }', "did you mean 'minute'"),
        ('prices = { "+81" = { minute = 1, step = 0 } }', "step"),
        ('currency = "Yen"', "dialling.currency"),
        ('shared_cost = "maybe"', "dialling.shared_cost"),
    ],
)
def test_a_dial_rule_that_cannot_be_meant_is_refused(setting: str, sentence: str) -> None:
    assert sentence in fault(f"{LEAST}[dialling]\n{setting}\n")


def test_other_names_for_subject_options_are_read_and_held_against_the_table() -> None:
    config = parse(LEAST + '[options]\naliases = { "/Retry" = "/RETRIES" }\n')
    assert config.options.aliases == {"/retry": "/retries"}
    with pytest.raises(BadConfig, match="'/retry' stands for '/retrys', which is not one of"):
        parse(LEAST + '[options]\naliases = { "/retry" = "/retrys" }\n')


@pytest.mark.parametrize(
    ("written", "server"),
    [
        ("192.0.2.1", ("192.0.2.1", 53)),
        ("192.0.2.1:5353", ("192.0.2.1", 5353)),
        ("2001:db8::1", ("2001:db8::1", 53)),
        ("[2001:db8::1]:5353", ("2001:db8::1", 5353)),
        ("[2001:db8::1]", ("2001:db8::1", 53)),
    ],
)
def test_name_servers(written: str, server: tuple[str, int]) -> None:
    assert DnsTable(nameservers=[written]).servers == (server,)


@pytest.mark.parametrize("written", ["dns.example.org", "192.0.2.1:", "192.0.2.1:0", "192.0.2.1:65536", ""])
def test_what_is_no_name_server_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"is not an IP address|no such port"):
        DnsTable(nameservers=[written])


@pytest.mark.parametrize(
    ("trusted", "relay", "fits"),
    [
        ("10.0.0.0/8", "192.0.2.0/24", True),
        ("10.0.0.0/8", "2001:db8::/32", True),
        ("10.0.0.0/8", "10.1.2.3/32", False),
        ("10.1.2.3/32", "10.0.0.0/8", False),
    ],
)
def test_a_relay_is_no_trusted_network(trusted: str, relay: str, fits: bool) -> None:
    keys: dict[str, Any] = {
        "trusted_networks": [trusted],
        "trusted_relays": [{"network": relay, "authserv_id": "mx.example.org"}],
    }
    if fits:
        assert Smtp(**keys).trusted_relays[0].network == relay
    else:
        with pytest.raises(ValueError, match="take it out of trusted_networks"):
            Smtp(**keys)


def test_a_relay_has_a_name() -> None:
    with pytest.raises(ValueError, match="authserv_id"):
        Smtp(trusted_relays=[{"network": "192.0.2.0/24", "authserv_id": " "}])  # type: ignore[list-item]


@pytest.mark.parametrize("everybody", ["0.0.0.0/0", "::/0"])
def test_everybody_is_no_trusted_network(everybody: str) -> None:
    with pytest.raises(ValueError, match="names everybody"):
        Smtp(trusted_networks=[everybody])
