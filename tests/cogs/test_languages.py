"""In whose language people are answered, and that every press is answered at all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from bot.desk import servers
from bot.preview import World
from bot.preview.permissions import P
from storage import feeds
from tests.house import House, eventually, house, said

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Names that are the same word there.
SAME = {
    "agent",
    "style",
    "source",
    "mode",
    "fin",
    "condition",
    "pause",
    "mineral",
    "metal",
    "convertir",
    "English",
    "Français",
    "Español",
}


async def ask(h: House, who: str, locale: str, command: str, **options: Any) -> str:
    """Use a command from a Discord client set to that language."""
    h.local.world.user(who).data["locale"] = locale
    send = h.local.interactions.send
    try:
        h.local.interactions.send = lambda *a, **k: send(*a, **{**k, "locale": locale})  # type: ignore[method-assign]
        return await h.use(who, "lounge", command, **options)
    finally:
        h.local.interactions.send = send  # type: ignore[method-assign]


@pytest.mark.parametrize(("locale", "word"), [("fr", "Langue"), ("es-419", "Idioma"), ("de", "Language")])
async def test_answers_speak_the_language_of_the_persons_discord(tmp_path: Path, locale: str, word: str) -> None:
    async with house(tmp_path) as h:
        assert word in await ask(h, "member", locale, "preferences")


async def test_a_chosen_language_goes_before_that_of_the_client_and_is_forgotten_with_the_person(
    tmp_path: Path,
) -> None:
    async with house(tmp_path) as h:
        assert "Langue" in await ask(h, "member", "en-US", "preferences", language="fr")
        assert "Langue" in await ask(h, "member", "es-ES", "preferences", timezone="Europe/Paris")
        found = await servers.own(h.app.services, h.local.world.user("member").id)
        assert (found.language, found.timezone) == ("fr", "Europe/Paris")
        assert "Language" in await ask(h, "trader", "en-US", "preferences"), "only that person's"


async def test_looking_at_ones_preferences_stores_nothing(tmp_path: Path) -> None:
    from tests.storage.test_people import holding

    async with house(tmp_path) as h:
        await h.use("member", "lounge", "preferences")
        async with h.app.services.db.read() as connection:
            assert await holding(connection, h.local.world.user("member").id) == []


async def test_a_price_is_shown_in_ones_own_currency_setting(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        assert "EUR" in await h.use("member", "lounge", "preferences", currency="eur")
        assert "Pick" in await h.use("member", "lounge", "preferences", timezone="Mars/Olympus")


def nodes(command: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A command with everything under it that has a name: groups, options, choices."""
    yield command
    for below in [*(command.get("options") or []), *(command.get("choices") or [])]:
        yield from nodes(below)


async def test_every_name_description_and_choice_is_in_french_and_spanish_and_unique_among_its_neighbours(
    tmp_path: Path,
) -> None:
    async with house(tmp_path) as h:
        commands = list(h.local.world.global_commands.values())
    slash = [one for one in commands if one["type"] == 1]
    named = [node for command in commands for node in nodes(command)]
    assert len(named) > 150
    for locale in ("fr", "es-ES", "es-419"):
        lacking = [
            node["name"]
            for node in named
            if locale not in (node.get("name_localizations") or {}) and node["name"] not in SAME
        ]
        assert lacking == [], locale
        described = [node for node in named if node.get("description")]
        plain = [n["description"] for n in described if locale not in (n.get("description_localizations") or {})]
        assert plain == [], locale
        for level in [slash, *(node.get("options") or [] for node in named)]:
            shown = [(node.get("name_localizations") or {}).get(locale, node["name"]) for node in level]
            assert len(shown) == len(set(shown)), shown
        for node in (node for command in slash for node in nodes(command) if "description" in node):
            name = (node.get("name_localizations") or {}).get(locale, node["name"])
            assert re.fullmatch(r"[\w-]{1,32}", name)
            assert name == name.lower()


