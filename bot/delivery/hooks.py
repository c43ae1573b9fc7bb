"""Webhooks: a channel's posts under a name and picture of their own. Made, found again, and done without if need be.

Name and picture belong to the webhook itself at Discord: moderators change them in the channel's settings, under
Integrations, or with `/channel look`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import discord
import structlog

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

log = structlog.get_logger(__name__)
Parent = discord.TextChannel | discord.ForumChannel | discord.VoiceChannel
NAME: Final = "Headframe"


@dataclass(frozen=True, slots=True)
class Hook:
    """A channel's wish for a webhook; id and token are None until there is one."""

    id: int | None = None
    token: str | None = None


class Hooks:
    """`keep(channel id, server id, webhook id, token)` stores what was made; None forgets it."""

    def __init__(
        self, client: discord.Client, keep: Callable[[int, int, int | None, str | None], Awaitable[None]]
    ) -> None:
        self._client = client
        self._keep = keep

    async def get(self, target_id: int, wish: Hook) -> discord.Webhook | None:
        """The channel's webhook, made if there is none yet; None when the bot may not, or the channel has none."""
        if wish.id is not None and wish.token is not None:
            return self.known(wish)
        channel = self.parent(target_id)
        if channel is None or not may_make(channel):
            return None
        try:
            mine = self._client.user.id if self._client.user else None
            held = next((one for one in await channel.webhooks() if _maker(one) == mine and one.token), None)
            made = held or await channel.create_webhook(name=NAME)
        except discord.HTTPException as error:
            log.info("no webhook can be made; posting as the bot", channel=channel.id, error=str(error))
            return None
        await self._keep(target_id, channel.guild.id, made.id, made.token)
        return self.known(Hook(made.id, made.token))

    def known(self, hook: Hook) -> discord.Webhook:
        """A webhook by its id and token, without a request."""
        assert hook.id is not None
        assert hook.token is not None
        return discord.Webhook.partial(hook.id, hook.token, client=self._client)

    async def forget(self, target_id: int) -> None:
        """It was deleted at Discord."""
        channel = self.parent(target_id)
        if channel is not None:
            await self._keep(target_id, channel.guild.id, None, None)

    def parent(self, target_id: int) -> Parent | None:
        """The channel a webhook for this target belongs to (a thread's parent)."""
        channel = self._client.get_channel(target_id)
        if isinstance(channel, discord.Thread):
            channel = channel.parent
        return channel if isinstance(channel, Parent) else None


def may_make(channel: Parent) -> bool:
    """Whether the bot may manage webhooks there."""
    me: discord.Member | None = channel.guild.me
    return me is not None and channel.permissions_for(me).manage_webhooks


def _maker(hook: discord.Webhook) -> int | None:
    user = hook.user
    # Discord says who made a webhook only to those who may manage it.
    return user.id if user is not None else None
