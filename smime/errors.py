"""What can go wrong with a signed or encrypted mail, and with what an operator gave us to judge it by.

SmimeError
+-- MalformedError       the message or its CMS is not what the standards allow; becomes verdict `malformed`
|   +-- LimitError       larger, deeper or more numerous than `policy.Limits`
+-- UndecryptableError   any failure to decrypt: one code, one sentence, whatever the cause
+-- BadInputError        an operator's certificate, key or revocation list cannot be read
+-- NoCertificateError   outgoing: a recipient without a certificate that may be used now

Functions that judge a received message (`verify`, `decrypt`) raise none of the first three: they answer with
a record. Texts name no secret and quote at most 200 characters of what was received.
"""

from __future__ import annotations

QUOTED = 200


class SmimeError(Exception):
    """Base: `code` is stable, `text` a sentence for a person, `detail` for the log only."""

    code = "smime"
    retry = "never"

    def __init__(self, text: str, detail: str = "") -> None:
        super().__init__(text, detail)
        self.text = text[:QUOTED]
        self.detail = detail[:QUOTED]

    def __str__(self) -> str:
        return self.text


class MalformedError(SmimeError):
    """The message is not what the standards allow."""

    code = "malformed"


class LimitError(MalformedError):
    """A limit of `policy.Limits` is passed."""

    code = "limit"


class UndecryptableError(SmimeError):
    """Decryption failed; why is never told."""

    code = "undecryptable"

    def __init__(self, detail: str = "") -> None:
        super().__init__("the message could not be decrypted", detail)


class BadInputError(SmimeError):
    """An operator's certificate, key or revocation list cannot be read."""

    code = "bad-input"
    retry = "ask_person"


class NoCertificateError(SmimeError):
    """No usable certificate for a recipient: no clear copy is made (smime.md section 9)."""

    code = "no-certificate"
    retry = "ask_person"