async def test_texts_name_commands_by_mentions_that_can_be_pressed(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        ids = {one["name"]: one["id"] for one in h.local.world.global_commands.values()}
        used = await h.local.invoke("member", h.guild, "lounge", "help")
        text = (await used.message())["embeds"][0]["description"]
        assert f"</news latest:{ids['news']}>" in text
        assert f"</help:{ids['help']}> `alerts`" in text
        assert "`/" not in text, "no command is left as mere text"
        empty = await h.local.invoke("trader", h.guild, "lounge", "alert list")
        assert f"</alert keyword:{ids['alert']}>" in (await empty.message())["content"]
        wrong = await h.local.invoke("trader", h.guild, "lounge", "alert keyword", query="(gold")
        assert f"</help:{ids['help']}> `alerts`" in (await wrong.message())["content"]


async def posted(h: House) -> dict[str, Any]:
    wire = h.wire("/wire.xml", "first")
    await h.use("moderator", "lounge", "feed add", url=wire.url)
    await h.use("moderator", "gold-silver", "channel follow", query="gold")
    wire.publish("Gold holds steady in London")
    await eventually(lambda: h.posts("gold-silver"))
    found: dict[str, Any] = h.local.channel_messages("gold-silver")[0]
    return found


async def test_a_press_under_a_post_that_cannot_be_done_is_answered_with_a_sentence(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        message = await posted(h)
        h.local.set_dms_open("member", False)
        pressed = await h.local.press(message, "Save", "member")
        assert "Allow direct messages" in said(await pressed.message(within=15))


async def test_a_failure_nobody_foresaw_gives_an_incident_number(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        message = await posted(h)

        async def broken(_interaction: object, _delivery: int) -> None:
            raise ZeroDivisionError

        client = h.app.connection and h.app.connection.client
        assert client is not None
        client.press_handlers["why"] = broken
        pressed = await h.local.press(message, "Why this?", "member")
        assert "incident number" in said(await pressed.message(within=15))


async def test_controls_that_nobody_remembers_say_so(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        await h.use("trader", "lounge", "alert keyword", query="gold")
        used = await h.local.invoke("trader", h.guild, "lounge", "alert list")
        shown = await used.message(within=15)
        client = h.app.connection and h.app.connection.client
        assert client is not None
        client._connection._view_store.dispatch_view = lambda *_a: None  # type: ignore[method-assign]  # as after a restart
        pressed = await h.local.select(shown, None, ["1"], "trader")
        assert "expired" in said(await pressed.message(within=15))


async def test_numbers_of_another_servers_posts_in_buttons_tell_nothing(tmp_path: Path) -> None:
    world = World.demo()
    rival = world.add_person("rival", "rival", "Rival", "Moderator elsewhere", "guesses numbers")
    async with house(tmp_path, world=world) as h:
        other = world.add_guild("Rival Club", rival, bot_permissions=int(P.ADMINISTRATOR))
        plaza = world.add_channel(other, "plaza")
        message = await posted(h)
        ids = [one["custom_id"] for row in message["components"] for one in row["components"]]
        # The same buttons under a message of the rival's server: what a forged message would carry.
        forged = {**message, "channel_id": str(plaza.id)}
        stored = world.find_message(h.local.channel("gold-silver").id, int(message["id"]))
        for custom_id in ids:
            pressed = h.local.interactions.send(
                3, world.user("rival"), other.id, plaza, {"component_type": 2, "custom_id": custom_id, "id": 2},
                source=stored,
            )  # fmt: skip
            told = said(await pressed.message(within=15))
            assert "not a headline of mine" in told, (custom_id, told, forged["id"])


async def test_without_a_server_the_default_feeds_are_read(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        async with h.app.services.db.read() as connection:
            assert await feeds.count_of_guild(connection, 0) == 0, "switched off by the operator"
        object.__setattr__(h.app.services.settings, "headframe_default_feeds", True)
        for _again in range(2):
            await h.app.welcome(0)
        async with h.app.services.db.read() as connection:
            assert await feeds.count_of_guild(connection, 0) > 3
