"""`postline check-config`: says whether a configuration is usable, and what is in force."""

from __future__ import annotations

import os
import re
from typing import Annotated, Any

import typer

from gateway.cli.base import ConfigOption, JsonOption, app, say
from gateway.config import find, load
from gateway.domain.errors import BadConfig

SECRET = ("password", "secret")
PASSWORD_IN_URL = re.compile(r"(?<=://)([^:/@\s]*):[^@\s]*@")


def masked(tree: Any, key: str = "") -> Any:
    """Return the tree with every secret's value hidden, those inside URLs too."""
    if isinstance(tree, dict):
        return {k: masked(v, k) for k, v in tree.items()}
    if isinstance(tree, list):
        return [masked(item, key) for item in tree]
    if isinstance(tree, str):
        tree = PASSWORD_IN_URL.sub(r"\1:***@", tree)
    return "***" if tree and key in SECRET else tree


@app.command("check-config")
def check_config(
    config: ConfigOption = None,
    as_json: JsonOption = False,
    dump: Annotated[bool, typer.Option("--dump", help="Print every value in force, secrets masked.")] = False,
) -> None:
    """Check the configuration and say what is wrong, with file, line and key.

    Accounts whose faxes no line carries, or whose spending nothing limits, are a warning: they are in the
    database, not in this file.

    Example: postline check-config --config postline.toml --dump
    """
    from gateway import keyring
    from gateway.cli.templates import faults_of
    from gateway.observe.doctor import of_accounts
    from gateway.stationery import Stationery

    path = find(config, os.environ)
    loaded = load(path)
    keyring.load(loaded.smime)  # its files too: a wrong one would only be seen at the start
    if broken := faults_of(Stationery(loaded.mail.templates)):
        raise BadConfig("\n".join(broken))
    values = masked(loaded.model_dump(mode="json", by_alias=True))
    lines = [f"{path} is in order: {len(loaded.line)} line(s), mail for {', '.join(loaded.server.domains)}."]
    warnings = [finding.text for finding in of_accounts(loaded)]
    lines += [f"warning: {text}" for text in warnings]
    if dump:
        lines += [f"{key} = {value!r}" for key, value in flatten(values)]
    say(
        "\n".join(lines),
        {"file": str(path), "ok": True, "warnings": warnings, "values": values},
        as_json=as_json,
    )


def flatten(tree: Any, prefix: str = "") -> list[tuple[str, Any]]:
    """Return (dotted key, value) for every leaf of a configuration tree."""
    if isinstance(tree, dict):
        return [leaf for key, value in tree.items() for leaf in flatten(value, f"{prefix}{key}.")]
    if isinstance(tree, list) and tree and isinstance(tree[0], dict):
        return [leaf for n, value in enumerate(tree) for leaf in flatten(value, f"{prefix}{n}.")]
    return [(prefix.rstrip("."), tree)]
