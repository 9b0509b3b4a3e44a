"""JOB.json and RESULT.json of `run-job`: read strictly, written always. Schemas: `design.md` section 2."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from modem.coding import Compression
from modem.job import CallJob
from modem.rates import Rate

if TYPE_CHECKING:
    from pathlib import Path

    from modem.result import CallResult

CLASSES = ("auto", "1", "1.0")
SLOWEST = min(rate.bits for rate in Rate)
OF_THE_CALL = ("number", "ident", "ecm", "max_rate", "sub", "pwd", "sid", "sep", "poll", "max_seconds")


class BadJobError(ValueError):
    """A job cannot be understood or carried out; the sentence says why."""


@dataclass(frozen=True, slots=True)
class JobFile:
    """A job: the call, the documents to send in order, the folder for received pages."""

    call: CallJob
    documents: tuple[Path, ...]
    receive_dir: Path
    service_class: str = "auto"


def read_job(path: Path) -> JobFile:
    """Read a job; relative paths are relative to the job file. Raises BadJobError."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadJobError(f"{path}: {error}") from error
    if not isinstance(raw, dict):
        raise BadJobError(f"{path}: a job is a JSON object")
    known = {"role", "documents", "receive_dir", "class", "compressions", *OF_THE_CALL}
    if unknown := sorted(set(raw) - known):
        raise BadJobError(f"{path}: unknown {', '.join(unknown)}; known are {', '.join(sorted(known))}")
    if raw.get("class", "auto") not in CLASSES:
        raise BadJobError(f"{path}: class {raw['class']!r} is not spoken; use {', '.join(CLASSES)}")
    return JobFile(
        _call(raw, path),
        tuple(path.parent / name for name in _texts(raw, "documents", path)),
        path.parent / str(raw.get("receive_dir") or "."),
        raw.get("class", "auto"),
    )


def _call(raw: dict[str, Any], path: Path) -> CallJob:
    role = raw.get("role", "call")
    if role not in ("call", "answer"):
        raise BadJobError(f'{path}: role is "call" or "answer", not {role!r}')
    values = {key: raw[key] for key in OF_THE_CALL if key in raw}
    defaults = CallJob(role=role)
    for key, value in values.items():
        _check_kind(key, value, getattr(defaults, key), path)
    names = _texts(raw, "compressions", path) or [compression.value for compression in Compression]
    try:
        compressions = tuple(Compression(name) for name in names)
    except ValueError as error:
        raise BadJobError(f"{path}: {error}") from error
    job = CallJob(role=role, compressions=compressions, **values)
    if not (math.isfinite(job.max_seconds) and job.max_seconds > 0):
        raise BadJobError(f"{path}: max_seconds is a number of seconds, not {job.max_seconds}")
    if job.poll and role == "answer":
        raise BadJobError(f"{path}: who answers cannot poll; with documents it is polled")
    if not job.max_rate >= SLOWEST:
        raise BadJobError(f"{path}: max_rate is {SLOWEST} bit/s at least, not {job.max_rate}")
    if role == "call" and not job.number:
        raise BadJobError(f"{path}: a job of role call needs a number")
    return job


def _check_kind(key: str, value: object, default: object, path: Path) -> None:
    if default is None:
        good = value is None or isinstance(value, str)
    elif isinstance(default, bool):
        good = isinstance(value, bool)
    elif isinstance(default, int | float):
        good = isinstance(value, int | float) and not isinstance(value, bool)
    else:
        good = isinstance(value, type(default))
    if not good:
        raise BadJobError(f"{path}: {key} cannot be {value!r}")


def _texts(raw: dict[str, Any], key: str, path: Path) -> list[str]:
    value = raw.get(key) or []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise BadJobError(f"{path}: {key} is a list of texts")
    return value


def result_object(result: CallResult, files: dict[int, Path], trace: str) -> dict[str, Any]:
    """Return RESULT.json: the result without its trace lines, with the files of received pages."""
    wanted = [field.name for field in fields(result) if field.name not in ("pages", "trace")]
    pages = []
    for page in result.pages:
        one = asdict(page)
        one.pop("rate")
        one["file"] = str(files[page.n]) if page.direction == "in" and page.n in files else None
        pages.append(one)
    return {name: getattr(result, name) for name in wanted} | {"pages": pages, "trace": trace}
