"""What `postline doctor` looks at: each finding names one remedy.

Looks, never mends. Imported by the command and the health page only.
"""

from __future__ import annotations

import ctypes.util
import os
import shutil
import stat
import subprocess
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from gateway import keyring
from gateway.domain.errors import BadConfig, Unavailable
from gateway.store import migrate
from gateway.store.blobs import Floor
from gateway.store.database import Store
from gateway.store.spending import unguarded
from gateway.store.stranded import accounts_without_lines, traits_of
from gateway.store.trust_alarms import SENTENCES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gateway.config import Config
    from gateway.line_table import LineConfig
    from gateway.mailbox_table import MailboxConfig

OK, WARN, FAIL = "ok", "warn", "fail"
SQLITE = "sqlite:///"
MAILBOX_PATIENCE = 15.0
SAMPLES = {"ja": "Japanese", "zh-cn": "Chinese", "ru": "Cyrillic"}
FONT_PACKAGES = {"ja": "fonts-ipafont", "zh-cn": "fonts-noto-cjk", "ru": "fonts-dejavu-core"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `level` is ok, warn or fail; `remedy` is empty when all is well."""

    subject: str
    level: str
    text: str
    remedy: str = ""


def examine(config: Config) -> Iterator[Finding]:
    """Yield every finding for this configuration, in the order a newcomer would mend them."""
    for check in (state_folder, disk, database, fonts, layout_engine, smarthost):
        yield check(config)
    if not config.line:
        yield Finding(
            "lines", FAIL, "no line is configured", "add a [[line]] table; `type` is modem or simulated"
        )
    for line in config.line:
        yield CHECKS[line.type](line)
    yield smime(config)
    yield from map(mailbox, config.mailbox)
    yield from of_accounts(config)


def smime(config: Config) -> Finding:
    """Read the files of [smime] and look at what ends soon, or did."""
    try:
        ring = keyring.load(config.smime)
    except BadConfig as error:
        return Finding("smime", FAIL, error.text, "mend the file or the key that names it")
    found = [SENTENCES[kind].format(what=what) for kind, what in keyring.endings(ring, datetime.now(UTC))]
    if found:
        return Finding("smime", WARN, " ".join(found), "put the newer file where [smime] points to")
    if not ring.anchors and not ring.own:
        return Finding("smime", OK, "not set up: no signature is valid, encrypted mail is refused")
    text = f"{len(ring.anchors)} anchor(s), {len(ring.lists)} list(s), {len(ring.own)} identity(ies)"
    return Finding("smime", OK, text)


def state_folder(config: Config) -> Finding:
    """Say whether we can write where state lives."""
    data = config.server.data
    place = data if data.exists() else data.parent
    if os.access(place, os.W_OK):
        return Finding("state", OK, f"{data} is writable")
    return Finding("state", FAIL, f"{data} is not writable", f"mkdir -p {data} and give it to this user")


def disk(config: Config) -> Finding:
    """Compare free space with the floor at which mail is refused."""
    place = next(p for p in (config.server.data, *config.server.data.parents) if p.exists())
    usage = shutil.disk_usage(place)
    floor = Floor(config.limits.free_disk_bytes, config.limits.free_disk_fraction).of(usage.total)
    text = f"{usage.free >> 20} MiB free, mail is refused below {floor >> 20} MiB"
    if usage.free > floor:
        return Finding("disk", OK, text)
    return Finding("disk", FAIL, text, "free some space, or lower [limits] free_disk_bytes")


def database(config: Config) -> Finding:
    """Say whether the database is there and of this release."""
    try:
        ready = migrate.check(config.server.database_url)
    except BadConfig as error:
        return Finding("database", FAIL, error.text, "install the Postline that made it")
    except Unavailable as error:
        return Finding(
            "database", FAIL, f"the database cannot be opened: {error.detail}", "run `postline migrate`"
        )
    if ready:
        return Finding("database", OK, "the schema is this release's")
    return Finding("database", FAIL, "the database has no tables yet, or old ones", "run `postline migrate`")


def of_accounts(config: Config) -> Iterator[Finding]:
    """Name the accounts that something is wrong with; nothing where the database cannot say."""
    url = config.server.database_url
    if url.startswith(SQLITE) and not Path(url.removeprefix(SQLITE)).exists():
        return  # looking would make the file, perhaps as the wrong user
    try:
        if not migrate.check(url):
            return
        store = Store(url)
        try:
            lost = store.read(accounts_without_lines, [traits_of(line) for line in config.line])
            open_ended = store.read(lambda session: list(unguarded(session, config.rules())))
        finally:
            store.close()
    except (BadConfig, Unavailable):
        return
    yield from (no_line(account, group) for account, group in lost.items())
    yield from (no_limit(account, why) for account, why in open_ended)


def no_line(account: str, group: str) -> Finding:
    """Say that no line will ever carry the faxes of an account."""
    text = f"account {account} asks for lines of group {group}, and none that dials has it: its faxes wait"
    remedy = f'give a [[line]] group = "{group}", or change `lines` of the account'
    return Finding("groups", FAIL, text, remedy)


def no_limit(account: str, why: str) -> Finding:
    """Say that nothing limits what an account spends although something should."""
    remedy = "set cost_per_day or cost_per_month in its `caps` or in [dialling.caps], and [dialling] prices"
    return Finding("spending", WARN, f"account {account}: {why}", remedy)


def fonts(config: Config) -> Finding:  # noqa: ARG001  (all checks look alike)
    """Look for fonts for the scripts people write in."""
    missing = [lang for lang in SAMPLES if not font_for(lang)]
    if not missing:
        return Finding("fonts", OK, f"there are fonts for {', '.join(SAMPLES.values())}")
    names = ", ".join(SAMPLES[lang] for lang in missing)
    packages = " ".join(sorted({FONT_PACKAGES[lang] for lang in missing}))
    return Finding("fonts", FAIL, f"no font for {names}", f"apt-get install {packages}")


def font_for(language: str) -> bool:
    """Return whether fontconfig knows a font for a language."""
    if shutil.which("fc-list") is None:
        return False
    listed = subprocess.run(
        ["fc-list", f":lang={language}", "family"], capture_output=True, text=True, check=False, timeout=30
    )
    return bool(listed.stdout.strip())


def layout_engine(config: Config) -> Finding:  # noqa: ARG001
    """Look for Pango."""
    if ctypes.util.find_library("pango-1.0"):
        return Finding("pango", OK, "Pango is installed")
    return Finding("pango", FAIL, "Pango is missing: no page can be drawn", "apt-get install libpango-1.0-0")


def smarthost(config: Config) -> Finding:
    """Say where result mails go."""
    return Finding("smarthost", OK, f"mail leaves through {config.mail.smarthost}")


def modem(line: LineConfig) -> Finding:
    """Say whether the device is there, is a device, may be opened, and is nobody else's."""
    subject, device = f"line {line.name}", line.device
    if "://" in device:
        return Finding(
            subject, OK, f"{device} is reached over the network; see `postline probe-modem {device}`"
        )
    path = Path(device)
    if not path.exists():
        return Finding(
            subject, FAIL, f"{device} does not exist", "plug the modem in, or mend `device`; see dmesg"
        )
    if not is_terminal(path):
        return Finding(
            subject, FAIL, f"{device} is not a serial device", "name the modem's device, as /dev/ttyACM0"
        )
    if not os.access(path, os.R_OK | os.W_OK):
        return Finding(
            subject, FAIL, f"no permission for {device}", "usermod -aG dialout USER, then start again"
        )
    if modem_manager_runs():
        return Finding(
            subject, WARN, "ModemManager runs and may take the modem", "systemctl disable ModemManager"
        )
    return Finding(subject, OK, f"{device} can be opened")


def is_terminal(path: Path) -> bool:
    """Return whether a file is a device the kernel counts among its terminals, without opening it."""
    about = path.stat()
    table = read_quietly(Path("/proc/tty/drivers")).splitlines()
    majors = {int(major) for line in table for major in line.split()[-3:-2] if major.isdigit()}
    known = not majors or os.major(about.st_rdev) in majors  # a container may hide the table
    return stat.S_ISCHR(about.st_mode) and known


def simulated(line: LineConfig) -> Finding:
    """Look for the soft modem's library."""
    if ctypes.util.find_library("spandsp"):
        return Finding(f"line {line.name}", OK, "simulated; its far machines are soft, too")
    return Finding(f"line {line.name}", FAIL, "libspandsp is missing", "apt-get install libspandsp2")


CHECKS: dict[str, Callable[[LineConfig], Finding]] = {"modem": modem, "simulated": simulated}


def mailbox(table: MailboxConfig) -> Finding:
    """Log in to a mailbox and count what lies there; nothing is touched."""
    from gateway.mailin.pickup.box import Denied, Trouble, mailbox_of  # noqa: PLC0415  (only where there is one)
    from gateway.mailin.pickup.collector import OPENERS  # noqa: PLC0415

    subject = f"mailbox {table.name}"
    try:
        place = replace(mailbox_of(table).place, patience=MAILBOX_PATIENCE)
        box = OPENERS[table.protocol](place)
        try:
            count = len(box.look())
        finally:
            box.close()
    except Denied as error:
        return Finding(subject, FAIL, f"{error.text} ({error.detail})", "mend `user` and `password_file`")
    except Trouble as error:
        text = f"{error.text} ({error.detail})" if error.detail else error.text
        return Finding(subject, FAIL, text, "see docs/mailbox-pickup.md; `ca_file` names roots of your own")
    return Finding(subject, OK, f"{table.user} at {table.host}: {count} mails lie there")


def modem_manager_runs() -> bool:
    """Return whether a process named ModemManager runs."""
    names = (entry / "comm" for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return any(read_quietly(name) == "ModemManager" for name in names)


def read_quietly(path: Path) -> str:
    """Return the stripped text of a file that may vanish while we look."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""
