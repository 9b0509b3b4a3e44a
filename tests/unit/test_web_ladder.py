"""The ladder of a call with error correction: each part told for what it is, smooth parts as one rung."""

from __future__ import annotations

import pytest

from gateway.web import ladder
from gateway.web.pages.fax import Ladder

BLOCK = {"dir": ">", "kind": "page", "text": "page 1 block 1 of 9: 256 of 256 frames"}
REPEAT = BLOCK | {"text": "page 1 block 1 of 9: 5 of 256 frames"}
NULL = {"dir": ">", "kind": "frame", "text": "PPS", "raw": "ff13bf0000ffff"}
LAST = {"dir": ">", "kind": "frame", "text": "PPS", "raw": "ff13bf2f000010"}
MCF = {"dir": "<", "kind": "frame", "text": "MCF", "raw": "ff138c"}
PPR = {"dir": "<", "kind": "frame", "text": "PPR", "raw": "ff13bc"}
AT = {"dir": ">", "kind": "at", "text": "AT+FRH=3"}


@pytest.mark.parametrize(
    ("raw", "name", "said"),
    [
        ("ff13bf2f000010", "PPS-EOP", "page 1, block 1: 17 frames"),
        ("ff13be4e0103ff", "PPS-MPS", "page 2, block 4: 256 frames"),
        ("ff03bf8f0000ff", "PPS-EOM", "page 1, block 1: 256 frames"),
        ("ff13bf00000000", "PPS-NULL", "page 1, block 1: 1 frames"),
        ("ff13bf77000010", "PPS", ""),
        ("ff13bf2f", "PPS", ""),
        ("no octets", "PPS", ""),
        ("", "PPS", ""),
    ],
)
def test_a_pps_says_what_follows_it_and_how_many_frames(raw: str, name: str, said: str) -> None:
    [rung] = ladder.rungs([{"kind": "frame", "text": "PPS", "raw": raw}])
    assert (rung.name, rung.text) == (name, said)
    assert rung.meaning


def test_an_mcf_behind_a_part_confirms_a_part_and_behind_the_last_one_a_page() -> None:
    part, page = (ladder.rungs([pps, MCF])[1].meaning for pps in (NULL, LAST))
    assert (part, page) == ("this part arrived well", "the page arrived well")


@pytest.mark.parametrize("entries", [[BLOCK, NULL, MCF], [NULL, MCF]])
def test_parts_in_a_row_that_arrived_at_once_are_one_rung(entries: list[dict[str, str]]) -> None:
    told = ladder.rungs([*entries * 4, LAST, MCF])
    assert [one.text for one in told] == ["4 blocks", "page 1, block 1: 17 frames", ""]
    assert told[0].meaning == "parts of the page, each of which arrived at once"


def test_one_part_alone_stays_as_it_is() -> None:
    assert [one.name for one in ladder.rungs([BLOCK, NULL, MCF, LAST, MCF])] == [
        "", "PPS-NULL", "MCF", "PPS-EOP", "MCF",
    ]  # fmt: skip


def test_a_part_that_had_to_be_sent_again_is_told_in_full() -> None:
    smooth, trouble = [BLOCK, NULL, MCF], [BLOCK, NULL, PPR, REPEAT, NULL, MCF]
    told = ladder.rungs([*smooth * 2, *trouble, *smooth * 3])
    assert [one.text if one.kind == "page" else one.name for one in told] == [
        "2 blocks", BLOCK["text"], "PPS-NULL", "PPR", REPEAT["text"], "PPS-NULL", "MCF", "3 blocks",
    ]  # fmt: skip


def test_what_the_modem_was_told_is_kept_where_it_was() -> None:
    told = ladder.rungs([BLOCK, AT, NULL, AT, MCF, BLOCK, NULL, AT, MCF])
    assert [one.kind for one in told] == ["page", "at", "at", "at"]


@pytest.mark.parametrize(
    ("line_seconds", "hurried"), [(0.0, False), (10.0, False), (19.0, False), (54.0, True)]
)
def test_a_line_faster_than_time_is_known_by_its_seconds(line_seconds: float, hurried: bool) -> None:
    rungs = ladder.rungs([{"at": 10.0, "kind": "frame", "text": "DCN"}])
    assert Ladder(rungs, live=False, line_seconds=line_seconds).hurried == hurried
    assert not Ladder([], live=False, line_seconds=line_seconds).hurried
