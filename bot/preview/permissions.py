"""Who may do what where: Discord's permission bits and the order in which overwrites apply.

Rules: Discord docs, Topics → Permissions ("Permission Overwrites", "Implicit Permissions", "Inherited Permissions").
"""

from __future__ import annotations

from enum import IntFlag
from typing import TYPE_CHECKING, Final

from bot.preview.wire import as_id

if TYPE_CHECKING:
    from bot.preview.model import Channel, Guild, Member


class P(IntFlag):
    """The permission bits this server acts on, under Discord's names."""

    KICK_MEMBERS = 1 << 1
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    SEND_TTS_MESSAGES = 1 << 12
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_EXTERNAL_EMOJIS = 1 << 18
    CHANGE_NICKNAME = 1 << 26
    MANAGE_NICKNAMES = 1 << 27
    MANAGE_ROLES = 1 << 28
    MANAGE_WEBHOOKS = 1 << 29
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    SEND_MESSAGES_IN_THREADS = 1 << 38
    PIN_MESSAGES = 1 << 51


ALL: Final = (1 << 53) - 1
# What a new server gives @everyone (Discord's defaults, of the bits above).
EVERYONE_DEFAULT: Final = int(
    P.VIEW_CHANNEL
    | P.SEND_MESSAGES
    | P.EMBED_LINKS
    | P.ATTACH_FILES
    | P.READ_MESSAGE_HISTORY
    | P.ADD_REACTIONS
    | P.USE_EXTERNAL_EMOJIS
    | P.CHANGE_NICKNAME
    | P.USE_APPLICATION_COMMANDS
    | P.CREATE_PUBLIC_THREADS
    | P.SEND_MESSAGES_IN_THREADS
)
# In a DM with the bot both sides may do what talking needs.
DM: Final = int(
    P.VIEW_CHANNEL
    | P.SEND_MESSAGES
    | P.EMBED_LINKS
    | P.ATTACH_FILES
    | P.READ_MESSAGE_HISTORY
    | P.ADD_REACTIONS
    | P.USE_EXTERNAL_EMOJIS
    | P.USE_APPLICATION_COMMANDS
    | P.PIN_MESSAGES
)
_SENDING: Final = int(P.MENTION_EVERYONE | P.SEND_TTS_MESSAGES | P.ATTACH_FILES | P.EMBED_LINKS)


def in_guild(guild: Guild, member: Member) -> int:
    """A member's server-wide permissions: owner and administrators have all."""
    if member.user_id == guild.owner_id:
        return ALL
    bits = guild.roles[guild.id].permissions
    for role_id in member.roles:
        role = guild.roles.get(role_id)
        if role is not None:
            bits |= role.permissions
    return ALL if bits & P.ADMINISTRATOR else bits


def in_channel(guild: Guild, member: Member, channel: Channel) -> int:
    """A member's permissions in a channel; a thread takes its parent's (and SEND_MESSAGES from the thread bit)."""
    bits = in_guild(guild, member)
    if bits & P.ADMINISTRATOR:
        return ALL
    if channel.is_thread:
        parent = guild.channels.get(channel.parent_id)
        if parent is None:
            return 0
        bits = _overwritten(bits, guild, member, parent)
        bits = bits | P.SEND_MESSAGES if bits & P.SEND_MESSAGES_IN_THREADS else bits & ~P.SEND_MESSAGES
    else:
        bits = _overwritten(bits, guild, member, channel)
    if not bits & P.VIEW_CHANNEL:
        return 0
    if not bits & P.SEND_MESSAGES:
        bits &= ~_SENDING
    return int(bits)


def _overwritten(bits: int, guild: Guild, member: Member, channel: Channel) -> int:
    """Apply overwrites: @everyone, then all roles together, then the member."""
    by_id = {as_id(o["id"]): o for o in channel.overwrites}
    everyone = by_id.get(guild.id)
    if everyone:
        bits = (bits & ~int(everyone["deny"])) | int(everyone["allow"])
    allow = deny = 0
    for role_id in member.roles:
        overwrite = by_id.get(role_id)
        if overwrite:
            allow |= int(overwrite["allow"])
            deny |= int(overwrite["deny"])
    bits = (bits & ~deny) | allow
    own = by_id.get(member.user_id)
    if own:
        bits = (bits & ~int(own["deny"])) | int(own["allow"])
    return bits
