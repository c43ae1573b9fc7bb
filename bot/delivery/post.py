"""What is to be posted, before Discord sees it: records in, a `Post` out. No network, no database, no clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.news.model import Tags, tags_from_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import discord

    from bot.delivery.hooks import Hook
    from storage.records import SourceLine


@dataclass(frozen=True, slots=True)
class Source:
    """Who carried the story, and where."""

    name: str
    url: str | None


@dataclass(frozen=True, slots=True)
class StoryView:
    """A story as a reader sees it. `delivery_id` names it in buttons; `price` is one ready-made line or None."""

    delivery_id: int
    title: str
    url: str | None
    sources: tuple[Source, ...]
    published: datetime
    tags: Tags
    image: str | None = None
    summary: str = ""
    price: str | None = None
    after: str | None = None  # the market's move since, added by an edit


@dataclass(frozen=True, slots=True)
class Post:
    """A message ready to be sent. `name` is the thread's name where the channel is a forum (plain text).

    `role_ids` are the roles its content names and may ping. `hook`: post through the channel's webhook.
    `style` is how its stories are shown ("" for what shows none); an edit keeps to it.
    """

    content: str = ""
    embeds: tuple[discord.Embed, ...] = ()
    view: discord.ui.View | discord.ui.LayoutView | None = None
    role_ids: tuple[int, ...] = ()
    name: str = ""
    files: tuple[tuple[str, bytes, str], ...] = ()  # (file name, content, alt text)
    minerals: tuple[str, ...] = field(default=())  # for forum tags
    hook: Hook | None = None
    style: str = ""

    @property
    def fingerprint(self) -> tuple[object, ...]:
        """What a copy of this post in a channel's history looks like."""
        return (self.content, *((embed.title, embed.url, embed.description) for embed in self.embeds))


def source_name(line: SourceLine) -> str:
    """The publication's name: the feed's title, else the host."""
    return (line.feed_title or host_of(line.url or line.feed_url)).strip()


def host_of(url: str) -> str:
    host = urlsplit(url).hostname or url
    return host.removeprefix("www.")


def view_of(delivery_id: int, lines: Sequence[SourceLine], *, price: str | None = None) -> StoryView:
    """The story of one delivery from its entries, first one first. At least one entry is needed."""
    first = lines[0]
    named: dict[str, Source] = {}
    for line in lines:
        named.setdefault(source_name(line), Source(source_name(line), line.url))
    return StoryView(
        delivery_id=delivery_id,
        title=first.title,
        url=first.url or next((line.url for line in lines if line.url), None),
        sources=tuple(named.values()),
        published=min(first.published_at or first.first_seen_at, first.first_seen_at),
        tags=tags_from_json(first.tags),
        image=next((line.image for line in lines if line.image), None),
        summary=first.summary,
        price=price,
    )
