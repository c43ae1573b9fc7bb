"""The guilds, channels, roles and people of the local Discord, and every change to them; each change is announced.

It checks nothing: permissions and limits are looked after where a request comes in. What is said is in world.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.preview import model as m
from bot.preview import payloads
from bot.preview import permissions as perms
from bot.preview.clock import Clock, Snowflakes, SystemClock
from bot.preview.wire import Json, as_id, iso

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


@dataclass(frozen=True, slots=True)
class Person:
    """Someone a visitor of the page can be."""

    key: str
    user: m.User
    title: str
    about: str


class Places:
    """Guilds, their channels, roles and members, and the people; `World` adds what is said in them."""

    def __init__(self, clock: Clock | None = None, bot_name: str = "Headframe") -> None:
        self.clock: Clock = clock or SystemClock()
        self._ids = Snowflakes(self.clock)
        self.users: dict[int, m.User] = {}
        self.guilds: dict[int, m.Guild] = {}
        self.channels: dict[int, m.Channel] = {}  # of all guilds, threads and DMs
        self.webhooks: dict[int, m.Webhook] = {}
        self.people: dict[str, Person] = {}
        self.listeners: list[Callable[[m.Event], None]] = []
        self.bot = self.add_user(bot_name, global_name=None, bot=True)
        self.application_id = self.bot.id

    def new_id(self) -> int:
        return self._ids.next()

    def now_iso(self) -> str:
        return iso(self.clock.now())

    def emit(
        self,
        name: str,
        data: Json,
        *,
        guild_id: int | None = None,
        channel_id: int | None = None,
        only_for: int | None = None,
        extra: Json | None = None,
    ) -> None:
        """Announce something to the gateway and the people's pages."""
        event = m.Event(name, data, guild_id, channel_id, only_for, extra or {})
        for listener in list(self.listeners):
            listener(event)

    # -- people ------------------------------------------------------------------------------------------------

    def add_user(self, username: str, *, global_name: str | None = None, bot: bool = False) -> m.User:
        user_id = self.new_id()
        user = m.User(user_id, payloads.user(user_id, username, global_name=global_name, bot=bot))
        self.users[user_id] = user
        return user

    def add_person(self, key: str, username: str, global_name: str, title: str, about: str) -> m.User:
        """A user that visitors of the page can be; `key` is how tests name them."""
        user = self.add_user(username, global_name=global_name)
        self.people[key] = Person(key, user, title, about)
        return user

    def user(self, who: m.User | int | str) -> m.User:
        """A user by record, id, key of a person ("trader") or username. KeyError when unknown."""
        if isinstance(who, m.User):
            return who
        if isinstance(who, str) and who in self.people:
            return self.people[who].user
        found = self.users.get(as_id(who)) or next((u for u in self.users.values() if u.data["username"] == who), None)
        if found is None:
            raise KeyError(f"no user {who!r}")
        return found

    # -- guilds ------------------------------------------------------------------------------------------------

    def guild(self, name: str | None = None) -> m.Guild:
        """The guild of that name, or the first one. KeyError when there is none."""
        for guild in self.guilds.values():
            if name is None or guild.name == name:
                return guild
        raise KeyError(f"no guild {name!r}")

    def add_guild(
        self,
        name: str,
        owner: m.User,
        *,
        bot_permissions: int = perms.EVERYONE_DEFAULT,
        guild_id: int | None = None,
        description: str | None = None,
        with_bot: bool = True,
    ) -> m.Guild:
        """A guild with its owner and the bot (with a managed role of `bot_permissions`) in it.

        `with_bot` False: a server the bot has not been added to; people who have it in their account can use it there.
        """
        new = guild_id or self.new_id()
        guild = m.Guild(new, payloads.guild(new, name, owner.id, description), owner.id)
        guild.roles[new] = m.Role(new, payloads.role(new, "@everyone", perms.EVERYONE_DEFAULT, 0))
        guild.members[owner.id] = m.Member(owner.id, payloads.member(self.clock.now(), []))
        if with_bot:
            role_id = self.new_id()
            bot_role = m.Role(role_id, payloads.role(role_id, self.bot.name, bot_permissions, 1))
            bot_role.data |= {"managed": True, "tags": {"bot_id": str(self.bot.id)}}
            guild.roles[role_id] = bot_role
            guild.members[self.bot.id] = m.Member(self.bot.id, payloads.member(self.clock.now(), [role_id]))
        self.guilds[new] = guild
        self.emit("GUILD_CREATE", {"join": True}, guild_id=new)
        return guild

    def remove_guild(self, guild: m.Guild) -> None:
        """The bot is put out of a guild."""
        self.emit("GUILD_DELETE", {"id": str(guild.id)}, guild_id=guild.id)
        self.guilds.pop(guild.id, None)
        for channel_id in guild.channels:
            self.channels.pop(channel_id, None)

    def set_unavailable(self, guild: m.Guild, unavailable: bool) -> None:
        """An outage of one guild, or its end."""
        guild.unavailable = unavailable
        if unavailable:
            self.emit("GUILD_DELETE", {"id": str(guild.id), "unavailable": True}, guild_id=guild.id)
        else:
            self.emit("GUILD_CREATE", {}, guild_id=guild.id)

    def add_member(self, guild: m.Guild, user: m.User, *roles: m.Role) -> m.Member:
        member = m.Member(user.id, payloads.member(self.clock.now(), [r.id for r in roles]))
        guild.members[user.id] = member
        data = {**payloads.with_user(self, member), "guild_id": str(guild.id)}
        self.emit("GUILD_MEMBER_ADD", data, guild_id=guild.id)
        return member

    def set_member_roles(self, guild: m.Guild, user: m.User, roles: Iterable[m.Role]) -> None:
        guild.members[user.id].data["roles"] = [str(r.id) for r in roles]
        self.member_changed(guild, guild.members[user.id])

    def member_changed(self, guild: m.Guild, member: m.Member) -> None:
        data = {**payloads.with_user(self, member), "guild_id": str(guild.id)}
        self.emit("GUILD_MEMBER_UPDATE", data, guild_id=guild.id)

    def add_role(
        self, guild: m.Guild, name: str, permissions: int = 0, *, color: int = 0, mentionable: bool = False
    ) -> m.Role:
        role_id = self.new_id()
        role = m.Role(role_id, payloads.role(role_id, name, permissions, len(guild.roles), color=color))
        role.data["mentionable"] = mentionable
        guild.roles[role_id] = role
        self.emit("GUILD_ROLE_CREATE", {"guild_id": str(guild.id), "role": role.data}, guild_id=guild.id)
        return role

    def change_role(self, guild: m.Guild, role: m.Role, **changes: object) -> None:
        """Set raw fields of a role, such as permissions="0" (an int is written as Discord does)."""
        if "permissions" in changes:
            changes["permissions"] = str(int(str(changes["permissions"])))
        role.data |= changes
        self.emit("GUILD_ROLE_UPDATE", {"guild_id": str(guild.id), "role": role.data}, guild_id=guild.id)

    def remove_role(self, guild: m.Guild, role: m.Role) -> None:
        guild.roles.pop(role.id, None)
        for member in guild.members.values():
            if str(role.id) in member.data["roles"]:
                member.data["roles"].remove(str(role.id))
        gone = {"guild_id": str(guild.id), "role_id": str(role.id)}
        self.emit("GUILD_ROLE_DELETE", gone, guild_id=guild.id)

    # -- channels ----------------------------------------------------------------------------------------------

    def add_channel(
        self,
        guild: m.Guild,
        name: str,
        kind: int = m.TEXT,
        *,
        topic: str | None = None,
        parent: m.Channel | None = None,
        overwrites: list[Json] | None = None,
    ) -> m.Channel:
        """A text, announcement, forum, voice channel or category."""
        new = self.new_id()
        data: Json = {
            "id": str(new),
            "type": kind,
            "guild_id": str(guild.id),
            "name": name,
            "position": sum(not c.is_thread for c in guild.channels.values()),
            "flags": 0,
            "parent_id": str(parent.id) if parent else None,
            "permission_overwrites": overwrites or [],
            "nsfw": False,
        }
        if kind != m.CATEGORY:
            data |= {"topic": topic, "rate_limit_per_user": 0, "last_message_id": None}
        if kind == m.FORUM:
            data |= {
                "available_tags": [],
                "default_reaction_emoji": None,
                "default_sort_order": None,
                "default_forum_layout": 0,
                "default_auto_archive_duration": 4320,
            }
        if kind == m.VOICE:
            data |= {"bitrate": 64000, "user_limit": 0, "rtc_region": None}
        channel = m.Channel(new, kind, data, guild.id)
        guild.channels[new] = self.channels[new] = channel
        self.emit("CHANNEL_CREATE", data, guild_id=guild.id, channel_id=new)
        return channel

    def channel_changed(self, channel: m.Channel) -> None:
        name = "THREAD_UPDATE" if channel.is_thread else "CHANNEL_UPDATE"
        self.emit(name, channel.data, guild_id=channel.guild_id, channel_id=channel.id)

    def change_channel(self, channel: m.Channel, **changes: object) -> None:
        """Set raw fields of a channel, such as name="x"."""
        channel.data |= changes
        self.channel_changed(channel)

    def remove_channel(self, channel: m.Channel) -> None:
        """Delete a channel or thread, with its threads and webhooks."""
        if channel.guild_id is not None:
            guild = self.guilds[channel.guild_id]
            for thread in [c for c in guild.channels.values() if c.parent_id == channel.id and c.is_thread]:
                self.remove_channel(thread)
            for hook in [w for w in self.webhooks.values() if w.channel_id == channel.id]:
                del self.webhooks[hook.id]
            gone = dict(channel.data)
            if channel.is_thread:
                gone = {k: channel.data[k] for k in ("id", "guild_id", "parent_id", "type")}
            name = "THREAD_DELETE" if channel.is_thread else "CHANNEL_DELETE"
            self.emit(name, gone, guild_id=guild.id, channel_id=channel.id)
            guild.channels.pop(channel.id, None)
        self.channels.pop(channel.id, None)

    def set_overwrite(self, channel: m.Channel, target: m.Role | m.User, *, allow: int = 0, deny: int = 0) -> None:
        """Set what a role or user may do in a channel (both zero takes the overwrite away); the gateway hears of it."""
        kept = [o for o in channel.overwrites if as_id(o["id"]) != target.id]
        if allow or deny:
            kind = 0 if isinstance(target, m.Role) else 1
            kept.append({"id": str(target.id), "type": kind, "allow": str(int(allow)), "deny": str(int(deny))})
        channel.data["permission_overwrites"] = kept
        self.channel_changed(channel)

    def add_thread(
        self,
        parent: m.Channel,
        name: str,
        owner_id: int,
        kind: int,
        *,
        thread_id: int | None = None,
        archive: int = 4320,
    ) -> m.Channel:
        """A thread of a text or announcement channel, or a forum's post. `archive` is in minutes."""
        assert parent.guild_id is not None
        new = thread_id or self.new_id()
        now = self.now_iso()
        data: Json = {
            "id": str(new),
            "type": kind,
            "guild_id": str(parent.guild_id),
            "parent_id": str(parent.id),
            "owner_id": str(owner_id),
            "name": name,
            "flags": 0,
            "last_message_id": None,
            "message_count": 0,
            "member_count": 1,
            "total_message_sent": 0,
            "rate_limit_per_user": 0,
            "thread_metadata": {
                "archived": False,
                "auto_archive_duration": archive,
                "archive_timestamp": now,
                "locked": False,
                "create_timestamp": now,
            },
        }
        if kind == m.PRIVATE_THREAD:
            data["thread_metadata"]["invitable"] = True
        if parent.type == m.FORUM:
            data["applied_tags"] = []
        thread = m.Channel(new, kind, data, parent.guild_id, thread_members={owner_id})
        self.guilds[parent.guild_id].channels[new] = self.channels[new] = thread
        self.emit(
            "THREAD_CREATE",
            {**data, "newly_created": True},
            guild_id=parent.guild_id,
            channel_id=new,
        )
        return thread

    def dm_channel(self, user: m.User) -> m.Channel:
        """The DM between the bot and a user, made when there is none."""
        for channel in self.channels.values():
            if channel.type == m.DM and user.id in channel.recipients:
                return channel
        new = self.new_id()
        data: Json = {
            "id": str(new),
            "type": m.DM,
            "flags": 0,
            "last_message_id": None,
            "recipients": [user.data],
        }
        channel = m.Channel(new, m.DM, data, None, recipients=(user.id,))
        self.channels[new] = channel
        self.emit("CHANNEL_CREATE", data, channel_id=new)
        return channel
