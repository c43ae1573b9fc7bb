"""Uses every command and every control of the bot the way an attacker would: from elsewhere, with guessed numbers.

What there is to use is asked of the client itself, so a new command or control is besieged without being named here.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from discord import AppCommandOptionType, app_commands
from sqlalchemy import BigInteger, String, cast, or_, select

from bot.preview import command_use as use
from bot.preview import component_tree as tree
from bot.preview import model as m
from storage.schema import metadata

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.preview.interactions import Interaction
    from tests.house import House

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 2, 3, 4, 5
GUESSES = ("1", "2", "#3", "p1")
# What stands in options that are only checked for sense; the guesses go into all others in turn.
SENSIBLE: dict[str, Any] = {
    "amount": "10",
    "condition": "above",
    "currency": "EUR",
    "from_unit": "kg",
    "hours": 1,
    "max_per_hour": 1,
    "metal": "gold",
    "quiet": "22:00-07:00",
    "start": "22:00",
    "end": "07:00",
    "timezone": "Asia/Tokyo",
    "to_unit": "g",
    "unit": "g",
    "value": "99999",
}
# Nothing of another server is named by a number there, and drawing takes its time.
ONCE = {"price chart"}


@dataclass
class Siege:
    """`where` None: the direct-message channel with the bot."""

    h: House
    who: str
    guild: m.Guild | None
    where: m.Channel | None

    @property
    def user(self) -> m.User:
        return self.h.local.world.user(self.who)

    @property
    def channel(self) -> m.Channel:
        return self.where or self.h.local.world.dm_channel(self.user)

    def _send(self, kind: int, data: Any, source: m.Message | None = None) -> Interaction:
        guild_id = self.guild.id if self.guild else None
        return self.h.local.interactions.send(kind, self.user, guild_id, self.channel, data, source=source)

    # -- commands ----------------------------------------------------------------------------------------------

    async def commands(self, ids: dict[str, str]) -> list[tuple[str, str]]:
        """Use each command with each guess in its free options. (what was done, the whole answer) pairs.

        ids: numbers of the other server for options that take a channel, a role or a person: kind → id.
        """
        tries = []
        for name, command in walk(self.h):
            options = {parameter.display_name: parameter for parameter in command.parameters}
            free = [one for one in options.values() if one.type is AppCommandOptionType.string and not one.choices]
            free = [one for one in free if one.display_name not in SENSIBLE]
            for guess in GUESSES if free and name not in ONCE else GUESSES[:1]:
                given: dict[str, Any] = {}
                for one in options.values():
                    value = _value(one, guess, ids)
                    if value is not None:
                        given[one.display_name] = value
                tries.append((name, given))
        return [pair for some in _chunks(tries, 12) for pair in await asyncio.gather(*(self._use(*t) for t in some))]

    async def _use(self, name: str, given: dict[str, Any]) -> tuple[str, str]:
        words = name.split()
        command = next(
            one for one in self.h.local.world.global_commands.values() if (one["name"], one["type"]) == (words[0], 1)
        )
        data = use.build(command, words[1:], given)
        wanted = [(o["type"], o["value"]) for o in use.leaves(data["options"]) if o["type"] in (7, 8, 11)]
        data["resolved"] = use.resolve(self.h.local.world, self.h.guild.id, self.user.id, wanted)
        return f"/{name} {given}", await told(self._send(COMMAND, data))

    async def suggestions(self, typed: str) -> list[tuple[str, str]]:
        """What every option that suggests anything suggests for what has been typed."""
        found = []
        for name, command in walk(self.h):
            words = name.split()
            raw = next(
                o for o in self.h.local.world.global_commands.values() if (o["name"], o["type"]) == (words[0], 1)
            )
            for parameter in command.parameters:
                if not parameter.autocomplete:
                    continue
                data = use.build(raw, words[1:], {parameter.display_name: typed}, parameter.display_name)
                choices = await self._send(AUTOCOMPLETE, data).choices(within=15)
                found.append((f"/{name} {parameter.display_name}", str(choices)))
        return found

    # -- controls ----------------------------------------------------------------------------------------------

    async def controls(self, custom_ids: list[str], values: list[str]) -> list[tuple[str, str]]:
        """Press each control, under a message of one's own that carries it; send off every form that opens."""
        return [
            pair
            for some in _chunks(custom_ids, 12)
            for pair in await asyncio.gather(*(self._press(one, values) for one in some))
        ]

    async def _press(self, custom_id: str, values: list[str]) -> tuple[str, str]:
        kind = {"pick": 3, "place": 8}.get(custom_id.partition(":")[0], 3 if custom_id == "minerals:open" else 2)
        source = self._forged(custom_id, kind)
        data: dict[str, Any] = {"component_type": kind, "custom_id": custom_id, "id": 2}
        answers = []
        for value in values if kind != 2 else [""]:
            if kind != 2:
                data |= {"values": [value]}
            if kind == 8:
                data["resolved"] = {"channels": {}}
            pressed = self._send(COMPONENT, dict(data), source)
            answers.append(await told(pressed))
            if pressed.callback is not None and pressed.callback["type"] == 9:
                modal = pressed.callback["data"]
                filled = [tree.filled(one, {}) for one in modal["components"]]
                sent = self._send(MODAL, {"custom_id": modal["custom_id"], "components": filled}, source)
                answers.append(await told(sent))
        return custom_id, "\n".join(answers)

    def _forged(self, custom_id: str, kind: int) -> m.Message:
        """A message that carries the control, in the attacker's own channel; seen by them alone."""
        world = self.h.local.world
        node: dict[str, Any] = {"type": kind, "id": 2, "custom_id": custom_id}
        node |= {"label": "x", "style": 2} if kind == 2 else {}
        node |= {"options": [{"label": "x", "value": "x"}]} if kind == 3 else {}
        number = world.new_id()
        data: dict[str, Any] = {
            "id": str(number), "channel_id": str(self.channel.id), "type": 0, "content": "", "author": world.bot.data,
            "timestamp": world.now_iso(), "edited_timestamp": None, "tts": False, "mention_everyone": False,
            "mentions": [], "mention_roles": [], "attachments": [], "embeds": [], "pinned": False, "flags": 64,
            "components": [{"type": 1, "id": 1, "components": [node]}],
        }  # fmt: skip
        message = m.Message(number, self.channel.id, self.channel.guild_id, world.bot.id, data, only_for=self.user.id)
        world.ephemeral[number] = message
        return message


