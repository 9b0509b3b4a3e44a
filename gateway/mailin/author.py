"""Whether who wrote a mail, by its From field, is the account it is sent for.

DKIM and DMARC are proofs of a domain: the server that signed let *some* user of it write From, and nobody
signed the envelope. Where a domain has users who are strangers to each other (every provider of mail boxes),
a mail that one of them wrote, and sent again under another's MAIL FROM, would be that other's. So such a
proof counts only for mail whose author is a sender of the account, as S/MIME has it too (design.md 5b).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.domain.senders import fits
from gateway.mailin import headers
from gateway.mailin.evidence import Provable

if TYPE_CHECKING:
    from gateway.mailin.judging import Case
    from gateway.mailin.prescan import Header


def fault_of_author(header: Header, case: Case) -> str:
    """Return why the author of a mail is not the account's, "" if all that From names are its senders."""
    fields = [value.decode("ascii", "replace") for value in header.all(b"from")]
    if len(fields) != 1:
        return f"there are {len(fields)} From fields"
    authors = [address.lower() for _, address in headers.mailboxes(fields)]
    if not authors:
        return "From cannot be read"
    senders = case.who.senders if isinstance(case.who, Provable) else ()
    patterns = (case.sender.key, *senders)
    stranger = next((a for a in authors if not any(fits(pattern, a) for pattern in patterns)), None)
    return "" if stranger is None else f"From names {stranger[:254]!r}, who is no sender of the account"
