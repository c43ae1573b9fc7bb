"""How a ParsedFeed crosses the process boundary: as JSON, since answers made from hostile text are not unpickled.

Large feeds go in several frames so that reading one never holds the event loop for long.
"""

from __future__ import annotations

import json
import struct
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from bot.feeds.model import ParsedEntry, ParsedFeed, PublisherHints
from bot.news.model import tags_from_json, tags_to_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LENGTH: Final = struct.Struct("!I")
ENTRIES_A_FRAME: Final = 200


def pack(message: dict[str, Any], body: bytes = b"") -> bytes:
    """A frame: length of the rest, length of the JSON, the JSON, the body."""
    head = json.dumps(message, separators=(",", ":")).encode()
    return LENGTH.pack(LENGTH.size + len(head) + len(body)) + LENGTH.pack(len(head)) + head + body


def unpack(frame: bytes) -> tuple[dict[str, Any], bytes]:
    """The message and body of a frame without its leading length."""
    (size,) = LENGTH.unpack_from(frame)
    message: dict[str, Any] = json.loads(frame[LENGTH.size : LENGTH.size + size])
    return message, frame[LENGTH.size + size :]


def feed_frames(feed: ParsedFeed) -> Iterator[dict[str, Any]]:
    """The messages for one feed: entries in runs of 200, the last message with everything else and "done"."""
    rows = [_entry_row(e) for e in feed.entries]
    while len(rows) > ENTRIES_A_FRAME:
        yield {"entries": rows[:ENTRIES_A_FRAME]}
        rows = rows[ENTRIES_A_FRAME:]
    hints = feed.hints
    yield {
        "done": True,
        "entries": rows,
        "feed": [
            feed.kind, feed.title, feed.site_url, list(feed.pieces), feed.total, feed.whole,
            hints.ttl, list(hints.skip_hours), list(hints.skip_days), hints.update_period,
            feed.hub_url, feed.self_url, feed.language, list(feed.warnings),
        ],
    }  # fmt: skip


def _entry_row(e: ParsedEntry) -> list[Any]:
    stamp = e.published.timestamp() if e.published else None
    return [
        e.guid, e.url, e.title, e.summary, e.author, e.image, stamp, e.published_raw, list(e.categories), e.piece,
        None if e.tags is None else tags_to_json(e.tags),
    ]  # fmt: skip


def entries(rows: Sequence[Sequence[Any]]) -> list[ParsedEntry]:
    """The entries of one message."""
    return [
        ParsedEntry(
            guid, url, title, summary, author, image,
            None if stamp is None else datetime.fromtimestamp(stamp, UTC), raw, tuple(categories), piece,
            None if tags is None else tags_from_json(tags),
        )
        for guid, url, title, summary, author, image, stamp, raw, categories, piece, tags in rows
    ]  # fmt: skip


def feed(row: Sequence[Any], found: Sequence[ParsedEntry]) -> ParsedFeed:
    """The feed of the last message, with the entries of all of them."""
    kind, title, site, pieces, total, whole, ttl, hours, days, period, hub, own, language, warnings = row
    return ParsedFeed(
        kind=kind,
        title=title,
        site_url=site,
        entries=tuple(found),
        pieces=frozenset(pieces),
        total=total,
        whole=whole,
        hints=PublisherHints(ttl, frozenset(hours), frozenset(days), period),
        hub_url=hub,
        self_url=own,
        language=language,
        warnings=tuple(warnings),
    )
