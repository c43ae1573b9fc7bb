"""The whole state of the local Discord: its places, what is said in them, uploaded files, and who may see what.

In memory only and bounded: a channel keeps its newest messages, files are kept up to a total size.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from bot.preview import model as m
from bot.preview import permissions as perms
from bot.preview.places import Person, Places
from bot.preview.wire import Json, refuse

if TYPE_CHECKING:
    from bot.preview.clock import Clock

__all__ = ["Person", "World"]
KEEP_MESSAGES: Final = 5_000  # a channel
KEEP_FILE_BYTES: Final = 256 * 1024 * 1024


class World(Places):
    """Everything there is. `World.demo()` is furnished, `World.empty()` has only the bot."""

    def __init__(self, clock: Clock | None = None, bot_name: str = "Headframe") -> None:
        super().__init__(clock, bot_name)
        self.ephemeral: OrderedDict[int, m.Message] = OrderedDict()
        self.files: OrderedDict[int, m.StoredFile] = OrderedDict()
        self._file_bytes = 0
        self.global_commands: dict[int, Json] = {}
        self.guild_commands: dict[int, dict[int, Json]] = {}

    @classmethod
    def empty(cls, clock: Clock | None = None) -> World:
        """A world with the bot and nobody else."""
        return cls(clock)

    @classmethod
    def demo(cls, clock: Clock | None = None) -> World:
        """The "Copperline Mining Club" with its channels, roles and three people to be."""
        from bot.preview.demo import furnish

        world = cls(clock)
        furnish(world)
        return world

    # -- who may -----------------------------------------------------------------------------------------------

    def permissions(self, user_id: int, channel: m.Channel) -> int:
        """A user's permission bits in a channel; 0 when they are not there."""
        if channel.guild_id is None:
            return perms.DM if user_id in channel.recipients or user_id == self.bot.id else 0
        guild = self.guilds.get(channel.guild_id)
        member = guild.members.get(user_id) if guild else None
        if guild is None or member is None:
            return 0
        return perms.in_channel(guild, member, channel)

    def can_see(self, user_id: int, channel: m.Channel) -> bool:
        if channel.type == m.PRIVATE_THREAD and user_id not in channel.thread_members:
            return bool(self.permissions(user_id, channel) & perms.P.MANAGE_THREADS)
        return bool(self.permissions(user_id, channel) & perms.P.VIEW_CHANNEL)

    # -- messages and files ------------------------------------------------------------------------------------

    def store_message(self, message: m.Message) -> None:
        """Keep a message and announce it; a channel forgets its oldest beyond KEEP_MESSAGES."""
        channel = self.channels[message.channel_id]
        if message.ephemeral:
            self.ephemeral[message.id] = message
            while len(self.ephemeral) > KEEP_MESSAGES:
                self.ephemeral.popitem(last=False)
        else:
            channel.messages[message.id] = message
            channel.data["last_message_id"] = str(message.id)
            if channel.is_thread:
                channel.data["message_count"] += 1
                channel.data["total_message_sent"] += 1
            while len(channel.messages) > KEEP_MESSAGES:
                channel.messages.popitem(last=False)
        self.message_event("MESSAGE_CREATE", message)

    def message_event(self, name: str, message: m.Message) -> None:
        """Announce a message's creation or change, with the fields only the gateway adds."""
        extra: Json = {}
        if message.guild_id is not None:
            extra["guild_id"] = str(message.guild_id)
            member = self.guilds[message.guild_id].members.get(message.author_id)
            if member is not None and message.webhook_id is None:
                extra["member"] = member.data
        self.emit(
            name,
            message.data,
            guild_id=message.guild_id,
            channel_id=message.channel_id,
            only_for=message.only_for,
            extra=extra,
        )

    def find_message(self, channel_id: int, message_id: int) -> m.Message:
        """A message that others can see, or an ephemeral one. Refuses with 10008."""
        channel = self.channels.get(channel_id)
        found = channel.messages.get(message_id) if channel else None
        if found is None:
            found = self.ephemeral.get(message_id)
        if found is None or found.channel_id != channel_id:
            raise refuse(10008)
        return found

    def remove_message(self, message: m.Message) -> None:
        if message.ephemeral:
            self.ephemeral.pop(message.id, None)
        else:
            channel = self.channels[message.channel_id]
            channel.messages.pop(message.id, None)
            if channel.is_thread:
                channel.data["message_count"] = max(0, channel.data["message_count"] - 1)
        gone: Json = {"id": str(message.id), "channel_id": str(message.channel_id)}
        if message.guild_id is not None:
            gone["guild_id"] = str(message.guild_id)
        self.emit(
            "MESSAGE_DELETE",
            gone,
            guild_id=message.guild_id,
            channel_id=message.channel_id,
            only_for=message.only_for,
        )

    def store_file(self, file: m.StoredFile) -> None:
        self.files[file.id] = file
        self._file_bytes += len(file.body)
        while self._file_bytes > KEEP_FILE_BYTES and len(self.files) > 1:
            _, old = self.files.popitem(last=False)
            self._file_bytes -= len(old.body)

    def new_token(self) -> str:
        """An opaque token for an interaction or webhook."""
        return secrets.token_urlsafe(48)
