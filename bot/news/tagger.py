"""What a headline is about: minerals, topics, direction of the price and tickers, each with the words that say so.

Rules over the text and data files only; it does not match subscriptions, group stories or fetch anything. Slugs are
those of the reference book, groups that are named as such ("critical_minerals", "pgm"), and materials outside the book.
"""

from __future__ import annotations

from bot.i18n import _
from bot.news.model import Direction, Tag, Tags
from bot.news.tagging.direction import direction
from bot.news.tagging.lexicon import Mention, minerals
from bot.news.tagging.line import Line, read
from bot.news.tagging.tickers import tickers
from bot.news.tagging.topics import about_mining, topics

_SUMMARY_LIMIT = 600  # characters; later text is boilerplate more often than news


def _mineral_tags(line: Line, mentions: list[Mention]) -> tuple[Tag, ...]:
    words: dict[str, list[str]] = {}
    for mention in mentions:
        written = line.written(mention.start, mention.end)
        for slug in mention.slugs:
            causes = words.setdefault(slug, [])
            if written not in causes:
                causes.append(written)
    return tuple(Tag(slug, tuple(causes)) for slug, causes in words.items())


def _read(line: Line) -> tuple[list[Mention], Direction | None, tuple[str, ...]]:
    """The minerals and the direction; a metal nothing else settles is meant when its price moves."""
    mentions, doubtful = minerals(line)
    way, words = direction(line, mentions or doubtful)
    return mentions or (doubtful if way else []), way, words


def tag(title: str, summary: str = "") -> Tags:
    """The tags of a headline (plain text). Pure and deterministic.

    The title decides; the summary only adds tickers, and minerals and topics when the title has none of its own
    and is about mining. Direction is read from the title alone.
    """
    line = read(title)
    mentions, way, way_words = _read(line)
    listed = tickers(title)
    found_topics: tuple[Tag, ...] = ()
    found = _mineral_tags(line, mentions)
    if mentions or listed or about_mining(line):
        found_topics = topics(line, moved=way_words)
        if summary and not mentions:
            body = read(summary[:_SUMMARY_LIMIT])
            found = _mineral_tags(body, minerals(body)[0])
            found_topics = found_topics or topics(body)
    if summary:
        known = {ticker.slug for ticker in listed}
        listed += tuple(t for t in tickers(summary[:_SUMMARY_LIMIT]) if t.slug not in known)
    return Tags(found, found_topics, way, way_words, listed)


def explain(title: str) -> list[str]:
    """One line per tag for a reader who asks why: "mineral gold: “Gold” (because of “prices”)"."""
    line = read(title)
    mentions = _read(line)[0]
    said = []
    for mention in mentions:
        text = _("mineral {slug}: “{words}” (because of “{why}”)") if mention.why else _("mineral {slug}: “{words}”")
        words = line.written(mention.start, mention.end)
        said += [text.format(slug=slug, words=words, why=mention.why) for slug in mention.slugs]
    tags = tag(title)
    for topic in tags.topics:
        said.append(_("topic {slug}: “{words}”").format(slug=topic.slug, words="”, “".join(topic.words)))
    if tags.direction:
        moved = " … ".join(tags.direction_words)
        said.append(_("direction {way}: “{words}”").format(way=tags.direction, words=moved))
    said += [_("ticker {slug}: “{words}”").format(slug=t.slug, words=t.words[0]) for t in tags.tickers]
    return said
