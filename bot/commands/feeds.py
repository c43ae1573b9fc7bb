"""`headframe check-feed`, `import` and `export`."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot import settings as configuration
from bot.errors import UserError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from bot.feeds.fetch import Fetcher
    from bot.feeds.model import ParsedEntry
    from bot.feeds.worker import ParserPool


_STATES: Final = {"added": "added", "already": "already there", "failed": "not added"}


def check_feed(arguments: argparse.Namespace) -> int:
    """Print every entry of the sources as JSON; 1 when one of them cannot be read."""
    return asyncio.run(_check(arguments.sources))


async def _check(sources: Sequence[str]) -> int:
    from bot.app import VERSION
    from bot.feeds.fetch import Fetcher, user_agent
    from bot.feeds.guard import Guard
    from bot.feeds.model import FeedError
    from bot.feeds.worker import ParserPool

    settings = configuration.load()
    failed = 0
    agent = user_agent(VERSION, settings.headframe_contact)
    async with Fetcher(Guard(settings.headframe_allow_private), user_agent=agent) as fetcher, ParserPool() as parser:
        for source in sources:
            try:
                entries = await _entries(source, fetcher, parser)
            except (FeedError, OSError) as error:
                reason = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
                print(f"{source}: {' '.join(reason.split())}", file=sys.stderr)
                failed = 1
                continue
            for entry in entries:
                print(json.dumps(_row(source, entry), ensure_ascii=False))
    return failed


async def _entries(source: str, fetcher: Fetcher, parser: ParserPool) -> Sequence[ParsedEntry]:
    from bot.feeds.model import FeedError, FetchRequest

    if source.startswith(("http://", "https://")):
        fetched = await fetcher.fetch(FetchRequest(source))
        if fetched.fault is not None:
            raise FeedError(fetched.fault)
        parsed = await parser.parse(
            fetched.body or b"", content_type=fetched.headers.get("content-type"), url=fetched.url
        )
        return parsed.entries
    body = sys.stdin.buffer.read() if source == "-" else await asyncio.to_thread(Path(source).read_bytes)
    return (await parser.parse(body, content_type=None, url="")).entries


def _row(source: str, entry: ParsedEntry) -> dict[str, object]:
    return {
        "source": source,
        "id": entry.guid,
        "url": entry.url,
        "title": entry.title,
        "published": entry.published.astimezone(UTC).isoformat() if entry.published else None,
        "summary": entry.summary,
        "image": entry.image,
        "author": entry.author,
    }


def import_opml(arguments: argparse.Namespace) -> int:
    """Read and add every feed of an OPML file; one line each on stderr, a summary on stdout."""
    try:
        data = Path(arguments.file).read_bytes()
    except OSError as error:
        raise UserError(f"{arguments.file}: {error.strerror}.") from error
    return asyncio.run(_import(data, arguments.guild))


async def _import(data: bytes, guild_id: int) -> int:
    from bot.app import App
    from bot.desk import feed_files

    app = await App.build(configuration.load())
    services = app.services
    counts = {"added": 0, "already": 0, "failed": 0}
    try:
        await services.fetcher.__aenter__()
        await services.parser.start()
        await services.ingest.load(services.started_at)
        async for line, done, total in feed_files.import_opml(services, guild_id, data, by=None):
            counts[line.state] += 1
            said = f"[{done}/{total}] {_STATES[line.state]}: {line.url}"
            print(f"{said}: {line.detail}" if line.detail else said, file=sys.stderr)
    finally:
        await app.stop()
    print("{added} added, {already} already there, {failed} could not be read".format(**counts))
    return 1 if counts["failed"] else 0


def export_opml(arguments: argparse.Namespace) -> int:
    """Print feeds as OPML; how many there are on stderr, since the list often goes into a file."""
    data, count = asyncio.run(_export(arguments.guild))
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
    print(f"{count} {'feed' if count == 1 else 'feeds'} exported", file=sys.stderr)
    return 0


async def _export(guild_id: int | None) -> tuple[bytes, int]:
    from bot.feeds import opml
    from storage import feeds
    from storage.database import Database

    database = await Database.open(configuration.load().database_url)
    try:
        async with database.read() as connection:
            found = await feeds.every(connection, guild_id)
    finally:
        await database.close()
    data = opml.write([opml.OpmlFeed(feed.url, feed.title or "", site_url=feed.site_url) for feed in found])
    return data, len(found)
