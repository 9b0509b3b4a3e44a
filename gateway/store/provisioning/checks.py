"""The checks that every table of a provisioning file is read with.

Each returns the value as it is kept, or raises `BadConfig` with the place, what is wrong and what is
possible. Nothing is guessed: an unknown key is refused with the nearest known one.
"""

from __future__ import annotations

import codecs
import difflib
import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from gateway.domain.errors import BadConfig, BadOption

Check = Callable[[Any, str], Any]
"""Takes a value and where it stands ("account acme: csid"); returns it as kept, or raises `BadConfig`."""

SENDER: Final = re.compile(r"[^@\s]+@[^@\s]+|\"[^\"]+\"@[^@\s]+")
JAPANESE: Final = frozenset({"windows-31j", "x-sjis", "cp50221", "iso-2022-jp-ms", "cp51932"})
"""Charsets that mail names and Python does not know by these names."""


def switch(value: Any, where: str) -> bool:
    """Let true and false through."""
    if not isinstance(value, bool):
        raise BadConfig(f"{where} is true or false")
    return value


def one_of(*words: str) -> Check:
    """Return a check that lets only these words through."""

    def check(value: Any, where: str) -> str:
        if value not in words:
            raise BadConfig(f"{where} is one of {', '.join(words)}, not {value!r}")
        return str(value)

    return check


def line_of_text(most: int) -> Check:
    """Return a check for one line of at most `most` characters."""

    def check(value: Any, where: str) -> str:
        if not isinstance(value, str) or len(value) > most or not value.isprintable():
            raise BadConfig(f"{where} is one line of at most {most} characters, not {value!r}")
        return value

    return check


def option(check: Callable[[Any], Any]) -> Check:
    """Return a check of ours for one of the domain, which raises `BadOption`."""

    def checked(value: Any, where: str) -> Any:
        try:
            return check(value)
        except BadOption as error:
            raise BadConfig(f"{where}: {error.text}") from error

    return checked


def words(*known: str) -> Check:
    """Return a check for a list of words out of these, each once."""

    def check(value: Any, where: str) -> list[str]:
        given = sequence(value, where)
        for word in given:
            one_of(*known)(word, where)
        return list(dict.fromkeys(given))

    return check


def networks(value: Any, where: str) -> list[str]:
    """Let a list of networks through ("192.0.2.0/24", "2001:db8::/32"); one with host bits is a mistake."""
    try:
        return [str(ipaddress.ip_network(item)) for item in sequence(value, where)]
    except ValueError as error:
        raise BadConfig(f"{where}: {error}") from error


def charset(value: Any, where: str) -> str:
    """Let the name of a character set through."""
    name = str(value).lower()
    try:
        known = name in JAPANESE or codecs.lookup(name)._is_text_encoding  # noqa: SLF001  (no public way to ask)
    except LookupError:
        known = False
    if not known:
        raise BadConfig(f"{where}: {value!r} is no character set")
    return name


def pattern(value: Any, where: str) -> str:
    """Let a mail address through, or a pattern of them; return it in lower case."""
    if not isinstance(value, str) or not SENDER.fullmatch(value.strip()):
        raise BadConfig(f"{where} {value!r} is not a mail address or a pattern such as *@example.org")
    return value.strip().lower()


def address(value: Any, where: str) -> str:
    """Let a single mail address through."""
    if not isinstance(value, str) or "*" in value or not SENDER.fullmatch(value.strip()):
        raise BadConfig(f"{where}: {value!r} is not a mail address")
    return value.strip()


def count(low: int, high: int) -> Check:
    """Return a check for a whole number from `low` to `high`."""

    def check(value: Any, where: str) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise BadConfig(f"{where} is a number from {low} to {high}, not {value!r}")
        return value

    return check


def amount(value: Any, where: str) -> int:
    """Let a whole number from 0 on through."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise BadConfig(f"{where} is a number from 0 on, not {value!r}")
    return value


def money(value: Any, where: str) -> float:
    """Let an amount of money through, in the currency of `[dialling] prices`."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < float("inf"):
        raise BadConfig(f"{where} is an amount of money from 0 on, not {value!r}")
    return float(value)


def table(keys: Mapping[str, Check]) -> Check:
    """Return a check for a table with these keys, all of which may be left out."""

    def check(value: Any, where: str) -> dict[str, Any]:
        given = mapping(value, where)
        only(given, keys, where)
        return {key: keys[key](item, f"{where}.{key}") for key, item in given.items()}

    return check


def text(given: Mapping[str, Any], key: str, where: str) -> str:
    """Return a text of a table, "" where it is left out."""
    value = given.get(key, "")
    if not isinstance(value, str):
        raise BadConfig(f"{where}: {key} is a text, not {value!r}")
    return value


def listed(given: Mapping[str, Any], key: str, where: str) -> Sequence[Any]:
    """Return a list of a table, empty where it is left out."""
    return sequence(given.get(key, []), f"{where}: {key}")


def sequence(value: Any, where: str) -> Sequence[Any]:
    """Let a list through."""
    if not isinstance(value, list | tuple):
        raise BadConfig(f"{where} is a list")
    return value


def mapping(value: Any, where: str) -> Mapping[str, Any]:
    """Let a table through."""
    if not isinstance(value, Mapping):
        raise BadConfig(f"{where}: {value!r} is not a table")
    return value


def only(given: Mapping[str, Any], keys: Sequence[str] | Mapping[str, Any], where: str) -> None:
    """Refuse a table with a key that is not among `keys`."""
    for key in given:
        if key not in keys:
            near = difflib.get_close_matches(key, keys, n=1, cutoff=0.0)
            raise BadConfig(f"{where}: {key!r} is not a key here; the nearest is {near[0]!r}")


def secret(given: Mapping[str, Any], key: str, where: str) -> str | None:
    """Return a secret given as `key` or read from the file named by `key_file`, without its line end."""
    file = given.get(f"{key}_file")
    if file is None:
        return None if key not in given else text(given, key, where)
    if key in given:
        raise BadConfig(f"{where}: give {key} or {key}_file, not both")
    return read_text(file, f"{where}: {key}_file").rstrip("\r\n")


def read_text(file: Any, where: str) -> str:
    """Return the text of a file that the provisioning file names."""
    try:
        return Path(str(file)).read_text(encoding="utf-8")
    except OSError as error:
        raise BadConfig(f"{where} {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadConfig(f"{where} {file} is not UTF-8") from error
