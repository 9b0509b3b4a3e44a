"""The operator's configuration: one TOML file, overridden by the environment, refused where it is unclear.

Names and defaults are the contract of the operators' guide. A wrong guess is worse than no guess, so an
unknown key is an error that names file, line and the nearest known key. `POSTLINE__SECTION__KEY` in the
environment wins over the file; `KEY_file` reads a secret from a file.
"""

from __future__ import annotations

import difflib
import ipaddress
import json
import os
import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from gateway import mailbox_table
from gateway.dialling_table import Dialling
from gateway.dns_table import DnsTable
from gateway.domain.errors import BadConfig
from gateway.domain.numbers import country_of
from gateway.line_table import LineConfig, check_together
from gateway.mailbox_table import MailboxConfig
from gateway.options_table import Options
from gateway.smime_table import Smime

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gateway.domain.dialling import Rules

ENV_PREFIX = "POSTLINE__"
DEFAULT_PLACES = ("./postline.toml", "/etc/postline/postline.toml")

Address = Annotated[str, StringConstraints(pattern=r"^(\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}$")]


class Section(BaseModel):
    """Base of all tables: unknown keys are refused, values are fixed once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Server(Section):
    """Who we are and where state lives."""

    domains: list[str] = Field(min_length=1)
    operator: list[str] = Field(min_length=1)
    data: Path = Path("/var/lib/postline")
    database: str = "sqlite"
    blobs: str = "local"
    secret_file: Path | None = None

    @property
    def database_url(self) -> str:
        """The SQLAlchemy URL: SQLite below `data` unless the operator names a server."""
        return f"sqlite:///{self.data / 'postline.sqlite'}" if self.database == "sqlite" else self.database


class TrustedRelay(Section):
    """A relay whose Authentication-Results count."""

    network: str
    authserv_id: str


class Smtp(Section):
    """The mail door."""

    listen: list[Address] = ["0.0.0.0:25"]
    listen_tls: list[Address] = []
    certificate: str = ""
    key: str = ""
    trusted_networks: list[str] = []
    trusted_relays: list[TrustedRelay] = []
    client_certificates: Literal["off", "listen_tls", "everywhere"] = "listen_tls"
    unauthenticated: Literal["reject", "discard"] = "reject"

    @model_validator(mode="after")
    def _networks_are_networks(self) -> Smtp:
        trusted = [ipaddress.ip_network(network) for network in self.trusted_networks]
        if any(network.prefixlen == 0 for network in trusted):
            raise ValueError("trusted_networks names everybody: anybody could send in anybody's name")
        for relay in self.trusted_relays:
            network = ipaddress.ip_network(relay.network)
            if not relay.authserv_id.strip():
                raise ValueError(f"the relay {network} needs the authserv_id that it writes")
            if any(n.version == network.version and n.overlaps(network) for n in trusted):
                raise ValueError(
                    f"{network} stands in trusted_networks and in trusted_relays: from there MAIL FROM would"
                    " be believed whatever the relay found out; take it out of trusted_networks"
                )
        if bool(self.certificate) != bool(self.key):
            raise ValueError("certificate and key go together")
        if self.listen_tls and not self.certificate:
            raise ValueError("listen_tls needs a certificate and a key")
        return self


class Http(Section):
    """The web door."""

    listen: list[Address] = ["127.0.0.1:8080"]
    public_url: str = ""
    faces: list[str] = []

    @field_validator("listen")
    @classmethod
    def _pages_have_no_sign_in_yet(cls, listen: list[str]) -> list[str]:
        for address in listen:
            if not is_loopback(address.rpartition(":")[0].strip("[]")):
                raise ValueError(
                    f"{address} is reachable from other machines, and pages have no sign-in yet; listen on"
                    " 127.0.0.1 and put a proxy that asks for a password in front"
                )
        return listen


class Mail(Section):
    """Outgoing mail: notifications and forwards."""

    smarthost: Annotated[str, StringConstraints(pattern=r"^smtps?://")]
    sender: str
    templates: Path | None = None
    username: str = ""
    password: str = ""
    password_file: Path | None = None


class Limits(Section):
    """Caps of every door; the defaults are the contract's table."""

    recipients: int = 500
    list_numbers: int = 20_000
    message_bytes: int = 29_360_128
    header_bytes: int = 256 * 1024
    header_field_bytes: int = 64 * 1024
    header_fields: int = 1000
    mime_parts: int = 500
    mime_depth: int = 20
    pages: int = 200
    smtp_connections: int = 200
    smtp_connections_per_ip: int = 10
    smtp_idle_s: float = 60.0
    smtp_session_s: float = 1800.0
    smtp_min_rate: float = 1000.0
    free_disk_bytes: int = 1 << 30
    free_disk_fraction: float = 0.05


