"""REST: the bot's own user and application, the gateway's address, and application commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bot.preview import access, check_commands, payloads
from bot.preview.http import Call, Reply, Route
from bot.preview.ratelimits import Limit
from bot.preview.wire import Form, Json, as_id, refuse

if TYPE_CHECKING:
    from bot.preview.world import World


async def me(call: Call) -> Json:
    return {
        **call.local.world.bot.data,
        "verified": True,
        "mfa_enabled": False,
        "email": None,
        "locale": "en-US",
        "premium_type": 0,
    }


async def application(call: Call) -> Json:
    return payloads.application(call.local.world)


async def edit_application(call: Call) -> Json:
    return payloads.application(call.local.world)


async def gateway(call: Call) -> Json:
    return {"url": call.local.gateway_url}


async def gateway_bot(call: Call) -> Json:
    gate = call.local.gateway
    return {
        "url": call.local.gateway_url,
        "shards": gate.shards,
        "session_start_limit": {
            "total": 1000,
            "remaining": max(0, gate.identifies_left),
            "reset_after": 86_400_000,
            "max_concurrency": gate.max_concurrency,
        },
    }


async def nothing(_call: Call) -> list[Json]:
    """Lists that are always empty here: SKUs, entitlements, emojis."""
    return []


async def no_emojis(_call: Call) -> Json:
    return {"items": []}


# -- commands --------------------------------------------------------------------------------------------------


def _scope(call: Call) -> tuple[dict[int, Json], int | None]:
    """The commands of the path: global, or a guild's. Refuses with 10002, 10004, 50001."""
    world = call.local.world
    if call.ids["application_id"] != world.application_id:
        raise refuse(10002)
    if "guild_id" not in call.ids:
        return world.global_commands, None
    guild = access.guild(call)
    return world.guild_commands.setdefault(guild.id, {}), guild.id


def make_command(world: World, body: Json, guild_id: int | None, command_id: int | None = None) -> Json:
    """A command as Discord answers it, with its defaults."""
    made: Json = {
        "id": str(command_id or world.new_id()),
        "application_id": str(world.application_id),
        "version": str(world.new_id()),
        "type": body.get("type") or 1,
        "name": body["name"],
        "name_localizations": body.get("name_localizations"),
        "description": body.get("description") or "",
        "description_localizations": body.get("description_localizations"),
        "default_member_permissions": body.get("default_member_permissions"),
        "dm_permission": body.get("dm_permission", True),
        "nsfw": bool(body.get("nsfw")),
        "integration_types": body.get("integration_types") or [0],
    }
    needs = made["default_member_permissions"]
    made["default_member_permissions"] = None if needs is None else str(needs)
    if guild_id is None:
        made["contexts"] = body.get("contexts")
    else:
        made["guild_id"] = str(guild_id)
    if made["type"] == 1:
        made["options"] = [_option(o) for o in body.get("options") or []]
    return made


def _option(option: Json) -> Json:
    kept = {k: v for k, v in option.items() if v is not None}
    if "options" in kept:
        kept["options"] = [_option(o) for o in kept["options"]]
    return kept


async def list_commands(call: Call) -> list[Json]:
    commands, _ = _scope(call)
    wanted = call.flag("with_localizations")
    return list(commands.values()) if wanted else [_plain(c) for c in commands.values()]


def _plain(command: Any) -> Any:
    """Without translations, as lists are answered unless asked otherwise."""
    if isinstance(command, dict):
        hidden = ("name_localizations", "description_localizations")
        return {k: _plain(v) for k, v in command.items() if k not in hidden}
    return [_plain(c) for c in command] if isinstance(command, list) else command


