"""Stories as Discord messages: compact lines, embeds or cards, and lists for digests. Pure.

Limits are Discord's: content 2,000, embed title 256, description 4,096, 6,000 characters over all embeds, components
v2 4,000. A headline is never cut while there is room for it whole: where a title is too small, the description has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import discord

from bot.delivery import buttons
from bot.delivery.markdown import clamp_plain, escape, web_link
from bot.delivery.post import Post, StoryView
from bot.i18n import _, ngettext
from bot.news.names import mineral_name, topic_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.records import Style

ARROWS: Final = {"up": "▲", "down": "▼", "flat": "▬"}
_COLOURS: Final = {"up": 0x2E9E5B, "down": 0xC94B4B, "flat": 0x8A8F98}
_NEUTRAL: Final = 0xB8860B
_EMBEDS_TOTAL: Final = 5900
_TITLE: Final = 256
_ALSO: Final = 4  # further sources named before "and n more"


def tag_line(story: StoryView) -> str:
    """ "▲ up · Gold · Silver · Price move": no meaning by colour or sign alone."""
    parts = []
    if story.tags.direction:
        words = {"up": _("up"), "down": _("down"), "flat": _("little changed")}
        parts.append(f"{ARROWS[story.tags.direction]} {words[story.tags.direction]}")
    parts += [mineral_name(slug) for slug in story.tags.mineral_slugs[:4]]
    parts += [topic_name(slug) for slug in story.tags.topic_slugs[:2]]
    parts += [f"${symbol}" for symbol in story.tags.ticker_symbols[:2]]
    return " · ".join(escape(part) for part in parts)


def source_line(story: StoryView, *, links: bool) -> str:
    """ "MINING.COM, 5 minutes ago · also: Kitco, Reuters": the time is rendered by the reader's own client."""

    def name(index: int) -> str:
        source = story.sources[index]
        text = clamp_plain(source.name, 60)
        link = web_link(source.url) if links else None
        return f"[{text}](<{link}>)" if link else text

    line = f"{name(0)}, <t:{int(story.published.timestamp())}:R>"
    others = len(story.sources) - 1
    if others:
        named = ", ".join(name(index) for index in range(1, min(others, _ALSO) + 1))
        line += " · " + _("also: {names}").format(names=named)
        if others > _ALSO:
            line += " " + ngettext("and {n} more", "and {n} more", others - _ALSO).format(n=others - _ALSO)
    return line


def embed(story: StoryView, *, thumbnail: bool = True) -> discord.Embed:
    """One story as an embed."""
    title = escape(story.title)
    fits = len(title) <= _TITLE
    lines = [] if fits else [f"**{clamp_plain(story.title, 3000)}**"]
    lines += [line for line in (tag_line(story), story.price, story.after) if line]
    lines.append("-# " + source_line(story, links=True))
    shown = discord.Embed(
        title=title if fits else clamp_plain(story.title, _TITLE),
        url=web_link(story.url),
        description="\n".join(lines),
        colour=_COLOURS.get(story.tags.direction or "", _NEUTRAL),
        timestamp=story.published,
    )
    if thumbnail and story.image and story.image.startswith("https://"):
        shown.set_thumbnail(url=story.image)
    return shown


def text_line(story: StoryView, limit: int = 1900) -> str:
    """One story as one compact line; with a link where there is one."""
    link = web_link(story.url)
    tail = source_line(story, links=False)
    tags = tag_line(story)
    end = f" — {tags} · {tail}" if tags else f" — {tail}"
    if link:
        end += f" · [{_('read')}](<{link}>)"
    return f"**{clamp_plain(story.title, max(limit - len(end) - 4, 80))}**{end}"


