"""Discord's rules on answering: once, within three seconds, with what fits, and only while the token lives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bot.preview import LocalDiscord, ManualClock, NoAnswer
from bot.preview import interactions as ia

if TYPE_CHECKING:
    from bot.preview.interactions import Interaction

    from .conftest import Rest


def send(local: LocalDiscord, kind: int = ia.COMMAND) -> Interaction:
    """An interaction that no bot hears of; the test answers it by hand."""
    local.gateway.interaction = lambda *_: True  # type: ignore[method-assign]
    channel = local.channel("lounge")
    data = {"id": "1", "name": "price", "type": 1}
    return local.interactions.send(kind, local.world.user("trader"), channel.guild_id, channel, data)


def callback(made: Interaction) -> str:
    return f"/interactions/{made.id}/{made.token}/callback"


def webhook(local: LocalDiscord, made: Interaction, rest: str = "") -> str:
    return f"/webhooks/{local.world.application_id}/{made.token}{rest}"


SAY: dict[str, Any] = {"type": 4, "data": {"content": "hi"}}


async def test_a_second_answer_is_refused(frozen_rest: Rest) -> None:
    made = send(frozen_rest.local)
    assert (await frozen_rest("POST", callback(made), SAY))[0] == 204
    status, answer = await frozen_rest("POST", callback(made), SAY)
    assert (status, answer["code"]) == (400, 40060)


async def test_an_answer_after_three_seconds_is_unknown(frozen_rest: Rest, clock: ManualClock) -> None:
    made = send(frozen_rest.local)
    seen = []
    for seconds in (2.9, 0.2):
        clock.advance(seconds)
        seen.append(made.failed)
    assert seen == [False, True]
    status, answer = await frozen_rest("POST", callback(made), SAY)
    assert (status, answer["code"]) == (404, 10062)
    with pytest.raises(NoAnswer, match="did not respond"):
        await made.message()


async def test_the_token_dies_after_fifteen_minutes(frozen_rest: Rest, clock: ManualClock) -> None:
    local = frozen_rest.local
    made = send(local)
    await frozen_rest("POST", callback(made), {"type": 5})
    clock.advance(899)
    assert (await frozen_rest("PATCH", webhook(local, made, "/messages/@original"), {"content": "x"}))[0] == 200
    clock.advance(2)
    status, answer = await frozen_rest("POST", webhook(local, made), {"content": "late"})
    assert (status, answer["code"]) == (401, 50027)


async def test_the_first_follow_up_fills_a_deferred_answer(frozen_rest: Rest) -> None:
    local = frozen_rest.local
    made = send(local)
    await frozen_rest("POST", callback(made), {"type": 5, "data": {"flags": 64}})
    assert made.original is not None
    assert made.original.data["flags"] == 64 | 128
    _, first = await frozen_rest("POST", webhook(local, made), {"content": "one"})
    _, second = await frozen_rest("POST", webhook(local, made), {"content": "two"})
    assert first["id"] == str(made.original.id)
    assert first["flags"] == 64
    assert second["id"] != first["id"]
    assert second["flags"] & 64 == 0


async def test_a_follow_up_before_any_answer_is_unknown(frozen_rest: Rest) -> None:
    made = send(frozen_rest.local)
    status, answer = await frozen_rest("POST", webhook(frozen_rest.local, made), {"content": "x"})
    assert (status, answer["code"]) == (404, 10015)


async def test_with_response_names_the_message(frozen_rest: Rest) -> None:
    made = send(frozen_rest.local)
    status, answer = await frozen_rest("POST", callback(made) + "?with_response=true", SAY)
    assert status == 200
    assert answer["resource"]["message"]["content"] == "hi"
    assert answer["interaction"]["response_message_id"] == answer["resource"]["message"]["id"]


async def test_a_deleted_original_is_gone(frozen_rest: Rest) -> None:
    local = frozen_rest.local
    made = send(local)
    await frozen_rest("POST", callback(made), SAY)
    assert (await frozen_rest("DELETE", webhook(local, made, "/messages/@original")))[0] == 204
    assert (await frozen_rest("GET", webhook(local, made, "/messages/@original")))[1]["code"] == 10008
    assert local.channel_messages("lounge") == []


WRONG: dict[str, tuple[int, dict[str, Any]]] = {
    "update for a command": (ia.COMMAND, {"type": 7, "data": {"content": "x"}}),
    "choices for a command": (ia.COMMAND, {"type": 8, "data": {"choices": []}}),
    "message for autocomplete": (ia.AUTOCOMPLETE, SAY),
    "modal for a modal": (ia.MODAL, {"type": 9, "data": {"title": "t", "custom_id": "c", "components": []}}),
    "26 choices": (
        ia.AUTOCOMPLETE,
        {"type": 8, "data": {"choices": [{"name": str(i), "value": str(i)} for i in range(26)]}},
    ),
    "choice name of 101": (ia.AUTOCOMPLETE, {"type": 8, "data": {"choices": [{"name": "x" * 101, "value": "v"}]}}),
    "content of 2001": (ia.COMMAND, {"type": 4, "data": {"content": "x" * 2001}}),
    "modal title of 46": (
        ia.COMMAND,
        {
            "type": 9,
            "data": {
                "title": "x" * 46,
                "custom_id": "c",
                "components": [{"type": 1, "components": [{"type": 4, "style": 1, "label": "l", "custom_id": "i"}]}],
            },
        },
    ),
    "modal of six": (
        ia.COMMAND,
        {
            "type": 9,
            "data": {
                "title": "t",
                "custom_id": "c",
                "components": [
                    {"type": 1, "components": [{"type": 4, "style": 1, "label": "l", "custom_id": str(i)}]}
                    for i in range(6)
                ],
            },
        },
    ),
}


@pytest.mark.parametrize("name", WRONG)
async def test_an_answer_that_does_not_fit_is_refused_and_may_be_mended(frozen_rest: Rest, name: str) -> None:
    kind, body = WRONG[name]
    made = send(frozen_rest.local, kind)
    status, answer = await frozen_rest("POST", callback(made), body)
    assert (status, answer["code"]) == (400, 50035)
    assert made.callback is None


async def test_an_unconnected_bot_fails_at_once(frozen: LocalDiscord) -> None:
    channel = frozen.channel("lounge")
    data = {"id": "1", "name": "x"}
    made = frozen.interactions.send(2, frozen.world.user("member"), channel.guild_id, channel, data)
    assert made.failed
