"""REST: channels, permission overwrites, direct message channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bot.preview import access
from bot.preview import model as m
from bot.preview.http import Call, Reply, Route
from bot.preview.permissions import P
from bot.preview.ratelimits import Limit
from bot.preview.wire import Form, Json, as_id, refuse

if TYPE_CHECKING:
    from bot.preview.world import World

GUILD_CHANNELS: Final = 500
_KINDS: Final = (m.TEXT, m.VOICE, m.CATEGORY, m.ANNOUNCEMENT, m.FORUM)
_ARCHIVE: Final = (60, 1440, 4320, 10080)
_SETTABLE: Final = [
    "name",
    "topic",
    "nsfw",
    "rate_limit_per_user",
    "position",
    "parent_id",
    "permission_overwrites",
    "bitrate",
    "user_limit",
    "flags",
    "default_auto_archive_duration",
    "available_tags",
    "default_reaction_emoji",
    "default_sort_order",
    "default_forum_layout",
    "default_thread_rate_limit_per_user",
    "applied_tags",
    "type",
]


def check_body(body: Json, *, new: bool, kinds: tuple[int, ...] = _KINDS) -> None:
    form = Form()
    if new or "name" in body:
        form.text(("name",), body.get("name") or "", 1, 100)
    if body.get("topic") is not None:
        form.text(("topic",), body["topic"], 0, 4096 if body.get("type") == m.FORUM else 1024)
    if body.get("type") is not None and body["type"] not in kinds:
        form.choice(("type",), kinds)
    slow = body.get("rate_limit_per_user") or 0
    if not isinstance(slow, int) or not 0 <= slow <= 21600:
        form.add(("rate_limit_per_user",), "NUMBER_TYPE_MAX", "int value should be less than or equal to 21600.")
    minutes = body.get("auto_archive_duration")
    if minutes is not None and minutes not in _ARCHIVE:
        form.choice(("auto_archive_duration",), _ARCHIVE)
    for i, overwrite in enumerate(body.get("permission_overwrites") or []):
        if not as_id(overwrite.get("id")):
            form.required(("permission_overwrites", i, "id"))
    form.done()


def _overwrites(body: Json) -> list[Json]:
    return [
        {
            "id": str(o["id"]),
            "type": int(o.get("type") or 0),
            "allow": str(o.get("allow") or 0),
            "deny": str(o.get("deny") or 0),
        }
        for o in body.get("permission_overwrites") or []
    ]


async def get(call: Call) -> Json:
    return access.channel(call).data


async def listing(call: Call) -> list[Json]:
    return [c.data for c in access.guild(call).channels.values() if not c.is_thread]


async def create(call: Call) -> Reply:
    guild = access.guild(call, P.MANAGE_CHANNELS)
    body = call.json
    check_body(body, new=True)
    world = call.local.world
    if len(guild.channels) >= GUILD_CHANNELS:
        raise refuse(30013)
    parent = guild.channels.get(as_id(body.get("parent_id")))
    kind = int(body.get("type") or 0)
    name = str(body["name"])
    if kind in (m.TEXT, m.ANNOUNCEMENT, m.FORUM):
        name = name.strip().lower().replace(" ", "-")
    channel = world.add_channel(guild, name, kind, topic=body.get("topic"), parent=parent, overwrites=_overwrites(body))
    for key in ("nsfw", "rate_limit_per_user", "available_tags", "default_auto_archive_duration"):
        if body.get(key) is not None:
            channel.data[key] = _tags(world, body[key]) if key == "available_tags" else body[key]
    return Reply(201, channel.data)


def _tags(world: World, tags: list[Json]) -> list[Json]:
    empty: Json = {"moderated": False, "emoji_id": None, "emoji_name": None}
    return [empty | t | {"id": str(t.get("id") or world.new_id())} for t in tags]


async def modify(call: Call) -> Json:
    channel = access.channel(call)
    world = call.local.world
    body = call.json
    bits = world.permissions(world.bot.id, channel)
    owner = channel.is_thread and channel.data.get("owner_id") == str(world.bot.id)
    if not bits & (P.MANAGE_THREADS if channel.is_thread else P.MANAGE_CHANNELS) and not owner:
        raise refuse(50013)
    check_body(body, new=False)
    if channel.is_thread:
        meta = channel.data["thread_metadata"]
        meta |= {k: body[k] for k in ("archived", "locked", "auto_archive_duration", "invitable") if k in body}
        if "archived" in body:
            meta["archive_timestamp"] = world.now_iso()
    changes = {k: body[k] for k in _SETTABLE if k in body}
    if "permission_overwrites" in changes:
        changes["permission_overwrites"] = _overwrites(body)
    if changes.get("available_tags") is not None:
        changes["available_tags"] = _tags(world, changes["available_tags"])
    if "type" in changes:
        channel.type = int(changes["type"])
    channel.data |= changes
    world.channel_changed(channel)
    return channel.data


async def delete(call: Call) -> Json:
    channel = access.channel(call)
    world = call.local.world
    if channel.type != m.DM:
        needs = P.MANAGE_THREADS if channel.is_thread else P.MANAGE_CHANNELS
        if not world.permissions(world.bot.id, channel) & needs:
            raise refuse(50013)
        world.remove_channel(channel)
    return channel.data


async def put_overwrite(call: Call) -> None:
    channel = access.channel(call, P.MANAGE_ROLES)
    body, target_id = call.json, call.ids["target_id"]
    world = call.local.world
    guild = world.guilds[channel.guild_id or 0]
    target: Any = guild.roles.get(target_id) if not int(body.get("type") or 0) else world.users.get(target_id)
    if target is None:
        raise refuse(10009)
    world.set_overwrite(channel, target, allow=int(body.get("allow") or 0), deny=int(body.get("deny") or 0))


async def delete_overwrite(call: Call) -> None:
    channel = access.channel(call, P.MANAGE_ROLES)
    kept = [o for o in channel.overwrites if as_id(o["id"]) != call.ids["target_id"]]
    if len(kept) == len(channel.overwrites):
        raise refuse(10009)
    call.local.world.change_channel(channel, permission_overwrites=kept)


# -- direct messages -------------------------------------------------------------------------------------------


async def open_dm(call: Call) -> Json:
    world = call.local.world
    user = world.users.get(as_id(call.json.get("recipient_id")))
    if user is None:
        raise refuse(10013)
    if user.bot:
        raise refuse(50007)
    return world.dm_channel(user).data


_CHANNEL: Final = "/channels/{channel_id}"
ROUTES: Final = (
    Route("GET", _CHANNEL, get),
    Route("PATCH", _CHANNEL, modify, Limit("", 5, 15.0)),
    Route("DELETE", _CHANNEL, delete, Limit("", 5, 5.0)),
    Route("GET", "/guilds/{guild_id}/channels", listing),
    Route("POST", "/guilds/{guild_id}/channels", create, Limit("", 10, 10.0)),
    Route("PUT", f"{_CHANNEL}/permissions/{{target_id}}", put_overwrite, Limit("", 10, 15.0)),
    Route("DELETE", f"{_CHANNEL}/permissions/{{target_id}}", delete_overwrite, Limit("", 10, 15.0)),
    Route("POST", "/users/@me/channels", open_dm, Limit("", 10, 10.0)),
)
