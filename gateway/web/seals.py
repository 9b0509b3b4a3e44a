"""What a signed or encrypted mail was worth, in words: the kept verdict (`smime.Verdict.as_json`) for a page.

Total over the verdicts, the encryption states and the kinds of header protection; a test walks them. A mail
without S/MIME has no verdict and shows nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from gateway.language import N_
from gateway.web.words import Word

if TYPE_CHECKING:
    from collections.abc import Mapping

VERDICT: Final[dict[str, Word]] = {
    "none": Word(N_("Not signed"), "still"),
    "valid": Word(N_("Signed by the sender, unchanged"), "good"),
    "invalid": Word(N_("The signature does not fit the mail"), "bad"),
    "malformed": Word(N_("The signature is damaged"), "bad"),
    "untrusted": Word(N_("The signer's certificate leads to no trusted authority"), "bad"),
    "expired": Word(N_("The signature or its certificate was too old"), "bad"),
    "not_yet_valid": Word(N_("The signature or its certificate was of a later date"), "bad"),
    "revoked": Word(N_("The signer's certificate was revoked"), "bad"),
    "revocation_unknown": Word(N_("Nothing told whether the signer's certificate was revoked"), "doubt"),
    "wrong_usage": Word(N_("The signer's certificate is not for signing mail"), "bad"),
    "weak": Word(N_("The signature or its certificate was too weak"), "bad"),
    "address_mismatch": Word(N_("Somebody else signed"), "bad"),
    "partial": Word(N_("Only a part of the mail was signed"), "doubt"),
}
ENCRYPTION: Final[dict[str, str]] = {
    "none": "",
    "decrypted": N_("It came encrypted to this gateway."),
    "no_recipient": N_("It was encrypted to somebody else."),
    "failed": N_("It could not be decrypted."),
    "unsupported": N_("It was encrypted in a way this gateway does not open."),
    "partial": N_("Parts of it stayed encrypted."),
}
PROTECTION: Final[dict[str, str]] = {
    "none": "",
    "rfc9788": N_("Subject and recipients are under the signature."),
    "legacy": N_("Subject and recipients are under the signature."),
    "wrapped": N_("Subject and recipients are under the signature."),
}
NO_LIST: Final = N_("No list told whether the certificate was revoked.")
PINNED: Final = N_("The operator named this certificate for this sender.")


@dataclass(frozen=True, slots=True)
class Seal:
    """A verdict as pages show it. `notes` are msgids; what certificates say is cleaned when shown."""

    word: Word
    reason: str
    notes: tuple[str, ...]
    signer: str = ""
    addresses: tuple[str, ...] = ()
    algorithms: tuple[str, ...] = ()
    fingerprint: str = ""
    altered: tuple[str, ...] = ()


def of(verdict: Mapping[str, Any]) -> Seal | None:
    """Return what a page says of a kept verdict; None for a mail without S/MIME."""
    status = str(verdict.get("verdict", ""))
    if status not in VERDICT:
        return None
    signer = verdict.get("signer") or {}
    layers = verdict.get("layers") or ()
    return Seal(
        word=VERDICT[status],
        reason=str(verdict.get("reason", "")),
        notes=tuple(filter(None, _notes(verdict, signer))),
        signer=str(signer.get("subject", "")),
        addresses=tuple(map(str, signer.get("addresses", ()))),
        algorithms=tuple(str(name) for layer in layers for name in layer.get("algorithms", ())),
        fingerprint=str(signer.get("fingerprint", "")),
        altered=tuple(map(str, verdict.get("altered", ()))),
    )


def _notes(verdict: Mapping[str, Any], signer: Mapping[str, Any]) -> tuple[str, ...]:
    unsure = signer.get("revocation") in {"unknown", "unchecked"} and verdict.get("verdict") == "valid"
    return (
        ENCRYPTION.get(str(verdict.get("encryption")), ""),
        PROTECTION.get(str(verdict.get("protection")), "") if signer else "",
        PINNED if signer.get("pinned") else NO_LIST if unsure else "",
    )
