"""The pool of parser processes: answers, limits, kills, and no process left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from bot import tasks
from bot.feeds import lane, worker
from bot.feeds.model import FaultKind, FeedError, ParsedFeed
from bot.feeds.worker import ParserPool
from bot.news import tagger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

URL = "https://example.com/feed"


def rss(count: int, start: int = 0) -> bytes:
    items = "".join(
        f"<item><title>Gold {n}</title><guid>{n}</guid><link>/n/{n}</link>"
        f"<pubDate>Sun, 22 Nov 2026 10:00:00 GMT</pubDate><description>text {n}</description></item>"
        for n in range(start, start + count)
    )
    return f"<rss version='2.0'><channel><title>t</title><ttl>5</ttl>{items}</channel></rss>".encode()


def hanging() -> bytes:
    """Takes feedparser's loose parser far longer than any limit here."""
    return b"<rss version='2.0'><channel><item><title>x" + b"<a " * 1_600_000


@pytest.fixture
async def pool() -> AsyncIterator[ParserPool]:
    async with ParserPool() as pool:
        yield pool


async def parse(pool: ParserPool, body: bytes, **options: object) -> ParsedFeed:
    return await pool.parse(body, content_type="text/xml", url=URL, **options)  # type: ignore[arg-type]


async def test_a_feed_comes_back_as_it_was_parsed(pool: ParserPool) -> None:
    feed = await parse(pool, rss(3))
    assert [e.title for e in feed.entries] == ["Gold 0", "Gold 1", "Gold 2"]
    assert feed.entries[0].published is not None
    assert feed.entries[0].published.isoformat() == "2026-11-22T10:00:00+00:00"
    assert feed.entries[0].url == "https://example.com/n/0"
    assert (feed.kind, feed.total, feed.whole, feed.hints.ttl) == ("rss", 3, True, 300)
    assert feed.pieces == {e.piece for e in feed.entries}


async def test_known_pieces_are_left_out(pool: ParserPool) -> None:
    first = await parse(pool, rss(30))
    second = await parse(pool, rss(30, start=1), known=first.pieces)
    assert ([e.title for e in second.entries], second.total, second.whole) == (["Gold 30"], 30, False)


async def test_headlines_come_tagged_where_that_is_asked_for(pool: ParserPool) -> None:
    title = "Copper jumps 3% as Chile&#39;s miners strike (NYSE: FCX)"
    body = f"<rss version='2.0'><channel><item><title>{title}</title></item></channel></rss>".encode()
    (plain,) = (await parse(pool, body)).entries
    assert plain.tags is None
    async with ParserPool(tags=True) as tagging:
        (entry,) = (await parse(tagging, body)).entries
        large = await parse(tagging, rss(1_500))
    assert entry.tags == tagger.tag(entry.title, entry.summary)
    assert entry.tags.mineral_slugs == ("copper",)
    assert entry.tags.direction == "up"
    told = [tagger.tag(one.title, one.summary) for one in large.entries]
    assert [one.tags for one in large.entries] == [*told[:1_000], *[None] * 500], (
        "by the slow worker, too, up to a limit"
    )


async def test_many_at_once_each_get_their_own_answer(pool: ParserPool) -> None:
    feeds = await asyncio.gather(*(parse(pool, rss(2, start=n)) for n in range(100)))
    assert [f.entries[0].title for f in feeds] == [f"Gold {n}" for n in range(100)]


async def test_a_feed_of_many_frames_comes_whole(pool: ParserPool) -> None:
    feed = await parse(pool, rss(900))
    assert [e.guid for e in feed.entries] == [str(n) for n in range(900)]


async def test_what_is_no_feed_is_a_fault_and_costs_no_worker(pool: ParserPool) -> None:
    assert (await parse(pool, rss(1))).total == 1
    pid = worker_pids(pool)
    assert pid
    with pytest.raises(FeedError) as caught:
        await parse(pool, b"<html><body>hello</body></html>")
    assert caught.value.fault.kind is FaultKind.NOT_A_FEED
    assert (await parse(pool, rss(1))).total == 1
    assert worker_pids(pool) == pid


def worker_pids(pool: ParserPool) -> set[int]:
    return {p.pid for p in psutil.Process().children() if "bot.feeds.parser_process" in p.cmdline()}


async def test_a_hanging_parse_is_killed_and_the_next_feed_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_LARGE", 10**9)  # into the quick lane, where the others are
    async with ParserPool(timeout=1.0) as pool:
        assert (await parse(pool, rss(1))).total == 1
        before = worker_pids(pool)
        slow = asyncio.create_task(parse(pool, hanging()))
        await asyncio.sleep(0)
        others = await asyncio.gather(*(parse(pool, rss(1, start=n)) for n in range(5)))
        assert [f.entries[0].title for f in others] == [f"Gold {n}" for n in range(5)]
        with pytest.raises(FeedError) as caught:
            await slow
        assert caught.value.fault.kind is FaultKind.PARSE
        assert not before & worker_pids(pool), "the process that hung is gone"


