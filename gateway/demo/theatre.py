"""Runs the demo: state in a folder, processes under the production supervisor, the story in a thread.

The story's two calls run at full speed; those of the buttons after it as on a telephone line, unless `fast`.
With `once` the story's end is the demo's end; otherwise the gateway goes on until Ctrl-C and the browser
shows what it did.
"""

from __future__ import annotations

import json
import socket
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from gateway import app
from gateway.config import load
from gateway.demo import settings
from gateway.demo.evidence import Evidence
from gateway.demo.mailboxes import Mailboxes
from gateway.demo.scenario import DemoFailed, Stage, wait_for
from gateway.demo.story import tell
from gateway.lines import simulated
from gateway.roles.parts import local_blobs, utc_now
from gateway.store import accounts
from gateway.store.database import Store
from gateway.supervisor import Supervisor, children_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gateway.config import Config

log = structlog.get_logger()


@dataclass
class Theatre:
    """One run of the demo below `folder`; evidence goes to `keep`."""

    folder: Path
    keep: Path
    ports: settings.Ports
    speed: str = '"max"'
    level: str = "error"
    fast: bool = False
    failure: str = ""

    def play(self, *, once: bool, ready: Callable[[str], None]) -> Evidence:
        """Run until the story ends (`once`) or a signal comes; `ready` is told the address of the pages."""
        config = self._prepare()
        boxes = Mailboxes(self.folder / "mailboxes", port=self.ports.sink)
        evidence = Evidence(self.keep)
        supervisor = Supervisor(config, children_of(self._config_file, {"POSTLINE_DEMO": str(self.folder)}))
        story = threading.Thread(
            target=self._story, args=(config, boxes.folder, evidence, supervisor, once), daemon=True
        )
        inviter = threading.Thread(target=self._invite, args=(config.http.public_url, ready), daemon=True)
        boxes.start()
        try:
            inviter.start()
            story.start()
            supervisor.run()
        finally:
            boxes.stop()
        return evidence

    @property
    def _config_file(self) -> Path:
        return self.folder / "postline.toml"

    def _prepare(self) -> Config:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.keep.mkdir(parents=True, exist_ok=True)
        self._tell_the_pages()
        text = settings.config_text(self.folder, self.ports, speed=self.speed, level=self.level)
        self._config_file.write_text(text, encoding="utf-8")
        config = load(self._config_file, {})
        app.prepare(config)
        store = Store(config.server.database_url)
        store.run(accounts.provision, settings.accounts(), prune=False, now=utc_now())
        store.close()
        return config

    def _tell_the_pages(self) -> None:
        """Leave what the pages must know of the demo where `gateway.roles.pages` looks for it."""
        cast = json.dumps({"sender": settings.SENDER, "numbers": settings.FAR, "ours": settings.OUR_NUMBER})
        (self.folder / "demo.json").write_text(cast, encoding="utf-8")
        if self.keep.resolve() != (self.folder / "evidence").resolve():
            (self.folder / "evidence").symlink_to(self.keep.resolve())

    def _story(
        self, config: Config, boxes: Path, evidence: Evidence, supervisor: Supervisor, once: bool
    ) -> None:
        store = Store(config.server.database_url)
        try:
            wait_for(self._mail_is_taken, "the mail listener", 60.0)
            tell(Stage(self.ports, boxes, store), local_blobs(config), config.server.data, evidence)
            if not self.fast:
                slow_down(config.server.data)
        except DemoFailed as failed:
            self.failure = str(failed)
            evidence.failed(self.failure)
        except Exception as error:
            if supervisor.ends:  # Ctrl-C in mid-story: its processes went away, nothing failed
                log.info("demo.broken_off", during=type(error).__name__)
                return
            self.failure = f"{type(error).__name__}: {error}"
            evidence.failed(self.failure)
            log.exception("demo.failed")
        finally:
            store.close()
            if once:
                supervisor.stop()

    def _invite(self, url: str, ready: Callable[[str], None]) -> None:
        try:
            wait_for(self._pages_answer, "the pages", 60.0)
        except DemoFailed as failed:
            log.error("demo.no_pages", error=str(failed))  # noqa: TRY400  (nothing in the code is at fault)
        else:
            ready(url)

    def _pages_answer(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.ports.http), timeout=1.0).close()
        except OSError:
            return False
        return True

    def _mail_is_taken(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.ports.smtp), timeout=1.0) as probe:
                return probe.recv(4).startswith(b"220")
        except OSError:
            return False


def slow_down(state: Path) -> None:
    """Let the calls that come now take as long as on a telephone line."""
    with simulated.control(state, "sim") as exchange:
        exchange.speed(1.0)
