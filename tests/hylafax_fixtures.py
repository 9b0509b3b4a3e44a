"""HylaFAX's own programs on ports of the simulated exchange: `faxsend` with a job of ours, and `faxgetty`.

No daemon and no queue: the spool is a folder of ours, made the working folder of both programs. They insist
on root (they become the user uucp themselves). Page chop and tag line are off, so that a page that went
through is the page that was given. Settings are those of HylaFAX's own iaxmodem profile.
The pauses of its set-up of a modem are cut short: they come before the call and cost no line time.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FAXSEND = "/usr/lib/hylafax/bin/faxsend"
FAXGETTY = "/usr/sbin/faxgetty"
FORMATS = {"MH": 0, "MR": 1, "MMR": 3}
FOLDERS = ("etc", "sendq", "docq", "recvq", "info", "log", "status", "tmp", "locks", "bin")
IDENT = "+81 3 4477 2281"

CONFIG = {
    "CountryCode": "81",
    "AreaCode": "3",
    "LongDistancePrefix": "0",
    "InternationalPrefix": "010",
    "FAXNumber": f'"{IDENT}"',
    "LocalIdentifier": f'"{IDENT}"',
    "ServerTracing": "0xFFF",
    "SessionTracing": "0xFFF",
    "RecvFileMode": "0666",
    "LogFileMode": "0666",
    "DeviceMode": "0666",
    "RingsBeforeAnswer": "1",
    "PageChop": "none",
    "TagLineFont": '""',
    "UUCPLockDir": "locks",
    "ModemRate": "38400",
    "ModemFlowControl": "none",
    "ModemResetDelay": "200",
    "ModemSoftResetCmdDelay": "100",
    "ModemNoAutoAnswerCmdDelay": "0",
    "ModemBaudRateDelay": "0",
    "ModemATCmdDelay": "0",
    "ModemType": "Class1",
    "ModemResetCmds": '"ATH1\\nAT+VCID=1"',
    "ModemReadyCmds": "ATH0",
    "Class1AdaptRecvCmd": "AT+FAR=1",
    "Class1TMConnectDelay": "400",
    "Class1ECMSupport": "yes",
}
"""A config file: pauses that real modems need are short, what follows ModemType is config/iaxmodem's."""

HOOK = """#!/bin/sh
echo "$1" >>received
"""


@dataclass(frozen=True, slots=True)
class Sent:
    """What faxsend says of a call: pages it takes for delivered, its words, the log of the session."""

    pages: int
    status: str
    log: str


