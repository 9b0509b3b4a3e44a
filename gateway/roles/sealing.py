"""Children for signed and encrypted mail, as the roles need them: one that judges, one that opens.

Each job is a fresh fork that gets the mail and our keys and dies afterwards; the readers and the renderer run
in other children, which never see a key (smime.md section 7).
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from gateway.keyring import Keys
from gateway.mailin.sealed import UNWRAP, ChildDied, Examiner
from render.errors import RenderFailed
from render.sandbox import MIB, Limits, Sandbox

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from datetime import datetime

    from gateway.config import Config
    from gateway.mailin.sealed import Child
    from gateway.mailin.settings import SmtpSettings
    from gateway.store.database import AsyncStore

LIMITS: Final = Limits(memory=1024 * MIB, cpu_seconds=30, wall_seconds=300.0)
"""Work is bounded by processor time; the wall clock only by what clients wait: load refuses no mail."""
PRELOAD: Final = "gateway.mailin.unsealing"


@contextmanager
def judge(
    config: Config, store: AsyncStore, settings: SmtpSettings, now: Callable[[], datetime]
) -> Iterator[Examiner]:
    """Give the judge of signed and encrypted mail; its fork server starts with the first such mail."""
    keys = Keys(config.smime, now)
    with Sandbox((PRELOAD,)) as sandbox:
        yield Examiner(store, settings, keys.current, judging_child(sandbox))


def judging_child(sandbox: Sandbox) -> Child:
    """Return what runs a judge in a child; a child that dies of a mail raises `ChildDied`."""

    async def run(function: str, /, *args: Any) -> Any:
        try:
            return await sandbox.arun(function, *args, limits=LIMITS)
        except (RenderFailed, MemoryError, RecursionError) as error:
            raise ChildDied(str(error) or type(error).__name__) from error

    return run


def opener(sandbox: Sandbox, keys: Keys, now: Callable[[], datetime]) -> Callable[[bytes], Awaitable[bytes]]:
    """Return what opens a sealed mail for drawing; it raises `ReadError` or `RenderError`."""

    async def unseal(raw: bytes) -> bytes:
        try:
            found = await sandbox.arun(UNWRAP, raw, now(), keys.current(), limits=LIMITS)
        except (MemoryError, RecursionError) as error:
            raise RenderFailed("", "The mail is too large to be opened.") from error
        if not isinstance(found, bytes):
            raise RenderFailed("", "The mail could not be opened.")
        return found

    return unseal
