"""The hands of the outbox: posts, edits and crossposts one message at Discord and says how it went, never raising.

Every request passes the gate first (`gate`). What an answer means is in `answers`, how an earlier attempt's copy is
recognised in `history`.
"""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import discord
import structlog

from bot.delivery import history
from bot.delivery.answers import Lost, Outcome, Refused, Retry, Sent, meaning
from bot.delivery.gate import OnlyOnce, reopen, trip
from bot.delivery.hooks import Hooks
from bot.delivery.places import hides_history, obstacle, served_here

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    from bot.delivery.post import Post
    from bot.delivery.remote import Asking, Channel, Remote
    from storage.records import Delivery, Target

log = structlog.get_logger(__name__)
EDIT_PRIORITY: Final = 3
_REQUEST_SECONDS: Final = 45.0  # waiting for the bucket and discord.py's own retries included
_NONCE_SECONDS: Final = 90.0  # Discord remembers a nonce for a few minutes; stay well inside
_PUBLISHED_ALREADY: Final = 40033
Place = discord.PartialMessageable | discord.ForumChannel


class Sender:
    """Sends for one connected client. `find_dm` gives a person's known DM channel, `keep_dm` remembers a new one."""

    def __init__(
        self,
        client: discord.Client,
        *,
        find_dm: Callable[[int], Awaitable[int | None]],
        keep_dm: Callable[[int, int], Awaitable[None]],
        keep_hook: Callable[[int, int, int | None, str | None], Awaitable[None]],
        remote: Remote | None = None,
        request_seconds: float = _REQUEST_SECONDS,
    ) -> None:
        self._client = client
        self._find_dm = find_dm
        self._keep_dm = keep_dm
        self._hooks = Hooks(client, keep_hook)
        self.remote = remote  # None: this process's gateway tells of every server
        self._request_seconds = request_seconds

    def reachable(self, target: Target, guild_id: int | None, lost: str = "") -> Lost | Retry | Asking | None:
        """What the client knows about a channel without asking: None when nothing speaks against it.

        Retry when its server is down for the moment, or is another process's: that is no lost route. lost: why the
        channel was lost before, so that what is needed there is looked at too.
        """
        if target.kind != "channel" or not guild_id:
            return None
        if self.remote is not None and not served_here(self._client, guild_id):
            return self.remote.outcome(target.id)
        return obstacle(self._client, target.id, guild_id, lost)

    def ready_for(self, targets: Sequence[Target], *, ask: int) -> list[Target]:
        """Those of these targets that can have their turn, in this order.

        In a process without a gateway a channel keeps its place until Discord has said what it is: at most `ask` are
        asked about at once, the first in turn first.
        """
        if self.remote is None or isinstance(self._client, discord.AutoShardedClient):
            return list(targets)
        known = self.remote.known((one.id for one in targets if one.kind == "channel"), ask=ask)
        return [one for one in targets if one.kind != "channel" or one.id in known]

    def _channel(self, channel_id: int) -> Channel | None:
        found = self._client.get_channel(channel_id)
        return self.remote.get(channel_id) if found is None and self.remote is not None else found

    def is_forum(self, target: Target) -> bool:
        """Whether every story becomes a post of its own there."""
        return target.kind == "channel" and isinstance(self._channel(target.id), discord.ForumChannel)

    def is_announcement(self, target: Target) -> bool:
        """Whether what is posted there can be published to the servers that follow it."""
        channel = self._channel(target.id) if target.kind == "channel" else None
        return isinstance(channel, discord.TextChannel) and channel.is_news()

    async def send(
        self,
        target: Target,
        post: Post,
        rows: Sequence[Delivery],
        *,
        nonce: str,
        first_try_at: datetime | None,
        now: datetime,
        priority: int,
    ) -> Outcome:
        """Post a message once. A repeated attempt is recognised by its nonce, an old one in the channel's history."""

        async def work() -> Outcome:
            place = await self._place(target)
            hook = await self._hooks.get(target.id, post.hook) if post.hook and target.kind == "channel" else None
            if first_try_at is not None:
                age = (now - first_try_at).total_seconds()
                # A negative age: the clock was set back, nobody knows how long ago it was.
                forgotten = not 0 <= age <= _NONCE_SECONDS
                if forgotten or post.hook is not None or isinstance(place, discord.ForumChannel):
                    if hides_history(self._client.get_channel(target.id)):
                        return Lost("missing:read_message_history", seen=True)
                    try:
                        found = await self._earlier(place, post, rows, first_try_at, hook)
                    except discord.Forbidden:
                        return Lost("missing:read_message_history")
                    if found is not None:
                        return found
            if hook is not None:
                outcome = await self._by_hook(hook, target, place, post, priority)
                if outcome is not None:
                    return outcome
            if isinstance(place, discord.ForumChannel):
                with trip(priority, posts=1):
                    return await _new_thread(place, post)
            try:
                message = await place.send(**_arguments(post), nonce=nonce)
            except discord.NotFound:
                if target.kind != "user":
                    raise
                message = await (await self._direct(target.id, anew=True)).send(**_arguments(post), nonce=nonce)
            return Sent(message.channel.id, message.id)

        return await self._guarded(work, priority)

    async def edit(self, channel_id: int, message_id: int, post: Post, *, hooked: bool) -> Outcome:
        """Change a message of ours. Quietly Refused when it is gone."""

        async def work() -> Outcome:
            arguments = _arguments(post)
            for name in ("suppress_embeds", "files"):
                arguments.pop(name, None)
            if not isinstance(post.view, discord.ui.LayoutView):
                arguments.setdefault("content", post.content or None)
            place = self._client.get_partial_messageable(channel_id)
            if not hooked:
                await place.get_partial_message(message_id).edit(**arguments)
            elif post.hook is None or post.hook.id is None:
                return Refused("its webhook is gone")
            else:
                channel = self._channel(channel_id)
                if isinstance(channel, discord.Thread):
                    arguments["thread"] = channel
                await self._hooks.known(post.hook).edit_message(message_id, **arguments)
            return Sent(channel_id, message_id)

        return await self._guarded(work, EDIT_PRIORITY)

    async def publish(self, channel_id: int, message_id: int) -> Outcome:
        """Crosspost a message of an announcement channel."""

        async def work() -> Outcome:
            message = self._client.get_partial_messageable(channel_id).get_partial_message(message_id)
            try:
                await message.publish()
            except discord.HTTPException as error:
                if error.code != _PUBLISHED_ALREADY:
                    raise
            return Sent(channel_id, message_id)

        return await self._guarded(work, EDIT_PRIORITY)

    async def _place(self, target: Target) -> Place:
        if target.kind != "channel":
            return await self._direct(target.id if target.kind == "user" else await self._owner(target.id))
        channel = self._channel(target.id)
        if isinstance(channel, discord.ForumChannel):
            return channel
        return self._client.get_partial_messageable(target.id)

    async def _direct(self, user_id: int, *, anew: bool = False) -> discord.PartialMessageable:
        """A person's direct messages. anew: the channel that was known for them is gone."""
        known = None if anew else await self._find_dm(user_id)
        if known is None:
            known = (await self._client.create_dm(discord.Object(user_id))).id
            await self._keep_dm(user_id, known)
        return self._client.get_partial_messageable(known)

    async def _owner(self, guild_id: int) -> int:
        guild = self._client.get_guild(guild_id)
        if guild is None or not guild.owner_id:
            guild = await self._client.fetch_guild(guild_id, with_counts=False)
        return guild.owner_id or 0

    async def _earlier(
        self, place: Place, post: Post, rows: Sequence[Delivery], since: datetime, hook: discord.Webhook | None
    ) -> Sent | None:
        mine = {self._client.user.id if self._client.user else 0, *([hook.id] if hook else [])}
        if post.hook is not None and post.hook.id is not None:
            mine.add(post.hook.id)
        ids = {row.id for row in rows}
        if isinstance(place, discord.ForumChannel):
            return await history.in_forum(place, post, ids, since, mine)
        return await history.in_channel(place, post, ids, since, mine)

    async def _by_hook(
        self, hook: discord.Webhook, target: Target, place: Place, post: Post, priority: int
    ) -> Outcome | None:
        """Sent through the webhook; None when it is gone and the post has to go out plainly."""
        arguments = _arguments(post)
        channel = self._channel(target.id)
        if isinstance(place, discord.ForumChannel):
            arguments |= {"thread_name": post.name or "…", "applied_tags": tags_for(place, post.minerals)}
        elif isinstance(channel, discord.Thread):
            arguments["thread"] = channel
        try:
            with trip(priority, posts=1):  # a webhook takes no nonce
                message = await hook.send(**arguments, wait=True)
        except discord.HTTPException as error:
            if error.code in {10015, 50027}:
                log.info("a channel's webhook was deleted; posting as the bot", channel=target.id)
                await self._hooks.forget(target.id)
                return None
            raise
        return Sent(message.channel.id, message.id, hooked=True)

    async def _guarded(self, work: Callable[[], Awaitable[Outcome]], priority: int) -> Outcome:
        try:
            async with asyncio.timeout(self._request_seconds):
                with trip(priority):
                    return await work()
        except TimeoutError:
            reopen(self._client)
            return Retry("Discord did not answer in time")
        except OnlyOnce:
            return Retry("Discord did not answer clearly")
        except discord.HTTPException as error:
            return meaning(error)
        except discord.RateLimited as error:
            return Retry("rate limited", error.retry_after)
        except (aiohttp.ClientError, OSError) as error:
            return Retry(f"connection: {type(error).__name__}")
        except (KeyError, RuntimeError, AssertionError) as error:
            # A 429 without the fields discord.py expects; a session that is being closed.
            return Retry(f"no clear answer: {type(error).__name__}")
        except (discord.DiscordException, ValueError, TypeError, AttributeError) as error:
            log.exception("a post could not be made")
            return Refused(f"{type(error).__name__}: {error}"[:200])


