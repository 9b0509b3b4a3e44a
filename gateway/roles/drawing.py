"""The render role: reads and draws what was accepted, in children."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from gateway.intake.rendering import RenderRole
from gateway.keyring import Keys
from gateway.roles import sealing
from gateway.roles.parts import utc_now
from render.sandbox import Sandbox

if TYPE_CHECKING:
    from gateway.roles.parts import Parts

MESSAGE_READER = "gateway.mailin.message:read"
MAIL_READER = "gateway.mailin.axatel:read"  # like any message, unless its envelope says otherwise
PRELOAD = ("gateway.mailin.axatel", "render.warm")


async def render_role(parts: Parts, stop: asyncio.Event, accepted: asyncio.Event) -> None:
    """Read and draw what was accepted."""
    keys = Keys(parts.config.smime, utc_now)
    with Sandbox((*PRELOAD, sealing.PRELOAD)) as sandbox:
        await asyncio.to_thread(sandbox.start)
        role = RenderRole(
            store=parts.store,
            blobs=parts.blobs,
            sandbox=sandbox,
            readers={"smtp": MAIL_READER, "cli": MESSAGE_READER, "mailbox": MAIL_READER},
            now=utc_now,
            new_id=parts.new_id,
            worker=parts.worker,
            wake=accepted,
            domains=tuple(parts.config.server.domains),
            max_pages=parts.config.limits.pages,
            country=parts.config.dialling.country,
            aliases=parts.config.options.aliases,
            unseal=sealing.opener(sandbox, keys, utc_now),
        )
        await role.run(stop)
