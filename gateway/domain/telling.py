"""Who is told that a fax has ended, when, and by which mails (`spec/email-interface.md` 4.1, 8). Pure.

What an account and a user chose, and what one mail asked for, become `Wishes`; `Wishes` say which mails an
end owes. Only addresses somebody proved or registered come in here: this module invents none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from gateway.domain.states import FINAL_DELIVERY, DeliveryState

if TYPE_CHECKING:
    from collections.abc import Mapping

WHEN: Final = ("always", "success", "failure", "never")
DSN: Final = ("instead", "besides", "never")
AT_REST: Final = frozenset(FINAL_DELIVERY | {DeliveryState.UNCERTAIN})
"""States in which nothing more happens by itself."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is wanted of reports.

    `default_address` gets a copy of every result, or, with `only_default`, the result itself. `batch` sums up
    a mail to several numbers in one result. `dsn`: what becomes of the result where the client's own mail
    system asked for a report (RFC 3461): that report "instead", "besides", or none ("never"). `mdn` answers
    a `Disposition-Notification-To`.
    """

    when: str = "always"
    default_address: str = ""
    only_default: bool = False
    batch: bool = False
    dsn: str = "besides"
    mdn: bool = False

    @classmethod
    def of(cls, notify: Mapping[str, Any], asked: object = None) -> Wishes:
        """Read the `notify` table in force; `asked` is what the mail itself wanted, a word of `WHEN`.

        A word of another release counts as the default: the news matters more than its conditions.
        """
        when = asked if asked in WHEN else notify.get("when")
        dsn = notify.get("dsn")
        return cls(
            when=str(when) if when in WHEN else "always",
            default_address=str(notify.get("default_address", "")),
            only_default=bool(notify.get("only_default", False)),
            batch=bool(notify.get("batch", False)),
            dsn=str(dsn) if dsn in DSN else "besides",
            mdn=bool(notify.get("mdn", False)),
        )

    def result(self, *, good: bool) -> bool:
        """Say whether this end is told of; `good`: every page of it was confirmed."""
        return self.when in ("always", "success" if good else "failure")

    def addresses(self, sender: str) -> tuple[str, ...]:
        """Return who gets the result; `sender` is the proved address behind the fax, "" for none."""
        if self.default_address and self.only_default:
            return (self.default_address,)
        wanted = (sender, self.default_address)
        return tuple(dict.fromkeys(address for address in wanted if address))


@dataclass(frozen=True, slots=True)
class Asked:
    """What a client's mail system asked for one recipient by RFC 3461's NOTIFY."""

    words: frozenset[str] = frozenset()

    @classmethod
    def of(cls, dsn: Mapping[str, Any]) -> Asked:
        """Read `Delivery.dsn`; {} is a client that did not ask."""
        words = dsn.get("notify", ())
        listed = words.split(",") if isinstance(words, str) else words
        return cls(frozenset(str(word).strip().lower() for word in listed) - {""})

    def report(self, *, good: bool) -> bool:
        """Say whether this end is reported to the mail system."""
        return ("success" if good else "failure") in self.words


Mail = Literal["result", "dsn"]


def owed(wishes: Wishes, asked: Asked, *, good: bool) -> tuple[Mail, ...]:
    """Return which mails the end of one delivery owes.

    Where the report goes "instead", a client that asked for failures only, or for silence, gets just that.
    """
    report = wishes.dsn != "never" and asked.report(good=good)
    result = wishes.result(good=good) and not (wishes.dsn == "instead" and asked.words)
    mails: list[Mail] = ["result"] if result else []
    return (*mails, "dsn") if report else tuple(mails)
