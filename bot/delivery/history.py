"""Looks for a message that an earlier attempt may have left: in a channel's history, or among a forum's posts.

The buttons under every post name its delivery, so a copy is known by them however its words have changed since.
Notices carry no buttons: they are known by their text.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import discord

from bot.delivery.answers import Sent
from bot.delivery.buttons import delivery_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from bot.delivery.post import Post

_PAGES: Final = 10  # of a hundred messages
_POSTS: Final = 15  # forum posts whose first message is looked at
_SLACK: Final = timedelta(hours=1)  # between this machine's clock and Discord's


async def in_channel(
    place: discord.PartialMessageable, post: Post, ids: Collection[int], since: datetime, mine: Collection[int]
) -> Sent | None:
    """Our message among the channel's latest ones. `mine`: the ids we write by (the bot's, a webhook's)."""
    before: discord.Object | None = None
    for _page in range(_PAGES):
        page = [message async for message in place.history(limit=100, before=before)]
        for message in page:
            if is_copy(message, post, ids, mine, since):
                return Sent(message.channel.id, message.id, message.webhook_id is not None)
        if len(page) < 100 or page[-1].created_at < since - _SLACK:
            return None
        before = discord.Object(page[-1].id)
    return None


async def in_forum(
    forum: discord.ForumChannel, post: Post, ids: Collection[int], since: datetime, mine: Collection[int]
) -> Sent | None:
    """Our post among the forum's latest ones, archived ones included when the attempt was long ago."""
    threads = [one for one in await forum.guild.active_threads() if one.parent_id == forum.id]
    if discord.utils.utcnow() - since > timedelta(minutes=50):  # the shortest time to be archived is an hour
        threads += [one async for one in forum.archived_threads(limit=_POSTS)]
    earliest = discord.utils.time_snowflake(since - _SLACK)
    ours = [one for one in threads if one.owner_id in mine and one.id > earliest]
    for thread in sorted(ours, key=lambda one: one.id, reverse=True)[:_POSTS]:
        try:
            first = await thread.fetch_message(thread.id)
        except discord.NotFound:
            continue
        if is_copy(first, post, ids, mine, since):
            return Sent(thread.id, first.id, first.webhook_id is not None)
    return None


def is_copy(message: discord.Message, post: Post, ids: Collection[int], mine: Collection[int], since: datetime) -> bool:
    """Whether a message is this post, sent by an attempt after `since`."""
    if message.author.id not in mine and message.webhook_id not in mine:
        return False
    named = {found for found in (delivery_of(one) for one in _custom_ids(message.components)) if found is not None}
    if named:
        return not named.isdisjoint(ids)
    if message.created_at < since - _SLACK:
        return False  # the same words of another day
    shown = (message.content, *((embed.title, embed.url, embed.description) for embed in message.embeds))
    return shown == post.fingerprint


def _custom_ids(components: Sequence[Any]) -> Iterator[str]:
    for one in components:
        custom = getattr(one, "custom_id", None)
        if isinstance(custom, str):
            yield custom
        yield from _custom_ids(getattr(one, "children", ()))
        accessory = getattr(one, "accessory", None)
        if accessory is not None:
            yield from _custom_ids([accessory])
