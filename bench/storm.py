"""`make storm`: faxes out and in while processes are killed at random; then everything is counted.

`python bench/storm.py [KILLS] [SEED]`. Mails that got a 250 are written down by number; the exchange keeps
its own ledger of calls and confirmations. At the end, with no more kills, every accepted fax must be sent,
and pages confirmed at the far end more often than here may not outnumber the kills (durability.md section 2:
at most one page a crash). Exit 0 only if that holds.
"""

from __future__ import annotations

import random
import smtplib
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from house import LINES, REST, House, letter, queued_number
from sqlalchemy import func, select

from gateway.demo.story import far_document
from gateway.domain.states import DeliveryState
from gateway.store.models import Delivery, Forward, Page, Reception

KILLS, SEED = 40, 7


class Storm:
    """One storm over one gateway."""

    def __init__(self, house: House, kills: int, seed: int) -> None:
        self.house, self.kills = house, kills
        self.chance = random.Random(seed)
        self.accepted: list[int] = []
        self.far_pages = 0

    def rage(self) -> None:
        """Send, receive and kill until all kills are spent."""
        document = self.house.folder / "far.tif"
        document.write_bytes(far_document())
        for number in range(self.kills):
            self.mail(f"storm {number}")
            if number % 4 == 0:
                self.call_in(document)
            self.wait()
            self.kill()

    def mail(self, subject: str) -> None:
        """Hand a mail in, again and again until a 250 comes, as a mail server would."""
        mail = letter(subject=subject)
        for _ in range(20):
            try:
                self.accepted.append(queued_number(self.house.mail(mail)))
            except (OSError, smtplib.SMTPException):
                self.wait()
                continue
            return

    def call_in(self, document: Path) -> None:
        """Let a far machine call in; a line that is down does not answer."""
        result = self.house.call_in(document)
        self.far_pages += int(result.get("confirmed") or 0)

    def kill(self) -> None:
        """Kill one process as the power would, and start it again."""
        roles = self.chance.choice((LINES, REST))
        process = self.house.processes.pop(roles)
        process.kill()
        process.wait()
        self.house.start(roles)

    def wait(self) -> None:
        """Let a random part of a call go by."""
        time.sleep(self.chance.uniform(0.0, 2.5))

    def calm(self) -> None:
        """Wait until every accepted fax is final, without sitting through retry intervals."""
        for number in set(self.accepted):
            deadline = time.monotonic() + 120
            while self.house.state_of(number) not in (DeliveryState.SENT, DeliveryState.FAILED):
                self.house.no_more_waiting()
                if time.monotonic() > deadline:
                    break
                time.sleep(0.1)

    def verdict(self) -> dict[str, object]:
        """Count both ends."""
        states = self.house.store.read(count_states)
        ours = self.house.store.read(count_confirmed)
        outbound = sum(1 for _ in self.house.ledger("mcf"))
        lost = [n for n in set(self.accepted) if self.house.state_of(n) is not DeliveryState.SENT]
        return {
            "kills": self.kills,
            "accepted": len(set(self.accepted)),
            "states": dict(states),
            "not sent": lost,
            "pages confirmed here": ours,
            "pages confirmed at the far end": outbound - self.far_pages,
            "pages doubled": outbound - self.far_pages - ours,
            "receptions": self.house.store.read(
                lambda s: s.scalar(select(func.count()).select_from(Reception))
            ),
            "forwards": self.house.store.read(lambda s: s.scalar(select(func.count()).select_from(Forward))),
        }


def count_states(session: object) -> Counter[str]:
    """Return how many deliveries are in each state."""
    return Counter(state.value for state in session.scalars(select(Delivery.state)))


def count_confirmed(session: object) -> int:
    """Return how many pages have a confirmation in our rows."""
    return session.scalar(select(func.count()).select_from(Page).where(Page.state == "confirmed"))


def main() -> int:
    """Run one storm; return 0 if nothing was lost and no more was doubled than the promise allows."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else KILLS
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else SEED
    with tempfile.TemporaryDirectory() as folder, House(Path(folder)) as house:
        house.start_all()
        storm = Storm(house, kills, seed)
        storm.rage()
        storm.calm()
        verdict = storm.verdict()
    for what, count in verdict.items():
        print(f"{what}: {count}")
    doubled = int(str(verdict["pages doubled"]))
    return 0 if not verdict["not sent"] and 0 <= doubled <= kills else 1


if __name__ == "__main__":
    sys.exit(main())