def walk(h: House) -> Iterator[tuple[str, app_commands.Command[Any, ..., Any]]]:
    client = h.app.connection and h.app.connection.client
    assert client is not None
    for one in client.tree.walk_commands():
        if isinstance(one, app_commands.Command):
            yield one.qualified_name, one


def shown_ids(h: House) -> list[str]:
    """The custom id of every control that anybody has on the screen."""
    world = h.local.world
    messages = [
        *world.ephemeral.values(),
        *(one for place in world.channels.values() for one in place.messages.values()),
    ]
    return sorted({one for message in messages for one in tree.custom_ids(message.data["components"])})


async def told(used: Interaction) -> str:
    """Everything the person gets to see: the answer, its controls, forms, follow-ups; and there is one."""
    await used.until(lambda: used.callback is not None, str(used.data), 20)
    callback = used.callback or {}
    if callback["type"] in (5, 6):
        await used.until(lambda: bool(used.followups) or used._shown(), f"the answer to {used.data}", 20)
    parts = [callback["data"], *(one.data for one in used.followups)]
    if used.original is not None:
        parts.append(used.original.data)
    return str(parts)


async def rows_of(h: House, *ids: int) -> dict[str, list[Any]]:
    """Every row that belongs to one of these servers, channels or people, by table.

    Where a query is filed is left out: it is worked out from the query and written down seconds later.
    """
    found: dict[str, list[Any]] = {}
    async with h.app.services.db.read() as connection:
        for table in metadata.tables.values():
            columns = [one for one in table.columns if isinstance(one.type, BigInteger) and not one.primary_key]
            columns += [one for one in table.primary_key.columns if one.name in {"guild_id", "user_id", "channel_id"}]
            if columns:
                test = or_(*(cast(one, String) == str(number) for one in columns for number in ids))
                kept = [one for one in table.columns if one.name != "filed"]
                rows = await connection.execute(select(*kept).where(test))
                found[table.name] = sorted(str(tuple(row)) for row in rows)
    return found


def _value(parameter: app_commands.Parameter, guess: str, ids: dict[str, str]) -> Any:
    name = parameter.display_name
    if parameter.choices:
        return parameter.choices[0].value
    match parameter.type:
        case AppCommandOptionType.string:
            return SENSIBLE.get(name, guess)
        case AppCommandOptionType.integer:
            return SENSIBLE.get(name, 1)
        case AppCommandOptionType.boolean:
            return True
        case AppCommandOptionType.channel:
            return ids["channel"]
        case AppCommandOptionType.role:
            return ids["role"]
        case AppCommandOptionType.attachment:
            return ids["file"] if parameter.required else None
    raise AssertionError(f"give {parameter.type} a value here")


def _chunks(items: list[Any], size: int) -> Iterator[list[Any]]:
    for at in range(0, len(items), size):
        yield items[at : at + size]
