"""A new entry on its way into the database: read from a feed, tagged, ready for a story. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bot.delivery.post import host_of
from bot.news import vocabulary
from bot.news.model import tags_to_json
from storage.records import NewEntry

if TYPE_CHECKING:
    from bot.feeds import identity
    from bot.feeds.model import ParsedEntry
    from bot.news.model import Tags
    from bot.reading import Reading

WINDOW: Final = timedelta(hours=48)  # in which two headlines can tell the same story


@dataclass(slots=True)
class Fresh:
    """What an entry gathers on its way: its tags, and the story it begins or joins."""

    reading: Reading
    entry: NewEntry
    tags: Tags
    joined: bool  # it tells a story that is known already


def archived(one: Fresh) -> bool:
    """Whether it was old when the feed was read for the first time: too old to tell a story of these days."""
    published = one.entry.published_at
    return one.entry.silent and published is not None and published < one.entry.first_seen_at - WINDOW


def tags_of(entry: ParsedEntry) -> Tags:
    """What a headline is about: as its parser says, else as read here."""
    if entry.tags is not None:
        return entry.tags
    from bot.news import tagger  # put off: where the parser says it, this process need not know how

    return tagger.tag(entry.title, entry.summary)


def fresh_entry(reading: Reading, new: identity.New) -> Fresh:
    """A new entry with its tags and the facets it can be found by."""
    entry: ParsedEntry = new.entry
    tags = tags_of(entry)
    source = entry.url or reading.feed.url
    facets = [f"topic:{slug}" for slug in tags.topic_slugs]
    for slug in tags.mineral_slugs:
        # Critical lists are left out: headlines are searched by them in memory (`document.build`), never by this table.
        facets += [facet for facet in sorted(vocabulary.default().about(slug)) if facet.startswith("mineral:")]
    facets.append(f"source:{host_of(source)}")
    return Fresh(
        reading,
        NewEntry(
            feed_id=reading.feed.id,
            identity=new.identity,
            link_key=new.link_key,
            title=entry.title,
            url=entry.url,
            summary=entry.summary,
            author=entry.author,
            image=entry.image,
            published_at=entry.published,
            published_raw=entry.published_raw,
            first_seen_at=reading.at,
            silent=reading.silent,
            piece=entry.piece,
            tags=tags_to_json(tags),
            facets=tuple(facets),
        ),
        tags,
        joined=False,
    )