class Log(Section):
    """How the log reads."""

    format: Literal["text", "json"] = "text"
    level: Literal["debug", "info", "warning", "error"] = "info"


class Config(Section):
    """The whole file."""

    server: Server
    smtp: Smtp = Smtp()
    dns: DnsTable = DnsTable()
    http: Http = Http()
    mail: Mail
    smime: Smime = Smime()
    line: list[LineConfig] = []
    mailbox: list[MailboxConfig] = []
    dialling: Dialling = Dialling()
    options: Options = Options()
    limits: Limits = Limits()
    log: Log = Log()

    def rules(self) -> Rules:
        """Return the dial rules; accounts that name no country are at home where the lines' numbers are."""
        countries = (country_of(line.number) or country_of(line.ident) for line in self.line)
        return replace(self.dialling.rules(), home=next(filter(None, countries), ""))

    @model_validator(mode="after")
    def _mail_does_not_come_back(self) -> Config:
        host = urlsplit(self.mail.smarthost)
        ports = {int(a.rsplit(":", 1)[1]) for a in (*self.smtp.listen, *self.smtp.listen_tls)}
        own_port = (host.port or 25) in ports
        if host.hostname in self.server.domains or (host.hostname in LOOPBACK_NAMES and own_port):
            raise ValueError("mail.smarthost is our own listener: every result mail would come back to us")
        check_together(self.line)
        mailbox_table.check_together(self.mailbox)
        return self


LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


def is_loopback(host: str) -> bool:
    """Say whether a host is an address of this machine only."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


NOT_BUILT = ("retention", "webhooks", "render")


def find(path: Path | None, environ: Mapping[str, str]) -> Path:
    """Return the configuration file to use: named, `$POSTLINE_CONFIG`, here, or the system's."""
    if path is not None:
        return path
    if named := environ.get("POSTLINE_CONFIG"):
        return Path(named)
    for place in DEFAULT_PLACES:
        if Path(place).is_file():
            return Path(place)
    raise BadConfig(
        f"No configuration found: looked for {' and '.join(DEFAULT_PLACES)}. Name one by --config."
    )


