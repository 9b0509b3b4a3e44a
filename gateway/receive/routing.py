"""The routing role: gives each received fax to the addresses that are to have it.

A reception that has ended with at least one page gets its document, its forwards, their mails and its new
state; rows all in one transaction, the document on stable storage before it. Where no rule fits the fax goes
to the operator: a fax confirmed to its sender is never kept from everyone. A reception that cannot be routed
is tried again later and holds up no other. Nothing here sends.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import structlog

from gateway.domain.errors import IllegalTransition, Unavailable
from gateway.receive.document import assemble
from gateway.receive.rules import Call, Rule, choose
from gateway.store import accounts, blobs, certificates, receptions
from gateway.store.models import Account
from gateway.store.receptions import ForwardTo

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from gateway.store.blobs import BlobStore
    from gateway.store.database import AsyncStore

AT_A_TIME: Final = 20
WAIT_AFTER_TROUBLE: Final = timedelta(minutes=1)
NO_RULE: Final = "no rule fits: the operator"

log = structlog.get_logger("routing")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A reception that is to be routed. `pages` are the blob keys of its pages, in order."""

    number: int
    call: Call
    pages: tuple[str, ...]


@dataclass(slots=True)
class Router:
    """Routes receptions. `operator` gets what no rule wants.

    `new_id` makes Message-IDs, `new_token` the random part of return addresses; `now` gives UTC.
    """

    store: AsyncStore
    blobs: BlobStore
    operator: tuple[str, ...]
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    new_token: Callable[[], str]
    idle_seconds: float = 1.0
    _not_before: dict[int, datetime] = field(default_factory=dict)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set."""
        while not stop.is_set():
            try:
                routed = await self.sweep()
            except Unavailable as error:
                log.warning("routing.unavailable", error=error.text, detail=error.detail)
                routed = 0
            if not routed:
                await pause(stop, self.idle_seconds)

    async def sweep(self) -> int:
        """Route what is waiting; return how many receptions were routed."""
        waiting = await self.store.read(read_waiting, AT_A_TIME + len(self._not_before))
        now = self.now()
        ready = [item for item in waiting if self._not_before.get(item.number, now) <= now]
        return sum([await self._one(item) for item in ready])

    async def _one(self, item: Waiting) -> bool:
        """Route one reception; whatever happens here touches no other."""
        try:
            document = await asyncio.to_thread(self._store_document, item)
            rule = await self.store.run(self._route, item, *document)
        except IllegalTransition:
            log.info("routing.done_elsewhere", reception=item.number)
            return False
        except Exception:  # task boundary: this reception waits, the others do not
            self._not_before[item.number] = self.now() + WAIT_AFTER_TROUBLE
            log.exception("routing.failed", reception=item.number)
            return False
        self._not_before.pop(item.number, None)
        log.info("routing.routed", reception=item.number, rule=rule)
        return True

    def _store_document(self, item: Waiting) -> tuple[str, int]:
        document = assemble(self.blobs.read(key) for key in item.pages)
        return self.blobs.put("received", document), len(document)

    def _route(self, session: Session, item: Waiting, document: str, size: int) -> str:
        now = self.now()
        rule = choose(item.call, read_rules(session))
        blobs.record(session, document, size, now)
        words = rule.words() if rule else NO_RULE
        receptions.route(
            session,
            item.number,
            self._forwards(session, rule),
            rule=words,
            now=now,
            new_id=self.new_id,
            account_id=rule.account_id if rule else None,
            document=document,
        )
        return words

    def _forwards(self, session: Session, rule: Rule | None) -> list[ForwardTo]:
        if rule is None:
            return [ForwardTo(address, "pdf", self.new_token()) for address in dict.fromkeys(self.operator)]
        return [self._forward(session, rule, address) for address in dict.fromkeys(rule.forward)]

    def _forward(self, session: Session, rule: Rule, address: str) -> ForwardTo:
        own = rule.settings.get(address, {})
        form = str(own.get("format", rule.format))
        return ForwardTo(address, form, self.new_token(), protection(session, rule, address))


def read_waiting(session: Session, limit: int) -> list[Waiting]:
    """Return ended receptions with pages and no forwards, oldest first."""
    return [
        Waiting(row.number, Call(row.called, row.sub, row.line), tuple(page.blob for page in row.pages))
        for row in receptions.unrouted(session, limit)
    ]


def read_rules(session: Session) -> Sequence[Rule]:
    """Return all forwarding rules, in the order in which they are tried."""
    return [
        Rule(
            account_id=row.account_id,
            account=session.get_one(Account, row.account_id).name,
            forward=tuple(row.forward),
            format=row.format,
            called=row.called,
            sub=row.sub,
            line=row.line,
            settings=dict(row.settings),
        )
        for row in accounts.routes(session)
    ]


def protection(session: Session, rule: Rule, address: str) -> dict[str, Any]:
    """Return how the mail to an address is protected: by its rule, else as its own certificate asks for.

    An address that mailed us its certificate gets signed and encrypted mail from then on (docs/smime.md).
    """
    own = rule.settings.get(address, {})
    if "encrypt" not in own and certificates.enrolled(session, rule.account_id, address):
        return {"sign": True, "encrypt": "required"}
    return {key: own[key] for key in ("sign", "encrypt") if key in own}


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait for `stop`, but no longer than `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
