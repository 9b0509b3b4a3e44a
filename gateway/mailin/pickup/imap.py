"""An IMAP folder (RFC 3501) through IMAPClient, with IDLE (RFC 2177), MOVE (RFC 6851) and UIDPLUS (RFC 4315).

Mails are read without marking them as read. A mail is asked for only when its size is known to fit, since the
library hands it over in one piece.
"""

from __future__ import annotations

import contextlib
import re
import time
from typing import TYPE_CHECKING, Any, Self

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, LoginError

from gateway.mailin.data_reader import ANY_LINE_END
from gateway.mailin.pickup.box import Denied, Entry, Gone, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gateway.mailin.data_reader import SpoolFile
    from gateway.mailin.pickup.box import Place

PASSING = re.compile(r"\[(UNAVAILABLE|INUSE|LIMIT|SERVERBUG)\]", re.IGNORECASE)  # RFC 5530
BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")
AT_ONCE = 500  # mails named in one command: servers limit lines (RFC 7162 section 4 asks for 8,192 octets)
WHOLE, HEAD = (b"BODY.PEEK[]", b"BODY[]"), (b"BODY.PEEK[HEADER]", b"BODY[HEADER]")


class Imap:
    """An open folder."""

    def __init__(self, client: IMAPClient, place: Place) -> None:
        self._client, self._place = client, place
        self._idling = False
        self.era = ""

    @classmethod
    def open(cls, place: Place) -> Self:
        """Connect, log in and select the folder. Raises `Trouble`, `Denied`."""
        tls = {"ssl_context": place.context()} if place.tls == "implicit" else {}
        with said(place, "greet us"):
            client = IMAPClient(
                place.host,
                place.port,
                ssl=place.tls == "implicit",
                timeout=SocketTimeout(place.patience, place.patience),
                **tls,
            )
        box = cls(client, place)
        try:
            box._begin()
        except BaseException:
            with contextlib.suppress(OSError):
                client.shutdown()
            raise
        return box

    def look(self) -> Sequence[Entry]:
        """Return what lies in the folder and is not marked as deleted."""
        self._wake()
        with said(self._place, "list its mails"):
            uids = self._client.search(["UNDELETED"])
        return [Entry(f"{self.era}/{uid}", uid) for uid in sorted(uids)]

    def fetch(self, entry: Entry, spool: SpoolFile, limit: int) -> bool:
        """Write a mail to `spool`; of one that is too large only the head."""
        fits = int(self._get(entry, b"RFC822.SIZE", b"RFC822.SIZE")) <= limit
        mail = bytes(self._get(entry, *(WHOLE if fits else HEAD)))
        spool.write(ANY_LINE_END.sub(b"\r\n", mail) if BARE.search(mail) else mail)
        return fits and spool.size <= limit

    def dispose(self, entries: Sequence[Entry], move_to: str) -> None:
        """Move mails to a folder, which is made if it is not there, or delete them."""
        with said(self._place, f"move mails to {move_to}" if move_to else "delete mails"):
            for at in range(0, len(entries), AT_ONCE):
                self._dispose([entry.handle for entry in entries[at : at + AT_ONCE]], move_to)

    def _dispose(self, uids: list[int], move_to: str) -> None:
        if move_to and self._moved(uids, move_to):
            return
        self._client.delete_messages(uids, silent=True)
        if self._client.has_capability("UIDPLUS"):
            self._client.uid_expunge(uids)
        else:
            self._client.expunge()

    def news(self, seconds: float) -> bool | None:
        """Wait for a mail by IDLE; a session without it never sees any."""
        with said(self._place, "tell of news"):
            if not self._client.has_capability("IDLE"):
                return None
            if not self._idling:
                self._client.idle()
                self._idling = True
            began = time.monotonic()
            answers = self._client.idle_check(timeout=seconds)
        if not answers and time.monotonic() - began < seconds / 2:  # the library is silent about an end
            raise Trouble(f"{self._place.host} hung up")
        if any(answer[0] == b"BYE" for answer in answers):
            raise Trouble(f"{self._place.host} ended the session")
        return any(b"EXISTS" in answer for answer in answers)

    def close(self) -> None:
        """Log out."""
        with contextlib.suppress(OSError, IMAPClientError, Trouble):
            self._wake()
            self._client.logout()
            return
        with contextlib.suppress(OSError, IMAPClientError):
            self._client.shutdown()

    def _begin(self) -> None:
        place = self._place
        if place.tls == "starttls":
            with said(place, "start TLS"):
                self._client.starttls(place.context())
        with said(place, f"let {place.user} in"):
            if self._client.has_capability("AUTH=PLAIN"):
                self._client.plain_login(place.user, place.password)
            else:
                self._client.login(place.user, place.password)
        with said(place, f"open the folder {place.folder}"):
            about = self._client.select_folder(place.folder)
        if not about.get(b"UIDVALIDITY"):
            raise Trouble(f"{place.host} gives its mails no lasting names (UIDVALIDITY)")
        self.era = str(about[b"UIDVALIDITY"])

    def _wake(self) -> None:
        if self._idling:
            self._idling = False
            with said(self._place, "end its IDLE"):
                self._client.idle_done()

    def _get(self, entry: Entry, what: bytes, key: bytes) -> Any:
        with said(self._place, "hand a mail over"):
            answer = self._client.fetch([entry.handle], [what]).get(entry.handle, {})
        if answer.get(key) is None:
            raise Gone(f"a mail is gone from {self._place.folder} before we took it", detail=entry.uid)
        return answer[key]

    def _moved(self, uids: list[int], folder: str) -> bool:
        """Move, or copy; whether nothing is left to delete."""
        can_move = bool(self._client.has_capability("MOVE"))
        move = self._client.move if can_move else self._client.copy
        if not self._client.folder_exists(folder):
            self._client.create_folder(folder)
        move(uids, folder)
        return can_move


@contextlib.contextmanager
def said(place: Place, what: str) -> Iterator[None]:
    """Turn a server's no, and what goes wrong on the way, into `Trouble`; a refused login into `Denied`."""
    try:
        with place.troubles():
            yield
    except IMAPClientError as error:  # imaplib's own errors are the same classes
        detail = "".join(sign if sign.isprintable() else " " for sign in str(error)[:200])
        broke_off = isinstance(error.__context__, IMAPClientAbortError)
        refused = isinstance(error, LoginError) and not broke_off and not PASSING.search(detail)
        kind = Denied if refused else Trouble
        raise kind(f"{place.host} would not {what}", detail=detail) from error
