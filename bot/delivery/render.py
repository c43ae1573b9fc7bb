"""Stories as Discord messages: compact lines, embeds or cards. Pure. Lists (digests, folded ones) are in `lists`.

Limits are Discord's: content 2,000, embed title 256, description 4,096, 6,000 characters over all embeds, components
v2 4,000 and 40 in number. A headline is never cut while a message could hold it: `fitting` says how many go whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import discord

from bot.delivery import buttons
from bot.delivery.markdown import clamp_plain, escape, plain, web_link
from bot.delivery.post import Post, StoryView
from bot.i18n import _, ngettext
from bot.news.names import mineral_name, topic_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.records import Style

ARROWS: Final = {"up": "▲", "down": "▼", "flat": "▬"}
NEUTRAL: Final = 0xB8860B
EMBEDS_TOTAL: Final = 5900
_COLOURS: Final = {"up": 0x2E9E5B, "down": 0xC94B4B, "flat": 0x8A8F98}
_CONTENT: Final = 1950
_TITLE: Final = 256
_LONGEST: Final = 3400  # of one headline, escaped; what is longer is no headline
_CARD_TEXT: Final = 3800
_CARDS: Final = 5  # each takes six or seven of a message's forty components
_ALSO: Final = 4  # further sources named before "and n more"
_PING: Final = 24  # characters of a role mention and a line break


def tag_line(story: StoryView) -> str:
    """ "▲ up · Gold · Silver · Price move": no meaning by colour or sign alone."""
    parts = []
    if story.tags.direction:
        if _of_a_target(story):
            words = {"up": _("target raised"), "down": _("target cut"), "flat": _("target kept")}
        else:
            words = {"up": _("up"), "down": _("down"), "flat": _("little changed")}
        parts.append(f"{ARROWS[story.tags.direction]} {words[story.tags.direction]}")
    parts += [mineral_name(slug) for slug in story.tags.mineral_slugs[:4]]
    parts += [topic_name(slug) for slug in story.tags.topic_slugs[:2]]
    parts += [f"${symbol}" for symbol in story.tags.ticker_symbols[:2]]
    return " · ".join(escape(part) for part in parts)


def _of_a_target(story: StoryView) -> bool:
    """Whether the direction is that of a price an analyst foresees: the price itself may well go the other way."""
    return "price-target" in story.tags.topic_slugs and "price-move" not in story.tags.topic_slugs


def _colour(story: StoryView) -> int:
    return NEUTRAL if _of_a_target(story) else _COLOURS.get(story.tags.direction or "", NEUTRAL)


def source_line(story: StoryView, *, links: bool) -> str:
    """ "MINING.COM, 5 minutes ago · also: Kitco, Reuters": the time is rendered by the reader's own client."""

    def name(index: int) -> str:
        source = story.sources[index]
        text = clamp_plain(source.name, 60)
        link = web_link(source.url, 400) if links else None
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
    """One story as an embed, at most 4,500 characters in all."""
    title = escape(story.title)
    fits = len(title) <= _TITLE
    lines = [] if fits else [f"**{clamp_plain(story.title, _LONGEST)}**"]
    lines += [line for line in (tag_line(story), story.price, story.after) if line]
    foot = "-# " + source_line(story, links=True)
    if sum(map(len, lines)) + len(foot) > 4000:
        foot = "-# " + source_line(story, links=False)
    shown = discord.Embed(
        title=title if fits else clamp_plain(story.title, _TITLE),
        url=web_link(story.url),
        description="\n".join([*lines, foot])[:4096],
        colour=_colour(story),
    )
    if thumbnail and (image := picture(story)):
        shown.set_thumbnail(url=image)
    return shown


def picture(story: StoryView) -> str | None:
    """The picture's address if it is https; Discord's own servers fetch, resize and keep it, so its size is theirs."""
    image = web_link(story.image)
    return image if image and image.startswith("https://") else None


def text_line(story: StoryView, limit: int = 1900) -> str:
    """One story as one compact line; with a link where there is one and room for it."""
    link = web_link(story.url)
    tail = source_line(story, links=False)
    tags = tag_line(story)
    end = f" — {tags} · {tail}" if tags else f" — {tail}"
    if story.price:
        end += f" · {story.price}"
    more = f" · [{_('read')}](<{link}>)" if link else ""
    title = escape(story.title)
    if len(title) + 4 + len(end) + len(more) <= limit:
        return f"**{title}**{end}{more}"
    return f"**{clamp_plain(story.title, max(limit - len(end) - 4, 80))}**{end}"


