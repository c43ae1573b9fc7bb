"""REST: messages, their history and edits, crossposts, typing.

Nonces: with `enforce_nonce` a repeated nonce of the same author in the same channel answers with the first message for
some minutes (docs, Resources → Message → "Create Message").
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from bot.preview import access, compose
from bot.preview import model as m
from bot.preview.http import Call, Route
from bot.preview.permissions import P
from bot.preview.ratelimits import Limit
from bot.preview.wire import Json, as_id, refuse, snowflake_time

if TYPE_CHECKING:
    from bot.preview.clock import Clock

NONCE_REMEMBERED: Final = 300.0
BULK_DELETE_AGE: Final = 14 * 86_400
_KEEP_NONCES: Final = 50_000


class Nonces:
    """Remembers which message a (channel, nonce) made, for NONCE_REMEMBERED seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: OrderedDict[tuple[int, str], tuple[float, m.Message]] = OrderedDict()

    def find(self, channel_id: int, nonce: str) -> m.Message | None:
        at, message = self._seen.get((channel_id, nonce), (0.0, None))
        return message if self._clock.now() - at <= NONCE_REMEMBERED else None

    def note(self, nonce: str, message: m.Message) -> None:
        self._seen[(message.channel_id, nonce)] = (self._clock.now(), message)
        while len(self._seen) > _KEEP_NONCES:
            self._seen.popitem(last=False)


async def create(call: Call) -> Json:
    local = call.local
    channel = access.sendable(call)
    body = call.json
    rules = compose.Rules(local.world.permissions(local.world.bot.id, channel))
    compose.check(body, call.files, rules)
    if body.get("message_reference") and not rules.permissions & P.READ_MESSAGE_HISTORY:
        raise refuse(50013)
    if body.get("tts") and not rules.permissions & P.SEND_TTS_MESSAGES:
        raise refuse(50013)
    nonce = None if body.get("nonce") in (None, "") else str(body["nonce"])
    if nonce and body.get("enforce_nonce"):
        first = local.nonces.find(channel.id, nonce)
        if first is not None:
            return first.data
    if channel.is_thread and channel.data["thread_metadata"]["archived"]:
        channel.data["thread_metadata"]["archived"] = False  # sending wakes a thread
        local.world.channel_changed(channel)
    message = compose.new_message(
        local.world, channel, local.world.bot.data, body, call.files, rules, base_url=local.url
    )
    if nonce:
        message.nonce = nonce
        message.data["nonce"] = body["nonce"]
        local.nonces.note(nonce, message)
    local.world.store_message(message)
    local.note_stored(message)
    return message.data


async def get(call: Call) -> Json:
    channel = access.channel(call, P.READ_MESSAGE_HISTORY)
    return call.local.world.find_message(channel.id, call.ids["message_id"]).data


