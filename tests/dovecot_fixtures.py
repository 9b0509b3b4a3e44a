"""A real Dovecot for tests: own configuration, unprivileged ports of loopback, everything in one folder.

Passwords come from a file of ours and all mail belongs to one user. Started by root, Dovecot insists on users
of its own and the mail is `mail`'s; started by or as anybody else, everything runs as that user.
Mails are laid into the Maildir as a delivery agent would, or looked at there, without any protocol.
"""

from __future__ import annotations

import grp
import itertools
import os
import pwd
import shutil
import socket
import ssl
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from waiting import wait_until

from gateway.mailin.pickup.box import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

DOVECOT = "/usr/sbin/dovecot"
USER, PASSWORD = "faxbox", 'Päss wörd"1'
CONFIG = """
protocols = imap pop3
base_dir = {folder}/run
log_path = {folder}/log
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = no
listen = 127.0.0.1
mail_location = maildir:{folder}/mail/%u
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid={owner} gid={group} home={folder}/mail/%u
}}
default_login_user = {login}
default_internal_user = {internal}
default_internal_group = {internal_group}
first_valid_uid = 1
{not_root}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
pop3_uidl_format = %g
imap_capability = {capability}
"""
PORTS = ("imap", "imaps", "pop3", "pop3s")
SERIAL = itertools.count(1)


@dataclass
class Dovecot:
    """A server on `ports` (by service name) with one user and their Maildir."""

    folder: Path
    capability: str = "+"
    user: str = ""
    ports: dict[str, int] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def owner(self) -> tuple[str, str]:
        """User and group that the mail belongs to."""
        uid = pwd.getpwnam(self.user).pw_uid if self.user else os.geteuid()
        entry = pwd.getpwuid(uid) if uid else pwd.getpwnam("mail")
        return entry.pw_name, grp.getgrgid(entry.pw_gid).gr_name

    @property
    def maildir(self) -> Path:
        """The user's INBOX."""
        return self.folder / "mail" / USER

    def place(self, protocol: str, tls: str = "implicit", **changes: object) -> Place:
        """Where a collector finds the mailbox."""
        port = self.ports[f"{protocol}s" if tls == "implicit" else protocol]
        values = {"ca_file": str(self.folder / "cert.pem"), "patience": 20.0, **changes}
        return Place(protocol, "localhost", port, USER, PASSWORD, tls, **values)  # type: ignore[arg-type]

    def deliver(self, mail: bytes) -> None:
        """Lay a mail into the mailbox as a delivery agent does: written elsewhere, then renamed."""
        name = f"{next(SERIAL):06d}.{os.getpid()}.test"
        file = self.maildir / "tmp" / name
        file.write_bytes(mail)
        if os.geteuid() == 0:
            shutil.chown(file, *self.owner)
        file.rename(self.maildir / "new" / name)

    def mails(self, folder: str = "") -> list[bytes]:
        """What lies in the mailbox, or in one of its folders."""
        place = self.maildir / f".{folder}" if folder else self.maildir
        files = [file for part in ("new", "cur") for file in (place / part).glob("*")]
        return [file.read_bytes() for file in sorted(files, key=lambda file: file.name)]

    def start(self) -> None:
        """Start, and wait until every port greets."""
        log = (self.folder / "out").open("ab")
        command = [DOVECOT, "-F", "-c", str(self.folder / "dovecot.conf")]
        owner, group = self.owner
        other = {"user": owner, "group": group, "extra_groups": []} if self.user else {}
        self.process = subprocess.Popen(command, stdout=log, stderr=log, **other)  # type: ignore[call-overload]
        log.close()
        wait_until(self._greets, 30.0, f"Dovecot to start\n{self.log()}")

    def stop(self) -> None:
        """End the server, which ends its children."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20.0)
            self.process = None

    def log(self) -> str:
        """What the server said."""
        files = (self.folder / "out", self.folder / "log")
        return "".join(file.read_text(errors="replace") for file in files if file.exists())

    def _greets(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log()
        try:
            for name in ("imap", "pop3"):
                with socket.create_connection(("127.0.0.1", self.ports[name]), timeout=2.0) as door:
                    if not door.recv(100):
                        return False
        except OSError:
            return False
        return True


@contextmanager
def dovecot(capability: str = "+", user: str = "") -> Iterator[Dovecot]:
    """A running server; `capability`: what it says it can, "+" for all; `user` runs it in place of root."""
    assert Path(DOVECOT).exists(), "dovecot is missing: apt-get install dovecot-imapd dovecot-pop3d"
    with tempfile.TemporaryDirectory(prefix="postline-dovecot-") as name:  # short: it holds Unix sockets
        server = Dovecot(Path(name), capability, user)
        _lay_out(server)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _lay_out(server: Dovecot) -> None:
    folder = server.folder
    folder.chmod(0o755)
    server.ports = dict(zip(PORTS, _free_ports(len(PORTS)), strict=True))
    certificate(folder)
    (folder / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n", encoding="utf-8")
    for part in ("new", "cur", "tmp"):
        (server.maildir / part).mkdir(parents=True)
    owner, group = server.owner
    root = os.geteuid() == 0 and not server.user
    if os.geteuid() == 0:
        for path in (folder / "mail", server.maildir, *server.maildir.iterdir(), *([] if root else [folder])):
            shutil.chown(path, owner, group)
    if server.user:
        shutil.chown(folder / "key.pem", owner, group)
    values = {
        "folder": folder,
        "owner": owner,
        "group": group,
        "login": "dovenull" if root else owner,
        "internal": "dovecot" if root else owner,
        "internal_group": "dovecot" if root else group,
        "not_root": "" if root else NOT_ROOT,
        "capability": server.capability,
        **server.ports,
    }
    (folder / "dovecot.conf").write_text(CONFIG.format(**values), encoding="utf-8")


NOT_ROOT = """
service stats {
  chroot =
}
"""


def certificate(folder: Path, name: str = "localhost") -> Path:
    """Make a key and a certificate of its own for a host name."""
    path = folder / "cert.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command += ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-days", "2"]
    command += ["-keyout", str(folder / "key.pem"), "-out", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    ssl.create_default_context(cafile=str(path))
    return path


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def table(place: Place, **keys: str) -> str:
    """Write a place as the `[[mailbox]]` table of a configuration; `keys` are TOML values."""
    values = {
        "name": '"box"',
        "protocol": f'"{place.protocol}"',
        "host": f'"{place.host}"',
        "port": str(place.port),
        "tls": f'"{place.tls}"',
        "ca_file": f'"{place.ca_file}"',
        "user": f'"{place.user}"',
        "password": f"'{place.password}'",
        "trust": '"return-path"',
        "interval_s": "1",
        **keys,
    }
    return "\n[[mailbox]]\n" + "".join(f"{key} = {value}\n" for key, value in values.items())