class HylaFax:
    """HylaFAX on one spool folder. `ecm`, `compressions`, `carriers` (codes of +FTM, () = all) limit it."""

    def __init__(
        self,
        folder: Path,
        *,
        ecm: bool = True,
        compressions: Sequence[str] = ("MH", "MR", "MMR"),
        carriers: Sequence[int] = (),
    ) -> None:
        _require()
        self.spool = folder
        self._ecm = ecm
        self._compressions = compressions
        self._carriers = carriers
        for name in FOLDERS:
            (folder / name).mkdir(parents=True, exist_ok=True)
        hook = folder / "bin" / "faxrcvd"
        hook.write_text(HOOK)
        hook.chmod(0o755)
        self._received = folder / "received"
        self._received.touch()

    def send(self, port: Path, number: str, document: Path, *, timeout: float = 110.0) -> Sent:
        """Send a TIFF in one call; what HylaFAX remembers of the number is forgotten first."""
        device = self._device(port)
        shutil.rmtree(self.spool / "info")
        (self.spool / "info").mkdir()
        shutil.copyfile(document, self.spool / "docq" / "document.tif")
        job = self.spool / "sendq" / "q1"
        job.write_text(self._job(device, number))
        self._give_to_uucp()
        command = [FAXSEND, "-m", device, "sendq/q1"]
        subprocess.run(command, cwd=self.spool, check=False, timeout=timeout, stdout=subprocess.DEVNULL)
        told = dict(line.split(":", 1) for line in job.read_text().splitlines() if ":" in line)
        return Sent(int(told["npages"]), told.get("status", ""), self.log())

    @contextmanager
    def answering(self, port: Path) -> Iterator[None]:
        """Let faxgetty wait for calls at a port."""
        device = self._device(port)
        self._give_to_uucp()
        command = [FAXGETTY, "-q", ".", device.replace("_", "/")]
        log = (self.spool / "faxgetty.log").open("w")
        getty = subprocess.Popen(command, cwd=self.spool, stdout=log, stderr=log)
        status = self.spool / "status" / device
        try:
            wait_until(lambda: status.exists() and "idle" in status.read_text(), 60.0, "faxgetty to be ready")
            yield
        finally:
            _end(getty)
            log.close()

    def received(self, calls: int = 1) -> list[Path]:
        """The TIFF files faxgetty handed over, once there are `calls` of them."""

        def handed() -> list[str]:
            names = self._received.read_text().split()
            return names if len(names) >= calls else []

        return [self.spool / name for name in wait_until(handed, 60.0, "faxgetty to hand over its file")]

    def log(self) -> str:
        """The log of the newest session."""
        sessions = sorted((self.spool / "log").glob("c*"))
        return sessions[-1].read_text(errors="replace") if sessions else ""

    def _device(self, port: Path) -> str:
        """HylaFAX's name for a port, with its configuration written."""
        device = "_".join(port.resolve().relative_to("/dev").parts)
        values = CONFIG | {"Class1ECMSupport": "yes" if self._ecm else "no"}
        for name in ("MR", "MMR"):
            values[f"Class1{name}Support"] = "yes" if name in self._compressions else "no"
        if self._carriers:
            codes = ",".join(map(str, self._carriers))
            values |= {"Class1TMQueryCmd": f'"!{codes}"', "Class1RMQueryCmd": f'"!{codes}"'}
        text = "".join(f"{key}: {value}\n" for key, value in values.items())
        (self.spool / "etc" / f"config.{device}").write_text(text)
        return device

    def _job(self, device: str, number: str) -> str:
        """A job as faxq would have prepared it."""
        wanted = max(FORMATS[name] for name in self._compressions if self._ecm or name != "MMR")
        values = {
            "tts": 0,
            "killtime": 4102444800,
            "state": 6,
            "npages": 0,
            "totpages": 0,
            "maxdials": 1,
            "maxtries": 1,
            "pagewidth": 0,
            "resolution": 0,
            "pagelength": 0,
            "minbr": 0,
            "desiredbr": 13,
            "desiredst": 0,
            "desiredec": 2 if self._ecm else 0,
            "desireddf": wanted,
            "desiredtl": 0,
            "useccover": 0,
            "usexvres": 0,
            "external": number,
            "number": number,
            "mailaddr": "root",
            "sender": "test",
            "jobid": 1,
            "pagehandling": self._page_handling(),
            "modem": device,
            "client": "localhost",
            "owner": "root",
            "groupid": 1,
            "jobtype": "facsimile",
            "pagechop": "none",
            "notify": "none",
            "fax": "0::docq/document.tif",
        }
        return "".join(f"{key}:{value}\n" for key, value in values.items())

    def _page_handling(self) -> str:
        """Two hex digits a page that nobody reads where pages are recoded on the fly, then MPS or EOP."""
        from PIL import Image

        with Image.open(self.spool / "docq" / "document.tif") as tiff:
            count = getattr(tiff, "n_frames", 1)
            fine = float(tiff.info["dpi"][1]) > 150
        return "".join(f"{int(fine):02x}S" for _ in range(count - 1)) + f"{int(fine):02x}P"

    def _give_to_uucp(self) -> None:
        for folder, _, files in os.walk(self.spool):
            for path in (Path(folder), *(Path(folder) / name for name in files)):
                shutil.chown(path, "uucp", "uucp")


def _end(getty: subprocess.Popen[bytes]) -> None:
    """End faxgetty, which puts SIGTERM off while it resets its modem."""
    getty.terminate()
    try:
        getty.wait(5.0)
    except subprocess.TimeoutExpired:
        getty.kill()
        getty.wait(5.0)


def _require() -> None:
    missing = [name for name in (FAXSEND, FAXGETTY) if not Path(name).exists()]
    assert not missing, f"{missing} missing: apt-get install hylafax-server hylafax-client"
    assert os.geteuid() == 0, "HylaFAX's programs become the user uucp by themselves: run this test as root"