async def history(call: Call) -> list[Json]:
    """Newest first; `around`, `before` and `after` exclude each other. Without READ_MESSAGE_HISTORY: nothing."""
    channel = access.channel(call)
    if channel.type not in m.MESSAGEABLE:
        raise refuse(50008)
    limit = call.query_int("limit", 50, 1, 100)
    world = call.local.world
    if not world.permissions(world.bot.id, channel) & P.READ_MESSAGE_HISTORY:
        return []
    around, before, after = (call.query_id(k) for k in ("around", "before", "after"))
    if around:
        older = page(channel, limit // 2 + 1, before=around + 1)
        newer = page(channel, limit - len(older), after=around)
        return newer + older
    return page(channel, limit, before=before, after=after)


def page(channel: m.Channel, limit: int, *, before: int = 0, after: int = 0) -> list[Json]:
    """Up to `limit` messages, newest first: the newest older than `before`, or the oldest newer than `after`."""
    if after:
        newer = []
        for message_id in reversed(channel.messages):
            if message_id <= after:
                break
            newer.append(channel.messages[message_id].data)
        return newer[-limit:]
    found: list[Json] = []
    for message_id in reversed(channel.messages):
        if len(found) == limit:
            break
        if not before or message_id < before:
            found.append(channel.messages[message_id].data)
    return found


def _own(call: Call, channel: m.Channel) -> m.Message:
    """The message of the path, which must be the bot's own. Refuses with 10008, 50005."""
    message = call.local.world.find_message(channel.id, call.ids["message_id"])
    if message.ephemeral:
        raise refuse(10008)  # only its interaction's token reaches it
    if message.author_id != call.local.world.bot.id or message.webhook_id is not None:
        raise refuse(50005)
    return message


async def edit(call: Call) -> Json:
    local = call.local
    channel = access.channel(call)
    message = local.world.find_message(channel.id, call.ids["message_id"])
    body = call.json
    only_flags = set(body) <= {"flags"}
    bits = local.world.permissions(local.world.bot.id, channel)
    if not (only_flags and bits & P.MANAGE_MESSAGES and not message.ephemeral):
        message = _own(call, channel)
    rules = compose.Rules(bits)
    compose.check(body, call.files, rules, old=message.data)
    if "flags" in body:
        kept = message.data["flags"] & ~m.SUPPRESS_EMBEDS
        message.data["flags"] = kept | (int(body["flags"] or 0) & m.SUPPRESS_EMBEDS)
    compose.fill(local.world, message, body, call.files, rules, base_url=local.url)
    message.data["edited_timestamp"] = local.world.now_iso()
    local.world.message_event("MESSAGE_UPDATE", message)
    return message.data


async def delete(call: Call) -> None:
    world = call.local.world
    channel = access.channel(call)
    message = world.find_message(channel.id, call.ids["message_id"])
    if message.ephemeral:
        raise refuse(10008)
    if message.author_id != world.bot.id and not world.permissions(world.bot.id, channel) & P.MANAGE_MESSAGES:
        raise refuse(50003 if channel.type == m.DM else 50013)
    world.remove_message(message)


async def bulk_delete(call: Call) -> None:
    world = call.local.world
    channel = access.channel(call, P.MANAGE_MESSAGES)
    if channel.type == m.DM:
        raise refuse(50003)
    ids = {as_id(i) for i in call.json.get("messages") or []}
    if not 2 <= len(ids) <= 100:
        raise refuse(50016)
    if any(snowflake_time(i) < world.clock.now() - BULK_DELETE_AGE for i in ids):
        raise refuse(50034)
    gone = [i for i in ids if channel.messages.pop(i, None)]
    data: Json = {"ids": [str(i) for i in gone], "channel_id": str(channel.id), "guild_id": str(channel.guild_id)}
    world.emit("MESSAGE_DELETE_BULK", data, guild_id=channel.guild_id, channel_id=channel.id)


async def crosspost(call: Call) -> Json:
    world = call.local.world
    channel = access.channel(call, P.SEND_MESSAGES)
    if channel.type != m.ANNOUNCEMENT:
        raise refuse(50024)
    message = world.find_message(channel.id, call.ids["message_id"])
    if message.author_id != world.bot.id and not world.permissions(world.bot.id, channel) & P.MANAGE_MESSAGES:
        raise refuse(50013)
    if message.data["flags"] & m.CROSSPOSTED:
        raise refuse(40033)
    message.data["flags"] |= m.CROSSPOSTED
    world.message_event("MESSAGE_UPDATE", message)
    return message.data


async def typing(call: Call) -> None:
    channel = access.sendable(call)
    world = call.local.world
    data: Json = {
        "channel_id": str(channel.id),
        "user_id": str(world.bot.id),
        "timestamp": int(world.clock.now()),
    }
    if channel.guild_id:
        data["guild_id"] = str(channel.guild_id)
    world.emit("TYPING_START", data, guild_id=channel.guild_id, channel_id=channel.id)


_CHANNEL: Final = "/channels/{channel_id}"
_MESSAGES: Final = f"{_CHANNEL}/messages"
_ONE: Final = f"{_MESSAGES}/{{message_id}}"
ROUTES: Final = (
    Route("POST", _MESSAGES, create, Limit("", 5, 5.0)),
    Route("GET", _MESSAGES, history, Limit("", 5, 1.0)),
    Route("POST", f"{_MESSAGES}/bulk-delete", bulk_delete, Limit("", 1, 1.0)),
    Route("GET", _ONE, get, Limit("", 5, 1.0)),
    Route("PATCH", _ONE, edit, Limit("", 5, 5.0)),
    Route("DELETE", _ONE, delete, Limit("", 5, 1.0)),
    Route("POST", f"{_ONE}/crosspost", crosspost, Limit("", 10, 3600.0)),
    Route("POST", f"{_CHANNEL}/typing", typing, Limit("", 5, 5.0)),
)
