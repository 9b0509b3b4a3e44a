"""Settings arrive where they act: the environment's, the mail door's, and every one in the guide."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gateway.cli import unbuilt
from gateway.config import Config, Limits, Smtp, field_of, parse
from gateway.domain.errors import BadConfig, StorageFull
from gateway.mailin.settings import SmtpLimits
from gateway.roles.mail_in import smtp_settings
from gateway.roles.parts import host_port, local_blobs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel

ROOT = Path(__file__).parents[2]
LEAST = """\
[server]
domains = ["fax.example.org", "fax.example.net"]
operator = ["ops@example.org"]
[mail]
smarthost = "smtp://mail.example.org:587"
sender = "fax@fax.example.org"
"""

# -- [limits] and [smtp] reach the mail door

LIMITS = {
    "message_bytes": "message_bytes",
    "recipients": "recipients",
    "list_numbers": "numbers",
    "header_bytes": "header_bytes",
    "header_field_bytes": "field_bytes",
    "header_fields": "fields",
    "mime_parts": "parts",
    "mime_depth": "depth",
    "smtp_connections": "connections",
    "smtp_connections_per_ip": "connections_per_ip",
    "smtp_idle_s": "idle_s",
    "smtp_session_s": "session_s",
    "smtp_min_rate": "min_rate",
}
ELSEWHERE = {"pages", "free_disk_bytes", "free_disk_fraction"}


def test_every_limit_is_the_mail_doors_or_known_to_act_elsewhere() -> None:
    assert set(LIMITS) | ELSEWHERE == set(Limits.model_fields)


@pytest.mark.parametrize(("key", "name"), sorted(LIMITS.items()))
def test_a_limit_of_the_file_is_the_mail_doors_limit(key: str, name: str) -> None:
    limits = smtp_settings(parse(LEAST + f"[limits]\n{key} = 4711\n")).limits
    assert getattr(limits, name) == 4711


def test_the_disk_floor_is_the_blob_stores(tmp_path: Path) -> None:
    text = LEAST.replace("[server]", f'[server]\ndata = "{tmp_path}"')
    local_blobs(parse(text + "[limits]\nfree_disk_bytes = 0\nfree_disk_fraction = 0.0\n")).check_space()
    with pytest.raises(StorageFull):
        local_blobs(
            parse(text + f"[limits]\nfree_disk_bytes = {1 << 62}\nfree_disk_fraction = 1.0\n")
        ).check_space()


def test_the_defaults_of_the_file_are_the_defaults_of_the_door() -> None:
    assert smtp_settings(parse(LEAST)).limits == SmtpLimits()


def test_every_key_of_the_mail_door_arrives() -> None:
    settings = smtp_settings(
        parse(
            LEAST
            + """\
