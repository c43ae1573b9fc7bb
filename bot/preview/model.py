"""What exists in the local Discord: guilds, channels, roles, members, messages and commands.

Records hold their raw Discord JSON in `data` and the few fields that decisions need beside it. They change in place,
because this is a live world; every change goes through `World`, which tells the gateway and the people about it.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from bot.preview.wire import Json, as_id

TEXT: Final = 0
DM: Final = 1
VOICE: Final = 2
CATEGORY: Final = 4
ANNOUNCEMENT: Final = 5
ANNOUNCEMENT_THREAD: Final = 10
PUBLIC_THREAD: Final = 11
PRIVATE_THREAD: Final = 12
FORUM: Final = 15
THREADS: Final = (ANNOUNCEMENT_THREAD, PUBLIC_THREAD, PRIVATE_THREAD)
MESSAGEABLE: Final = (TEXT, DM, VOICE, ANNOUNCEMENT, *THREADS)

CROSSPOSTED: Final = 1 << 1
SUPPRESS_EMBEDS: Final = 1 << 2
EPHEMERAL: Final = 1 << 6
LOADING: Final = 1 << 7
SUPPRESS_NOTIFICATIONS: Final = 1 << 12
COMPONENTS_V2: Final = 1 << 15


@dataclass(slots=True)
class User:
    """A person or the bot. `dms_open` False refuses the bot's direct messages (50007)."""

    id: int
    data: Json
    dms_open: bool = True

    @property
    def name(self) -> str:
        return str(self.data.get("global_name") or self.data["username"])

    @property
    def bot(self) -> bool:
        return bool(self.data.get("bot"))


@dataclass(slots=True)
class Role:
    id: int
    data: Json

    @property
    def permissions(self) -> int:
        return int(self.data["permissions"])

    @property
    def position(self) -> int:
        return int(self.data["position"])


@dataclass(slots=True)
class Member:
    """A user's place in one guild. `data` has no `user`; payloads add it."""

    user_id: int
    data: Json

    @property
    def roles(self) -> list[int]:
        return [int(r) for r in self.data["roles"]]


@dataclass(slots=True)
class Message:
    """One message. `only_for` is the person an ephemeral one is shown to; `nonce` what its sender gave."""

    id: int
    channel_id: int
    guild_id: int | None
    author_id: int
    data: Json
    only_for: int | None = None
    webhook_id: int | None = None
    interaction_id: int | None = None
    nonce: str | None = None

    @property
    def ephemeral(self) -> bool:
        return self.only_for is not None


@dataclass(slots=True)
class Channel:
    """A channel, thread or DM. Messages are in the order of their ids, oldest first; ephemeral ones stay outside."""

    id: int
    type: int
    data: Json
    guild_id: int | None = None
    messages: OrderedDict[int, Message] = field(default_factory=OrderedDict)
    recipients: tuple[int, ...] = ()
    thread_members: set[int] = field(default_factory=set)

    @property
    def is_thread(self) -> bool:
        return self.type in THREADS

    @property
    def name(self) -> str:
        return str(self.data.get("name") or "")

    @property
    def parent_id(self) -> int:
        return as_id(self.data.get("parent_id"))

    @property
    def overwrites(self) -> list[Json]:
        found: list[Json] = self.data.get("permission_overwrites", [])
        return found


@dataclass(slots=True)
class Guild:
    id: int
    data: Json
    owner_id: int
    roles: dict[int, Role] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)  # threads too
    members: dict[int, Member] = field(default_factory=dict)
    unavailable: bool = False

    @property
    def name(self) -> str:
        return str(self.data["name"])

    def channel(self, name: str) -> Channel:
        """The channel or thread of that name. KeyError when there is none."""
        for channel in self.channels.values():
            if channel.name == name:
                return channel
        raise KeyError(f"no channel {name!r} in {self.name}")

    def role(self, name: str) -> Role:
        """The role of that name. KeyError when there is none."""
        for role in self.roles.values():
            if role.data["name"] == name:
                return role
        raise KeyError(f"no role {name!r} in {self.name}")


@dataclass(slots=True)
class Webhook:
    id: int
    channel_id: int
    guild_id: int
    token: str
    data: Json


@dataclass(slots=True)
class StoredFile:
    """An uploaded file's bytes."""

    id: int
    channel_id: int
    name: str
    content_type: str
    body: bytes
    data: Json


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. `only_for` limits it to one person (then no bot hears it)."""

    name: str
    data: Json
    guild_id: int | None = None
    channel_id: int | None = None
    only_for: int | None = None
    extra: Json = field(default_factory=dict)