def fitting(stories: Sequence[StoryView], style: Style, *, roles: int = 0) -> int:
    """How many of these stories one message holds with every headline whole; at least one."""
    room = {"line": _CONTENT, "embed": EMBEDS_TOTAL, "card": _CARD_TEXT}[style] - roles * _PING
    most = {"line": 10, "embed": 10, "card": _CARDS}[style]
    for count, story in enumerate(stories[:most]):
        if style == "line":
            room -= len(text_line(story, 10_000)) + 1
        elif style == "card":
            room -= sum(len(text) for text in _texts(story))
        else:
            room -= len(embed(story))
        if room < 0:
            return max(count, 1)
    return max(min(len(stories), most), 1)


def headlines(stories: Sequence[StoryView], style: Style, *, role_ids: Sequence[int] = ()) -> Post:
    """One message in a channel's style of as many stories as `fitting` allows."""
    name = plain(stories[0].title, 100)
    minerals = tuple(dict.fromkeys(slug for story in stories for slug in story.tags.mineral_slugs))
    first = stories[0].delivery_id
    ping = " ".join(f"<@&{role}>" for role in role_ids)
    roles = tuple(role_ids)
    if style == "line":
        lines = [text_line(story, _CONTENT // len(stories)) for story in stories]
        whole = [text_line(story, 10_000) for story in stories]
        if len(ping) + sum(len(line) + 1 for line in whole) <= _CONTENT:
            lines = whole
        elif len(stories) == 1 and len(escape(stories[0].title)) > _CONTENT // 2:
            style = "embed"  # a line cannot hold it, an embed can
        if style == "line":
            content = "\n".join([ping, *lines] if ping else lines)
            return Post(content, (), buttons.row(first), roles, name, (), minerals, style="line")
    if style == "card":
        return Post("", (), card(stories, ping), roles, name, (), minerals, style="card")
    embeds = [embed(story) for story in stories]
    if sum(len(one) for one in embeds) > EMBEDS_TOTAL:
        embeds = [_short(one, EMBEDS_TOTAL // len(embeds)) for one in embeds]
    return Post(ping, tuple(embeds), buttons.row(first), roles, name, (), minerals, style="embed")


def _short(long: discord.Embed, limit: int) -> discord.Embed:
    """The embed within a share of the total: the description gives way, the headline stays."""
    room = max(limit - len(long.title or ""), 0)
    lines = (long.description or "").split("\n")
    while len(lines) > 1 and len("\n".join(lines)) > room:
        lines.pop()
    left = "\n".join(lines)
    long.description = left if len(left) <= room else None
    return long


def _texts(story: StoryView) -> list[str]:
    """A card's texts: heading, tags and price, source."""
    title = clamp_plain(story.title, _LONGEST)
    link = web_link(story.url, 400)
    heading = f"### [{title}](<{link}>)" if link and len(title) + len(link) < _LONGEST else f"### {title}"
    body = "\n".join(line for line in (tag_line(story), story.price, story.after) if line)
    foot = "-# " + source_line(story, links=len(title) < 1000)
    return [heading, *([body] if body else []), foot[: max(_CARD_TEXT - len(heading) - len(body), 10)]]


def card(stories: Sequence[StoryView], ping: str = "") -> discord.ui.LayoutView:
    """Stories as components-v2 cards, with one row of buttons."""
    view = discord.ui.LayoutView(timeout=None)
    if ping:
        view.add_item(discord.ui.TextDisplay(ping))
    for story in stories:
        *texts, foot = _texts(story)
        container: discord.ui.Container[discord.ui.LayoutView] = discord.ui.Container(accent_colour=_colour(story))
        if image := picture(story):
            thumb = discord.ui.Thumbnail[discord.ui.LayoutView](image, description=plain(story.sources[0].name, 200))
            container.add_item(discord.ui.Section(*texts, accessory=thumb))
        else:
            for text in texts:
                container.add_item(discord.ui.TextDisplay(text))
        container.add_item(discord.ui.TextDisplay(foot))
        view.add_item(container)
    view.add_item(buttons.action_row(stories[0].delivery_id))
    view.stop()  # the buttons are dynamic items: nothing of this view has to be remembered
    return view