[smtp]
listen = ["127.0.0.1:2525", "[::1]:2525"]
listen_tls = ["127.0.0.1:2465"]
certificate = "a.pem"
key = "a.key"
trusted_networks = ["192.168.10.0/24", "2001:db8::/32"]
unauthenticated = "discard"
"""
        )
    )
    assert settings.domains == ("fax.example.org", "fax.example.net")
    assert settings.operator == ("ops@example.org",)
    assert settings.hostname == "fax.example.org"
    assert settings.listen == (("127.0.0.1", 2525), ("::1", 2525))
    assert settings.listen_tls == (("127.0.0.1", 2465),)
    assert (settings.certificate, settings.key) == ("a.pem", "a.key")
    assert settings.trusted_networks == (
        ipaddress.ip_network("192.168.10.0/24"),
        ipaddress.ip_network("2001:db8::/32"),
    )
    assert settings.unauthenticated == "discard"


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [
        ("0.0.0.0:25", "0.0.0.0", 25),
        ("[::]:465", "::", 465),
        ("mail.example.org:587", "mail.example.org", 587),
    ],
)
def test_an_address_is_a_host_and_a_port(address: str, host: str, port: int) -> None:
    assert host_port(address) == (host, port)


# -- the environment


@pytest.mark.parametrize("password", ["12345678", "0815", "true", "1e5", "null", '"quoted"', "[ab", " x "])
def test_a_password_from_the_environment_is_taken_as_it_stands(password: str) -> None:
    if password.startswith("["):
        with pytest.raises(BadConfig, match="MAIL__PASSWORD: neither a text nor JSON"):
            parse(LEAST, environ={"POSTLINE__MAIL__PASSWORD": password})
        return
    assert parse(LEAST, environ={"POSTLINE__MAIL__PASSWORD": password}).mail.password == password


def test_numbers_truths_and_lists_of_the_environment_get_their_kind() -> None:
    config = parse(
        LEAST,
        environ={
            "POSTLINE__LIMITS__PAGES": "7",
            "POSTLINE__LIMITS__SMTP_IDLE_S": "1.5",
            "POSTLINE__SERVER__DOMAINS": '["other.example"]',
        },
    )
    assert (config.limits.pages, config.limits.smtp_idle_s) == (7, 1.5)
    assert config.server.domains == ["other.example"]


def test_a_password_file_named_by_the_environment_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("hunter2\n")
    environ = {"POSTLINE__MAIL__PASSWORD_FILE": str(secret)}
    assert parse(LEAST, environ=environ).mail.password == "hunter2"
    assert parse(LEAST, environ=environ | {"POSTLINE__MAIL__PASSWORD": "mine"}).mail.password == "mine"


@pytest.mark.parametrize("name", ["LINE__3__DEVICE", "LINE__X__DEVICE", "SERVER__DATA__DEEPER__STILL"])
def test_a_place_that_does_not_exist_is_named(name: str) -> None:
    text = LEAST.replace("[server]", '[server]\ndata = "/srv"') + '[[line]]\nname = "a"\ntype = "simulated"\n'
    with pytest.raises(BadConfig, match=f"POSTLINE__{name}: there is no such place"):
        parse(text, environ={f"POSTLINE__{name}": "x"})


# -- lines


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ('hours = "8-18"', "does not end in a time zone"),
        ("max_concurrent = 2", "counts over a `group`"),
        ('class = "2.0"', "class 2.0 is not built yet"),
        ('prefix = "0;ATD"', "line.0.prefix"),
    ],
)
def test_a_line_setting_we_would_pass_over_is_refused(setting: str, sentence: str) -> None:
    with pytest.raises(BadConfig, match=sentence):
        parse(LEAST + f'[[line]]\nname = "a"\ntype = "simulated"\n{setting}\n')


# -- the guide


def settings_of(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, info in model.model_fields.items():
        key = f"{prefix}{info.alias or name}"
        below = field_of(model, name)
        if below is None:
            yield key
        else:
            yield from settings_of(below, f"{key}.")


@pytest.fixture(scope="module")
def guide() -> str:
    return (ROOT / "docs/operating.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("key", sorted(settings_of(Config)))
def test_every_setting_stands_in_the_operators_guide(guide: str, key: str) -> None:
    assert f"`{key}`" in guide


COMMANDS = (
    "demo",
    "serve",
    "check-config",
    "doctor",
    "migrate",
    "provision",
    "send",
    "status",
    "preview",
    "sim call",
    "sim calls",
    *unbuilt.COMMANDS,
)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_stands_in_the_operators_guide(guide: str, command: str) -> None:
    assert f"`postline {command}" in guide


def test_the_guide_names_no_setting_that_does_not_exist(guide: str) -> None:
    known = set(settings_of(Config))
    tables = {key.partition(".")[0] for key in known}
    rows = [row.split("|")[1].strip().strip("`") for row in guide.splitlines() if row.startswith("| `")]
    named = [row for row in rows if row.partition(".")[0] in tables]
    assert len(named) > 50
    assert [key for key in named if key not in known] == []


def test_smtp_has_no_setting_this_test_does_not_know() -> None:
    known: dict[str, Any] = dict.fromkeys(Smtp.model_fields)
    assert set(known) == {
        "listen", "listen_tls", "certificate", "key", "trusted_networks", "trusted_relays", "unauthenticated",
        "client_certificates",
    }  # fmt: skip