def load(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Config:
    """Read, override and check a configuration; raise `BadConfig` with every fault found."""
    environ = os.environ if environ is None else environ
    path = find(path, environ)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadConfig(f"{path}: {error.strerror}") from error
    return parse(text, name=str(path), environ=environ)


def parse(text: str, *, name: str = "postline.toml", environ: Mapping[str, str] | None = None) -> Config:
    """Turn the text of a configuration into a `Config`; raise `BadConfig` with every fault found."""
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadConfig(f"{name}: {error}") from error
    for table in NOT_BUILT:
        if table in tree:
            raise BadConfig(f"{name}:{line_of(text, (table,))}: [{table}] is not built yet; remove the table")
    read_secrets(tree)
    for key, value in overrides(environ or {}):
        plant(tree, key, value)
        if key == ["mail", "password_file"]:
            read_secrets(tree)
    try:
        return Config.model_validate(tree)
    except ValidationError as error:
        set_outside = {tuple(key): variable(key) for key, _ in overrides(environ or {})}
        raise BadConfig("\n".join(explain(error, text, name, set_outside))) from error


def variable(path: list[str]) -> str:
    """Return the name of the environment variable for a key."""
    return f"{ENV_PREFIX}{'__'.join(path).upper()}"


def overrides(environ: Mapping[str, str]) -> Iterator[tuple[list[str], Any]]:
    """Yield the key path and value of each `POSTLINE__A__B` variable; lists and tables are written as JSON.

    Anything else stays text: a password of digits is a password. The models turn text into numbers.
    """
    for name, value in sorted(environ.items(), reverse=True):  # MAIL__PASSWORD_FILE before MAIL__PASSWORD
        if name.startswith(ENV_PREFIX):
            yield name.removeprefix(ENV_PREFIX).lower().split("__"), from_environment(name, value)


def from_environment(name: str, value: str) -> Any:
    """Return the value of a variable: text, or the list or table its JSON says."""
    if not value.lstrip().startswith(("[", "{")):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise BadConfig(f"{name}: neither a text nor JSON: {error}") from error


def plant(tree: dict[str, Any], path: list[str], value: Any) -> None:
    """Set a value deep in the tree; list items are addressed by their position. Raises `BadConfig`."""
    node: Any = tree
    try:
        for step in path[:-1]:
            node = node[int(step)] if isinstance(node, list) else node.setdefault(step, {})
        node[int(path[-1]) if isinstance(node, list) else path[-1]] = value
    except (IndexError, ValueError, TypeError, AttributeError) as error:
        raise BadConfig(f"{variable(path)}: there is no such place in the file") from error


def read_secrets(tree: dict[str, Any]) -> None:
    """Replace `password_file` of [mail] and of each [[mailbox]] by the password it holds."""
    boxes = tree.get("mailbox")
    tables = [("mail", tree.get("mail"))]
    tables += [(f"mailbox.{n}", box) for n, box in enumerate(boxes if isinstance(boxes, list) else [])]
    for name, table in tables:
        if isinstance(table, dict) and (file := table.get("password_file")):
            try:
                table["password"] = Path(file).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise BadConfig(f"{name}.password_file: {file}: {error.strerror}") from error


def explain(
    error: ValidationError, text: str, name: str, set_outside: Mapping[tuple[str, ...], str]
) -> Iterator[str]:
    """Yield one line a fault: file and line, or variable; key, what is wrong, the nearest known key."""
    for fault in error.errors():
        path = fault["loc"]
        key = ".".join(str(step) for step in path) or "file"
        sentence = fault["msg"].removeprefix("Value error, ")
        if fault["type"] == "extra_forbidden":
            sentence = "unknown key" + nearest(path)
        where = set_outside.get(tuple(map(str, path))) or f"{name}:{line_of(text, path)}"
        yield f"{where}: {key}: {sentence}"


def nearest(path: tuple[int | str, ...]) -> str:
    """Return `; did you mean ...?` for an unknown key, or nothing where no known key is near."""
    known = list(known_keys(Config, path[:-1]))
    match = difflib.get_close_matches(str(path[-1]), known, n=1, cutoff=0.5)
    return f"; did you mean {match[0]!r}?" if match else f"; known here: {', '.join(sorted(known))}"


def known_keys(model: type[BaseModel], path: tuple[int | str, ...]) -> Iterator[str]:
    """Yield the keys the table at `path` may have."""
    for step in path:
        if isinstance(step, str) and (field := field_of(model, step)):
            model = field
    for key, info in model.model_fields.items():
        yield info.alias or key


def field_of(model: type[BaseModel], key: str) -> type[BaseModel] | None:
    """Return the model of a table-valued key, also inside `list[...]` and `... | None`."""
    info = model.model_fields.get(key)
    seen = [info.annotation] if info else []
    while seen:
        kind = seen.pop()
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
        seen.extend(getattr(kind, "__args__", ()))
    return None


def line_of(text: str, path: tuple[int | str, ...]) -> int:
    """Return the line (from 1) where a key or, failing that, its table stands."""
    names = [str(step) for step in path if isinstance(step, str)]
    index = next((step for step in path if isinstance(step, int)), 0)
    table, found, count = "", 1, -1
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[\[?([^\]]+)\]\]?", line):
            table = header[1].strip()
            if names and table == names[0]:
                count += 1
                if count == index:
                    found = number
        elif (
            names[1:]
            and (table, count) == (names[0], index)
            and re.match(rf"\s*{re.escape(names[1])}\s*=", line)
        ):
            return line_inside(text, number, names[-1]) if len(names) > 2 else number
    return found


def line_inside(text: str, start: int, key: str) -> int:
    """Return the line from `start` on where a key of a nested value stands; `start` where it is not found."""
    for number, line in enumerate(text.splitlines()[start - 1 :], start):
        if re.search(rf"\b{re.escape(key)}\s*=", line):
            return number
        if re.match(r"\s*\[\[?[A-Za-z]", line):
            break
    return start
