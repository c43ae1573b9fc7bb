"""The checks most routes begin with: does the channel exist, may the bot see it, may it do this there?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.preview import model as m
from bot.preview.permissions import P
from bot.preview.wire import refuse

if TYPE_CHECKING:
    from bot.preview.http import Call


def channel(call: Call, needs: int = 0, *, name: str = "channel_id") -> m.Channel:
    """The channel of the path. Refuses: 10003 unknown, 50001 not visible to the bot, 50013 lacking `needs`."""
    world = call.local.world
    found = world.channels.get(call.ids[name])
    if found is None:
        raise refuse(10003)
    bot = world.bot.id
    if found.guild_id is not None and bot not in world.guilds[found.guild_id].members:
        raise refuse(50001)
    if not world.can_see(bot, found):
        raise refuse(50001)
    if needs and world.permissions(bot, found) & needs != needs:
        raise refuse(50013)
    return found


def guild(call: Call, needs: int = 0) -> m.Guild:
    """The guild of the path. Refuses: 10004 unknown, 50001 when the bot is not in it, 50013 lacking `needs`."""
    world = call.local.world
    found = world.guilds.get(call.ids["guild_id"])
    if found is None:
        raise refuse(10004)
    member = found.members.get(world.bot.id)
    if member is None:
        raise refuse(50001)
    if needs and bits(call, found) & needs != needs:
        raise refuse(50013)
    return found


def bits(call: Call, found: m.Guild) -> int:
    """The bot's server-wide permissions."""
    from bot.preview.permissions import in_guild

    return in_guild(found, found.members[call.local.world.bot.id])


def sendable(call: Call) -> m.Channel:
    """A channel the bot may post messages in. Refuses: 50008, 50083 archived and locked, 50007 closed DMs, 50013."""
    found = channel(call)
    if found.type not in m.MESSAGEABLE:
        raise refuse(50008)
    world = call.local.world
    if found.type == m.DM:
        if not all(world.users[i].dms_open for i in found.recipients):
            raise refuse(50007)
        return found
    if not world.permissions(world.bot.id, found) & P.SEND_MESSAGES:
        raise refuse(50013)
    if found.is_thread and found.data["thread_metadata"]["locked"]:
        raise refuse(50083)
    return found
