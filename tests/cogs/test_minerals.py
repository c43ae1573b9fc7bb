"""`/mineral` through the real client against the local Discord."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from bot.i18n import set_language
from bot.minerals.catalogue import load
from bot.preview import LocalDiscord
from bot.preview.world import World
from bot.prices.chart_worker import ChartError
from cogs.minerals import Minerals
from cogs.ui.mineral_card import CardParts
from tests.localdiscord import plain_bot, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

# One client serves the whole file: logging in and out takes longer than every test together.
pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = dict[str, Any]


class Room:
    """A market, a news room and a chart room in one."""

    def price_line(self, slug: str) -> str | None:
        return f"1.00 USD ({slug})"

    async def latest(self, slug: str, guild_id: int) -> Sequence[str]:
        assert guild_id
        return ["- [Lithium miner cuts output](<https://example.org/lithium>)"]

    async def draw(self, key: str, drawing: Mapping[str, object], draw: str) -> bytes:
        assert draw == "bot.minerals.supply_chart:draw"
        return b"\x89PNG " + key.encode()


class BrokenRoom(Room):
    async def latest(self, slug: str, guild_id: int) -> Sequence[str]:
        raise RuntimeError("the archive is closed")

    async def draw(self, key: str, drawing: Mapping[str, object], draw: str) -> bytes:
        raise ChartError("the worker is gone")


def headframe() -> Any:
    """A plain client with what the cog asks of Headframe's own."""
    bot: Any = plain_bot()

    async def explain(interaction: Any, error: BaseException) -> None:
        await interaction.response.send_message(f"explained: {getattr(error, 'original', error)}", ephemeral=True)

    async def serve(interaction: Any, act: Callable[[], Awaitable[None]]) -> None:
        set_language(interaction.locale.value)
        try:
            await act()
        except Exception as error:
            await explain(interaction, error)

    bot.serve, bot.tree.on_error = serve, explain
    return bot


@dataclass
class Served:
    local: LocalDiscord
    cog: Minerals


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served() -> AsyncIterator[Served]:
    async with await LocalDiscord.start(world=World.demo(), limits=False) as local:
        bot = headframe()
        cog = Minerals(bot, CardParts(), load())
        bot.setup_hook = started(bot, cog)
        async with running(bot, local):
            yield Served(local, cog)


def started(bot: Any, cog: Minerals) -> Callable[[], Any]:
    async def setup_hook() -> None:
        await bot.add_cog(cog)
        await bot.tree.sync()

    return setup_hook


@pytest.fixture
def local(served: Served) -> LocalDiscord:
    served.cog.parts = CardParts()
    return served.local


def text(message: Json) -> str:
    def walk(nodes: list[Json]) -> list[str]:
        return [t for n in nodes for t in ([n["content"]] if n["type"] == 10 else walk(n.get("components", [])))]

    return message["content"] + "\n".join(walk(message["components"]))


def ephemeral(message: Json) -> bool:
    return bool(message["flags"] & 64)


async def use(local: LocalDiscord, name: str, /, **options: Any) -> Any:
    guild = local.world.guild()
    return await local.invoke("trader", guild, "gold-silver", f"mineral {name}", **options)


async def test_one_command_answers_whether_graphite_is_on_canada_s_list(local: LocalDiscord) -> None:
    message = await (await use(local, "info", name="graphite")).message()
    assert ephemeral(message)
    assert "Canada 2024 (since 2021)" in text(message)


async def test_a_name_is_found_however_it_is_typed_and_an_unknown_one_is_explained(local: LocalDiscord) -> None:
    assert "Aluminium · Al" in text(await (await use(local, "info", name="alumnium")).message())
    message = await (await use(local, "info", name="zzzzz **x** @everyone")).message()
    assert ephemeral(message)
    assert r"No mineral is called “zzzzz \*\*x\*\* \@everyone”" in text(message)


async def test_share_posts_for_everyone(local: LocalDiscord) -> None:
    message = await (await use(local, "info", name="gold", share=True)).message()
    assert not ephemeral(message)


