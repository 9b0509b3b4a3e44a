"""`[[account.number]]`: a called number, sub-address or line, and the addresses that get its faxes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from gateway.domain.errors import BadConfig, BadNumber
from gateway.domain.numbers import parse
from gateway.store.provisioning import checks

if TYPE_CHECKING:
    from collections.abc import Mapping

FORWARDS: Final = 25
FORMAT: Final = checks.one_of("pdf", "tiff")
OF_ADDRESS: Final[Mapping[str, checks.Check]] = {
    "address": checks.address,
    "format": FORMAT,
    "sign": checks.switch,
    "encrypt": checks.one_of("never", "try", "required"),
}


@dataclass(frozen=True, slots=True)
class RouteSpec:
    """One `[[account.number]]`. `match` is (called, line, sub); called numbers are canonical.

    `settings` holds what one address gets that the others do not: address -> format, sign, encrypt.
    """

    match: tuple[str | None, str | None, str | None]
    forward: tuple[str, ...]
    format: str
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def routes(given: Mapping[str, Any], country: str, where: str) -> tuple[RouteSpec, ...]:
    """Return the routes of an account, in the order in which they are tried."""
    place = f"{where}: number"
    items = checks.listed(given, "number", where)
    return tuple(_route(checks.mapping(item, place), country, place) for item in items)


def _route(given: Mapping[str, Any], country: str, where: str) -> RouteSpec:
    checks.only(given, ("match", "forward", "format"), where)
    match = checks.mapping(given.get("match", {}), where)
    checks.only(match, ("called", "line", "sub"), f"{where}.match")
    if not match:
        raise BadConfig(f"{where}: match needs called, line or sub")
    forward = [_forward(item, where) for item in checks.listed(given, "forward", where)]
    if not 1 <= len(forward) <= FORWARDS:
        raise BadConfig(f"{where}: forward takes 1 to {FORWARDS} addresses")
    called = _called(match["called"], country, where) if "called" in match else None
    line, sub = (str(match[key]) if key in match else None for key in ("line", "sub"))
    return RouteSpec(
        match=(called, line, sub),
        forward=tuple(address for address, _ in forward),
        format=FORMAT(given.get("format", "pdf"), f"{where}: format"),
        settings={address: own for address, own in forward if own},
    )


def _forward(item: Any, where: str) -> tuple[str, dict[str, Any]]:
    """Return an address and what it gets differently; a bare text is an address that gets what all get."""
    if not isinstance(item, dict):
        return checks.address(item, where), {}
    own = checks.table(OF_ADDRESS)(item, f"{where}: forward")
    if "address" not in own:
        raise BadConfig(f"{where}: a table in forward needs an address")
    return own.pop("address"), own


def _called(number: Any, country: str, where: str) -> str:
    try:
        return parse(str(number), country).canonical
    except BadNumber as error:
        raise BadConfig(f"{where}: called {number!r}: {error.text}") from error
