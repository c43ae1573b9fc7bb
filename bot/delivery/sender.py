"""The hands of the outbox: sends and edits one message at Discord and says how it went, never raising for it.

Every request waits for the bucket first. What an answer means is in one table at the end of the file.
"""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import discord

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    from bot.delivery.bucket import Bucket
    from bot.delivery.post import Post
    from storage.records import Delivery, Target

_REQUEST_SECONDS: Final = 45.0  # discord.py's own retries included
_NONCE_SECONDS: Final = 90.0  # Discord remembers a nonce for a few minutes; stay well inside
_NEEDED: Final = ("view_channel", "send_messages", "embed_links")


@dataclass(frozen=True, slots=True)
class Sent:
    channel_id: int
    message_id: int


@dataclass(frozen=True, slots=True)
class Retry:
    """Not known to have arrived: the same message again. `after` seconds when Discord names them."""

    reason: str
    after: float | None = None


@dataclass(frozen=True, slots=True)
class Lost:
    """The target cannot be reached. reason: "missing:embed_links,send_messages", "unknown-channel", "left", "dm"."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Discord will never take this message."""

    reason: str


Outcome = Sent | Retry | Lost | Refused


class Sender:
    """Sends for one connected client. `find_dm` gives a person's known DM channel, `keep_dm` remembers a new one."""

    def __init__(
        self,
        client: discord.Client,
        bucket: Bucket,
        *,
        find_dm: Callable[[int], Awaitable[int | None]],
        keep_dm: Callable[[int, int], Awaitable[None]],
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._find_dm = find_dm
        self._keep_dm = keep_dm
        self.invalid_requests = 0  # 401, 403 and 429 answers: ten thousand in ten minutes would be a ban

    def reachable(self, target: Target, guild_id: int | None) -> Lost | None:
        """What the cache knows about a channel, without a request: None when nothing speaks against it."""
        if target.kind == "user" or not self._client.is_ready():
            return None
        guild = self._client.get_guild(guild_id) if guild_id else None
        if guild_id and guild is None:
            return Lost("left")
        channel = self._client.get_channel(target.id)
        if guild is None or guild.unavailable or not isinstance(channel, discord.abc.GuildChannel | discord.Thread):
            return None
        missing = missing_permissions(channel)
        return Lost("missing:" + ",".join(missing)) if missing else None

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
        again = first_try_at is not None and any(row.attempts > 0 for row in rows)

        async def work() -> Outcome:
            place = await self._place(target, priority)
            if again and first_try_at is not None:
                old = (now - first_try_at).total_seconds() > _NONCE_SECONDS
                if old or isinstance(place, discord.ForumChannel):
                    found = await self._in_history(place, post, first_try_at, priority)
                    if found is not None:
                        return found
            await self._bucket.acquire(priority)
            if isinstance(place, discord.ForumChannel):
                return await self._new_thread(place, post)
            message = await place.send(**_arguments(post), nonce=nonce)
            return Sent(message.channel.id, message.id)

        return await self._guarded(work)

    async def edit(self, channel_id: int, message_id: int, post: Post) -> Outcome:
        """Change a message of ours."""

        async def work() -> Outcome:
            await self._bucket.acquire(3)
            place = self._client.get_partial_messageable(channel_id)
            arguments = _arguments(post)
            for name in ("suppress_embeds", "files"):
                arguments.pop(name, None)
            if not isinstance(post.view, discord.ui.LayoutView):
                arguments.setdefault("content", post.content or None)
            await place.get_partial_message(message_id).edit(**arguments)
            return Sent(channel_id, message_id)

        return await self._guarded(work)

    async def publish(self, channel_id: int, message_id: int) -> Outcome:
        """Crosspost a message of an announcement channel."""

        async def work() -> Outcome:
            await self._bucket.acquire(3)
            await self._client.get_partial_messageable(channel_id).get_partial_message(message_id).publish()
            return Sent(channel_id, message_id)

        return await self._guarded(work)

    async def _place(self, target: Target, priority: int) -> discord.PartialMessageable | discord.ForumChannel:
        if target.kind == "channel":
            channel = self._client.get_channel(target.id)
            return (
                channel
                if isinstance(channel, discord.ForumChannel)
                else self._client.get_partial_messageable(target.id)
            )
        known = await self._find_dm(target.id)
        if known is None:
            await self._bucket.acquire(priority)
            known = (await self._client.create_dm(discord.Object(target.id))).id
            await self._keep_dm(target.id, known)
        return self._client.get_partial_messageable(known)

    async def _in_history(
        self, place: discord.PartialMessageable | discord.ForumChannel, post: Post, since: datetime, priority: int
    ) -> Sent | None:
        """Our message in the place's recent history, if an earlier attempt did arrive."""
        mine = self._client.user.id if self._client.user else 0
        if isinstance(place, discord.ForumChannel):
            for thread in place.threads:
                if thread.owner_id == mine and thread.name == post.name and thread.id > _snowflake(since):
                    return Sent(thread.id, thread.id)
            return None
        await self._bucket.acquire(priority)
        async for message in place.history(limit=100, after=discord.Object(_snowflake(since))):
            if message.author.id == mine and _same(message, post):
                return Sent(message.channel.id, message.id)
        return None

    async def _new_thread(self, forum: discord.ForumChannel, post: Post) -> Sent:
        wanted = {name.replace("_", " ").casefold() for name in post.minerals}
        tags = [tag for tag in forum.available_tags if tag.name.casefold() in wanted][:5]
        if not tags and forum.flags.require_tag:
            tags = list(forum.available_tags[:1])
        made = await forum.create_thread(name=post.name or "…", applied_tags=tags, **_arguments(post))
        return Sent(made.thread.id, made.message.id)

    async def _guarded(self, work: Callable[[], Awaitable[Outcome]]) -> Outcome:
        try:
            async with asyncio.timeout(_REQUEST_SECONDS):
                return await work()
        except TimeoutError:
            return Retry("Discord did not answer in time")
        except discord.HTTPException as error:
            if error.status in {401, 403, 429}:
                self.invalid_requests += 1
            return self._meaning(error)
        except discord.RateLimited as error:
            return Retry("rate limited", error.retry_after)
        except (aiohttp.ClientError, OSError) as error:
            return Retry(f"connection: {type(error).__name__}")
        except (discord.DiscordException, ValueError, TypeError) as error:
            return Refused(f"{type(error).__name__}: {error}"[:200])

    def _meaning(self, error: discord.HTTPException) -> Outcome:
        if error.status == 429:
            after = float(error.response.headers.get("Retry-After") or 5)
            if error.response.headers.get("X-RateLimit-Global"):
                self._bucket.pause(after)
            return Retry("rate limited", after)
        if error.status >= 500:
            return Retry(f"Discord answered {error.status}")
        known = _MEANINGS.get(error.code)
        if known is not None:
            return known
        if error.status == 403:
            return Lost("missing:send_messages")
        if error.status == 404:
            return Lost("unknown-channel")
        if error.status in {401, 408}:
            return Retry(f"Discord answered {error.status}")
        return Refused(f"{error.status} (code {error.code}): {error.text}"[:200])


# Discord's JSON error codes (documentation, "JSON Error Codes").
_MEANINGS: Final[dict[int, Outcome]] = {
    10003: Lost("unknown-channel"),
    10008: Refused("the message is gone"),
    10013: Lost("dm"),
    40001: Lost("missing:send_messages"),
    50001: Lost("missing:view_channel"),
    50007: Lost("dm"),
    50013: Lost("missing:send_messages"),
    50278: Lost("dm"),
    160005: Lost("locked"),
    50083: Lost("archived"),
}


def missing_permissions(channel: discord.abc.GuildChannel | discord.Thread) -> list[str]:
    """Names of the permissions the bot lacks to post in a channel, by what the gateway has told so far."""
    # Typed as always there; with the member cache off it is, once the server's GUILD_CREATE has come.
    me: discord.Member | None = channel.guild.me
    if me is None:
        return []
    held = channel.permissions_for(me)
    needed = list(_NEEDED)
    if isinstance(channel, discord.Thread):
        needed[1] = "send_messages_in_threads"
    return [name for name in needed if not getattr(held, name)]


def _arguments(post: Post) -> dict[str, Any]:
    roles: list[discord.abc.Snowflake] = [discord.Object(post.role_id)] if post.role_id else []
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


def _same(message: discord.Message, post: Post) -> bool:
    if isinstance(post.view, discord.ui.LayoutView):
        own: list[dict[str, Any]] = post.view.to_components()  # type: ignore[no-untyped-call]
        ids = {item.get("custom_id") for item in _walk(own)} - {None}
        return bool(ids & {getattr(item, "custom_id", None) for item in _items(message.components)})
    shown = (message.content, *((embed.title, embed.url, embed.description) for embed in message.embeds))
    return shown == post.fingerprint


def _walk(components: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for component in components:
        found.append(component)
        found += _walk(component.get("components", []))
    return found


def _items(components: Sequence[Any]) -> list[Any]:
    found: list[Any] = []
    for component in components:
        found.append(component)
        found += _items(getattr(component, "children", []))
    return found


def _snowflake(moment: datetime) -> int:
    return discord.utils.time_snowflake(moment - timedelta(seconds=10))