@pytest.mark.parametrize(
    ("typed", "first"), [("wolf", "tungsten"), ("Pt", "platinum"), ("yellowc", "uranium"), ("", "alumina")]
)
async def test_names_autocomplete(local: LocalDiscord, typed: str, first: str) -> None:
    guild = local.world.guild()
    found = await local.autocomplete("trader", guild, "gold-silver", "mineral info", "name", typed)
    assert found[0]["value"] == first
    assert len(found) <= 25


async def test_lists_and_categories_autocomplete(local: LocalDiscord) -> None:
    guild = local.world.guild()
    found = await local.autocomplete("trader", guild, "gold-silver", "mineral list", "list", "canada")
    assert {"canada-2024", "canada-2021", "canada-supplies-us"} == {choice["value"] for choice in found}
    found = await local.autocomplete("trader", guild, "gold-silver", "mineral list", "category", "batt")
    assert [choice["value"] for choice in found] == ["battery"]


async def test_the_pages_turn_in_place_on_one_s_own_card(local: LocalDiscord, served: Served) -> None:
    served.cog.parts = CardParts(Room(), Room(), None)
    message = await (await use(local, "info", name="lithium")).message()
    for label, says in (
        ("Supply", "World output 2025"),
        ("Policy", "European Union"),
        ("Market", "1.00 USD"),
        ("News", "Lithium miner cuts output"),
        ("Overview", "On critical lists"),
    ):
        pressed = await local.press(message, label, "trader")
        assert (await pressed.response())["type"] == 7
        message = await pressed.message()
        assert says in text(message)


async def test_a_press_on_a_shared_card_answers_the_presser_alone(local: LocalDiscord) -> None:
    shared = await (await use(local, "info", name="gold", share=True)).message()
    pressed = await local.press(shared, "Supply", "member")
    answer = await pressed.message()
    assert ephemeral(answer)
    assert "Gold · Au: supply" in text(answer)
    assert "Gold · Au: supply" not in text(shared)


async def test_the_share_button_posts_the_page_shown(local: LocalDiscord) -> None:
    message = await (await use(local, "info", name="gold")).message()
    message = await (await local.press(message, "Market", "trader")).message()
    shared = await (await local.press(message, "Share", "trader")).message()
    assert not ephemeral(shared)
    assert "Gold · Au: market" in text(shared)


async def test_buttons_of_an_earlier_run_still_work() -> None:
    async with await LocalDiscord.start(world=World.demo(), limits=False) as local:
        shown: Json = {}
        for _run in range(2):
            bot = headframe()
            bot.setup_hook = started(bot, Minerals(bot, CardParts(), load()))
            async with running(bot, local):
                if not shown:
                    shown = await (await use(local, "info", name="tin", share=True)).message()
                else:
                    answer = await (await local.press(shown, "mineral:tin:policy", "member")).message()
                    assert "Tin · Sn: policy" in text(answer)


@pytest.mark.parametrize("share", [False, True])
async def test_the_supply_page_brings_the_chart_from_the_worker(
    local: LocalDiscord, served: Served, share: bool
) -> None:
    served.cog.parts = CardParts(None, None, Room())
    message = await (await use(local, "info", name="gold", share=share)).message()
    pressed = await local.press(message, "Supply", "trader")
    answer = await pressed.message()
    assert "Gold · Au: supply" in text(answer)
    gallery = next(n for n in answer["components"][0]["components"] if n["type"] == 12)
    assert "China 12%" in gallery["items"][0]["description"]
    assert ephemeral(answer)
    turned = await (await local.press(answer, "Policy", "trader")).message()
    assert not [n for n in turned["components"][0]["components"] if n["type"] == 12]
    assert not turned["attachments"]


async def test_without_the_worker_the_page_stands_as_text(local: LocalDiscord, served: Served) -> None:
    served.cog.parts = CardParts(None, None, BrokenRoom())
    message = await (await use(local, "info", name="gold")).message()
    answer = await (await local.press(message, "Supply", "trader")).message()
    assert "1\\. China" in text(answer) or "1. China" in text(answer)


