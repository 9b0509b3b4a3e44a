"""Runs mails through reader and renderer as the gateway does, one child each, and prints what each took.

    python bench/mail_corpus.py [FOLDER_OF_EML] [--draw] [--slow 2] [--only WORD] [--pages DIR]

Without a folder: the made corpora of tests/corpus. Measured in the child: seconds of CPU, and how far
the peak of resident memory went beyond that of a one-line mail. Asserts nothing; tests do.
"""

from __future__ import annotations

import argparse
import os
import pickle
import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "corpus")]

import hostile_mail  # noqa: E402  (behind the path)
import japanese_mail  # noqa: E402
from building import differs  # noqa: E402

from gateway.intake.reading import ReadError  # noqa: E402
from gateway.intake.rendering import parts_of  # noqa: E402
from gateway.mailin.message import read  # noqa: E402
from gateway.mailin.prescan import Rejected, prescan  # noqa: E402
from gateway.mailin.settings import SmtpLimits  # noqa: E402
from render.document import Settings  # noqa: E402
from render.errors import RenderError  # noqa: E402
from render.pages import render_parts  # noqa: E402
from render.warm import warm  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from building import Case

CONTEXT = {"country": "81", "area_code": "3", "domains": ["fax.example.org"]}


def main() -> None:
    """Run the corpora."""
    wanted = argparse.ArgumentParser(description=__doc__)
    wanted.add_argument("folder", nargs="?", type=Path)
    wanted.add_argument("--draw", action="store_true")
    wanted.add_argument("--slow", type=float, default=2.0)
    wanted.add_argument("--grown", type=float, default=100.0)
    wanted.add_argument("--only", default="")
    wanted.add_argument("--pages", type=Path)
    options = wanted.parse_args()

    warm()
    outcome(b"Subject: x\r\n\r\nx\r\n", draw=True)  # what it imports is not to count
    base = in_child(lambda: outcome(b"Subject: x\r\n\r\nx\r\n", draw=True))[2]
    worst: list[tuple[float, float, str, str]] = []
    wrong = 0
    for name, raw, case in corpus(options.folder):
        if options.only not in name:
            continue
        result, seconds, peak = in_child(lambda raw=raw: outcome(raw, draw=options.draw))
        grown = max(0.0, (peak - base) / 1024)
        worst.append((seconds, grown, name, describe(result)))
        if case is not None and (fault := result if isinstance(result, str) else differs(case, result[0])):
            wrong += 1
            print(f"WRONG {name}: {fault}")
        if isinstance(result, str) or seconds > options.slow or grown > options.grown:
            print(f"{seconds:7.2f} s {grown:7.0f} MiB  {name}: {describe(result)}", flush=True)
        if options.pages and options.draw and not isinstance(result, str) and result[1]:
            options.pages.mkdir(parents=True, exist_ok=True)
            (options.pages / f"{name[:80].replace('/', '_')}.tif").write_bytes(result[1])
    print(f"{len(worst)} mails, {wrong} wrong; slowest {max(worst)[0]:.2f} s ({max(worst)[2]}); "
          f"largest {max(w[1] for w in worst):.0f} MiB")  # fmt: skip


def corpus(folder: Path | None) -> Iterator[tuple[str, bytes, Case | None]]:
    """Yield (name, mail, what must come of it, if known)."""
    if folder is not None:
        for file in sorted(folder.rglob("*.eml")):
            yield file.stem, file.read_bytes(), None
        return

    for case in japanese_mail.cases():
        yield case.name, case.raw, case
    for name, raw in hostile_mail.mails():
        yield name, raw, None


def outcome(raw: bytes, *, draw: bool) -> Any:
    """Return (reading or refusal, pages as TIFF or b"") of a mail; what else is raised is a crash."""
    lines = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    try:
        prescan(lines, SmtpLimits())
        reading = read(raw, dict(CONTEXT))
        if not draw:
            return reading, b""
        drawn = render_parts(parts_of(reading), Settings(language=reading.language), ("fine",))
    except (Rejected, ReadError, RenderError) as error:
        return error, b""
    return reading, drawn.masters["fine"]


def in_child(job: Callable[[], Any]) -> tuple[Any, float, float]:
    """Return (result or a sentence about the crash, CPU seconds, peak KiB) of a job in a fork of its own."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_AS, (1536 << 20, 1536 << 20))
        resource.setrlimit(resource.RLIMIT_CPU, (60, 62))
        try:
            answer = pickle.dumps(job())
        except BaseException as error:  # noqa: BLE001  (what a crash is, is what this looks for)
            answer = pickle.dumps(f"CRASH {type(error).__name__}: {str(error)[:200]}")
        with os.fdopen(writer, "wb") as out:
            out.write(answer)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as come:
        answer = come.read()
    _, status, used = os.wait4(child, 0)
    seconds = used.ru_utime + used.ru_stime  # other work on this machine is not to count
    return pickle.loads(answer) if answer else f"DIED {status}", seconds, used.ru_maxrss  # noqa: S301


def describe(result: Any) -> str:
    """Return one line about an outcome."""
    if isinstance(result, str):
        return result
    found = result[0]
    if isinstance(found, Exception):
        return f"{type(found).__name__} {getattr(found, 'code', '')} {getattr(found, 'text', '')}"
    return f"{len(found.documents)} documents, {found.subject[:40]!r}"


if __name__ == "__main__":
    main()
