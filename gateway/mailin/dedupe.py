"""The key by which a mail sent twice is known (durability.md section 3).

A client that lost our 250 sends the same mail again, perhaps over another relay: so the fields that relays
add are left out of the hash. The recipients are not in the key; who gets how much of a repeated mail is
decided by `intake.submission`, recipient by recipient. A mail without a Message-ID has no key: a person may
send the same page twice on purpose.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from gateway.mailin.prescan import FIELD_END

if TYPE_CHECKING:
    from mmap import mmap

    Bytes = bytes | mmap

TRACE_FIELDS = frozenset(
    {
        b"received",
        b"return-path",
        b"delivered-to",
        b"x-original-to",
        b"envelope-to",
        b"authentication-results",
        b"received-spf",
        b"arc-seal",
        b"arc-message-signature",
        b"arc-authentication-results",
        b"dkim-signature",
    }
)
CHUNK = 1 << 20


def key(mail: Bytes, header_end: int, account_id: int, message_id: str) -> str | None:
    """Return the hex key of a mail for an account; None without a Message-ID.

    `header_end` is where the header block ends, its empty line included.
    """
    if not message_id:
        return None
    digest = hashlib.sha256(f"{account_id}\n{message_id}\n".encode())
    for field in FIELD_END.split(mail[:header_end]):
        if field.partition(b":")[0].strip().lower() not in TRACE_FIELDS:
            digest.update(field + b"\r\n")
    for at in range(header_end, len(mail), CHUNK):
        digest.update(mail[at : at + CHUNK])
    return digest.hexdigest()
