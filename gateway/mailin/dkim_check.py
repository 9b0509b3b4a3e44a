"""The arithmetic of DKIM, run in a child: dkimpy on the exact bytes of a mail, with a key that was fetched.

Nothing is looked up here; a name other than that of the signature has no key. See `dkim.py` for what is asked
of a signature before.
"""

from __future__ import annotations

import re

import dkim

SHORTEST_KEY = 1024  # bits of an RSA key (RFC 8301 section 3.2)
SPACE = re.compile(rb"\s+")


def check(mail: bytes, place: int, value: bytes, key: bytes) -> str:
    """Return what is wrong with the signature at `place` (0 = the topmost), "" if nothing.

    `value` is its `b=`, by which the caller knows it: two readers of one header must mean the same field.
    """
    verifier = dkim.DKIM(mail, minkey=SHORTEST_KEY)
    try:
        good = verifier.verify(idx=place, dnsfunc=lambda _name, timeout=0: key)  # noqa: ARG005  (dkimpy's call)
    except (dkim.DKIMException, ValueError, TypeError) as error:
        return f"{type(error).__name__}: {error}"[:200]
    if not good:
        return "the signature does not fit the mail or the key"
    return "" if SPACE.sub(b"", verifier.signature_fields[b"b"]) == value else "the header is ambiguous"
