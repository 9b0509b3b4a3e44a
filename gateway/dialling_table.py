"""The `[dialling]` table of the configuration, checked, and the rules it stands for (`domain.dialling`).

It refuses a number, prefix or dial string that could not be meant, as everywhere: a rule against fraud that
was misspelt and silently does nothing is worse than none.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from gateway.domain.alarms import Thresholds
from gateway.domain.caps import Caps, NumberCaps
from gateway.domain.costs import Prices, Tariff
from gateway.domain.dialling import Rules
from gateway.domain.numbers import region_of


def _canonical(prefix: str) -> str:
    """Return `0081` for `+81` and `0081`."""
    generic = f"00{prefix[1:]}" if prefix.startswith("+") else prefix
    if not re.fullmatch(r"00[1-9]\d{0,17}", generic):
        raise ValueError(f"{prefix!r} is no prefix of numbers; write +81 or 0081, with the country code")
    return generic


def _country(country: str) -> str:
    if country and region_of(country) is None:
        raise ValueError(f'{country!r} is neither a calling code ("81") nor a country ("JP")')
    return country.upper()


def _price_prefix(prefix: str) -> str:
    """Return a canonical prefix, "" for the "*" that stands for every other number."""
    return "" if prefix == "*" else _canonical(prefix)


Prefix = Annotated[str, AfterValidator(_canonical)]
Country = Annotated[str, AfterValidator(_country)]
Digits = Annotated[str, StringConstraints(pattern=r"^[0-9*#]*$")]
Abroad = Annotated[str, StringConstraints(pattern=r"^(\+|[0-9*#]+)$")]
Outside = Annotated[str, StringConstraints(pattern=r"^[0-9*#,W]*$")]
Count = Annotated[int, Field(ge=0)]
Money = Annotated[float, Field(ge=0, allow_inf_nan=False)]
PricePrefix = Annotated[str, AfterValidator(_price_prefix)]


class Table(BaseModel):
    """Base of the tables here: unknown keys are refused, values are fixed once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CapsTable(Table):
    """Caps of every account that sets none of its own."""

    calls_per_hour: Count | None = None
    calls_per_day: Count | None = None
    pages_per_hour: Count | None = None
    pages_per_day: Count | None = None
    cost_per_day: Money | None = None
    cost_per_month: Money | None = None


class PriceTable(Table):
    """What a prefix costs: an answered call, a minute, and by how many seconds time is billed."""

    call: Money = 0.0
    minute: Money = 0.0
    step: int = Field(60, ge=1, le=3600)


class NumberTable(Table):
    """Caps of every destination, whoever calls it."""

    at_once: int = Field(1, ge=1)
    calls_per_hour: Count | None = None
    calls_per_day: Count | None = None


class AlarmTable(Table):
    """When the operator is told; 0 switches one off."""

    new_country: bool = True
    night_calls: Count = 20
    failed_numbers: Count = 20
    refused_numbers: Count = 10


class Dialling(Table):
    """What may be called from here, how often, and by which digits."""

    country: Country = ""
    trunk: Digits | None = None
    international_prefix: Abroad | None = None
    outside: Outside = ""
    carriers: dict[Prefix, Digits] = {}
    allow: list[Prefix] = []
    deny: list[Prefix] = []
    international: bool = True
    shared_cost: Literal["warn", "refuse"] = "warn"
    paused: bool = False
    prices: dict[PricePrefix, PriceTable] = {}
    currency: Annotated[str, StringConstraints(pattern=r"^([A-Z]{3})?$")] = ""
    caps: CapsTable = CapsTable()
    number: NumberTable = NumberTable(at_once=1)
    alarm: AlarmTable = AlarmTable()

    def rules(self) -> Rules:
        """Return the rules as the domain has them."""
        return Rules(
            country=self.country,
            trunk=self.trunk,
            international_prefix=self.international_prefix,
            outside=self.outside,
            carriers=tuple(self.carriers.items()),
            allow=tuple(self.allow),
            deny=tuple(self.deny),
            international=self.international,
            shared_cost=self.shared_cost == "warn",
            paused=self.paused,
            caps=Caps(**self.caps.model_dump()),
            number=NumberCaps(**self.number.model_dump()),
            prices=Prices(
                tuple((prefix, Tariff(**price.model_dump())) for prefix, price in self.prices.items()),
                self.currency,
            ),
        )

    def thresholds(self) -> Thresholds:
        """Return when the operator is told of what looks like fraud."""
        return Thresholds(**self.alarm.model_dump())
