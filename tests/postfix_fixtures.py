"""Postfix, the one Debian ships, as a relay of its own: own configuration, own queue, ports of ours.

The machine's own Postfix, if one runs, is not touched. Only root may start Postfix, and it works as the user
`postfix`, so its folder lies where others may look (not below pytest's private folders). What goes to
`domains` goes to `relay`; everything else is thrown away, so that nothing can leave this machine.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from waiting import wait_until

POSTFIX = "/usr/sbin/postfix"
SMTP_SOURCE = "/usr/sbin/smtp-source"

MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup    unix  n       -       n       60      1       pickup
cleanup   unix  n       -       n       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
tlsmgr    unix  -       -       n       1000?   1       tlsmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
bounce    unix  -       -       n       -       0       bounce
defer     unix  -       -       n       -       0       bounce
trace     unix  -       -       n       -       0       bounce
verify    unix  -       -       n       -       1       verify
flush     unix  n       -       n       1000?   0       flush
proxymap  unix  -       -       n       -       -       proxymap
smtp      unix  -       -       n       -       -       smtp
relay     unix  -       -       n       -       -       smtp
showq     unix  n       -       n       -       -       showq
error     unix  -       -       n       -       -       error
retry     unix  -       -       n       -       -       error
discard   unix  -       -       n       -       -       discard
anvil     unix  -       -       n       -       1       anvil
scache    unix  -       -       n       -       1       scache
postlog   unix-dgram n  -       n       -       1       postlogd
"""


def free_port() -> int:
    """Return a port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Postfix:
    """One Postfix; use as a context manager. `settings` are lines of main.cf by name.

    `relay`: "host:port" of the gateway behind it, "" to throw every mail away. `parent`: the folder (and so
    the disk) it lives on.
    """

    relay: str = ""
    domains: tuple[str, ...] = ()
    settings: dict[str, str] = field(default_factory=dict)
    parent: Path | None = None
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        if not Path(POSTFIX).exists():
            raise RuntimeError("no Postfix here: install the Debian package postfix")
        if os.geteuid():
            raise RuntimeError("Postfix is started by root only")
        self.folder = Path(tempfile.mkdtemp(prefix="postfix-", dir=self.parent))
        self.folder.chmod(0o755)
        self.log_file = self.folder / "log" / "maillog"

    def __enter__(self) -> Self:
        owner = pwd.getpwnam("postfix")
        for name in ("config", "log", "spool", "data"):
            (self.folder / name).mkdir()
        os.chown(self.folder / "data", owner.pw_uid, owner.pw_gid)
        config = self.folder / "config"
        (config / "main.cf").write_text(self._main(), encoding="utf-8")
        (config / "master.cf").write_text(MASTER.format(port=self.port), encoding="utf-8")
        self._control("start")
        wait_until(self._listens, 30, lambda: f"Postfix to listen\n{self.log()}")
        return self

    def __exit__(self, *_: object) -> None:
        self._control("stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def flush(self) -> None:
        """Try every deferred mail again now, once there is one."""
        wait_until(lambda: self.waiting("deferred"), 60, f"a deferred mail\n{self.log()[-4000:]}")
        self._run("/usr/sbin/postqueue", "-f")

    def waiting(self, *folders: str) -> list[Path]:
        """Return the queue files of mails that Postfix has not got rid of, or those in some folders."""
        folders = folders or ("incoming", "active", "deferred")
        found = (path for name in folders for path in (self.folder / "spool" / name).rglob("*"))
        return [path for path in found if path.is_file()]

    def log(self) -> str:
        """Return what Postfix logged."""
        return self.log_file.read_text(encoding="utf-8") if self.log_file.exists() else ""

    def _main(self) -> str:
        relayed = " ".join(self.domains)
        settings = {
            "compatibility_level": "3.6",
            "queue_directory": str(self.folder / "spool"),
            "data_directory": str(self.folder / "data"),
            "maillog_file": str(self.log_file),
            "maillog_file_prefixes": str(self.folder),
            "myhostname": "relay.acme.example",
            "mydestination": "",
            "mynetworks": "127.0.0.0/8",
            "inet_interfaces": "127.0.0.1",
            "inet_protocols": "ipv4",
            "alias_maps": "",
            "alias_database": "",
            "local_recipient_maps": "",
            "default_transport": "discard",
            "relay_domains": relayed,
            "relay_transport": f"relay:[{self.relay.partition(':')[0]}]:{self.relay.partition(':')[2]}"
            if self.relay
            else "discard",
            "smtp_host_lookup": "native",
            "disable_dns_lookups": "yes",
            "notify_classes": "",
            **self.settings,
        }
        return "".join(f"{name} = {value}\n" for name, value in settings.items())

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _control(self, verb: str) -> None:
        self._run(POSTFIX, verb)

    def _run(self, program: str, *arguments: str) -> None:
        command = [program, "-c", str(self.folder / "config"), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stdout}{done.stderr}{self.log()}")


def source(port: int, sender: str, recipient: str, *options: Any) -> None:
    """Send mails with Postfix's own load generator; raise if one was not taken."""
    command = [SMTP_SOURCE, *map(str, options), "-f", sender, "-t", recipient, f"127.0.0.1:{port}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode or done.stderr:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr[-2000:]}")
