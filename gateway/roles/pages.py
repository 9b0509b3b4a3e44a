"""The http role: the pages, and what the demo adds to them."""

from __future__ import annotations

import json
import os
import secrets
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.domain.errors import Unavailable
from gateway.keyring import Keys
from gateway.roles.parts import host_port, utc_now
from gateway.web.guard import host_names
from gateway.web.live import Feed
from gateway.web.paper import Paper
from gateway.web.serving import serve
from gateway.web.site import Demo, LineFacts, Site

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping

    from gateway.config import Config
    from gateway.roles.parts import Parts


async def http_role(parts: Parts, stop: asyncio.Event, _accepted: asyncio.Event) -> None:
    """Serve the pages."""
    config, http = parts.config, parts.config.http
    keys = Keys(config.smime, utc_now)
    site = Site(
        store=parts.store,
        blobs=parts.blobs,
        paper=Paper(parts.blobs.read),
        feed=Feed(parts.store, stop),
        now=utc_now,
        new_token=partial(secrets.token_hex, 32),
        secret=secrets.token_bytes(32),
        hosts=host_names(http.public_url),
        stop=stop,
        https=http.public_url.startswith("https:"),
        demo=demo_around(config, os.environ),
        lines={line.name: LineFacts(line.group, line.direction, line.hours) for line in config.line},
        silent=config.dialling.paused,
        certificates=lambda: [own.chain for own in keys.current().own],
        domain=config.server.domains[0],
    )
    await serve(site, [host_port(address) for address in http.listen])


def demo_around(config: Config, environ: Mapping[str, str]) -> Demo | None:
    """Return the demo we were started by (`POSTLINE_DEMO` names its folder), None outside one."""
    if not (named := environ.get("POSTLINE_DEMO")):
        return None

    from gateway.lines import simulated  # noqa: PLC0415  (only the demo's pages make far machines call)

    folder, data, line = Path(named), config.server.data, config.line[0].name
    cast = json.loads((folder / "demo.json").read_text(encoding="utf-8"))

    def call_in(caller: str) -> bool:
        document = data / "far-document.tif"
        if not document.is_file():
            raise Unavailable("The far machine has no document yet: wait for the end of the first two calls.")
        with simulated.control(data, line) as exchange:
            call = exchange.call(cast["ours"], document, caller)
            return any(line["call"] == call for line in exchange.status()["lines"].values())

    return Demo(
        folder=folder,
        smtp=host_port(config.smtp.listen[0]),
        sender=cast["sender"],
        domain=config.server.domains[0],
        numbers=cast["numbers"],
        paper=Paper(lambda name: (folder / "evidence" / name).read_bytes()),
        call_in=call_in,
    )
