"""`headframe tag`, `match` and `stories`: the news package over standard input."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator


def _lines() -> Iterator[str]:
    """Lines of standard input without their ends; bytes that are no UTF-8 are replaced, not refused."""
    for raw in sys.stdin.buffer:
        yield raw.decode("utf-8", errors="replace").rstrip("\r\n")


def tag(_arguments: argparse.Namespace) -> int:
    """One JSON object a headline: minerals, topics, direction, tickers."""
    from bot.news import tagger

    for line in _lines():
        if not line.strip():
            continue
        tags = tagger.tag(line)
        print(
            json.dumps(
                {
                    "headline": line,
                    "minerals": list(tags.mineral_slugs),
                    "topics": list(tags.topic_slugs),
                    "direction": tags.direction,
                    "tickers": list(tags.ticker_symbols),
                },
                ensure_ascii=False,
            )
        )
    return 0


def match(arguments: argparse.Namespace) -> int:
    """Print the headlines that match; 0 some, 1 none, 2 a query that cannot be read."""
    from bot.news import document, query, tagger
    from bot.news.gaps import gaps

    try:
        wanted = query.parse(arguments.query)
    except query.QueryError as error:
        print(f"{error.caret()}\n{error}", file=sys.stderr)
        return 2
    if missed := gaps(wanted):
        print(missed, file=sys.stderr)
    found = False
    for line in _lines():
        if wanted.matches(document.build(line, tagger.tag(line))):
            found = True
            print(line)
    return 0 if found else 1


def stories(_arguments: argparse.Namespace) -> int:
    """One JSON object a headline with the number of its story; the same number means the same story."""
    from bot.news.stories import StoryIndex

    index = StoryIndex()
    at: datetime | None = None
    for line in _lines():
        if not line.strip():
            continue
        given, tab, headline = line.partition("\t")
        stamp = _time(given) if tab else None
        if stamp is None:
            headline = line
            stamp = at + timedelta(minutes=1) if at else datetime(2000, 1, 1, tzinfo=UTC)
        at = stamp
        print(json.dumps({"headline": headline, "story": index.assign(headline, at)}, ensure_ascii=False))
    return 0


def _time(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
