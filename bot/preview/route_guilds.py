"""REST: guilds, members and roles."""

from __future__ import annotations

from typing import Final

from bot.preview import access, payloads
from bot.preview import model as m
from bot.preview.gateway_events import MEMBERS
from bot.preview.http import Call, Route
from bot.preview.permissions import ALL, P
from bot.preview.ratelimits import Limit
from bot.preview.wire import Form, Json, as_id, refuse


async def get(call: Call) -> Json:
    guild = access.guild(call)
    data = payloads.rest_guild(guild)
    if call.flag("with_counts"):
        data |= {"approximate_member_count": len(guild.members), "approximate_presence_count": len(guild.members)}
    return data


async def mine(call: Call) -> list[Json]:
    """The guilds the bot is in, by id, with `before`/`after` paging."""
    world = call.local.world
    limit = call.query_int("limit", 200, 1, 200)
    before, after = call.query_id("before"), call.query_id("after")
    found = sorted((g for g in world.guilds.values() if world.bot.id in g.members), key=lambda g: g.id)
    if after:
        found = [g for g in found if g.id > after]
    if before:
        found = [g for g in found if g.id < before][-limit:]
    return [
        {
            "id": str(g.id),
            "name": g.name,
            "icon": None,
            "banner": None,
            "owner": False,
            "permissions": str(access.bits(call, g)),
            "features": g.data["features"],
            **({"approximate_member_count": len(g.members)} if call.flag("with_counts") else {}),
        }
        for g in found[:limit]
    ]


async def leave(call: Call) -> None:
    call.local.world.remove_guild(access.guild(call))


# -- members ---------------------------------------------------------------------------------------------------


def _member(call: Call) -> tuple[m.Guild, m.Member]:
    guild = access.guild(call)
    found = guild.members.get(call.ids["user_id"])
    if found is None:
        raise refuse(10007 if call.ids["user_id"] in call.local.world.users else 10013)
    return guild, found


async def member(call: Call) -> Json:
    return payloads.with_user(call.local.world, _member(call)[1])


async def members(call: Call) -> list[Json]:
    """Needs the (privileged) members intent, as Discord does."""
    guild = access.guild(call)
    if not call.local.gateway.privileged_allowed & MEMBERS:
        raise refuse(50001)
    limit = call.query_int("limit", 1, 1, 1000)
    after = call.query_id("after")
    ids = sorted(i for i in guild.members if i > after)[:limit]
    return [payloads.with_user(call.local.world, guild.members[i]) for i in ids]


async def search(call: Call) -> list[Json]:
    guild = access.guild(call)
    query = call.request.query.get("query", "").lower()
    if not query:
        form = Form()
        form.required(("query",))
        form.done()
    limit = call.query_int("limit", 1, 1, 1000)
    world = call.local.world
    found = []
    for one in guild.members.values():
        user = world.users[one.user_id]
        names = (one.data["nick"], user.data["global_name"], user.data["username"])
        if any(name and name.lower().startswith(query) for name in names):
            found.append(payloads.with_user(world, one))
    return found[:limit]


async def edit_me(call: Call) -> Json:
    guild = access.guild(call, P.CHANGE_NICKNAME)
    world = call.local.world
    me = guild.members[world.bot.id]
    if "nick" in call.json:
        form = Form()
        form.text(("nick",), call.json["nick"] or "", 0, 32)
        form.done()
        me.data["nick"] = call.json["nick"] or None
    world.member_changed(guild, me)
    return payloads.with_user(world, me)


async def add_member_role(call: Call) -> None:
    _set_member_role(call, given=True)


async def remove_member_role(call: Call) -> None:
    _set_member_role(call, given=False)


def _set_member_role(call: Call, *, given: bool) -> None:
    access.guild(call, P.MANAGE_ROLES)
    guild, found = _member(call)
    role = _role(call, guild)
    _below_me(call, guild, role)
    kept = [r for r in found.data["roles"] if r != str(role.id)]
    found.data["roles"] = [*kept, str(role.id)] if given else kept
    call.local.world.member_changed(guild, found)


