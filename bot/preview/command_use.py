"""A person using a command: its options put in Discord's shape, checked as Discord's client would, and resolved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bot.preview import model as m
from bot.preview import payloads
from bot.preview.wire import Json, PreviewError, as_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.preview.world import World

SUB, GROUP, STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = range(1, 12)
_KINDS: Final[dict[int, tuple[type, ...]]] = {
    STRING: (str,),
    INTEGER: (int,),
    BOOLEAN: (bool,),
    NUMBER: (int, float),
}


class UseError(PreviewError):
    """Something a person could not do in Discord's client; the message is for them."""


def build(command: Json, path: list[str], values: Mapping[str, Any], focused: str | None = None) -> Json:
    """Interaction data for `/command path…` with plain values; records stand for their ids.

    Raises UseError for an unknown sub-command or option.
    """
    level: list[Json] = command.get("options") or []
    steps: list[Json] = []
    for word in path:
        step = next((o for o in level if o["name"] == word and o["type"] in (SUB, GROUP)), None)
        if step is None:
            raise UseError(f"/{command['name']} has no sub-command {word!r}")
        steps.append(step)
        level = step.get("options") or []
    known = {o["name"]: o for o in level}
    made: list[Json] = []
    for name, value in values.items():
        option = known.get(name)
        if option is None:
            raise UseError(f"/{' '.join([command['name'], *path])} has no option {name!r}; it has {list(known)}")
        made.append({"name": name, "type": option["type"], "value": _plain(option["type"], value)})
        if name == focused:
            made[-1]["focused"] = True
    for step in reversed(steps):
        made = [{"name": step["name"], "type": step["type"], "options": made}]
    return {"id": command["id"], "name": command["name"], "type": command["type"], "options": made}


def _plain(kind: int, value: Any) -> Any:
    if isinstance(value, m.User | m.Role | m.Channel | m.StoredFile):
        return str(value.id)
    if kind in (USER, CHANNEL, ROLE, MENTIONABLE, ATTACHMENT):
        return str(value)
    return value


def check(command: Json, data: Json, *, autocomplete: bool = False) -> None:
    """Refuse what Discord's client would not send. Raises UseError."""
    _check_level(command.get("options") or [], data.get("options") or [], autocomplete=autocomplete)


def _check_level(known: list[Json], given: list[Json], *, autocomplete: bool) -> None:
    by_name = {o["name"]: o for o in known}
    for item in given:
        option = by_name.get(str(item.get("name")))
        if option is None or option["type"] != item.get("type"):
            raise UseError(f"There is no option {item.get('name')!r} here.")
        if option["type"] in (SUB, GROUP):
            _check_level(option.get("options") or [], item.get("options") or [], autocomplete=autocomplete)
        elif not (autocomplete and item.get("focused")):
            _check_value(option, item.get("value"))
    names = {str(i.get("name")) for i in given}
    if any(o["type"] in (SUB, GROUP) for o in known) and len(given) != 1:
        raise UseError("Choose one of: " + ", ".join(by_name) + ".")
    missing = [o["name"] for o in known if o.get("required") and o["name"] not in names]
    if missing and not autocomplete:
        raise UseError(f"This option is required: {missing[0]}.")


def _check_value(option: Json, value: Any) -> None:
    name, kind = option["name"], option["type"]
    wanted = _KINDS.get(kind)
    if wanted is None:
        if not as_id(value):
            raise UseError(f"{name}: choose one from the list.")
        return
    if not isinstance(value, wanted) or (isinstance(value, bool) and kind != BOOLEAN):
        raise UseError(f"{name}: this is not the right kind of value.")
    choices = option.get("choices")
    if choices and value not in [c["value"] for c in choices]:
        raise UseError(f"{name}: choose one of {', '.join(str(c['name']) for c in choices)}.")
    if isinstance(value, str):
        low, high = option.get("min_length") or 0, option.get("max_length") or 6000
        if not low <= len(value) <= high:
            raise UseError(f"{name}: between {low} and {high} characters, please.")
    elif kind in (INTEGER, NUMBER):
        if option.get("min_value") is not None and value < option["min_value"]:
            raise UseError(f"{name}: at least {option['min_value']}.")
        if option.get("max_value") is not None and value > option["max_value"]:
            raise UseError(f"{name}: at most {option['max_value']}.")


def leaves(options: list[Json]) -> Iterator[Json]:
    """The options that carry values."""
    for option in options:
        if option.get("type") in (SUB, GROUP):
            yield from leaves(option.get("options") or [])
        else:
            yield option


def resolve(world: World, guild_id: int | None, user_id: int, wanted: list[tuple[int, Any]]) -> Json:
    """Discord's `resolved` for (option type, id) pairs. Raises UseError for ids that are not there."""
    found: Json = {}
    guild = world.guilds.get(guild_id) if guild_id else None
    for kind, raw in wanted:
        number = as_id(raw)
        if kind == ATTACHMENT and number in world.files:
            found.setdefault("attachments", {})[str(number)] = world.files[number].data
        elif kind == CHANNEL and number in world.channels:
            channel = world.channels[number]
            keep = ("id", "name", "type", "parent_id", "thread_metadata", "flags", "position", "nsfw")
            data = {k: channel.data[k] for k in keep if k in channel.data}
            data["permissions"] = str(world.permissions(user_id, channel))
            found.setdefault("channels", {})[str(number)] = data
        elif kind in (ROLE, MENTIONABLE) and guild and number in guild.roles:
            found.setdefault("roles", {})[str(number)] = guild.roles[number].data
        elif kind in (USER, MENTIONABLE) and number in world.users:
            found.setdefault("users", {})[str(number)] = world.users[number].data
            member = guild.members.get(number) if guild else None
            if member is not None and guild is not None:
                bits = payloads.member_bits(guild, member)
                found.setdefault("members", {})[str(number)] = {**member.data, "permissions": str(bits)}
        else:
            raise UseError(f"There is nothing here with the id {raw!s:.30}.")
    return found