async def test_a_list_pages_and_opens_a_card(local: LocalDiscord) -> None:
    message = await (await use(local, "list", list="us-2025")).message()
    assert "(1 of 4)" in text(message)
    message = await (await local.press(message, "Next", "trader")).message()
    assert "(2 of 4)" in text(message)
    opened = await (await local.select(message, "minerals:open", ["lithium"], "trader")).message()
    assert "Lithium · Li" in text(opened)
    assert "(2 of 4)" in text(message)


async def test_what_us_2025_added_to_2022(local: LocalDiscord) -> None:
    message = await (await use(local, "list", list="us-2025", versus="us-2022")).message()
    assert "10 added, 0 removed" in text(message)
    for name in ("Boron", "Copper", "Lead", "Metallurgical", "Phosphate", "Potash", "Rhenium", "Silver", "Uranium"):
        assert name in text(message)


async def test_canada_is_a_main_us_source(local: LocalDiscord) -> None:
    message = await (await use(local, "list", list="canada-supplies-us")).message()
    assert "Gallium" in text(message)
    assert "(1 of 3)" in text(message)


@pytest.mark.parametrize(
    ("options", "says"), [({"list": "us-1999"}, "No list is called"), ({"category": "shiny"}, "No category is called")]
)
async def test_unknown_lists_are_explained(local: LocalDiscord, options: dict[str, str], says: str) -> None:
    message = await (await use(local, "list", **options)).message()
    assert ephemeral(message)
    assert says in text(message)


async def test_compare_and_risk_answer(local: LocalDiscord) -> None:
    message = await (await use(local, "compare", first="Li", second="gallium")).message()
    assert "China 99%" in text(message)
    message = await (await use(local, "risk", list="canada-2024")).message()
    assert "÷ 10,000" in text(message)


async def test_explain_minerals_on_a_message(local: LocalDiscord) -> None:
    guild = local.world.guild()
    wrote = local.write("member", "gold-silver", "Copper and lithium prices rise as mines close")
    answer = await (await local.invoke_on("trader", guild, "gold-silver", "Explain minerals", wrote)).message()
    assert ephemeral(answer)
    assert "Copper" in text(answer)
    assert "Lithium" in text(answer)
    opened = await (await local.select(answer, "minerals:open", ["copper"], "trader")).message()
    assert "Copper · Cu" in text(opened)


async def test_explain_minerals_finds_nothing_in_small_talk(local: LocalDiscord) -> None:
    guild = local.world.guild()
    wrote = local.write("member", "gold-silver", "Good morning everyone")
    answer = await (await local.invoke_on("trader", guild, "gold-silver", "Explain minerals", wrote)).message()
    assert "no mineral" in text(answer)


async def test_alert_me_opens_a_form_with_the_mineral_filled_in(local: LocalDiscord) -> None:
    message = await (await use(local, "info", name="lithium")).message()
    form = await (await local.press(message, "Alert me", "trader")).modal()
    assert "mineral:lithium" in str(form["components"])


async def test_an_error_behind_a_button_is_explained(local: LocalDiscord, served: Served) -> None:
    served.cog.parts = CardParts(None, BrokenRoom(), None)
    message = await (await use(local, "info", name="lithium")).message()
    answer = await (await local.press(message, "News", "trader")).message()
    assert "explained: the archive is closed" in text(answer)


async def test_a_press_is_answered_in_the_presser_s_language(local: LocalDiscord) -> None:
    message = await (await use(local, "info", name="tin", share=True)).message()
    pressed = local.use_component(local.world.user("member"), message, 2, "mineral:tin:supply", None, locale="fr")
    assert "Étain · Sn" in text(await pressed.message())


async def test_the_commands_can_be_installed_by_a_server_and_by_a_person(served: Served) -> None:
    tree = served.cog.bot.tree
    for command in (*tree.get_commands(), served.cog.explain):
        assert command.to_dict(tree)["integration_types"] == [0, 1]
        assert command.to_dict(tree)["contexts"] == [0, 1, 2]