def tags_for(forum: discord.ForumChannel, minerals: Sequence[str]) -> list[discord.ForumTag]:
    """The forum's own tags that are named like the story's minerals (at most five, Discord's limit)."""
    wanted = {name.replace("_", " ").casefold() for name in minerals}
    tags = [tag for tag in forum.available_tags if tag.name.casefold() in wanted][:5]
    if not tags and forum.flags.require_tag:
        tags = list(forum.available_tags[:1])
    return tags


async def _new_thread(forum: discord.ForumChannel, post: Post) -> Sent:
    made = await forum.create_thread(
        name=post.name or "…", applied_tags=tags_for(forum, post.minerals), **_arguments(post)
    )
    return Sent(made.thread.id, made.message.id)


def _arguments(post: Post) -> dict[str, Any]:
    roles: list[discord.abc.Snowflake] = [discord.Object(role) for role in post.role_ids]
    arguments: dict[str, Any] = {
        "allowed_mentions": discord.AllowedMentions(everyone=False, users=False, roles=roles, replied_user=False)
    }
    if isinstance(post.view, discord.ui.LayoutView):
        return {**arguments, "view": post.view}
    if post.content:
        arguments["content"] = post.content
    arguments["embeds"] = list(post.embeds)
    if post.view is not None:
        arguments["view"] = post.view
    if post.files:
        arguments["files"] = [
            discord.File(io.BytesIO(data), filename=name, description=alt) for name, data, alt in post.files
        ]
    if not post.embeds:
        arguments["suppress_embeds"] = True
    return arguments
