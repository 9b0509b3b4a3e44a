"""Two hundred calls over bad lines, ours beside HylaFAX's: pages delivered in the first call.

A seed makes the line: bursts, drop-outs, slips, noise, echo, delay, one or two of them, with or without ECM
at the far machine, of any modem. Both senders get the same seed, exchange, far machine and three pages. A
page is delivered where the far machine confirmed it on the line; more than that is counted falsely.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any

from reference_pages import document
from sides import Called, Sides, sides

CALLS = 200
WORKERS = 12
"""Calls at once: nearly all of a bad call is waiting in real time."""
PAGES = ("letter", "dense", "letter")
MODEMS = (("V.27ter", "V.29", "V.17"), ("V.27ter", "V.29", "V.17"), ("V.27ter", "V.29"), ("V.27ter",))


@dataclass(frozen=True, slots=True)
class Case:
    """One seed and what both made of it."""

    seed: int
    line: dict[str, Any]
    ours: Called | None
    theirs: Called | None


def line(seed: int) -> dict[str, Any]:
    """Return the far machine's settings for a seed."""
    chance = random.Random(seed)
    kinds = (bursts, dropouts, slips, noise, echo, delay)
    settings: dict[str, Any] = {"ecm": chance.random() < 0.7, "modems": chance.choice(MODEMS)}
    for kind in chance.sample(kinds[:3], 1) + chance.sample(kinds, chance.choice((0, 1))):
        settings |= kind(chance)
    return settings | {"seed": seed}


def bursts(chance: random.Random) -> dict[str, Any]:
    """Noise of 20 to 120 ms now and then, from annoying to as loud as the fax itself."""
    return {
        "bursts": {
            "length_ms": chance.choice((20, 40, 60, 120)),
            "level_dbm0": chance.uniform(-26.0, -12.0),
            "mean_s": chance.uniform(1.5, 12.0),
        }
    }


def dropouts(chance: random.Random) -> dict[str, Any]:
    """Silence for some milliseconds: a loose contact."""
    return {"dropouts": {"length_ms": chance.choice((20, 40, 80)), "mean_s": chance.uniform(4.0, 30.0)}}


def slips(chance: random.Random) -> dict[str, Any]:
    """Clocks of a digital exchange that drift apart."""
    return {"slips": {"every_s": chance.uniform(4.0, 40.0), "samples": chance.choice((1, 2, 8, 40))}}


def noise(chance: random.Random) -> dict[str, Any]:
    """Steady noise, below what keeps a V.21 receiver from hearing silence."""
    return {"noise_dbm0": chance.uniform(-60.0, -49.0)}


def echo(chance: random.Random) -> dict[str, Any]:
    """Each end hears itself a little later."""
    return {
        "echo": {"delay_ms": chance.uniform(20, 300), "loss_db": chance.uniform(20, 40), "kind": "talker"}
    }


def delay(chance: random.Random) -> dict[str, Any]:
    """Delay of a satellite or a poor packet network."""
    return {"delay_ms": chance.uniform(50, 600)}


def case(bench: Sides, file: Path, seed: int) -> Case:
    """Let both call over one line."""
    settings = line(seed)
    bench.far(**settings)
    ours = attempt(lambda: bench.ours(file))
    bench.far(**settings)
    return Case(seed, settings, ours, attempt(lambda: bench.hylafax(file)))


def attempt(call: Any) -> Called | None:
    """Return the call, or None where the sender never came back."""
    try:
        made: Called = call()
    except (AssertionError, subprocess.TimeoutExpired) as error:
        print(f"no end: {str(error)[:200]}", file=sys.stderr)
        return None
    return made


def some(file: Path, seeds: range) -> list[Case]:
    """Make the cases of one worker, on an exchange of its own."""
    with sides() as bench:
        return [case(bench, file, seed) for seed in seeds]


def confirmed(called: Called | None) -> int:
    """Return the pages the far machine confirmed."""
    return int(called.end["confirmed"]) if called else 0


def falsely(called: Called | None) -> int:
    """Return the pages a sender counts beyond those."""
    return max(0, called.pages - confirmed(called)) if called else 0


def show(cases: list[Case]) -> None:
    """Print the cases in which the two differ."""
    for one in cases:
        ours, theirs = confirmed(one.ours), confirmed(one.theirs)
        if ours != theirs or falsely(one.ours):
            words = one.ours.words if one.ours else "no end"
            print(f"seed {one.seed:4}  ours {ours}  HylaFAX {theirs}  {words}  {one.line}")


def bad_lines(calls: int = CALLS) -> dict[str, Any]:
    """Print where they differ; return the sums."""
    with tempfile.TemporaryDirectory() as name:
        file = document(Path(name) / "pages.tif", "standard", PAGES)
        shares = [range(1 + worker, calls + 1, WORKERS) for worker in range(WORKERS)]
        with ThreadPoolExecutor(WORKERS) as pool:
            cases = [one for share in pool.map(some, repeat(file), shares) for one in share]
    cases.sort(key=lambda one: one.seed)
    show(cases)
    return {
        "what": f"pages delivered in the first call over {calls} bad lines, of {calls * len(PAGES)}",
        "ours": sum(confirmed(one.ours) for one in cases),
        "hylafax": sum(confirmed(one.theirs) for one in cases),
        "counted_falsely_ours": sum(falsely(one.ours) for one in cases),
        "counted_falsely_hylafax": sum(falsely(one.theirs) for one in cases),
        "line_minutes_ours": minutes([one.ours for one in cases]),
        "line_minutes_hylafax": minutes([one.theirs for one in cases]),
        "goal": "ours >= HylaFAX, none counted falsely",
    }


def minutes(calls: list[Called | None]) -> float:
    """Return the line minutes of all the calls."""
    return round(sum(call.seconds for call in calls if call) / 60, 1)


if __name__ == "__main__":
    print(bad_lines(int(sys.argv[1]) if len(sys.argv) > 1 else CALLS))
