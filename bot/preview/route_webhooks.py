"""REST: webhooks, and the same paths by which the bot follows up on interactions (their token stands in the path)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.preview import access, compose, payloads
from bot.preview import model as m
from bot.preview import route_interactions as by_interaction
from bot.preview.http import Call, Reply, Route
from bot.preview.permissions import EVERYONE_DEFAULT, P
from bot.preview.ratelimits import Limit
from bot.preview.wire import Form, Json, as_id, refuse

if TYPE_CHECKING:
    from bot.preview.world import World

PER_CHANNEL: Final = 15


def _payload(world: World, hook: m.Webhook, *, secret: bool = True) -> Json:
    data = {**hook.data, "channel_id": str(hook.channel_id), "guild_id": str(hook.guild_id)}
    if secret:
        data |= {"token": hook.token, "user": world.bot.data}
    return data


def _name(form: Form, value: object) -> None:
    if form.text(("name",), value or "", 1, 80) and isinstance(value, str):
        for word in ("clyde", "discord"):
            if word in value.lower():
                form.add(("name",), "USERNAME_INVALID_CONTAINS", f'Username cannot contain "{word}"')


async def create(call: Call) -> Json:
    channel = access.channel(call, P.MANAGE_WEBHOOKS)
    world = call.local.world
    if channel.type not in (m.TEXT, m.ANNOUNCEMENT, m.FORUM, m.VOICE):
        raise refuse(50024)
    form = Form()
    _name(form, call.json.get("name"))
    form.done()
    if sum(w.channel_id == channel.id for w in world.webhooks.values()) >= PER_CHANNEL:
        raise refuse(30007)
    new = world.new_id()
    data: Json = {
        "id": str(new),
        "type": 1,
        "name": call.json["name"],
        "avatar": None,
        "application_id": str(world.application_id),
    }
    hook = m.Webhook(new, channel.id, channel.guild_id or 0, world.new_token(), data)
    world.webhooks[new] = hook
    _changed(world, hook)
    return _payload(world, hook)


def _changed(world: World, hook: m.Webhook) -> None:
    data = {"guild_id": str(hook.guild_id), "channel_id": str(hook.channel_id)}
    world.emit("WEBHOOKS_UPDATE", data, guild_id=hook.guild_id)


async def of_channel(call: Call) -> list[Json]:
    channel = access.channel(call, P.MANAGE_WEBHOOKS)
    world = call.local.world
    return [_payload(world, w) for w in world.webhooks.values() if w.channel_id == channel.id]


async def of_guild(call: Call) -> list[Json]:
    guild = access.guild(call, P.MANAGE_WEBHOOKS)
    world = call.local.world
    return [_payload(world, w) for w in world.webhooks.values() if w.guild_id == guild.id]


def _known(call: Call) -> m.Webhook:
    """The webhook of the path; by its token, or for a bot that may manage webhooks there."""
    world = call.local.world
    hook = world.webhooks.get(call.ids["webhook_id"])
    if hook is None:
        raise refuse(10015)
    token = call.text.get("webhook_token")
    if token is not None:
        if token != hook.token:
            raise refuse(50027)
    elif not world.permissions(world.bot.id, world.channels[hook.channel_id]) & P.MANAGE_WEBHOOKS:
        raise refuse(50013)
    return hook


async def get(call: Call) -> Json:
    hook = _known(call)
    return _payload(call.local.world, hook, secret="webhook_token" not in call.text)


async def modify(call: Call) -> Json:
    hook = _known(call)
    world = call.local.world
    if "name" in call.json:
        form = Form()
        _name(form, call.json["name"])
        form.done()
        hook.data["name"] = call.json["name"]
    if call.json.get("channel_id"):
        channel = world.channels.get(as_id(call.json["channel_id"]))
        if channel is None:
            raise refuse(10003)
        hook.channel_id = channel.id
    _changed(world, hook)
    return _payload(world, hook)


async def delete(call: Call) -> None:
    hook = _known(call)
    del call.local.world.webhooks[hook.id]
    _changed(call.local.world, hook)


# -- messages by token -----------------------------------------------------------------------------------------


def _place(call: Call, hook: m.Webhook) -> m.Channel:
    """The channel or, with ?thread_id, the thread a webhook posts in."""
    world = call.local.world
    thread_id = call.query_id("thread_id")
    channel = world.channels.get(thread_id or hook.channel_id)
    if channel is None or (thread_id and channel.parent_id != hook.channel_id):
        raise refuse(10003)
    return channel


def _author(hook: m.Webhook, body: Json) -> Json:
    data = payloads.user(hook.id, body.get("username") or hook.data["name"], bot=True)
    data["discriminator"] = "0000"
    return data


async def execute(call: Call) -> Reply | Json | None:
    interaction = by_interaction.by_token(call)
    if interaction is not None:
        return by_interaction.follow_up(call, interaction)
    local = call.local
    hook = _known(call)
    body = call.json
    form = Form()
    if body.get("username"):
        _name(form, body["username"])
    form.done()
    rules = compose.Rules(EVERYONE_DEFAULT | P.MENTION_EVERYONE)
    compose.check(body, call.files, rules)
    channel = local.world.channels[hook.channel_id]
    if channel.type == m.FORUM and not call.query_id("thread_id"):
        if not body.get("thread_name"):
            form.add(
                (),
                "WEBHOOKS_FORUM_POST_NEEDS_NAME",
                "Webhooks posted to forum channels must have a thread_name or thread_id",
            )
            form.done()
        channel = local.world.add_thread(channel, body["thread_name"], hook.id, m.PUBLIC_THREAD)
    else:
        channel = _place(call, hook)
    message = compose.new_message(
        local.world, channel, _author(hook, body), body, call.files, rules, base_url=local.url
    )
    message.webhook_id = hook.id
    message.data |= {"webhook_id": str(hook.id), "application_id": hook.data["application_id"]}
    local.world.store_message(message)
    local.note_stored(message)
    return message.data if call.flag("wait") else None


def _mine(call: Call, hook: m.Webhook) -> m.Message:
    message = call.local.world.find_message(_place(call, hook).id, as_id(call.text["which"]))
    if message.webhook_id != hook.id:
        raise refuse(10008)
    return message


async def get_message(call: Call) -> Json:
    interaction = by_interaction.by_token(call)
    if interaction is not None:
        return by_interaction.target(interaction, call.text["which"]).data
    return _mine(call, _known(call)).data


async def edit_message(call: Call) -> Json:
    interaction = by_interaction.by_token(call)
    if interaction is not None:
        return by_interaction.edit(call, interaction, call.text["which"])
    local = call.local
    message = _mine(call, _known(call))
    rules = compose.Rules(EVERYONE_DEFAULT)
    compose.check(call.json, call.files, rules, old=message.data)
    compose.fill(local.world, message, call.json, call.files, rules, base_url=local.url)
    message.data["edited_timestamp"] = local.world.now_iso()
    local.world.message_event("MESSAGE_UPDATE", message)
    return message.data


async def delete_message(call: Call) -> None:
    interaction = by_interaction.by_token(call)
    if interaction is not None:
        by_interaction.delete(call, interaction, call.text["which"])
    else:
        call.local.world.remove_message(_mine(call, _known(call)))


_HOOK: Final = "/webhooks/{webhook_id}"
_BY_TOKEN: Final = f"{_HOOK}/{{webhook_token}}"
_POST: Final = Limit("webhook", 5, 2.0)
ROUTES: Final = (
    Route("POST", "/channels/{channel_id}/webhooks", create, Limit("", 5, 5.0)),
    Route("GET", "/channels/{channel_id}/webhooks", of_channel),
    Route("GET", "/guilds/{guild_id}/webhooks", of_guild),
    Route("GET", _HOOK, get),
    Route("PATCH", _HOOK, modify),
    Route("DELETE", _HOOK, delete),
    Route("GET", _BY_TOKEN, get, login=False),
    Route("PATCH", _BY_TOKEN, modify, login=False),
    Route("DELETE", _BY_TOKEN, delete, login=False),
    Route("POST", _BY_TOKEN, execute, _POST, login=False),
    Route("GET", f"{_BY_TOKEN}/messages/{{which}}", get_message, login=False),
    Route("PATCH", f"{_BY_TOKEN}/messages/{{which}}", edit_message, Limit("", 5, 2.0), login=False),
    Route("DELETE", f"{_BY_TOKEN}/messages/{{which}}", delete_message, Limit("", 5, 2.0), login=False),
)
