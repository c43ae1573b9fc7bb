"""Every slash command in the documentation is one the bot has; those in blocks are used, in order, and answered."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import pytest

from bot.prices.demo import DemoWire
from tests.corpus import shared_root
from tests.docs.reading import page, pages
from tests.house import house, said
from tests.openapi import request_faults

if TYPE_CHECKING:
    from pathlib import Path

    from tests.house import House

READERS: Final = {
    "README.md": ("moderator", "lounge"),
    "docs/members.md": ("member", "lounge"),
    "docs/traders.md": ("trader", "alerts"),
    "docs/moderators.md": ("moderator", "mods"),
}
# A reader's own address stands for the feed of the test's server.
OWN_FEED: Final = "https://your-paper.example/feed.xml"
WIRE: Final = (
    "Gold slips after two-day rally",
    "Strike begins at Peru copper mine",
    "Lithium price falls on Chile supply",
    "China bans gallium exports to the US",
)
NOT_COMMANDS: Final = {"/healthz", "/readyz", "/metrics", "/websub", "/local", "/data", "/gateway"}
_KINDS: Final = {4: int, 5: lambda text: {"True": True, "False": False}[text], 10: float}


def told_apart(tree: list[dict[str, Any]], line: str) -> tuple[list[str], list[dict[str, Any]] | None, str]:
    """("alert", "keyword"), its options (None where it is a group), and what follows it. Fails when unknown."""
    words = line.removeprefix("/").split()
    found = next((one for one in tree if one["type"] == 1 and one["name"] == words[0]), None)
    assert found, f"there is no command /{words[0]}"
    path, options = [words[0]], found.get("options") or []
    while any(one["type"] in (1, 2) for one in options):
        if len(path) == len(words):
            return path, None, ""
        word = words[len(path)]
        step = next((one for one in options if one["name"] == word), None)
        assert step, f"/{' '.join(path)} has no {word!r}"
        path, options = [*path, word], step.get("options") or []
    return path, options, line.split(maxsplit=len(path))[len(path)] if len(words) > len(path) else ""


def filled(options: list[dict[str, Any]], rest: str) -> dict[str, str]:
    """`query:gold OR silver mode:daily` by option; what stands in front is for the first one, as on the page."""
    if not rest:
        return {}
    names = "|".join(one["name"] for one in options)
    parts = re.split(rf"(?:^|\s)({names}):", rest) if names else [rest]
    values = dict(zip(parts[1::2], (part.strip() for part in parts[2::2]), strict=True))
    if parts[0].strip():
        assert options, f"{parts[0]!r} stands after a command without options"
        values[options[0]["name"]] = parts[0].strip()
    unknown = [word for value in values.values() for word in re.findall(r"(?:^|\s)([a-z_]+):(?!//)", value)]
    tags = {"mineral", "list", "topic", "direction", "source", "ticker"}
    assert set(unknown) <= tags, f"no such option: {set(unknown) - tags}"
    return values


async def use(h: House, who: str, where: str, tree: list[dict[str, Any]], line: str) -> str:
    """Type a line as a person does: an option that completes takes the first thing offered."""
    path, options, rest = told_apart(tree, line)
    assert options is not None, f"{line} is a group"
    kinds = {one["name"]: one for one in options}
    values: dict[str, Any] = {}
    for name, text in filled(options, rest).items():
        option = kinds[name]
        if option.get("autocomplete"):
            offered = await h.local.autocomplete(who, h.guild, where, " ".join(path), name, text, **values)
            values[name] = offered[0]["value"] if offered else text
        elif option.get("choices"):
            offered = {word: one["value"] for one in option["choices"] for word in (one["name"], one["value"])}
            values[name] = offered[text]
        elif option["type"] == 7:
            values[name] = h.local.channel(text)
        elif option["type"] == 8:
            values[name] = h.guild.role(text)
        else:
            values[name] = _KINDS.get(option["type"], str)(text)
    used = await h.local.invoke(who, h.guild, where, " ".join(path), **values)
    return said(await used.message(within=15))


def misnamed(tree: list[dict[str, Any]]) -> list[str]:
    """Commands in running text that the bot does not have, or not with these options."""
    wrong = []
    for one in pages():
        for span in one.spans():
            if not re.match(r"/[a-z]+( |$)", span) or span in NOT_COMMANDS:
                continue
            try:
                _path, options, rest = told_apart(tree, span)
                if options is not None and not rest.isupper():  # capitals stand for what the reader puts there
                    filled(options, rest)
            except AssertionError as why:
                wrong.append(f"{one.name}: {span}: {why}")
    return wrong


@pytest.mark.long
async def test_commands_in_the_documentation_exist_and_those_in_blocks_are_answered(tmp_path: Path) -> None:
    async with house(tmp_path, demo_prices=DemoWire()) as h:
        tree = list(h.local.world.global_commands.values())
        assert not misnamed(tree)

        commands = h.app.connection.client.tree
        answering, errors = commands.on_error, []

        async def noted(interaction: Any, error: Exception, /) -> None:
            errors.append(repr(error.__cause__ or error))
            await answering(interaction, error)

        commands.on_error = noted
        wire = h.wire("/wire.xml", *WIRE)
        used = 0
        for name, (who, where) in READERS.items():
            for line in page(name).blocks("discord"):
                assert await use(h, who, where, tree, line.replace(OWN_FEED, wire.url)), f"{name}: {line}"
                assert not errors, f"{name}: {line} was refused: {errors}"
                used += 1
        assert used > 35
        if (shared_root() / "discord" / "openapi.json").is_file():
            assert request_faults(h.local.requests) == [], "Discord's description would refuse what was sent"
