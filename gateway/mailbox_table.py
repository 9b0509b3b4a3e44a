"""A `[[mailbox]]` table of the configuration, checked: a mailbox to pick faxes up from.

Passwords never travel in the clear to another machine, so `tls = "none"` is for this one alone. What a POP3
server cannot do (folders) is refused here rather than found out at night.
"""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

PORTS = {("imap", True): 993, ("imap", False): 143, ("pop3", True): 995, ("pop3", False): 110}

OneLine = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=255)]


class MailboxConfig(BaseModel):
    """One mailbox; the keys are explained in docs/mailbox-pickup.md."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,40}$")]
    protocol: Literal["imap", "pop3"]
    host: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.:-]{1,253}$")]
    port: int = Field(0, ge=0, le=65535)
    tls: Literal["implicit", "starttls", "none"] = "implicit"
    ca_file: str = ""
    user: Annotated[OneLine, StringConstraints(min_length=1)]
    password: OneLine = ""
    password_file: Path | None = None
    folder: OneLine = "INBOX"
    account: str = ""
    trust: Literal["none", "return-path"] = "none"
    after: Literal["delete", "keep", "move"] = "delete"
    refused: Literal["delete", "keep", "move"] = "keep"
    move_to: OneLine = "Postline"
    interval_s: float = Field(60.0, ge=1, le=86_400)
    axatel: bool = False

    @field_validator("ca_file")
    @classmethod
    def _roots_can_be_read(cls, name: str) -> str:
        if name and not Path(name).is_file():
            raise ValueError(f"{name} is not a file")
        return name

    @model_validator(mode="after")
    def _passwords_stay_secret(self) -> MailboxConfig:
        if self.tls == "none" and not is_this_machine(self.host):
            raise ValueError(
                'tls = "none" would send the password in the clear; use "implicit" or "starttls",'
                " only a server on this machine needs neither"
            )
        return self

    @model_validator(mode="after")
    def _a_maildrop_has_no_folders(self) -> MailboxConfig:
        if self.protocol == "pop3" and ("move" in (self.after, self.refused) or self.folder != "INBOX"):
            raise ValueError(
                "POP3 knows no folders: `after` and `refused` are delete or keep there, no `folder`"
            )
        if "move" in (self.after, self.refused) and self.move_to in ("", self.folder):
            raise ValueError("`move_to` must be another folder")
        return self

    @property
    def used_port(self) -> int:
        """The port: the one that is written, else the protocol's own."""
        return self.port or PORTS[self.protocol, self.tls == "implicit"]


def is_this_machine(host: str) -> bool:
    """Say whether a host is this machine by name or address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_together(mailboxes: list[MailboxConfig]) -> None:
    """Refuse two tables of one name, or of one mailbox: a name is how we know what was taken from it."""
    names = [box.name for box in mailboxes]
    places = [f"{box.user} at {box.host}, {box.folder}" for box in mailboxes]
    for kind, keys in (("name", names), ("mailbox", places)):
        if twice := [key for key in keys if keys.count(key) > 1]:
            raise ValueError(f"two [[mailbox]] tables have one {kind}: {twice[0]}")
