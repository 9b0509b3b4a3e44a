"""A house with a store, blobs and a render role, for tests of what happens to a submission."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.intake.reading import Document, Reading
from gateway.intake.rendering import RenderRole
from gateway.intake.submission import Submission, accept
from gateway.store.faxes import Recipient

if TYPE_CHECKING:
    from gateway.store.blobs import LocalBlobs
    from gateway.store.database import AsyncStore

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
CORPUS = Path(__file__).parent / "corpus" / "mail"
READER = "gateway.mailin.message:read"
ACCOUNTS = [
    {"name": "acme", "country": "81", "senders": ["alice@acme.example", "*@orders.acme.example"]},
    {"name": "other", "country": "81", "senders": ["bob@other.example"]},
]


@dataclass
class House:
    """A store, blobs and a role over them."""

    store: AsyncStore
    blobs: LocalBlobs
    ids: Any = field(default_factory=lambda: itertools.count(1))

    def role(self, sandbox: Any, **settings: Any) -> RenderRole:
        return RenderRole(
            store=self.store,
            blobs=self.blobs,
            sandbox=sandbox,
            readers={"smtp": READER},
            now=lambda: NOON,
            new_id=lambda: f"<{next(self.ids)}@fax.example.org>",
            worker="test",
            wake=asyncio.Event(),
            domains=("fax.example.org",),
            **settings,
        )

    async def submit(self, mail: bytes, *numbers: str) -> None:
        recipients = tuple(Recipient(number) for number in numbers or ("0081312345678",))
        key = self.blobs.put("message", mail)
        submission = Submission("smtp", 1, "alice@acme.example", recipients, key, len(mail), key[-64:])
        await self.store.run(accept, submission, NOON)

    async def one(self, kind: type[Any]) -> Any:
        [row] = await self.store.read(lambda session: session.query(kind).all())
        return row


class Scripted:
    """A sandbox whose answers are given: one value or error for each call, in order."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.called: list[str] = []
        self.given: list[tuple[Any, ...]] = []

    async def arun(self, function: str, *args: Any, **_limits: Any) -> Any:
        self.called.append(function)
        self.given.append(args)
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer


def a_reading(**known: Any) -> Reading:
    return Reading((Document("", "text/plain", b"hello", "utf-8", "body"),), **known)
