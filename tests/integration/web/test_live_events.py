from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING

import httpx
import pytest
from waiting import wait_until

from gateway.domain.errors import BadConfig
from gateway.domain.outcome import Cause
from gateway.store import events
from gateway.web import live
from gateway.web.serving import bound, serve

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from web_fixtures import Pages


async def told(lines: AsyncIterator[str], count: int) -> list[tuple[int, dict[str, object]]]:
    """Return the next `count` events of a stream: id and data."""
    found: list[tuple[int, dict[str, object]]] = []
    async with asyncio.timeout(20):
        async for text in lines:
            fields = dict(line.split(": ", 1) for line in text.strip().splitlines() if ": " in line)
            if "id" in fields:
                found.append((int(fields["id"]), json.loads(fields["data"])))
            if len(found) == count:
                return found
    raise AssertionError(f"the stream ended after {found}")


def stream(
    pages: Pages, after: int = 0, number: int | None = None, language: str = "en"
) -> AsyncIterator[str]:
    return live.lines(pages.site, after, number, language)


async def test_a_stream_tells_what_happened_with_the_ids_of_the_store(pages: Pages) -> None:
    pages.sent()
    stored = pages.house.store.read(events.since, 0)
    seen = await told(stream(pages), len(stored))
    assert [id_ for id_, _ in seen] == [event.id for event in stored]
    assert [data["kind"] for _, data in seen] == [event.kind for event in stored]


async def test_a_reader_who_comes_back_misses_nothing_and_hears_nothing_twice(pages: Pages) -> None:
    pages.sent()
    first = await told(stream(pages), 3)
    rest = await told(stream(pages, after=first[-1][0]), 2)
    assert [id_ for id_, _ in first + rest] == [1, 2, 3, 4, 5]


async def test_a_page_of_one_fax_hears_of_that_fax_only(pages: Pages) -> None:
    pages.sent()
    other = pages.received()
    seen = await told(stream(pages, number=other), 3)
    assert {data["number"] for _, data in seen} == {other}


async def test_news_reach_a_stream_that_waits(pages: Pages) -> None:
    watcher = asyncio.create_task(pages.site.feed.look())
    waiting = asyncio.create_task(told(stream(pages), 1))
    await asyncio.sleep(0)
    pages.fax()
    assert (await waiting)[0][1]["kind"] == "fax.accepted"
    pages.stop.set()
    await watcher


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "Fax 1 sent, 3 pages"),
        ("ja", "FAX 1 を送信しました。3 ページ"),
        ("ru", "Факс 1 отправлен, 3 страницы"),
    ],
)
async def test_the_end_of_a_fax_is_announced_in_the_readers_language(
    pages: Pages, language: str, sentence: str
) -> None:
    pages.sent(pages=3)
    count = len(pages.house.store.read(events.since, 0))
    said = [data.get("say") for _, data in await told(stream(pages, language=language), count)]
    assert sentence in said


async def test_failures_and_receptions_are_announced_and_small_steps_are_not(pages: Pages) -> None:
    pages.failed(Cause.BUSY)
    pages.received(pages=2)
    everything = pages.house.store.read(events.since, 0)
    said = {event.kind: live.sentence(event, "en") for event in everything}
    assert said["delivery.failed"] == "Fax 1 failed"
    assert said["delivery.retry"] == "Fax 1 waits for the next call"
    assert said["reception.closed"] == "Fax 2 received, 2 pages"
    assert said["delivery.dialling"] == said["reception.page"] == ""


async def test_a_stream_ends_with_the_process(pages: Pages) -> None:
    pages.stop.set()
    rest = [text async for text in stream(pages)]
    assert rest == ["retry: 1000\n\n"]
    assert pages.site.feed.streams == 0


async def test_too_many_streams_are_turned_away(pages: Pages) -> None:
    pages.site.feed.streams = live.MOST_STREAMS
    answer = await pages.get("/events")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "60"


@pytest.mark.parametrize(
    ("text", "number"), [("7", 7), (None, 0), ("", 0), ("-1", 0), ("²", 0), ("9" * 40, 0)]
)
def test_an_id_that_is_no_number_starts_at_the_beginning(text: str | None, number: int) -> None:
    assert live.whole(text) == number


@pytest.fixture
async def served(pages: Pages) -> AsyncIterator[str]:
    """The address of a real server in front of the pages."""
    probe = bound("127.0.0.1", 0)
    port = probe.getsockname()[1]
    probe.close()
    task = asyncio.create_task(serve(pages.site, [("127.0.0.1", port)]))
    address = f"http://127.0.0.1:{port}"
    async with asyncio.timeout(20), httpx.AsyncClient() as client:
        while True:
            with contextlib.suppress(httpx.TransportError):
                await client.get(f"{address}/healthz")
                break
            await asyncio.sleep(0)
    yield address
    pages.stop.set()
    async with asyncio.timeout(20):
        await task


async def test_last_event_id_resumes_over_a_real_connection(pages: Pages, served: str) -> None:
    pages.sent()
    async with httpx.AsyncClient() as client:
        request = client.stream("GET", f"{served}/events?after=0", headers={"Last-Event-ID": "4"})
        async with request as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            seen = await told((f"{block}\n\n" async for block in blocks(answer)), 2)
    assert [id_ for id_, _ in seen] == [5, 6]


async def test_the_server_ends_at_once_though_a_browser_listens(pages: Pages, served: str) -> None:
    async with httpx.AsyncClient() as client, client.stream("GET", f"{served}/events") as answer:
        pages.stop.set()
        async with asyncio.timeout(20):
            rest = [text async for text in answer.aiter_text()]
    assert "".join(rest).startswith("retry: 1000")


async def blocks(answer: httpx.Response) -> AsyncIterator[str]:
    """Yield the blocks of a stream as they come."""
    text = ""
    async for piece in answer.aiter_text():
        text += piece
        while "\n\n" in text:
            block, _, text = text.partition("\n\n")
            yield block


def test_a_port_that_is_taken_is_told_as_a_fault_of_the_configuration() -> None:
    taken = bound("127.0.0.1", 0)
    port = taken.getsockname()[1]
    with pytest.raises(BadConfig, match=f"127.0.0.1:{port}"):
        bound("127.0.0.1", port)
    taken.close()


def test_the_port_is_free_again_when_nobody_holds_it() -> None:
    first = bound("127.0.0.1", 0)
    port = first.getsockname()[1]
    first.close()
    wait_until(lambda: bound("127.0.0.1", port).close() is None, 5)
