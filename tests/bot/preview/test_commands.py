"""Application commands: what Discord refuses in them is refused, and registering them again keeps their ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .test_refusals import at

if TYPE_CHECKING:
    from .conftest import Rest


def command(**over: Any) -> dict[str, Any]:
    return {"name": "price", "description": "The price now"} | over


def option(**over: Any) -> dict[str, Any]:
    return {"type": 3, "name": "metal", "description": "Which metal"} | over


COMMANDS: dict[str, tuple[list[dict[str, Any]], str, str]] = {
    "upper case name": ([command(name="Price")], "0.name", "APPLICATION_COMMAND_INVALID_NAME"),
    "space in name": ([command(name="pri ce")], "0.name", "APPLICATION_COMMAND_INVALID_NAME"),
    "name of 33": ([command(name="p" * 33)], "0.name", "BASE_TYPE_BAD_LENGTH"),
    "no description": ([command(description="")], "0.description", "BASE_TYPE_REQUIRED"),
    "description of 101": ([command(description="x" * 101)], "0.description", "BASE_TYPE_BAD_LENGTH"),
    "same name twice": ([command(), command()], "1.name", "APPLICATION_COMMANDS_DUPLICATE_NAME"),
    "26 options": (
        [command(options=[option(name=f"o{i}") for i in range(26)])],
        "0.options",
        "BASE_TYPE_BAD_LENGTH",
    ),
    "required after optional": (
        [command(options=[option(), option(name="unit", required=True)])],
        "0.options.1",
        "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
    ),
    "option twice": (
        [command(options=[option(), option()])],
        "0.options.1",
        "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS",
    ),
    "26 choices": (
        [command(options=[option(choices=[{"name": str(i), "value": str(i)} for i in range(26)])])],
        "0.options.0.choices",
        "BASE_TYPE_BAD_LENGTH",
    ),
    "choices and autocomplete": (
        [command(options=[option(choices=[{"name": "a", "value": "a"}], autocomplete=True)])],
        "0.options.0.autocomplete",
        "APPLICATION_COMMAND_OPTION_AUTOCOMPLETE_CHOICES",
    ),
    "number as a text choice": (
        [command(options=[option(choices=[{"name": "a", "value": 1}])])],
        "0.options.0.choices.0.value",
        "BASE_TYPE_CONVERT",
    ),
    "8001 characters": (
        [
            command(
                options=[
                    option(
                        name=f"o{i}",
                        description="d" * 100,
                        choices=[{"name": f"{j}" + "n" * 90, "value": f"{j}" + "v" * 90} for j in range(5)],
                    )
                    for i in range(10)
                ]
            )
        ],
        "0",
        "APPLICATION_COMMAND_TOO_LARGE",
    ),
    "unknown locale": (
        [command(name_localizations={"xx": "prix"})],
        "0.name_localizations.xx",
        "ENUM_TYPE_COERCE",
    ),
    "menu with a description": (
        [{"type": 3, "name": "Why this?", "description": "x"}],
        "0.description",
        "APPLICATION_COMMAND_DESCRIPTION_NOT_ALLOWED",
    ),
    "101 commands": ([command(name=f"c{i}") for i in range(101)], "100", "APPLICATION_COMMANDS_LIMIT"),
    "group in a group": (
        [command(options=[option(type=2, name="g", options=[option(type=2, name="h", options=[])])])],
        "0.options.0.options.0.type",
        "BASE_TYPE_CHOICES",
    ),
    "sub-command beside an option": (
        [command(options=[option(type=1, name="now"), option()])],
        "0.options",
        "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
    ),
}


@pytest.mark.parametrize("name", COMMANDS)
async def test_a_command_discord_refuses_is_refused_at_the_same_place(rest: Rest, name: str) -> None:
    bodies, path, code = COMMANDS[name]
    status, answer = await rest("PUT", f"/applications/{rest.local.world.application_id}/commands", bodies)
    assert (status, answer.get("code")) == (400, 50035), answer
    assert at(answer["errors"], path) == [code], answer["errors"]
    assert not rest.local.world.global_commands


@pytest.mark.parametrize("name", ["prix", "цена", "価格", "मूल्य", "mine-now", "l_2", "d'or"])
async def test_command_names_of_many_scripts_are_accepted(rest: Rest, name: str) -> None:
    path = f"/applications/{rest.local.world.application_id}/commands"
    assert (await rest("PUT", path, [command(name=name)]))[0] == 200


async def test_a_command_keeps_its_id_when_it_is_put_again(rest: Rest) -> None:
    path = f"/applications/{rest.local.world.application_id}/commands"
    first = (await rest("PUT", path, [command(), command(name="news")]))[1]
    again = (await rest("PUT", path, [command(description="other")]))[1]
    assert again[0]["id"] == first[0]["id"]
    assert again[0]["version"] != first[0]["version"]
    assert len((await rest("GET", path))[1]) == 1
