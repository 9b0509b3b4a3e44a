from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from modem.coding import Compression
from modem.jobfile import BadJobError, read_job, result_object
from modem.result import CallResult, PageResult, PageState, Reason, TraceEntry


def job(tmp_path: Path, **values: Any) -> Path:
    path = tmp_path / "job.json"
    path.write_text(json.dumps(values))
    return path


def test_a_whole_job_is_read(tmp_path: Path) -> None:
    read = read_job(
        job(
            tmp_path,
            role="call",
            number="0312345678",
            ident="+81 3 4477 2288",
            documents=["a.tif", "/elsewhere/b.tif"],
            receive_dir="d",
            ecm=False,
            max_rate=9600,
            compressions=["MH"],
            sub="42",
            pwd=None,
            poll=False,
            max_seconds=90,
            **{"class": "1"},
        )
    )
    assert read.call.number == "0312345678"
    assert (read.call.ecm, read.call.max_rate, read.call.sub, read.call.pwd) == (False, 9600, "42", None)
    assert read.call.compressions == (Compression.MH,)
    assert read.documents == (tmp_path / "a.tif", Path("/elsewhere/b.tif"))
    assert read.receive_dir == tmp_path / "d"


def test_a_job_to_answer_needs_almost_nothing(tmp_path: Path) -> None:
    read = read_job(job(tmp_path, role="answer"))
    assert read.call.role == "answer"
    assert read.call.compressions == tuple(Compression)
    assert read.documents == ()


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"role": "send"}, "role"),
        ({"role": "call"}, "needs a number"),
        ({"role": "answer", "colour": True}, "unknown colour"),
        ({"role": "answer", "class": "2.0"}, "class '2.0'"),
        ({"role": "answer", "compressions": ["JPEG"]}, "JPEG"),
        ({"role": "answer", "max_rate": "fast"}, "max_rate"),
        ({"role": "answer", "ecm": 1}, "ecm"),
        ({"role": "answer", "sub": 5}, "sub"),
        ({"role": "answer", "documents": "a.tif"}, "documents"),
        ({"role": "call", "number": 5}, "number"),
        ({"role": "answer", "max_seconds": float("nan")}, "max_seconds"),
        ({"role": "answer", "max_seconds": float("inf")}, "max_seconds"),
        ({"role": "answer", "max_seconds": 0}, "max_seconds"),
        ({"role": "answer", "max_seconds": -1.5}, "max_seconds"),
        ({"role": "answer", "max_seconds": True}, "max_seconds"),
        ({"role": "answer", "max_rate": 0}, "2400 bit/s at least"),
        ({"role": "answer", "max_rate": 2399}, "max_rate"),
        ({"role": "answer", "max_rate": float("nan")}, "max_rate"),
        ({"role": "answer", "ident": None}, "ident"),
        ({"role": "answer", "poll": True}, "cannot poll"),
        ({"role": "answer", "poll": "yes"}, "poll"),
        ({"role": "answer", "compressions": "MH"}, "compressions"),
        ({"role": "answer", "documents": [1]}, "documents"),
        ({"role": "answer", "class": ["1"]}, "class"),
        ({"role": ["answer"]}, "role"),
    ],
)
def test_a_job_that_means_nothing_is_refused_by_key(
    tmp_path: Path, values: dict[str, Any], says: str
) -> None:
    with pytest.raises(BadJobError, match=says):
        read_job(job(tmp_path, **values))


@pytest.mark.parametrize("text", ["", "{", "[]", "7"])
def test_what_is_no_job_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "job.json"
    path.write_text(text)
    with pytest.raises(BadJobError, match=r"job\.json"):
        read_job(path)


def test_a_missing_job_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadJobError, match="none"):
        read_job(tmp_path / "none.json")


def test_the_result_has_the_keys_of_the_schema() -> None:
    page = PageResult(1, "in", PageState.CONFIRMED, "MR", 1000, 3.5, 2, 9600)
    entry = TraceEntry(0.0, ">", "at", "ATZ")
    result = CallResult(
        success=True, reason=Reason.RECEIVED, remote_id="+81", rate=9600, pages=(page,), trace=(entry,)
    )
    assert json.loads(json.dumps(result_object(result, {1: Path("d/page-001.tif")}, "x.jsonl"))) == {
        "success": True,
        "reason": "received",
        "t30": "",
        "remote_id": "+81",
        "rate": 9600,
        "ecm": False,
        "line_seconds": 0.0,
        "pages": [
            {
                "n": 1,
                "direction": "in",
                "state": "confirmed",
                "compression": "MR",
                "bytes": 1000,
                "seconds": 3.5,
                "bad_lines": 2,
                "file": "d/page-001.tif",
            }
        ],
        "rtn": 0,
        "ppr": 0,
        "ftt": 0,
        "dis": "",
        "trace": "x.jsonl",
    }


def test_a_job_may_poll_with_a_password_and_a_selection(tmp_path: Path) -> None:
    read = read_job(job(tmp_path, role="call", number="1", poll=True, pwd="4711", sep="77"))
    assert (read.call.poll, read.call.pwd, read.call.sep) == (True, "4711", "77")
    assert read.documents == ()


def test_a_document_offered_for_polling_is_a_job_to_answer(tmp_path: Path) -> None:
    read = read_job(job(tmp_path, role="answer", documents=["a.tif"], sep="77"))
    assert (read.call.role, read.call.sep) == ("answer", "77")


def test_only_pages_that_came_in_have_a_file() -> None:
    pages = tuple(PageResult(1, direction, PageState.CONFIRMED) for direction in ("out", "in"))
    result = CallResult(success=True, reason=Reason.RECEIVED, pages=pages)
    files = [page["file"] for page in result_object(result, {1: Path("d/page-001.tif")}, "x")["pages"]]
    assert files == [None, "d/page-001.tif"]
