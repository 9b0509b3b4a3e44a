"""`[[account.list]]`: named lists of numbers, from a CSV file or written out, checked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.domain import dialling, number_lists
from gateway.domain.errors import BadConfig, BadList
from gateway.domain.number_lists import Row
from gateway.store.provisioning import checks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gateway.domain.dialling import Caller, Rules
    from gateway.domain.number_lists import Entry
    from gateway.domain.numbers import Destination


def lists(given: Mapping[str, Any], caller: Caller, rules: Rules, where: str) -> dict[str, Sequence[Entry]]:
    """Return the lists of an account by name; raise `BadConfig` with the lines that cannot be called."""

    def resolve(number: str) -> Destination:
        return dialling.destination(number, caller, rules)

    found: dict[str, Sequence[Entry]] = {}
    for item in checks.listed(given, "list", where):
        table = checks.mapping(item, f"{where}: list")
        checks.only(table, ("name", "file", "numbers"), f"{where}: list")
        written = checks.text(table, "name", f"{where}: list")
        place = f"{where}: list {written}"
        try:
            name = number_lists.name(written)
            entries = number_lists.entries(_rows(table, place), resolve)
        except BadList as error:
            raise BadConfig(f"{place}: {error.text}") from error
        if name in found:
            raise BadConfig(f"{place} stands twice in the file")
        found[name] = entries
    return found


def _rows(table: Mapping[str, Any], where: str) -> list[Row]:
    if ("file" in table) == ("numbers" in table):
        raise BadConfig(f"{where}: give file or numbers")
    if "numbers" in table:
        numbers = enumerate(checks.listed(table, "numbers", where), 1)
        return [Row(n, "", "", str(number)) for n, number in numbers]
    try:
        return number_lists.read(Path(checks.text(table, "file", where)).read_bytes())
    except OSError as error:
        raise BadConfig(f"{where}: file {table['file']}: {error.strerror}") from error
