"""What proves a sender by what others publish or found out: SPF, DKIM and trusted relays, as roles need them.

DKIM's arithmetic runs in children of a fork server that starts with the first mail that needs one; they get a
mail and a public key and know nothing else.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from gateway.mailin.dkim import Dkim
from gateway.mailin.dns import Resolver
from gateway.mailin.relays import Relays
from gateway.mailin.spf import Spf
from render.sandbox import MIB, Limits, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gateway.config import Config
    from gateway.mailin.judging import Judge
    from gateway.mailin.settings import SmtpSettings

LIMITS: Final = Limits(memory=1024 * MIB, cpu_seconds=20, wall_seconds=20.0)
PRELOAD: Final = "gateway.mailin.dkim_check"


@dataclass(frozen=True, slots=True)
class Proofs:
    """Whom to ask: `judges` at the end of DATA, by name; `spf` at RCPT."""

    judges: Mapping[str, Judge]
    spf: Spf


@contextmanager
def proofs(config: Config, settings: SmtpSettings) -> Iterator[Proofs]:
    """Give whom to ask about senders; threads and children end with the block."""
    resolver = Resolver(config.dns.servers, config.dns.timeout_s)
    spf = Spf(resolver)
    with Sandbox((PRELOAD,)) as sandbox:
        dkim = Dkim(resolver, partial(sandbox.arun, limits=LIMITS))
        yield Proofs({"relay": Relays(settings.trusted_relays), "dkim": dkim}, spf)
    spf.close()
    resolver.close()
