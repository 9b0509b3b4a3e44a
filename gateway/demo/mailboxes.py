"""The demo's next hop: an SMTP server on loopback that keeps every mail as a file, one folder an address.

It stands where a site's smarthost stands. It refuses nothing and sends nothing on.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from aiosmtpd.controller import Controller

if TYPE_CHECKING:
    from pathlib import Path

    from aiosmtpd.smtp import SMTP, Envelope, Session


class Mailboxes:
    """Keeps mails below `folder`; also the aiosmtpd handler."""

    def __init__(self, folder: Path, *, port: int) -> None:
        self.folder = folder
        self._controller = Controller(self, hostname="127.0.0.1", port=port)

    def start(self) -> None:
        """Listen."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._controller.start()

    def stop(self) -> None:
        """Close the listener."""
        self._controller.stop()

    async def handle_DATA(  # noqa: N802  (aiosmtpd's name)
        self,
        server: SMTP,  # noqa: ARG002
        session: Session,  # noqa: ARG002
        envelope: Envelope,
    ) -> str:
        """Keep the mail for each recipient, whole or not at all."""
        for address in envelope.rcpt_tos:
            self._keep(address, envelope.original_content or b"")
        return "250 kept"

    def _keep(self, address: str, content: bytes) -> None:
        box = self.folder / safe_name(address)
        box.mkdir(exist_ok=True)
        number = sum(1 for _ in box.glob("*.eml")) + 1
        partial = box / f".{number:04d}"
        partial.write_bytes(content)
        os.replace(partial, box / f"{number:04d}.eml")  # noqa: PTH105  (atomic on purpose)


def safe_name(address: str) -> str:
    """Return an address as a folder name."""
    return "".join(c if c.isalnum() or c in "@.+-_" else "_" for c in address.lower())
