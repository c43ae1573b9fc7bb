"""REST: marks on messages: pins and reactions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from bot.preview import access
from bot.preview.http import Call, Route
from bot.preview.permissions import P
from bot.preview.ratelimits import Limit
from bot.preview.wire import Json, refuse

if TYPE_CHECKING:
    from bot.preview import model as m

PINS: Final = 50


async def pins(call: Call) -> Json:
    channel = access.channel(call, P.READ_MESSAGE_HISTORY)
    limit = call.query_int("limit", 50, 1, 50)
    found = [x for x in reversed(channel.messages.values()) if x.data["pinned"]]
    items = [{"pinned_at": x.data["timestamp"], "message": x.data} for x in found[:limit]]
    return {"items": items, "has_more": len(found) > limit}


async def old_pins(call: Call) -> list[Json]:
    channel = access.channel(call, P.READ_MESSAGE_HISTORY)
    return [x.data for x in reversed(channel.messages.values()) if x.data["pinned"]]


async def pin(call: Call) -> None:
    _set_pinned(call, pinned=True)


async def unpin(call: Call) -> None:
    _set_pinned(call, pinned=False)


def _set_pinned(call: Call, *, pinned: bool) -> None:
    world = call.local.world
    channel = access.channel(call, P.PIN_MESSAGES)
    message = world.find_message(channel.id, call.ids["message_id"])
    if pinned and sum(x.data["pinned"] for x in channel.messages.values()) >= PINS:
        raise refuse(30003)
    message.data["pinned"] = pinned
    world.message_event("MESSAGE_UPDATE", message)
    data: Json = {"channel_id": str(channel.id), "last_pin_timestamp": world.now_iso()}
    if channel.guild_id:
        data["guild_id"] = str(channel.guild_id)
    world.emit("CHANNEL_PINS_UPDATE", data, guild_id=channel.guild_id, channel_id=channel.id)


# -- reactions -------------------------------------------------------------------------------------------------


async def react(call: Call) -> None:
    world = call.local.world
    channel = access.channel(call, P.READ_MESSAGE_HISTORY)
    message = world.find_message(channel.id, call.ids["message_id"])
    name = unquote(call.text["emoji"])
    reactions: list[Json] = message.data.setdefault("reactions", [])
    found = next((r for r in reactions if _emoji_key(r["emoji"]) == name), None)
    if found is None:
        if not world.permissions(world.bot.id, channel) & P.ADD_REACTIONS:
            raise refuse(50013)
        if len(reactions) >= 20:
            raise refuse(30010)
        if ":" not in name and name.isascii():
            raise refuse(10014)
        found = {
            "emoji": _emoji(name),
            "count": 0,
            "count_details": {"burst": 0, "normal": 0},
            "burst_colors": [],
            "me": False,
            "me_burst": False,
        }
        reactions.append(found)
    if not found["me"]:
        found["me"] = True
        found["count"] += 1
        found["count_details"]["normal"] += 1
        _reaction_event(call, "MESSAGE_REACTION_ADD", message, found["emoji"])


async def unreact(call: Call) -> None:
    channel = access.channel(call)
    message = call.local.world.find_message(channel.id, call.ids["message_id"])
    name = unquote(call.text["emoji"])
    reactions: list[Json] = message.data.get("reactions", [])
    for found in [r for r in reactions if _emoji_key(r["emoji"]) == name and r["me"]]:
        found["me"] = False
        found["count"] -= 1
        found["count_details"]["normal"] -= 1
        if not found["count"]:
            reactions.remove(found)
        _reaction_event(call, "MESSAGE_REACTION_REMOVE", message, found["emoji"])


def _emoji(name: str) -> Json:
    if ":" in name:
        word, _, number = name.partition(":")
        return {"id": number, "name": word}
    return {"id": None, "name": name}


def _emoji_key(emoji: Json) -> str:
    return f"{emoji['name']}:{emoji['id']}" if emoji["id"] else str(emoji["name"])


def _reaction_event(call: Call, name: str, message: m.Message, emoji: Json) -> None:
    world = call.local.world
    data: Json = {
        "user_id": str(world.bot.id),
        "channel_id": str(message.channel_id),
        "message_id": str(message.id),
        "emoji": emoji,
        "burst": False,
        "type": 0,
    }
    if message.guild_id:
        data["guild_id"] = str(message.guild_id)
    world.emit(name, data, guild_id=message.guild_id, channel_id=message.channel_id)


_CHANNEL: Final = "/channels/{channel_id}"
_MESSAGES: Final = f"{_CHANNEL}/messages"
_ONE: Final = f"{_MESSAGES}/{{message_id}}"
ROUTES: Final = (
    Route("GET", f"{_MESSAGES}/pins", pins, Limit("", 1, 1.0)),
    Route("PUT", f"{_MESSAGES}/pins/{{message_id}}", pin, Limit("pin", 5, 4.0)),
    Route("DELETE", f"{_MESSAGES}/pins/{{message_id}}", unpin, Limit("pin", 5, 4.0)),
    Route("GET", f"{_CHANNEL}/pins", old_pins, Limit("", 1, 1.0)),
    Route("PUT", f"{_CHANNEL}/pins/{{message_id}}", pin, Limit("pin", 5, 4.0)),
    Route("DELETE", f"{_CHANNEL}/pins/{{message_id}}", unpin, Limit("pin", 5, 4.0)),
    Route("PUT", f"{_ONE}/reactions/{{emoji}}/@me", react, Limit("reaction", 1, 0.25)),
    Route("DELETE", f"{_ONE}/reactions/{{emoji}}/@me", unreact, Limit("reaction", 1, 0.25)),
)
