"""A POP3 maildrop (RFC 1939), over TLS or STLS (RFC 2595), through `poplib`.

A mail streams into its spool file past the library, which would keep all of it in memory and give up at a
line of more than 2,048 octets. A server without UIDL is refused: without names that last, a mail could be
taken twice.
"""

from __future__ import annotations

import contextlib
import poplib
import re
import time
from typing import TYPE_CHECKING, Self, cast

from gateway.mailin.data_reader import CHUNK, Scanner
from gateway.mailin.pickup.box import Denied, Entry, Gone, Trouble

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator, Sequence

    from gateway.mailin.data_reader import SpoolFile
    from gateway.mailin.pickup.box import Place

LONGEST_MAIL_S = 900.0
LISTED = re.compile(rb"(\d{1,9}) ([!-~]{1,70})\Z")  # RFC 1939 section 7
PASSING = re.compile(r"-ERR \[(IN-USE|SYS/TEMP|LOGIN-DELAY)", re.IGNORECASE)  # RFC 2449 section 8, RFC 3206


class Pop3:
    """An open maildrop, locked for us by its server; deletions happen at `close`."""

    era = ""

    def __init__(self, client: poplib.POP3, place: Place) -> None:
        self._client, self._place = client, place
        self._sizes: dict[int, int] = {}

    @classmethod
    def open(cls, place: Place) -> Self:
        """Connect and log in. Raises `Trouble`, `Denied`."""
        with said(place, "greet us"):
            if place.tls == "implicit":
                client: poplib.POP3 = poplib.POP3_SSL(
                    place.host, place.port, timeout=place.patience, context=place.context()
                )
            else:
                client = poplib.POP3(place.host, place.port, timeout=place.patience)
        box = cls(client, place)
        try:
            box._log_in()
        except BaseException:
            with contextlib.suppress(OSError):  # a TLS handshake that failed leaves no socket to close
                client.close()
            raise
        return box

    def look(self) -> Sequence[Entry]:
        """Return what lies there, oldest first."""
        with said(self._place, "name its mails (UIDL)"):
            uids = self._client.uidl()[1]
        with said(self._place, "list its mails"):
            self._sizes = dict(_pairs(self._client.list()[1]))
        named = [match for line in uids if (match := LISTED.match(line))]
        if len(named) < len(uids):
            raise Trouble(f"{self._place.host} gives mails names that are none (UIDL)")
        return [Entry(match[2].decode(), int(match[1])) for match in named]

    def fetch(self, entry: Entry, spool: SpoolFile, limit: int) -> bool:
        """Write a mail to `spool`; of one that is too large only the head."""
        fits = self._sizes.get(entry.handle, 0) <= limit
        command = b"RETR %d" if fits else b"TOP %d 0"
        with self._place.troubles():
            return self._stream(command % entry.handle, spool, limit) and fits

    def dispose(self, entries: Sequence[Entry], move_to: str) -> None:
        """Delete; this protocol knows no folders, and the configuration refuses them."""
        if move_to:
            raise Trouble("a POP3 mailbox has no folders")
        for entry in entries:
            with said(self._place, "delete a mail"):
                self._client.dele(entry.handle)

    def news(self, seconds: float) -> bool | None:  # noqa: ARG002  (the seam's signature)
        """Say that a session sees only what lay there when it began."""
        return None

    def close(self) -> None:
        """Let the server delete what was marked, and go."""
        with contextlib.suppress(OSError, poplib.error_proto):
            self._client.quit()
        with contextlib.suppress(OSError):
            self._client.close()

    def _log_in(self) -> None:
        place = self._place
        if place.tls == "starttls":
            with said(place, "start TLS"):
                self._client.stls(place.context())
        self._client.encoding = "UTF-8"
        try:
            with said(place, f"let {place.user} in"):
                self._client.user(place.user)
                self._client.pass_(place.password)
        except Trouble as error:
            if error.detail.startswith("-ERR") and not PASSING.match(error.detail):
                raise Denied(error.text, detail=error.detail) from error
            raise

    def _stream(self, command: bytes, spool: SpoolFile, limit: int) -> bool:
        """Write the answer to a command to the spool file; whether all of it fitted."""
        stream = cast("io.BufferedReader", self._client.file)
        self._client.sock.sendall(command + b"\r\n")
        answer = stream.readline(CHUNK)
        if not answer.startswith(b"+OK"):
            raise Gone(f"{self._place.host} would not hand a mail over", detail=printable(answer))
        scanner, ends, fits = Scanner(normalise=True), time.monotonic() + LONGEST_MAIL_S, True
        while not scanner.done:
            data = stream.read1(CHUNK)
            if not data or time.monotonic() > ends:
                raise Trouble(f"{self._place.host} stopped in the middle of a mail")
            content = scanner.feed(data)
            fits = fits and spool.size + len(content) <= limit
            if fits:
                spool.write(content)
        if scanner.rest:
            raise Trouble(f"{self._place.host} went on talking after a mail")
        return fits


@contextlib.contextmanager
def said(place: Place, what: str) -> Iterator[None]:
    """Turn a server's no, and what goes wrong on the way, into `Trouble`."""
    try:
        with place.troubles():
            yield
    except poplib.error_proto as error:
        answer = error.args[0] if error.args else b""
        detail = printable(answer) if isinstance(answer, bytes) else str(answer)
        raise Trouble(f"{place.host} would not {what}", detail=detail) from error


def printable(answer: bytes) -> str:
    """Return the beginning of a server's answer for a log."""
    return "".join(sign if sign.isprintable() else " " for sign in answer[:200].decode("utf-8", "replace"))


def _pairs(lines: Sequence[bytes]) -> Iterator[tuple[int, int]]:
    for line in lines:
        match = LISTED.match(line)
        if match and match[2].isdigit():
            yield int(match[1]), int(match[2])
