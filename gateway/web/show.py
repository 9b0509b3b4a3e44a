"""How values look to people: telephone numbers, times in a zone, amounts. Words are in the catalogues."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import phonenumbers
from babel.numbers import format_decimal

from gateway.details import said
from gateway.domain.modifiers import spelt
from gateway.mail import for_people
from gateway.notice import clock_time, zone_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class Show:
    """The formats of one language, for templates."""

    def __init__(self, language: str) -> None:
        self._language = language

    def number(self, text: str) -> str:
        """Return a telephone number with a plus and groups; anything else as it is, cleaned."""
        return telephone(text)

    def clean(self, text: str) -> str:
        """Return text from outside on one line, without controls and direction marks."""
        return for_people(text)

    def options(self, options: Mapping[str, object]) -> str:
        """Return what was wished for a fax as a subject would write it; its reference stands by itself."""
        return for_people(spelt({name: value for name, value in options.items() if name != "reference"}))

    def note(self, text: str) -> str:
        """Return what one of our parts noted, in the reader's words; "" where the cause says it all."""
        return for_people(said(text, self._language))

    def time(self, moment: datetime, zone: str) -> str:
        """Return date and time in a zone."""
        return clock_time(moment, zone)

    def clock(self, moment: datetime, zone: str) -> str:
        """Return the time of day in a zone."""
        return clock_time(moment, zone)[11:]

    def zone(self, zone: str) -> str:
        """Return the name of a zone, as it is used."""
        return zone_of(zone).key

    def facts(self, values: dict[str, object], at: datetime | None, zone: str) -> dict[str, str]:
        """Return the values of a sentence's holes as people read them; `time` is the moment `at`."""
        told = {
            name: self.amount(value) if isinstance(value, int) else for_people(str(value))
            for name, value in values.items()
        }
        return told | {"time": clock_time(at, zone) if at else ""}

    def amount(self, value: float) -> str:
        """Return a whole number with the language's separators."""
        return str(format_decimal(round(value), locale=self._language))

    def seconds(self, value: float) -> str:
        """Return seconds with one digit behind the point."""
        return str(format_decimal(round(value, 1), format="0.0", locale=self._language))


@lru_cache(maxsize=1000)
def telephone(text: str) -> str:
    """Return `0081312345678` and `+81312345678` as `+81 3-1234-5678`; what is no number as it is."""
    plain = for_people(text)
    digits = plain.removeprefix("+") if plain.startswith("+") else plain.removeprefix("00")
    if not digits.isdecimal() or digits == plain:
        return plain
    try:
        number = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return plain
    if not phonenumbers.is_possible_number(number):
        return plain
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