async def overwrite_commands(call: Call) -> list[Json]:
    """PUT: replaces the scope; a command that keeps its name and type keeps its id."""
    commands, guild_id = _scope(call)
    bodies = call.body
    form = Form()
    if not isinstance(bodies, list) or not all(isinstance(b, dict) for b in bodies):
        form.add((), "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
        form.done()
    check_commands.command_list(form, bodies)
    form.done()
    known = {(c["type"], c["name"]): int(c["id"]) for c in commands.values()}
    made = [make_command(call.local.world, b, guild_id, known.get((b.get("type") or 1, b["name"]))) for b in bodies]
    commands.clear()
    commands.update((int(c["id"]), c) for c in made)
    _changed(call)
    return made


async def create_command(call: Call) -> Reply:
    """POST: makes one, or replaces the one of that name and type (then 200 instead of 201)."""
    commands, guild_id = _scope(call)
    body = call.json
    form = Form()
    check_commands.command(form, body)
    form.done()
    kind = body.get("type") or 1
    same = next((c for c in commands.values() if (c["type"], c["name"]) == (kind, body["name"])), None)
    if same is None and sum(c["type"] == kind for c in commands.values()) >= check_commands.MOST[kind]:
        raise refuse(30032)
    made = make_command(call.local.world, body, guild_id, int(same["id"]) if same else None)
    commands[int(made["id"])] = made
    _changed(call)
    return Reply(200 if same else 201, made)


def _one(call: Call) -> tuple[dict[int, Json], int | None, Json]:
    commands, guild_id = _scope(call)
    found = commands.get(call.ids["command_id"])
    if found is None:
        raise refuse(10063)
    return commands, guild_id, found


async def get_command(call: Call) -> Json:
    return _one(call)[2]


async def edit_command(call: Call) -> Json:
    commands, guild_id, found = _one(call)
    body = {**found, **call.json}
    form = Form()
    check_commands.command(form, body)
    form.done()
    made = make_command(call.local.world, body, guild_id, int(found["id"]))
    commands[int(made["id"])] = made
    _changed(call)
    return made


async def delete_command(call: Call) -> None:
    commands, _, found = _one(call)
    del commands[int(found["id"])]
    _changed(call)


async def command_permissions(call: Call) -> list[Json]:
    _scope(call)
    return []


def _changed(call: Call) -> None:
    call.local.world.emit("LOCAL_COMMANDS_UPDATE", {})


def visible_commands(world: World, user_id: int, guild_id: int | None) -> list[Json]:
    """The commands a person may use in a guild (or, for None, in a DM), a guild's own before global ones."""
    guild = world.guilds.get(guild_id) if guild_id else None
    bits = 0
    if guild is not None:
        from bot.preview.permissions import in_guild

        member = guild.members.get(user_id)
        bits = in_guild(guild, member) if member else 0
    found: dict[tuple[int, str], Json] = {}
    alone = guild is not None and world.bot.id not in guild.members  # only what people have in their accounts
    scopes = [world.guild_commands.get(guild_id or 0, {}), world.global_commands]
    for command in (c for scope in scopes for c in scope.values()):
        if alone and 1 not in (command.get("integration_types") or ()):
            continue
        contexts = command.get("contexts")
        where = 0 if guild is not None else 1
        if contexts is not None and where not in contexts and "guild_id" not in command:
            continue
        if guild is None and contexts is None and not command["dm_permission"]:
            continue
        needs = command["default_member_permissions"]
        if guild is not None and needs is not None and not _may(int(needs), bits):
            continue
        found.setdefault((command["type"], command["name"]), command)
    return list(found.values())


def _may(needs: int, bits: int) -> bool:
    """default_member_permissions "0" means administrators only; else all named bits are needed."""
    if bits & (1 << 3):
        return True
    return needs != 0 and bits & needs == needs


def find_command(world: World, user_id: int, guild_id: int | None, command_id: object) -> Json | None:
    """A visible command by its id."""
    wanted = str(as_id(command_id))
    return next((c for c in visible_commands(world, user_id, guild_id) if c["id"] == wanted), None)


_APP: Final = "/applications/{application_id}"
_WRITE: Final = Limit("", 5, 20.0)


def _command_routes(base: str) -> tuple[Route, ...]:
    return (
        Route("GET", base, list_commands),
        Route("PUT", base, overwrite_commands, Limit("", 2, 60.0) if "guild" not in base else _WRITE),
        Route("POST", base, create_command, _WRITE),
        Route("GET", f"{base}/{{command_id}}", get_command),
        Route("PATCH", f"{base}/{{command_id}}", edit_command, _WRITE),
        Route("DELETE", f"{base}/{{command_id}}", delete_command, _WRITE),
    )


ROUTES: Final = (
    Route("GET", "/users/@me", me),
    Route("GET", "/applications/@me", application),
    Route("PATCH", "/applications/@me", edit_application),
    Route("GET", "/oauth2/applications/@me", application),
    Route("GET", "/gateway", gateway, login=False),
    Route("GET", "/gateway/bot", gateway_bot, Limit("", 10, 5.0)),
    Route("GET", f"{_APP}/guilds/{{guild_id}}/commands/permissions", command_permissions),
    *_command_routes(f"{_APP}/commands"),
    *_command_routes(f"{_APP}/guilds/{{guild_id}}/commands"),
    Route("GET", f"{_APP}/emojis", no_emojis),
    Route("GET", f"{_APP}/entitlements", nothing),
    Route("GET", f"{_APP}/skus", nothing),
)
