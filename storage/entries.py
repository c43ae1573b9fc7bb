"""Entries and stories: which are known, storing new ones, corrections, and what readers ask for."""

from __future__ import annotations

from itertools import chain, repeat
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import BigInteger, and_, func, or_, select, type_coerce, update

from storage.bulk import insert_rows
from storage.records import Entry, KnownEntry, NewEntry, SourceLine, Story
from storage.rows import chunks, columns, into
from storage.schema import entries, entry_facets, feeds, guild_feeds, stories

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime, timedelta

    from sqlalchemy import CursorResult, Table
    from sqlalchemy.ext.asyncio import AsyncConnection

_KNOWN: Final = ", ".join(column.name for column in columns(entries, KnownEntry))
_ENTRY = columns(entries, Entry)
_STORY = columns(stories, Story)
_NEW_STORY: Final = ("id", "title", "published_at", "first_seen_at", "updated_at")
_NEW_ENTRY: Final = (
    "id", "feed_id", "identity", "link_key", "title", "url", "summary", "author", "image", "published_at",
    "published_raw", "first_seen_at", "silent", "piece", "tags", "story_id", "story_why",
)  # fmt: skip
_values = attrgetter(*_NEW_ENTRY[1:])  # of a NewEntry
_ROWS = 200  # inserted in one statement: preparing thousands at once would hold the event loop
_CHUNK = 400  # pairs in one IN list: well under SQLite's 32,766 variables, few distinct statements to compile


async def known(
    connection: AsyncConnection, identities: Iterable[tuple[int, str]], link_keys: Iterable[tuple[int, str]]
) -> list[KnownEntry]:
    """Stored entries with any of these (feed id, identity) or (feed id, link key) pairs."""
    found: dict[int, KnownEntry] = {}
    for name, pairs in (("identity", identities), ("link_key", link_keys)):
        for chunk in chunks(dict.fromkeys(pairs), _CHUNK):
            for row in await _with(connection, name, chunk):
                found[row[0]] = KnownEntry(*tuple(row))
    return list(found.values())


async def _with(
    connection: AsyncConnection, name: str, pairs: Sequence[tuple[int, str]]
) -> CursorResult[*tuple[Any, ...]]:
    """Rows of _KNOWN, each found by the index: written as `(feed_id, …) IN (VALUES …)` SQLite reads the whole table."""
    joined = f"SELECT {_KNOWN} FROM wanted CROSS JOIN entries WHERE feed_id = f AND {name} = k"  # noqa: S608  our names
    if connection.dialect.name == "postgresql":
        feed_ids, keys = zip(*pairs, strict=True)
        text = f"WITH wanted AS (SELECT * FROM unnest($1::bigint[], $2::text[]) AS pair(f, k)) {joined}"  # noqa: S608
        return await connection.exec_driver_sql(text, (list(feed_ids), list(keys)))
    # As many places as the next power of two: few different statements for SQLite to prepare.
    full = 1 << (len(pairs) - 1).bit_length()
    values = tuple(chain.from_iterable((*pairs, *repeat(pairs[0], full - len(pairs)))))
    places = ", ".join(["(?, ?)"] * full)
    return await connection.exec_driver_sql(f"WITH wanted(f, k) AS (VALUES {places}) {joined}", values)


async def pieces_of(connection: AsyncConnection, feed_id: int, *, limit: int = 500) -> frozenset[str]:
    """Source hashes of a feed's newest entries."""
    rows = await connection.execute(
        select(entries.c.piece)
        .where(entries.c.feed_id == feed_id, entries.c.piece.is_not(None))
        .order_by(entries.c.id.desc())
        .limit(limit)
    )
    return frozenset(row.piece for row in rows)


async def reserve_stories(connection: AsyncConnection, count: int) -> list[int]:
    """Ids for stories about to be stored, so that entries can name them before they are written."""
    return await _reserve(connection, stories, count)


async def _reserve(connection: AsyncConnection, table: Table, count: int) -> list[int]:
    if connection.dialect.name == "postgresql":
        sequence = func.pg_get_serial_sequence(table.name, "id")
        rows = await connection.execute(select(func.nextval(sequence)).select_from(func.generate_series(1, count)))
        return [int(row[0]) for row in rows]
    # SQLite: this transaction is the only writer, so the next numbers are ours.
    last = (await connection.execute(select(func.max(table.c.id)))).scalar() or 0
    return list(range(last + 1, last + 1 + count))