def headlines(stories: Sequence[StoryView], style: Style, *, role_id: int | None = None) -> Post:
    """One message of one to ten stories in a channel's style."""
    ping = f"<@&{role_id}>" if role_id else ""
    name = clamp_plain(stories[0].title, 100)
    minerals = tuple(dict.fromkeys(slug for story in stories for slug in story.tags.mineral_slugs))
    ids = [story.delivery_id for story in stories]
    if style == "line":
        lines = [text_line(story, 1900 // len(stories)) for story in stories]
        content = "\n".join([ping, *lines] if ping else lines)
        return Post(content, (), buttons.row(ids[0]), role_id, name, (), minerals)
    if style == "card" and not role_id and len(stories) == 1:
        return Post("", (), card(stories[0]), None, name, (), minerals)
    embeds = [embed(story) for story in stories]
    if sum(len(one) for one in embeds) > _EMBEDS_TOTAL:
        embeds = [_short(one, _EMBEDS_TOTAL // len(embeds)) for one in embeds]
    return Post(ping, tuple(embeds), buttons.row(ids[0]), role_id, name, (), minerals)


def _short(long: discord.Embed, limit: int) -> discord.Embed:
    """The embed within a share of the total: the description gives way, the headline stays."""
    room = limit - len(long) + len(long.description or "")
    if room < len(long.description or ""):
        lines = (long.description or "").split("\n")
        while len(lines) > 1 and len("\n".join(lines)) > room:
            lines.pop()
        long.description = "\n".join(lines) if len("\n".join(lines)) <= room else lines[0][: max(room, 0)]
    return long


def card(story: StoryView) -> discord.ui.LayoutView:
    """One story as a components-v2 card."""
    view = discord.ui.LayoutView(timeout=None)
    title = clamp_plain(story.title, 2500)
    link = web_link(story.url)
    heading = f"### [{title}](<{link}>)" if link else f"### {title}"
    body = "\n".join(line for line in (tag_line(story), story.price, story.after) if line)
    container: discord.ui.Container[discord.ui.LayoutView] = discord.ui.Container(
        accent_colour=_COLOURS.get(story.tags.direction or "", _NEUTRAL)
    )
    texts = [heading, *([body] if body else [])]
    if story.image and story.image.startswith("https://"):
        thumb = discord.ui.Thumbnail[discord.ui.LayoutView](
            story.image, description=clamp_plain(story.sources[0].name, 200)
        )
        container.add_item(discord.ui.Section(*texts, accessory=thumb))
    else:
        for text in texts:
            container.add_item(discord.ui.TextDisplay(text))
    container.add_item(discord.ui.TextDisplay("-# " + source_line(story, links=True)))
    container.add_item(buttons.action_row(story.delivery_id))
    view.add_item(container)
    view.stop()  # the buttons are dynamic items: nothing of this view has to be remembered
    return view


def folded(stories: Sequence[StoryView], reason: str) -> Post:
    """Many stories as one list grouped by mineral: a digest, a morning's catch-up, or what a cap held back.

    reason: hourly | daily | quiet | cap.
    """
    n = len(stories)
    heads = {
        "hourly": ngettext("The last hour: {n} headline", "The last hour: {n} headlines", n),
        "daily": ngettext("Your daily digest: {n} headline", "Your daily digest: {n} headlines", n),
        "quiet": ngettext("While it was quiet: {n} headline", "While it was quiet: {n} headlines", n),
        "cap": ngettext("{n} more headline", "{n} more headlines", n),
    }
    groups: dict[str, list[StoryView]] = {}
    for story in stories:
        slugs = story.tags.mineral_slugs
        groups.setdefault(mineral_name(slugs[0]) if slugs else _("Other news"), []).append(story)
    share = (_EMBEDS_TOTAL - 300) // max(n, 1)
    lines: list[str] = []
    for heading, members in groups.items():
        lines.append(f"**{escape(heading)}**")
        lines += [_bullet(story, share - 8) for story in members]
    embeds = [discord.Embed(description=text, colour=_NEUTRAL) for text in _pages(lines, 4000)]
    embeds[0].title = heads.get(reason, heads["cap"]).format(n=n)
    view = buttons.list_row(stories[0].delivery_id)
    name = clamp_plain(embeds[0].title or "", 100)
    return Post("", tuple(embeds), view, None, name)


def _bullet(story: StoryView, limit: int) -> str:
    arrow = f"{ARROWS[story.tags.direction]} " if story.tags.direction else ""
    link = web_link(story.url)
    source = clamp_plain(story.sources[0].name, 30)
    title = clamp_plain(story.title, max(limit - len(arrow) - len(source) - 12, 60))
    if link and len(title) + len(link) + len(source) + 16 <= limit:
        return f"- {arrow}[{title}](<{link}>) · {source}"
    return f"- {arrow}{title} · {source}"


def _pages(lines: Sequence[str], limit: int) -> list[str]:
    pages: list[str] = []
    page = ""
    for line in lines:
        if page and len(page) + len(line) + 1 > limit:
            pages.append(page)
            page = ""
        page = f"{page}\n{line}" if page else line
    return [*pages, page or "…"]
