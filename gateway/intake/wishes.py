"""What was wished for a fax, and what its pages and calls become by it.

Four voices, the later wins: the account's defaults, those of the user behind the sender, what the door was
told, what the submission says itself. The merged wishes are kept with the fax, so that a default that
changes later changes nothing that was asked before. Pure but for reading rows that are loaded already.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway.domain import deferral
from gateway.domain.options import PRIORITIES, check, kept
from render.document import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from gateway.domain.options import Values
    from gateway.store.models import Account, User


def defaults(account: Account, user: User | None = None) -> Values:
    """Return what holds where a submission says nothing: the account's, then its user's, checked anew."""
    merged: dict[str, Any] = {}
    for settings in (account.settings, user.settings if user is not None else {}):
        if settings.get("csid"):
            merged["csid"] = settings["csid"]
        merged |= settings.get("defaults", {})
    if user is not None and "header" in user.settings:  # the account's is asked when the fax is called out
        merged["header"] = user.settings["header"]
    return check(merged)


@dataclass(frozen=True, slots=True)
class Wishes:
    """The options of one fax, merged and checked. Shapes and units are those of `domain.options`."""

    options: Values

    @classmethod
    def of(cls, *voices: Mapping[str, object]) -> Wishes:
        """Merge `voices`, the most general first; raise `BadOption` for what no door may ask.

        A header of None asks for the usual one: that of a voice before it, else the account's.
        """
        merged: dict[str, object] = {}
        for voice in voices:
            usual = merged.get("header")
            merged |= voice
            if merged.get("header") is None and usual:
                merged["header"] = usual
        return cls(check(merged))

    @property
    def to_keep(self) -> Values:
        """What is stored with the fax."""
        return kept(self.options)

    @property
    def reply_to(self) -> str:
        """Where the result is wished to go, "" for the usual place; the account has to allow it."""
        return str(self.options.get("reply_to", ""))

    def due_at(self, zone: ZoneInfo, asked_at: datetime) -> datetime | None:
        """Return when a deferred fax is due, None for at once; raise `TooFarAhead`."""
        defer = self.options.get("defer")
        return None if defer is None else deferral.due(str(defer), zone, asked_at)

    def for_deliveries(self) -> dict[str, Any]:
        """Return the fields of `store.faxes.Drawn` that the calls follow; what is not wished is left out."""
        options = self.options
        wished: dict[str, Any] = {
            "max_dials": options.get("dials"),
            "interval_minutes": options.get("interval_minutes"),
            "contact": options.get("contact"),
            "priority": PRIORITIES.get(options.get("priority")),
        }
        return {name: value for name, value in wished.items() if value is not None}

    def for_pages(
        self, *, max_pages: int, language: str, default_charset: str = "", unsupported: str = "fail"
    ) -> Settings:
        """Return how the pages are drawn; `unsupported` is the account's `unsupported_files`."""
        names = (
            "paper",
            "orientation",
            "font",
            "font_size",
            "keep_backgrounds",
            "fit",
            "wrap",
            "rendering",
        )
        wished: dict[str, Any] = {name: self.options[name] for name in names if name in self.options}
        return Settings(
            max_pages=max_pages,
            language=language,
            default_charset=default_charset,
            unsupported=unsupported,
            **wished,
        )
