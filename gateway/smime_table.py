"""The `[smime]` table of the configuration, checked: whom we trust, who we are, and how strict we are.

Only values are checked here; the files they name are read by `keyring.py`. A certificate may be named by its
file or, where its SHA-256 fingerprint is enough, by that. There is no default trust: without anchors no
signature is valid, and the roots of the web are never used (smime.md section 3).
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

FINGERPRINT = re.compile(r"[0-9a-f]{64}")
DOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")


def fingerprint_of(text: str) -> str:
    """Return a SHA-256 fingerprint, written with or without colons, in lower hex; "" for what is none."""
    plain = text.replace(":", "").lower()
    return plain if FINGERPRINT.fullmatch(plain) else ""


def _address(text: str) -> str:
    local, at, domain = text.rpartition("@")
    if not at or not local or not domain or any(c.isspace() for c in text):
        raise ValueError(f"{text!r} is no mail address")
    return text.lower()


def _domain(text: str) -> str:
    plain = text.lower().removeprefix("*@").removeprefix("@")
    if not DOMAIN.fullmatch(plain):
        raise ValueError(f"{text!r} is no mail domain")
    return plain


MailAddress = Annotated[str, AfterValidator(_address)]
MailDomain = Annotated[str, AfterValidator(_domain)]


class Table(BaseModel):
    """Base of the tables here: unknown keys are refused, values are fixed once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Identity(Table):
    """A certificate and key of ours, as files; certificates that follow the first are its chain."""

    certificate: str
    key: str


class Pin(Table):
    """The only signer of an address: a file, or a fingerprint of its certificate or key."""

    address: MailAddress
    certificate: str


class DomainSigner(Table):
    """A certificate that may vouch for every address of a domain: a file, or its fingerprint."""

    domain: MailDomain
    certificate: str


class Smime(Table):
    """Trust, lists, our identities and the rules that hold for every account.

    `trust` are files of anchors; `crls` files or folders of lists; of `identity` the first signs and all
    decrypt. `revocation` "auto" is hard once a list is configured, else soft. `past_hours` is how old a
    signature may be, and how long it is remembered. `cipher` is for what we encrypt.
    """

    trust: list[str] = []
    crls: list[str] = []
    identity: list[Identity] = []
    pin: list[Pin] = []
    domain_signer: list[DomainSigner] = []
    gateway: list[str] = []
    revocation: Literal["auto", "off", "soft", "hard"] = "auto"
    past_hours: Annotated[float, Field(gt=0, le=24 * 30)] = 72.0
    allow_triple_des: bool = False
    cipher: Literal["aes128-cbc", "aes256-cbc", "aes128-gcm", "aes256-gcm"] = "aes256-cbc"
