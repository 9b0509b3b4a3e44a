"""The demo's configuration and accounts: the same files an operator writes, with loopback ports filled in.

Numbers: +81312345678 is a fax machine; the others are busy, silent, break off, are reached over a line with
bursts of noise, or lose the line in page 2, for the buttons. Two lines, so that one call waits for no other.
"""

from __future__ import annotations

import socket
import tomllib
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DOMAIN = "fax.demo.example"
SENDER = "alice@demo.example"
INBOX = ("alice@demo.example", "backup@elsewhere.example")
OUR_NUMBER = "+81344772288"
FAX, BUSY, SILENT, DROPS = "+81312345678", "+81312345679", "+81312345680", "+81312345681"
NOISY, CUT = "+81312345682", "+81312345683"
FAR = {"fax": FAX, "busy": BUSY, "silent": SILENT, "drops": DROPS, "noisy": NOISY, "cut": CUT}

BURSTS = '{ length_ms = 60, level_dbm0 = -12, every_s = 0.9, from_s = 12, until_s = 16, toward = "far" }'
"""Some bursts a call, all inside its first page: before second 12 the machines train."""

CONFIG = """\
[server]
domains = ["{domain}"]
operator = ["operator@demo.example"]
data = "{data}"

[smtp]
listen = ["127.0.0.1:{smtp}"]
trusted_networks = ["127.0.0.0/8"]   # the demo only: everything here is loopback

[http]
listen = ["127.0.0.1:{http}"]
public_url = "http://127.0.0.1:{http}"

[mail]
smarthost = "smtp://127.0.0.1:{sink}"
sender = "fax@{domain}"

[limits]
free_disk_bytes = 1048576            # temporary state: a full disk is the machine's affair
free_disk_fraction = 0.0

[log]
level = "{level}"

[[line]]
name = "sim"
type = "simulated"
number = "{ours}"
ident = "+81 3 4477 2288"
speed = {speed}
far = [
  {{ number = "{fax}", answers = "fax", ident = "+81 3 1234 5678" }},
  {{ number = "{busy}", answers = "busy" }},
  {{ number = "{silent}", answers = "no-answer" }},
  {{ number = "{drops}", answers = "fax", drop = {{ page = 1, after_s = 1.0 }} }},
  {{ number = "{noisy}", answers = "fax", seed = 1, bursts = {bursts} }},
  {{ number = "{cut}", answers = "fax", drop = {{ page = 2, after_s = 3.0 }} }},
]

[[line]]
name = "sim2"
type = "simulated"
exchange = "sim"                     # the second line to the same exchange, under the same number
number = "{ours}"
ident = "+81 3 4477 2288"
"""

ACCOUNTS = f"""\
[[account]]
name = "demo"
country = "81"
timezone = "Asia/Tokyo"
senders = ["{SENDER}"]
uncertain = "resend_from_page"
notify = {{ when = "always", format = "text", language = "en" }}
retries = {{ dials = 2, interval_minutes = 1 }}
[[account.number]]
match = {{ called = "{OUR_NUMBER}" }}
forward = ["{INBOX[0]}", "{INBOX[1]}"]
format = "pdf"
"""


@dataclass(frozen=True, slots=True)
class Ports:
    """The demo's loopback ports: mail in, pages, and the sink that stands for the next hop."""

    smtp: int
    http: int
    sink: int

    @classmethod
    def pick(cls, *, usual: bool = False) -> Ports:
        """Take the usual ports if `usual` and they are free, any free ones if not."""
        wanted = (8025, 8080, 8026) if usual else (0, 0, 0)
        with ExitStack() as held:  # all at once, so that no two get the same
            return cls(*(held.enter_context(bound(port)).getsockname()[1] for port in wanted))


def bound(wanted: int) -> socket.socket:
    """Return a socket on loopback port `wanted`, or on any free one if somebody has it."""
    probe = socket.socket()
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind(("127.0.0.1", wanted))
    except OSError:
        probe.bind(("127.0.0.1", 0))
    return probe


@contextmanager
def first_demo() -> Iterator[bool]:
    """Say whether no other demo runs on these ports: only the first one may have the usual ones.

    An abstract socket name is taken for as long: it belongs to the network namespace, as ports do, and to no
    folder.
    """
    with socket.socket(socket.AF_UNIX) as name:
        try:
            name.bind("\0postline-demo")
        except OSError:
            yield False
        else:
            yield True


def accounts() -> list[dict[str, Any]]:
    """Return the demo's accounts as `provision` takes them."""
    return list(tomllib.loads(ACCOUNTS)["account"])


def config_text(folder: Path, ports: Ports, *, speed: str = '"max"', level: str = "error") -> str:
    """Return the demo's postline.toml."""
    return CONFIG.format(
        domain=DOMAIN,
        data=folder / "state",
        smtp=ports.smtp,
        http=ports.http,
        sink=ports.sink,
        speed=speed,
        level=level,
        ours=OUR_NUMBER,
        fax=FAX,
        busy=BUSY,
        silent=SILENT,
        drops=DROPS,
        noisy=NOISY,
        cut=CUT,
        bursts=BURSTS,
    )
