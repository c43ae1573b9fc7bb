"""Many stories as one list grouped by mineral: a digest, a morning's catch-up, what a cap held back. Pure.

Every headline stands in it whole; links give way first. What does not fit travels in the next message (`fitting`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import discord

from bot.delivery import buttons
from bot.delivery.markdown import clamp_plain, escape, plain, web_link
from bot.delivery.post import Post, StoryView
from bot.delivery.render import ARROWS, EMBEDS_TOTAL, NEUTRAL
from bot.i18n import _, ngettext
from bot.news.names import mineral_name

if TYPE_CHECKING:
    from collections.abc import Sequence

_HEAD: Final = 150  # the list's title
_PAGE: Final = 4000
_LONGEST: Final = 3400
_SOURCE: Final = 30
_LINK: Final = 200  # longer links would crowd the headlines out


def fitting(stories: Sequence[StoryView]) -> int:
    """How many of these stories one list holds with every headline whole; at least one."""
    room = EMBEDS_TOTAL - _HEAD
    headings: set[str] = set()
    for count, story in enumerate(stories):
        heading = _heading(story)
        if heading not in headings:
            headings.add(heading)
            room -= len(heading) + 6
        room -= len(_bullet(story)) + 1
        if room < 0:
            return max(count, 1)
    return max(len(stories), 1)


def folded(stories: Sequence[StoryView], reason: str, *, role_ids: Sequence[int] = ()) -> Post:
    """The list of as many stories as `fitting` allows. reason: hourly | daily | quiet | cap."""
    n = len(stories)
    heads = {
        "hourly": ngettext("The last hour: {n} headline", "The last hour: {n} headlines", n),
        "daily": ngettext("Your daily digest: {n} headline", "Your daily digest: {n} headlines", n),
        "quiet": ngettext("While it was quiet: {n} headline", "While it was quiet: {n} headlines", n),
        "cap": ngettext("{n} more headline", "{n} more headlines", n),
    }
    groups: dict[str, list[StoryView]] = {}
    for story in stories:
        groups.setdefault(_heading(story), []).append(story)
    if others := groups.pop(_("Other news"), None):
        groups[_("Other news")] = others  # last
    least = sum(len(heading) + 6 for heading in groups) + sum(len(_bullet(story)) + 1 for story in stories)
    spare = EMBEDS_TOTAL - _HEAD - least
    lines: list[str] = []
    for heading, members in groups.items():
        lines.append(f"**{heading}**")
        for story in members:
            line = _bullet(story)
            linked = _bullet(story, link=web_link(story.url, _LINK))
            if 0 < len(linked) - len(line) <= spare:
                spare -= len(linked) - len(line)
                line = linked
            lines.append(line)
    embeds: list[discord.Embed] = []
    room = EMBEDS_TOTAL - _HEAD
    for text in _pages(lines):
        if len(text) > room:
            break  # only when corrected headlines have grown since the list was made
        room -= len(text)
        embeds.append(discord.Embed(description=text, colour=NEUTRAL))
    title = heads.get(reason, heads["cap"]).format(n=n)
    embeds[0].title = title
    ping = " ".join(f"<@&{role}>" for role in role_ids)
    view = buttons.list_row(stories[0].delivery_id)
    return Post(ping, tuple(embeds), view, tuple(role_ids), plain(title, 100), style="list")


def _heading(story: StoryView) -> str:
    slugs = story.tags.mineral_slugs
    return escape(mineral_name(slugs[0])) if slugs else _("Other news")


def _bullet(story: StoryView, *, link: str | None = None) -> str:
    arrow = f"{ARROWS[story.tags.direction]} " if story.tags.direction else ""
    source = clamp_plain(story.sources[0].name, _SOURCE)
    title = clamp_plain(story.title, _LONGEST)
    return f"- {arrow}[{title}](<{link}>) · {source}" if link else f"- {arrow}{title} · {source}"


def _pages(lines: Sequence[str]) -> list[str]:
    pages: list[str] = []
    page = ""
    for line in lines:
        if page and len(page) + len(line) + 1 > _PAGE:
            pages.append(page)
            page = ""
        page = f"{page}\n{line}" if page else line
    return [*pages, page or "…"]
