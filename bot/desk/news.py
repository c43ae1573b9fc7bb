"""What readers ask of the archive: the latest headlines, a search, names for autocomplete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.delivery.markdown import clamp_plain, web_link
from bot.delivery.post import host_of
from bot.delivery.render import ARROWS
from bot.i18n import _
from bot.news import vocabulary
from bot.news.model import tags_from_json
from bot.news.names import topic_name
from storage import entries

if TYPE_CHECKING:
    from bot.services import Services
    from storage.records import Entry

SHOWN = 50  # headlines a listing pages through


async def latest(
    services: Services, guild_id: int | None, *, mineral: str | None, topic: str | None, source: str | None
) -> list[Entry]:
    """Newest headlines of the server's feeds (of those everyone reads, outside a server), newest first."""
    facets = []
    if mineral:
        facets.append(f"mineral:{mineral}")
    if topic:
        facets.append(f"topic:{topic}")
    if source:
        facets.append(f"source:{source}")
    async with services.db.read() as connection:
        return await entries.latest(connection, guild_id, facets=facets, limit=SHOWN)


def line(entry: Entry) -> str:
    """One headline of a listing."""
    tags = tags_from_json(entry.tags)
    at = entry.published_at or entry.first_seen_at
    arrow = f"{ARROWS[tags.direction]} " if tags.direction else ""
    title = clamp_plain(entry.title, 200)
    link = web_link(entry.url, 500)
    shown = f"[{title}](<{link}>)" if link else f"**{title}**"
    source = f" · {clamp_plain(host_of(entry.url), 40)}" if entry.url else ""
    return f"- {arrow}{shown}{source} · <t:{int(min(at, entry.first_seen_at).timestamp())}:R>"


async def sources(services: Services, guild_id: int | None, text: str) -> list[str]:
    async with services.db.read() as connection:
        hosts = await entries.source_hosts(connection, guild_id)
    return [host for host in hosts if text.casefold() in host][:25]


def topics(text: str) -> list[tuple[str, str]]:
    """(name, slug) of the topics that contain what has been typed."""
    wanted = text.casefold()
    named = sorted((topic_name(slug), slug) for slug in vocabulary.TOPICS)
    return [(name, slug) for name, slug in named if wanted in name.casefold() or wanted in slug][:25]


def minerals(text: str) -> list[tuple[str, str]]:
    """(name, slug) of the minerals meant by what has been typed; typing errors are forgiven."""
    from bot.minerals import search  # put off: the reference is read at first use

    return search.choices(text)[:25]


def nothing(*, mineral: str | None, topic: str | None, source: str | None) -> str:
    if mineral or topic or source:
        return _("No headline fits. Try fewer filters, or `/news latest` without any.")
    return _("No headlines yet. A moderator adds feeds with `/feed add`.")