# -- roles -----------------------------------------------------------------------------------------------------


def _role(call: Call, guild: m.Guild) -> m.Role:
    found = guild.roles.get(call.ids["role_id"])
    if found is None:
        raise refuse(10011)
    return found


def _below_me(call: Call, guild: m.Guild, role: m.Role) -> None:
    """A bot manages only roles below its own highest one."""
    mine = guild.members[call.local.world.bot.id].roles
    top = max((guild.roles[i].position for i in mine if i in guild.roles), default=0)
    if role.position >= top or role.data["managed"]:
        raise refuse(50013)


async def roles(call: Call) -> list[Json]:
    return [r.data for r in access.guild(call).roles.values()]


async def role(call: Call) -> Json:
    return _role(call, access.guild(call)).data


def _check_role(call: Call, guild: m.Guild, body: Json) -> Json:
    form = Form()
    if body.get("name") is not None:
        form.text(("name",), body["name"], 1, 100)
    raw = body.get("permissions")
    if raw is not None and not str(raw).isdecimal():
        form.add(("permissions",), "BITFIELD_TYPE_CONVERT", "Not a permission bit set.")
    form.done()
    if raw is not None and int(raw) & ALL & ~access.bits(call, guild):
        raise refuse(50013)  # nobody hands out what they do not have
    return {k: body[k] for k in ("name", "color", "hoist", "mentionable") if body.get(k) is not None} | (
        {} if raw is None else {"permissions": str(raw)}
    )


async def create_role(call: Call) -> Json:
    guild = access.guild(call, P.MANAGE_ROLES)
    changes = _check_role(call, guild, call.json)
    made = call.local.world.add_role(guild, changes.get("name", "new role"), int(changes.get("permissions", 0)))
    call.local.world.change_role(guild, made, **changes)
    return made.data


async def edit_role(call: Call) -> Json:
    guild = access.guild(call, P.MANAGE_ROLES)
    found = _role(call, guild)
    _below_me(call, guild, found)
    call.local.world.change_role(guild, found, **_check_role(call, guild, call.json))
    return found.data


async def delete_role(call: Call) -> None:
    guild = access.guild(call, P.MANAGE_ROLES)
    found = _role(call, guild)
    _below_me(call, guild, found)
    call.local.world.remove_role(guild, found)


async def user(call: Call) -> Json:
    found = call.local.world.users.get(as_id(call.text["user_id"]))
    if found is None:
        raise refuse(10013)
    return found.data


_GUILD: Final = "/guilds/{guild_id}"
_MEMBER: Final = f"{_GUILD}/members/{{user_id}}"
ROUTES: Final = (
    Route("GET", _GUILD, get),
    Route("GET", "/users/@me/guilds", mine, Limit("", 1, 1.0)),
    Route("DELETE", "/users/@me/guilds/{guild_id}", leave),
    Route("GET", f"{_GUILD}/members", members, Limit("", 10, 10.0)),
    Route("GET", f"{_GUILD}/members/search", search, Limit("", 10, 10.0)),
    Route("PATCH", f"{_GUILD}/members/@me", edit_me, Limit("", 10, 10.0)),
    Route("GET", _MEMBER, member, Limit("", 5, 1.0)),
    Route("PUT", f"{_MEMBER}/roles/{{role_id}}", add_member_role, Limit("", 10, 10.0)),
    Route("DELETE", f"{_MEMBER}/roles/{{role_id}}", remove_member_role, Limit("", 10, 10.0)),
    Route("GET", f"{_GUILD}/roles", roles),
    Route("POST", f"{_GUILD}/roles", create_role, Limit("", 10, 10.0)),
    Route("GET", f"{_GUILD}/roles/{{role_id}}", role),
    Route("PATCH", f"{_GUILD}/roles/{{role_id}}", edit_role, Limit("", 10, 10.0)),
    Route("DELETE", f"{_GUILD}/roles/{{role_id}}", delete_role, Limit("", 10, 10.0)),
    Route("GET", "/users/{user_id}", user),
)
