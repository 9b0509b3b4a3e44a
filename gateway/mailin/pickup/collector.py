"""Keeps at one mailbox: looks, takes every mail once, tidies up, waits for the next; for ever.

A mail is fetched into the spool, accepted and settled in one transaction, and only then deleted or moved at
the server: a crash in between leaves a mail that is known and is not taken again. A server that is away is
tried again, ever more slowly, and the operators hear of it. One mail that cannot be taken holds up no other.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

import structlog

from gateway.domain.errors import Unavailable
from gateway.mailin.data_reader import SpoolFile
from gateway.mailin.pickup.box import Box, Denied, Gone, Mailbox, Trouble
from gateway.mailin.pickup.handing import hand_in
from gateway.mailin.pickup.imap import Imap
from gateway.mailin.pickup.pop3 import Pop3
from gateway.store import pickups
from gateway.store.pickups import AlreadySettled, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gateway.mailin.desk import Desk
    from gateway.mailin.pickup.box import Entry

P = ParamSpec("P")
R = TypeVar("R")

FIRST_WAIT: Final = 5.0
LONGEST_WAIT: Final = 900.0
WAIT_WHEN_DENIED: Final = 300.0  # a wrong password, tried often, locks accounts
PATIENCE: Final = timedelta(minutes=10)
"""How long a server may be away before the operators hear of it; a refused login they hear of at once."""
LISTEN_S: Final = 1.0  # how long we hold the thread for news; also how long `stop` may go unheard
LONGEST_SILENCE_S: Final = 540.0  # below what routers on the way keep a silent connection
TRIES: Final = 5
FORGET_EVERY: Final = timedelta(hours=1)
LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
OPENERS: Final[dict[str, Callable[..., Box]]] = {"imap": Imap.open, "pop3": Pop3.open}

log = structlog.get_logger("mailbox")


def back_off(failures: int, *, denied: bool = False) -> float:
    """Return how long (s) to leave a server alone after so many failures in a row."""
    wait = min(FIRST_WAIT * 2.0 ** min(failures - 1, 20), LONGEST_WAIT)
    return max(wait, WAIT_WHEN_DENIED) if denied else wait


@dataclass
class Collector:
    """Picks up from one mailbox between `start` and `stop`. `open_box` connects; it blocks."""

    mailbox: Mailbox
    desk: Desk
    open_box: Callable[[], Box] | None = None
    thread: ThreadPoolExecutor = field(init=False)
    failures: int = 0
    away_since: datetime | None = None
    _era: str | None = None
    _forgot: datetime = LONG_AGO
    _later: Counter[str] = field(default_factory=Counter)
    _not_before: dict[str, datetime] = field(default_factory=dict)
    _tries: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.thread = ThreadPoolExecutor(1, thread_name_prefix=f"mailbox-{self.mailbox.name}")

    @property
    def opener(self) -> Callable[[], Box]:
        """What connects to the mailbox."""
        return self.open_box or partial(OPENERS[self.mailbox.place.protocol], self.mailbox.place)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; the mail under way is taken to its end."""
        bound = log.bind(mailbox=self.mailbox.name)
        try:
            while not stop.is_set():
                try:
                    await self.session(stop)
                    wait = self.mailbox.interval_s
                except Unavailable as error:
                    wait = await self._failed(error)
                    bound.warning("mailbox.trouble", error=error.text, detail=error.detail, again_in=wait)
                except Exception as error:  # noqa: BLE001  (task boundary: this session fails, the role goes on)
                    bound.exception("mailbox.broken")
                    wait = await self._failed(Trouble(f"a fault of this gateway: {type(error).__name__}"))
                await _rest(stop, wait)
        finally:
            self.thread.shutdown(wait=True)

    async def session(self, stop: asyncio.Event) -> None:
        """Be with the server once: as long as it tells of news, else for one look."""
        box = await self._blocking(self.opener)
        try:
            while not stop.is_set():
                settled = await self.sweep(box, stop)
                self._answered()
                if not settled and not await self._wait_for_news(box, stop):
                    return
        finally:
            await self._blocking(box.close)

    async def sweep(self, box: Box, stop: asyncio.Event | None = None) -> int:
        """Take every mail that was not taken before, then tidy up; return how many were settled.

        Where it was any, look again at once: a server may tell of a new mail in its answer to a deletion,
        and says so only once.
        """
        entries = await self._blocking(box.look)
        uids = [entry.uid for entry in entries]
        name, now = self.mailbox.name, self.desk.now()
        if self.mailbox.after == "keep" and box.era != self._era:
            await self.desk.store.run(pickups.first_look, name, box.era, uids, now)
            self._era = box.era
        known = await self.desk.store.read(pickups.settled, name, uids)
        before = len(known)
        for entry in entries:
            if stop is not None and stop.is_set():
                break
            if entry.uid in known or self._not_before.get(entry.uid, now) > now:
                continue
            if outcome := await self._one(box, entry):
                known[entry.uid] = outcome
            else:
                self._put_off(entry.uid, now)
        count = len(known) - before
        await self._tidy(box, entries, known)
        if now - self._forgot >= FORGET_EVERY:
            await self.desk.store.run(pickups.forget, name, frozenset(uids), now)
            self._forgot = now
        return count

    def _put_off(self, uid: str, now: datetime) -> None:
        """Let a mail rest that cannot be taken now, ever longer."""
        self._later[uid] += 1
        self._not_before[uid] = now + timedelta(seconds=back_off(self._later[uid]))

    async def _one(self, box: Box, entry: Entry) -> Outcome | None:
        """Take one mail; return what became of it, None where it stays for later."""
        bound = log.bind(mailbox=self.mailbox.name, uid=entry.uid)
        try:
            return await self.take(box, entry)
        except AlreadySettled:
            bound.info("mail.settled_before")
            found = await self.desk.store.read(pickups.settled, self.mailbox.name, [entry.uid])
            return found.get(entry.uid)
        except Gone as error:
            bound.info("mail.gone", detail=error.detail)
            return None
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001  (task boundary: this mail fails, the others do not)
            bound.exception("mail.broken")
            self._tries[entry.uid] += 1
            if self._tries[entry.uid] < TRIES:
                return None
            return await self._give_up(entry)

    async def take(self, box: Box, entry: Entry) -> Outcome | None:
        """Fetch one mail and hand it in; None where it can only be taken later."""
        spool = await asyncio.to_thread(SpoolFile, self.desk.spool)
        try:
            limit = self.desk.settings.limits.message_bytes
            fits = await self._blocking(box.fetch, entry, spool, limit)
            self.desk.crash("pickup.fetched")
            reply = await hand_in(self.desk, self.mailbox, entry.uid, spool, fits=fits)
        finally:
            spool.discard()
        self.desk.crash("pickup.settled")
        if reply.good:
            return Outcome.TAKEN
        return Outcome.REFUSED if reply.code >= 500 else None

    async def _tidy(self, box: Box, entries: Sequence[Entry], known: dict[str, Outcome]) -> None:
        """Delete or move at the server what is settled."""
        for outcome, wish in (
            (Outcome.TAKEN, self.mailbox.after),
            (Outcome.REFUSED, self.mailbox.refused),
        ):
            away = [entry for entry in entries if known.get(entry.uid) is outcome]
            if away and wish != "keep":
                move_to = self.mailbox.move_to if wish == "move" else ""
                await self._blocking(box.dispose, away, move_to)
                self.desk.crash("pickup.disposed")

    async def _give_up(self, entry: Entry) -> Outcome:
        """Settle a mail that we failed at again and again; it stays in the mailbox for a person."""
        now, name = self.desk.now(), self.mailbox.name
        detail = "a fault of this gateway; its log says more"
        await self.desk.store.run(pickups.settle, name, entry.uid, Outcome.LEFT, now, detail=detail)
        await self._alarm(f"A mail ({entry.uid}) could not be taken from it and was left there; see the log")
        return Outcome.LEFT

    async def _wait_for_news(self, box: Box, stop: asyncio.Event) -> bool:
        """Wait for news, or for the next look; False where the session must end, since it never tells any."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + min(self.mailbox.interval_s, LONGEST_SILENCE_S)
        while not stop.is_set() and loop.time() < ends:
            news = await self._blocking(box.news, LISTEN_S)
            if news is None:
                return False
            if news:
                break
        return True

    async def _failed(self, error: Unavailable) -> float:
        """Count a failure; tell the operators when it is time to; return how long to wait."""
        now = self.desk.now()
        self.failures += 1
        self.away_since = self.away_since or now
        denied = isinstance(error, Denied)
        if denied or now - self.away_since >= PATIENCE:
            await self._alarm(f"{error.text}: {error.detail}" if error.detail else error.text)
        return back_off(self.failures, denied=denied)

    async def _alarm(self, sentence: str) -> None:
        settings = self.desk.settings
        try:
            await self.desk.store.run(
                pickups.alarm,
                self.mailbox.name,
                sentence,
                self.desk.now(),
                operators=settings.operator,
                new_id=self.desk.new_id,
            )
        except Unavailable as error:
            log.warning("alarm.not_raised", mailbox=self.mailbox.name, detail=error.detail)

    def _answered(self) -> None:
        if self.failures:
            log.info("mailbox.back", mailbox=self.mailbox.name, failures=self.failures)
        self.failures, self.away_since = 0, None

    async def _blocking(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a call of the library in this mailbox's thread."""
        return await asyncio.get_running_loop().run_in_executor(self.thread, partial(work, *args, **kwargs))


async def _rest(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