async def add_stories(connection: AsyncConnection, rows: Sequence[tuple[int, str, datetime, datetime]]) -> None:
    """Store stories given as (reserved id, title, published, seen)."""
    for chunk in chunks(rows, _ROWS):
        await insert_rows(
            connection,
            stories,
            _NEW_STORY,
            [(id_, title, published, seen, seen) for id_, title, published, seen in chunk],
        )


async def add_entries(connection: AsyncConnection, new: Sequence[NewEntry]) -> list[int]:
    """Store entries whose story is known; their ids in the same order."""
    ids = await _reserve(connection, entries, len(new)) if new else []
    for chunk in chunks(zip(ids, new, strict=True), _ROWS):
        await insert_rows(connection, entries, _NEW_ENTRY, [(id_, *_values(entry)) for id_, entry in chunk])
        facets = [(facet, id_) for id_, entry in chunk for facet in dict.fromkeys(entry.facets)]
        await insert_rows(connection, entry_facets, ("facet", "entry_id"), facets)
    return ids


async def add_source(connection: AsyncConnection, story_ids: Iterable[int], now: datetime) -> None:
    """Each named story has one more source."""
    for story_id in story_ids:
        await connection.execute(
            update(stories).where(stories.c.id == story_id).values(sources=stories.c.sources + 1, updated_at=now)
        )


async def correct(
    connection: AsyncConnection,
    entry: KnownEntry,
    *,
    title: str,
    summary: str,
    url: str | None,
    tags: dict[str, object],
    piece: str | None,
    now: datetime,
) -> None:
    """Store an edited title; the story takes it over when this entry is its first."""
    await connection.execute(
        update(entries)
        .where(entries.c.id == entry.id)
        .values(title=title, summary=summary, url=url, tags=tags, piece=piece, edited_at=now)
    )
    if entry.story_id is not None:
        first = select(func.min(entries.c.id)).where(entries.c.story_id == entry.story_id).scalar_subquery()
        await connection.execute(
            update(stories).where(stories.c.id == entry.story_id, first == entry.id).values(title=title, updated_at=now)
        )


async def sources_of(connection: AsyncConnection, story_ids: Iterable[int]) -> dict[int, list[SourceLine]]:
    """story id → its entries, first one first, with the feed each came by."""
    found: dict[int, list[SourceLine]] = {}
    for chunk in chunks(dict.fromkeys(story_ids), _CHUNK):
        rows = await connection.execute(
            select(
                entries.c.id.label("entry_id"),
                entries.c.story_id,
                entries.c.feed_id,
                feeds.c.title.label("feed_title"),
                feeds.c.url.label("feed_url"),
                entries.c.title,
                entries.c.url,
                entries.c.image,
                entries.c.summary,
                entries.c.published_at,
                entries.c.first_seen_at,
                entries.c.tags,
                entries.c.story_why,
            )
            .join(feeds, feeds.c.id == entries.c.feed_id)
            .where(entries.c.story_id.in_(chunk))
            .order_by(entries.c.id)
        )
        for row in rows:
            found.setdefault(row.story_id, []).append(into(SourceLine, row))
    return found


async def stories_by_id(connection: AsyncConnection, story_ids: Iterable[int]) -> dict[int, Story]:
    found: dict[int, Story] = {}
    for chunk in chunks(dict.fromkeys(story_ids), _CHUNK):
        for row in await connection.execute(select(*_STORY).where(stories.c.id.in_(chunk))):
            found[row.id] = into(Story, row)
    return found


async def window(connection: AsyncConnection, since: datetime) -> list[tuple[int, int, str, datetime]]:
    """(entry id, story id, title, time) of entries seen since then, oldest first: to rebuild the story index.

    Left out is what a feed held from before then when it was added.
    """
    when = func.coalesce(entries.c.published_at, entries.c.first_seen_at)
    rows = await connection.execute(
        select(entries.c.id, entries.c.story_id, entries.c.title, entries.c.first_seen_at, when.label("at"))
        .where(
            entries.c.first_seen_at >= since,
            entries.c.story_id.is_not(None),
            or_(entries.c.silent.is_(False), when >= since),
        )
        .order_by(entries.c.id)
    )
    return [(row.id, row.story_id, row.title, row.first_seen_at) for row in rows]


async def newest_id(connection: AsyncConnection) -> int:
    """The highest number an entry has; 0 where there is none."""
    return int((await connection.execute(select(func.max(entries.c.id)))).scalar() or 0)


