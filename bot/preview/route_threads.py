"""REST: threads, and forum posts with their first message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.preview import access, compose
from bot.preview import model as m
from bot.preview.http import Call, Reply, Route
from bot.preview.permissions import P
from bot.preview.ratelimits import Limit
from bot.preview.route_channels import check_body
from bot.preview.wire import Form, Json, refuse

if TYPE_CHECKING:
    from bot.preview.world import World


async def start_thread(call: Call) -> Reply:
    """A thread without a message, or (in a forum) a post with its first one."""
    parent = access.channel(call)
    world = call.local.world
    body = call.json
    bits = world.permissions(world.bot.id, parent)
    if parent.type == m.FORUM:
        return Reply(201, _forum_post(call, parent, bits))
    if parent.type not in (m.TEXT, m.ANNOUNCEMENT):
        raise refuse(50024)
    check_body(body, new=True, kinds=m.THREADS)
    kind = int(body.get("type") or m.PRIVATE_THREAD)
    if parent.type == m.ANNOUNCEMENT:
        kind = m.ANNOUNCEMENT_THREAD
    needs = P.CREATE_PRIVATE_THREADS if kind == m.PRIVATE_THREAD else P.CREATE_PUBLIC_THREADS
    if not bits & needs:
        raise refuse(50013)
    thread = world.add_thread(
        parent, body["name"], world.bot.id, kind, archive=body.get("auto_archive_duration") or 4320
    )
    return Reply(201, _with_member(world, thread))


def _forum_post(call: Call, parent: m.Channel, bits: int) -> Json:
    world = call.local.world
    body = call.json
    if not bits & P.SEND_MESSAGES:
        raise refuse(50013)
    check_body(body, new=True, kinds=m.THREADS)
    form = Form()
    tags = body.get("applied_tags") or []
    known = {t["id"] for t in parent.data["available_tags"]}
    if len(tags) > 5:
        form.too_long(("applied_tags",), 5)
    if any(str(t) not in known for t in tags):
        form.add(("applied_tags",), "BASE_TYPE_CHOICES", "Unknown forum tag.")
    if not isinstance(body.get("message"), dict):
        form.required(("message",))
    form.done()
    rules = compose.Rules(bits, prefix=("message",))
    compose.check(body["message"], call.files, rules)
    thread = world.add_thread(
        parent, body["name"], world.bot.id, m.PUBLIC_THREAD, archive=body.get("auto_archive_duration") or 4320
    )
    thread.data["applied_tags"] = [str(t) for t in tags]
    message = compose.new_message(
        world, thread, world.bot.data, body["message"], call.files, rules, base_url=call.local.url
    )
    # A post's first message has the post's own id.
    message.id = thread.id
    message.data["id"] = str(thread.id)
    world.store_message(message)
    call.local.note_stored(message)
    thread.data["message_count"] = 0  # Discord does not count the first message
    parent.data["last_message_id"] = str(thread.id)
    return {**_with_member(world, thread), "message": message.data}


async def thread_of_message(call: Call) -> Reply:
    parent = access.channel(call, P.CREATE_PUBLIC_THREADS)
    world = call.local.world
    if parent.type not in (m.TEXT, m.ANNOUNCEMENT):
        raise refuse(50024)
    message = world.find_message(parent.id, call.ids["message_id"])
    if message.id in world.channels:
        raise refuse(160004)
    check_body(call.json, new=True)
    kind = m.ANNOUNCEMENT_THREAD if parent.type == m.ANNOUNCEMENT else m.PUBLIC_THREAD
    minutes = call.json.get("auto_archive_duration") or 4320
    thread = world.add_thread(parent, call.json["name"], world.bot.id, kind, thread_id=message.id, archive=minutes)
    message.data["flags"] |= 1 << 5
    message.data["thread"] = thread.data
    world.message_event("MESSAGE_UPDATE", message)
    return Reply(201, _with_member(world, thread))


def _with_member(world: World, thread: m.Channel) -> Json:
    member = {
        "id": str(thread.id),
        "user_id": str(world.bot.id),
        "join_timestamp": world.now_iso(),
        "flags": 0,
    }
    return {**thread.data, "member": member}


async def active_threads(call: Call) -> Json:
    guild = access.guild(call)
    world = call.local.world
    found = [
        c
        for c in guild.channels.values()
        if c.is_thread and not c.data["thread_metadata"]["archived"] and world.can_see(world.bot.id, c)
    ]
    mine = [_with_member(world, c)["member"] for c in found if world.bot.id in c.thread_members]
    return {"threads": [c.data for c in found], "members": mine, "has_more": False}


async def archived_threads(call: Call) -> Json:
    parent = access.channel(call, P.READ_MESSAGE_HISTORY)
    world = call.local.world
    found = [
        c.data
        for c in world.guilds[parent.guild_id or 0].channels.values()
        if c.is_thread
        and c.parent_id == parent.id
        and c.data["thread_metadata"]["archived"]
        and c.type != m.PRIVATE_THREAD
    ]
    return {"threads": found, "members": [], "has_more": False}


async def join_thread(call: Call) -> None:
    thread = access.channel(call)
    if not thread.is_thread:
        raise refuse(50024)
    thread.thread_members.add(call.local.world.bot.id)


async def leave_thread(call: Call) -> None:
    access.channel(call).thread_members.discard(call.local.world.bot.id)


async def thread_members(call: Call) -> list[Json]:
    thread = access.channel(call)
    now = call.local.world.now_iso()
    return [
        {"id": str(thread.id), "user_id": str(i), "join_timestamp": now, "flags": 0}
        for i in sorted(thread.thread_members)
    ]


_CHANNEL: Final = "/channels/{channel_id}"
ROUTES: Final = (
    Route("GET", "/guilds/{guild_id}/threads/active", active_threads),
    Route("POST", f"{_CHANNEL}/threads", start_thread, Limit("thread", 50, 300.0)),
    Route("POST", f"{_CHANNEL}/messages/{{message_id}}/threads", thread_of_message, Limit("thread", 50, 300.0)),
    Route("GET", f"{_CHANNEL}/threads/archived/public", archived_threads),
    Route("PUT", f"{_CHANNEL}/thread-members/@me", join_thread),
    Route("DELETE", f"{_CHANNEL}/thread-members/@me", leave_thread),
    Route("GET", f"{_CHANNEL}/thread-members", thread_members),
)