async def test_a_large_feed_does_not_delay_a_small_one(pool: ParserPool) -> None:
    await parse(pool, rss(1))
    large = asyncio.create_task(parse(pool, rss(4_000)))
    await asyncio.sleep(0)
    assert (await parse(pool, rss(1))).total == 1
    assert not large.done(), "the small one came first"
    assert (await large).total == 4_000


async def test_a_feed_that_needs_too_much_memory_is_a_fault() -> None:
    async with ParserPool(memory_limit=72 * 2**20) as pool:
        with pytest.raises(FeedError) as caught:
            await parse(pool, rss(20_000))
        assert caught.value.fault.kind is FaultKind.PARSE
        assert "memory" in caught.value.fault.detail
        assert (await parse(pool, rss(1))).total == 1


async def test_a_worker_killed_from_outside_is_replaced(pool: ParserPool) -> None:
    assert (await parse(pool, rss(1))).total == 1
    for pid in worker_pids(pool):
        os.kill(pid, signal.SIGKILL)
    results = await asyncio.gather(*(parse(pool, rss(1)) for _ in range(5)), return_exceptions=True)
    assert all(isinstance(r, ParsedFeed) for r in results)


def test_a_worker_that_dies_amid_much_costs_no_feed_on_the_loop_the_bot_runs_on() -> None:
    """Jobs are written ahead: some of them to a pipe that nobody reads any more."""

    async def main() -> list[ParsedFeed | BaseException]:
        async with ParserPool() as pool:
            await parse(pool, rss(1))
            (pid,) = worker_pids(pool)
            # Long bodies and short answers: much is still to be written when some answers are still to be read.
            body = rss(1).replace(b"text 0", b"text 0 " * 5_000)
            asking = [asyncio.create_task(parse(pool, body)) for _ in range(60)]
            await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
            time.sleep(0.1)  # the loop is busy with something else while the worker answers and dies
            os.kill(pid, signal.SIGKILL)
            time.sleep(0.1)
            return await asyncio.gather(*asking, return_exceptions=True)

    answers = tasks.run(main())
    assert [one.total if isinstance(one, ParsedFeed) else one for one in answers] == [1] * 60


async def test_requests_cancelled_before_they_are_read_harm_no_other(pool: ParserPool) -> None:
    asking = [asyncio.create_task(parse(pool, rss(50, start=n))) for n in range(40)]
    await asyncio.sleep(0)
    for task in asking[::2]:
        task.cancel()
    feeds = [await task for task in asking[1::2]]
    assert [feed.entries[0].title for feed in feeds] == [f"Gold {n}" for n in range(1, 40, 2)]


async def test_a_cancelled_request_harms_no_other(pool: ParserPool) -> None:
    task = asyncio.create_task(parse(pool, rss(200)))
    await asyncio.sleep(0)
    task.cancel()
    assert (await parse(pool, rss(2))).total == 2


async def test_closing_ends_the_processes_and_fails_what_waits() -> None:
    pool = ParserPool()
    await pool.start()
    await parse(pool, rss(1))
    pids = worker_pids(pool)
    waiting = asyncio.create_task(parse(pool, hanging()))
    await asyncio.sleep(0)
    await pool.close()
    with pytest.raises(FeedError):
        await waiting
    assert pids
    assert not any(psutil.pid_exists(pid) for pid in pids)
    with pytest.raises(FeedError):
        await parse(pool, rss(1))


async def test_the_worker_sees_no_secret(pool: ParserPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "secret")
    assert "secret" not in str(lane.environment())


async def test_discovery_and_page_rules_run_in_the_worker(pool: ParserPool) -> None:
    html = b"<html><head><link rel=alternate type='application/rss+xml' href='/rss'></head></html>"
    found = await pool.discover(html, content_type="text/html", url="https://example.com/")
    assert (found[0].url, found[0].how) == ("https://example.com/rss", "declared")
    assert await pool.propose(html, content_type="text/html", url="https://example.com/") == []


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_no_worker_outlives_its_parent(how: signal.Signals) -> None:
    """Also shows that the pool needs nothing of the main module: the program is `python -c`."""
    program = textwrap.dedent("""
        import asyncio, psutil
        from bot.feeds.worker import ParserPool
        async def main():
            async with ParserPool() as pool:
                body = b"<rss version='2.0'><channel><item><title>x</title></item></channel></rss>"
                print((await pool.parse(body, content_type=None, url="")).total)
                print(psutil.Process().children()[0].pid, flush=True)
                await asyncio.Event().wait()
        asyncio.run(main())
    """)
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        assert parent.stdout.readline() == "1\n"
        child = psutil.Process(int(parent.stdout.readline()))
        parent.send_signal(how)
        parent.wait(10)
    child.wait(10)  # raises TimeoutExpired when the worker stays