async def after(connection: AsyncConnection, entry_id: int, fresh: timedelta) -> list[tuple[int, int, str, datetime]]:
    """(entry id, story id, title, time) of the entries stored after that one, oldest first.

    Left out is what was older than `fresh` when its feed was added.
    """
    seen = type_coerce(entries.c.first_seen_at, BigInteger)
    when = func.coalesce(type_coerce(entries.c.published_at, BigInteger), seen)
    rows = await connection.execute(
        select(entries.c.id, entries.c.story_id, entries.c.title, entries.c.first_seen_at)
        .where(
            entries.c.id > entry_id,
            entries.c.story_id.is_not(None),
            or_(entries.c.silent.is_(False), when >= seen - int(fresh.total_seconds())),
        )
        .order_by(entries.c.id)
    )
    return [(row.id, row.story_id, row.title, row.first_seen_at) for row in rows]


async def latest(
    connection: AsyncConnection,
    guild_id: int | None,
    *,
    feed_ids: Sequence[int] | None = None,
    facets: Sequence[str] = (),
    before_id: int | None = None,
    since: datetime | None = None,
    limit: int = 10,
) -> list[Entry]:
    """Newest entries of the feeds a server reads that carry every facet, newest first.

    guild_id None: of all feeds, or of `feed_ids`; nothing that a person asks for, since feeds of a server are its own.
    """
    conditions: list[Any] = []
    if feed_ids is not None:
        conditions.append(entries.c.feed_id.in_(feed_ids))
    if guild_id is not None:
        conditions.append(
            entries.c.feed_id.in_(select(guild_feeds.c.feed_id).where(guild_feeds.c.guild_id == guild_id))
        )
    conditions += [
        select(entry_facets.c.entry_id)
        .where(and_(entry_facets.c.facet == facet, entry_facets.c.entry_id == entries.c.id))
        .exists()
        for facet in facets
    ]
    if before_id is not None:
        conditions.append(entries.c.id < before_id)
    if since is not None:
        conditions.append(entries.c.first_seen_at >= since)
    when = func.coalesce(entries.c.published_at, entries.c.first_seen_at)
    order = (entries.c.id.desc(),) if before_id is not None or limit > 100 else (when.desc(), entries.c.id.desc())
    rows = await connection.execute(select(*_ENTRY).where(*conditions).order_by(*order).limit(limit))
    return [into(Entry, row) for row in rows]


async def newest_of_feed(connection: AsyncConnection, feed_id: int) -> Entry | None:
    when = func.coalesce(entries.c.published_at, entries.c.first_seen_at)
    row = (
        await connection.execute(
            select(*_ENTRY).where(entries.c.feed_id == feed_id).order_by(when.desc(), entries.c.id.desc()).limit(1)
        )
    ).first()
    return into(Entry, row) if row else None


async def get(connection: AsyncConnection, entry_id: int) -> Entry | None:
    row = (await connection.execute(select(*_ENTRY).where(entries.c.id == entry_id))).first()
    return into(Entry, row) if row else None


async def source_hosts(connection: AsyncConnection, guild_id: int | None, *, limit: int = 200) -> list[str]:
    """Hosts that entries of a server's feeds came from, most frequent first (for autocomplete)."""
    statement = (
        select(entry_facets.c.facet, func.count().label("n"))
        .where(entry_facets.c.facet.like("source:%"))
        .group_by(entry_facets.c.facet)
        .order_by(func.count().desc())
        .limit(limit)
    )
    if guild_id is not None:
        statement = statement.join(entries, entries.c.id == entry_facets.c.entry_id).where(
            entries.c.feed_id.in_(select(guild_feeds.c.feed_id).where(guild_feeds.c.guild_id == guild_id))
        )
    return [row.facet.partition(":")[2] for row in await connection.execute(statement)]


async def set_pieces(connection: AsyncConnection, pieces: Sequence[tuple[int, str]]) -> None:
    """Remember new source hashes of known entries: pairs (entry id, hash)."""
    for entry_id, piece in pieces:
        await connection.execute(update(entries).where(entries.c.id == entry_id).values(piece=piece))


async def stories_seen(
    connection: AsyncConnection, after: datetime, until: datetime, facets: Sequence[str]
) -> list[int]:
    """Stories first seen in (after, until] of which an entry carries one of the facets."""
    rows = await connection.execute(
        select(stories.c.id)
        .join(entries, entries.c.story_id == stories.c.id)
        .join(entry_facets, entry_facets.c.entry_id == entries.c.id)
        .where(
            stories.c.first_seen_at > after, stories.c.first_seen_at <= until, entry_facets.c.facet.in_(list(facets))
        )
        .distinct()
    )
    return [row.id for row in rows]
