"""`/price` and `/alert price` through the real client against the local Discord, with the demo prices behind them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from discord import app_commands

from bot.delivery.compose import Composer
from bot.delivery.tastes import Taste
from bot.desk import price_alerts as desk
from bot.mentions import Mentions
from bot.preview import LocalDiscord
from bot.preview.world import World
from bot.prices import charts, demo, outbox
from bot.prices.backtest import firings
from bot.prices.movers import movers, reaction_line
from bot.prices.polling import Poller
from bot.prices.service import PriceService
from bot.settings import Settings
from cogs import prices as cog_module
from cogs.alerts import Alerts
from cogs.ui import price_alert, price_movers
from storage import deliveries, guilds, price_alerts, schema
from storage.database import Database
from tests.localdiscord import plain_bot, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = dict[str, Any]
OPEN = datetime(2026, 9, 15, 14, 0, tzinfo=UTC)


@dataclass
class Served:
    local: LocalDiscord
    service: PriceService
    database: Database


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    patch = pytest.MonkeyPatch()
    patch.setattr(cog_module, "utcnow", lambda: OPEN)
    patch.setattr(price_alert, "utcnow", lambda: OPEN)
    patch.setattr(price_movers, "utcnow", lambda: OPEN)
    patch.setattr(desk, "utcnow", lambda: OPEN)
    patch.setattr(charts, "utcnow", lambda: OPEN)
    database = await Database.open(f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('db') / 'p.db'}")
    await demo.seed(database, OPEN)
    poller = Poller(demo.sources(), demo.DemoWire(lambda: OPEN).get, OPEN)
    service = PriceService(database, poller, outbox.enqueue, demo=True)
    await service.start(OPEN)
    await service.tick(OPEN)
    async with await LocalDiscord.start(world=World.demo(), limits=False) as local:
        bot: Any = plain_bot()
        bot.desks, bot.press_handlers = {}, {}
        bot.services = SimpleNamespace(
            mentions=Mentions(),
            prices=service,
            db=database,
            settings=Settings(_env_file=None, headframe_max_alerts_per_person=5),
        )

        async def setup_hook() -> None:
            await bot.add_cog(Alerts(bot))
            bot.tree.add_command(app_commands.Group(name="news", description="stands for the news cog"))
            await cog_module.setup(bot)
            await bot.tree.sync()

        async def explain(interaction: Any, error: Any) -> None:
            text = str(error.original if hasattr(error, "original") else error)
            if interaction.response.is_done():
                await interaction.followup.send(text, ephemeral=True)
            else:
                await interaction.response.send_message(text, ephemeral=True)

        bot.setup_hook = setup_hook
        bot.tree.on_error = explain
        async with running(bot, local):
            yield Served(local, service, database)
    await service.close()
    await database.close()
    patch.undo()


@pytest.fixture
def local(served: Served) -> LocalDiscord:
    return served.local


async def use(local: LocalDiscord, name: str, /, **options: Any) -> Json:
    guild = local.world.guild()
    return await (await local.invoke("trader", guild, "gold-silver", name, **options)).message(within=15)


def words(message: Json) -> str:
    parts = [message["content"]]
    for embed in message["embeds"]:
        parts += [embed.get("title", ""), embed.get("description", ""), embed.get("footer", {}).get("text", "")]
        parts += [field["value"] for field in embed.get("fields", [])]
    return "\n".join(parts)


def ephemeral(message: Json) -> bool:
    return bool(message["flags"] & 64)


async def test_a_quote_says_its_sources_its_age_and_that_it_is_a_demo(local: LocalDiscord, served: Served) -> None:
    message = await use(local, "price now", metal="gold")
    text = words(message)
    assert ephemeral(message)
    assert "USD/oz t" in text
    assert "Spot: demo one, demo two, <t:" in text
    assert "DEMO DATA — not market prices" in text
    assert "in 24 h" in text


async def test_a_quote_in_another_currency_and_unit(local: LocalDiscord) -> None:
    text = words(await use(local, "price now", metal="XAU", currency="eur", unit="gram"))
    assert "EUR/g" in text
    assert "ECB" not in text, "nobody is credited with invented rates"


async def test_one_s_own_settings_are_the_default(local: LocalDiscord, served: Served) -> None:
    trader = local.world.user("trader").id
    async with served.database.write() as connection:
        await guilds.set_user(connection, int(trader), now=OPEN, currency="CAD", unit="kg")
    try:
        assert "CAD/kg" in words(await use(local, "price now", metal="silver"))
        lines = words(await use(local, "price now"))
        assert "CAD/kg" in re.search(r"Gold.*", lines)[0], "in the overview too"
        assert "CAD/lb" in re.search(r"Copper.*", lines)[0]
        assert "CAD/g" in re.search(r"Copper.*", words(await use(local, "price now", unit="g")))[0]
        assert "CAD/lb" in words(await use(local, "price now", metal="copper")), (
            "a unit of one's own is for precious metals"
        )
    finally:
        async with served.database.write() as connection:
            await guilds.set_user(connection, int(trader), now=OPEN, currency=None, unit=None)


async def test_without_a_metal_there_is_an_overview(local: LocalDiscord) -> None:
    text = words(await use(local, "price now", share=True))
    assert all(name in text for name in ("Gold", "Silver", "Platinum", "Palladium", "Copper"))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"metal": "unobtainium"}, "No price is kept"),
        ({"metal": "nickel"}, "no price of Nickel yet"),
        ({"metal": "gold", "currency": "doubloons"}, "not a currency"),
        ({"metal": "gold", "currency": "CHF"}, "CHF is not among"),
        ({"metal": "gold", "unit": "bushel"}, "not a unit"),
    ],
)
async def test_what_cannot_be_quoted_is_explained(local: LocalDiscord, options: Json, says: str) -> None:
    message = await use(local, "price now", **options)
    assert ephemeral(message)
    assert says in words(message)


@pytest.mark.parametrize("span", ["1d", "3m", "all"])
async def test_a_chart_comes_with_words_and_a_table(local: LocalDiscord, span: str) -> None:
    message = await use(local, "price chart", metal="silver", range=span, table=True, share=True)
    (attachment,) = message["attachments"]
    assert attachment["filename"] == f"silver-{span}.png"
    assert attachment["description"].startswith("DEMO DATA")
    assert message["embeds"][0]["image"]["url"].endswith(f"silver-{span}.png")
    assert "```" in words(message)
    assert not ephemeral(message)


async def test_a_chart_without_history_is_explained(local: LocalDiscord) -> None:
    assert "not enough stored prices of Tin" in words(await use(local, "price chart", metal="tin"))


async def test_conversions(local: LocalDiscord) -> None:
    assert "10 oz t = 311.03 g" in words(await use(local, "price convert", amount="10", from_unit="oz", to_unit="g"))
    text = words(await use(local, "price convert", amount="1", from_unit="kg", to_unit="USD", metal="gold"))
    assert "1 kg Gold = " in text
    assert "Spot: demo one" in text
    assert "choose one" in words(await use(local, "price convert", amount="1", from_unit="kg", to_unit="USD"))
    assert "not a number" in words(await use(local, "price convert", amount="..", from_unit="kg", to_unit="g"))


@pytest.mark.parametrize(
    ("command", "option", "typed", "first"),
    [
        ("price now", "metal", "plat", "platinum"),
        ("price now", "metal", "XAG", "silver"),
        ("price now", "currency", "pound", "GBP"),
        ("price now", "unit", "kilo", "kg"),
        ("price convert", "from_unit", "eur", "EUR"),
        ("alert price", "metal", "cop", "copper"),
    ],
)
async def test_options_autocomplete(local: LocalDiscord, command: str, option: str, typed: str, first: str) -> None:
    found = await local.autocomplete("trader", local.world.guild(), "gold-silver", command, option, typed)
    assert found[0]["value"] == first


async def test_levels_are_suggested_near_the_price(local: LocalDiscord, served: Served) -> None:
    guild = local.world.guild()
    options = {"metal": "gold", "condition": "above"}
    found = await local.autocomplete("trader", guild, "gold-silver", "alert price", "value", "", **options)
    price = served.service.quote("gold", OPEN).price
    levels = [float(choice["value"].split()[0]) for choice in found]
    assert levels == sorted(levels)
    assert all(level > price for level in levels)


async def test_an_alert_is_made_fires_and_reads_well(local: LocalDiscord, served: Served) -> None:
    guild = local.world.guild()
    price = served.service.quote("gold", OPEN).price
    level = str(round(price * 99 / 100))
    message = await use(local, "alert price", metal="gold", condition="above", value=level, where="here")
    assert "already" in words(message), "the level is passed: the person is warned"
    message = await use(local, "alert price", metal="gold", condition="below", value=level, repeat=True)
    assert "by direct message: **Gold below" in words(message)
    assert "Now " in words(message)
    trader = int(local.world.user("trader").id)
    async with served.database.read() as connection:
        below, above = await price_alerts.of_owner(connection, trader)
    assert (below.condition, below.target_kind, below.armed) == ("below", "user", True)
    assert (above.target_kind, above.scope_guild_id, above.armed) == ("channel", int(guild.id), False)
    wire = demo.DemoWire(lambda: OPEN)

    async def fallen(url: str, headers: Any, seconds: float) -> Any:
        status, answered, body = await wire.get(url, headers, seconds)
        said = json.loads(body)
        said["price"] = str(Decimal(said["price"]) * Decimal("0.9"))
        return status, answered, json.dumps(said).encode()

    served.service._poller._get = fallen
    now = OPEN + timedelta(minutes=8)  # a day ago there is no stored point: the one before counts
    fired = await served.service.tick(now)
    assert [item.alert.id for item in fired] == [below.id]
    async with served.database.read() as connection:
        (row,) = await deliveries.of_user(connection, trader)
    post = await Composer(served.database, chart=served.service.charts.for_alert).compose([row], Taste())
    assert post is not None
    (embed,) = post.embeds
    assert post.content.startswith("🔔 Gold below")
    assert "will not fire again" not in (embed.description or "")
    ((_name, _png, alt),) = post.files
    price = re.search(r"Now ([\d,.]+ USD/oz t)", post.content)
    assert price is not None
    assert f"to {price[1]} (" in alt, "the line ends at the price of the message, which is not stored yet"
    told = re.search(r"(\S+ %) in 24 h", embed.description or "")
    assert told is not None
    assert f"({told[1]})" in alt, "text and picture count the day from the same price"
    assert f"The line across is at {int(level):,}.00 USD/oz t" in alt


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"metal": "gold", "condition": "above", "value": "lots"}, "not a price"),
        ({"metal": "gold", "condition": "moves", "value": "2% in 3 years"}, "watched over"),
        ({"metal": "gold", "condition": "above", "value": "4500 CHF"}, "CHF is not among"),
    ],
)
async def test_an_alert_that_cannot_be_is_explained(local: LocalDiscord, options: Json, says: str) -> None:
    assert says in words(await use(local, "alert price", **options))


async def test_a_level_in_the_wrong_unit_is_asked_about_when_an_alert_is_made_and_when_it_is_changed(
    local: LocalDiscord, served: Served
) -> None:
    trader = int(local.world.user("trader").id)
    async with served.database.write() as connection:
        await guilds.set_user(connection, trader, now=OPEN, currency="EUR", unit="g")
    try:
        text = words(await use(local, "alert price", metal="gold", condition="above", value="5000"))
        assert "times the present price" in text
        assert "Did you mean `5000 USD/oz t`?" in text
        await use(local, "alert price", metal="gold", condition="above", value="5000 EUR/g")
        async with served.database.read() as connection:
            newest = (await price_alerts.of_owner(connection, trader))[0]
        assert (newest.level, newest.unit) == (5000, "g"), "written out it is taken as it stands"
        assert "Did you mean" in words(await use(local, "alert edit", alert=f"p{newest.id}", value="6000"))
        await use(local, "alert remove", alert=f"p{newest.id}")
    finally:
        async with served.database.write() as connection:
            await guilds.set_user(connection, trader, now=OPEN, currency=None, unit=None)


async def test_a_price_alert_is_tested_edited_paused_and_removed_by_its_name(
    local: LocalDiscord, served: Served
) -> None:
    guild, trader = local.world.guild(), int(local.world.user("trader").id)
    await use(local, "alert price", metal="platinum", condition="above", value="1600")

    async def newest() -> price_alerts.PriceAlert:
        async with served.database.read() as connection:
            return (await price_alerts.of_owner(connection, trader))[0]

    name = f"p{(await newest()).id}"
    for command in ("test", "edit", "pause", "remove"):
        found = await local.autocomplete("trader", guild, "gold-silver", f"alert {command}", "alert", "plat")
        assert [choice["value"] for choice in found] == [name]

    text = words(await use(local, "alert test", alert=name))
    assert "Platinum above 1,600.00 USD/oz t" in text
    assert "to the level" in text
    history = await served.service.history("platinum", OPEN - timedelta(days=30), most=2880)
    times = firings(await newest(), history, served.service.rates.per_dollar())
    assert times, "the demo series crosses it"
    assert f"it would have gone off {len(times)} time" in text
    assert f"<t:{int(times[-1].timestamp())}:f>" in text
    assert "set to go off once" in text
    assert "DEMO DATA" in text

    values = await local.autocomplete(
        "trader", guild, "gold-silver", "alert edit", "value", "", alert=name, condition="below"
    )
    price = served.service.quote("platinum", OPEN).price
    assert values
    assert all(Decimal(choice["value"].split()[0]) < price for choice in values)
    text = words(await use(local, "alert edit", alert=name, condition="below", value="50 EUR/g", repeat=True))
    assert "Changed:" in text
    assert "Platinum below 50.00 EUR/g" in text
    assert "each time" in text
    alert = await newest()
    assert (alert.condition, alert.level, alert.currency, alert.unit, alert.repeat) == (
        "below", Decimal(50), "EUR", "g", True
    )  # fmt: skip
    assert "1,600" not in words(await use(local, "alert edit", alert=name, value="2000 USD/oz t"))
    assert "already" in words(await use(local, "alert edit", alert=name, value="99000 USD/oz t"))
    await use(local, "alert edit", alert=name, where="here")
    assert (await newest()).target_kind == "channel"
    for options, says in (
        ({}, "give at least one option"),
        ({"query": "gold"}, "has no query"),
        ({"condition": "moves"}, "give the new value too"),
        ({"value": "lots"}, "not a price"),
        ({"value": "4500 CHF"}, "CHF is not among"),
    ):
        assert says in words(await use(local, "alert edit", alert=name, **options))
    assert "paused" in words(await use(local, "alert pause", alert=name, hours=5))
    assert "paused" in words(await use(local, "alert test", alert=name))
    assert "goes on" in words(await use(local, "alert pause", alert=name))
    assert "Removed the alert on `Platinum below" in words(await use(local, "alert remove", alert=name))
    assert "no such entry" in words(await use(local, "alert test", alert=name))


async def test_movers_name_headlines_as_what_came_before(local: LocalDiscord, served: Served) -> None:
    (largest, *_rest) = await movers(served.service, served.database, None, OPEN, metal="gold")
    async with served.database.write() as connection:
        feed = await connection.execute(
            schema.feeds.insert().values(url="https://example.org/f", next_poll_at=OPEN, created_at=OPEN)
        )
        for title, minutes in (("Gold **leaps** @everyone", -30), ("Gold: too old", -60 * 9), ("Gold: later", 60)):
            at = largest.end.at + timedelta(minutes=minutes)
            entry = await connection.execute(
                schema.entries.insert().values(
                    feed_id=feed.inserted_primary_key[0], identity=title, title=title, url="javascript:alert(1)",
                    first_seen_at=at, published_at=at,
                )
            )  # fmt: skip
            await connection.execute(
                schema.entry_facets.insert().values(facet="mineral:gold", entry_id=entry.inserted_primary_key[0])
            )
        await connection.execute(
            schema.guild_feeds.insert().values(
                guild_id=int(local.world.guild().id), feed_id=feed.inserted_primary_key[0], added_at=OPEN
            )
        )
    text = words(await use(local, "news movers", metal="gold"))
    assert r"Gold \*\*leaps\*\* \@everyone" in text
    assert "javascript" not in text
    assert "too old" not in text
    assert "later" not in text
    assert "not as a cause" in text
    drawn = await served.service.charts.draw("gold", "1w", now=OPEN, guild_id=local.world.guild().id)
    assert drawn.chart.markers


async def test_the_hour_after_a_headline(served: Served) -> None:
    line = await reaction_line(served.service, ["nickel", "gold"], OPEN - timedelta(hours=5))
    assert line is not None
    assert line.startswith("Gold ")
    assert line.endswith("% in the hour after")
    assert await reaction_line(served.service, ["nickel"], OPEN - timedelta(hours=5)) is None
    assert await reaction_line(served.service, ["gold"], OPEN + timedelta(days=9)) is None


async def test_there_is_a_limit_of_alerts(local: LocalDiscord) -> None:
    options = {"metal": "silver", "condition": "moves"}
    answers = [words(await use(local, "alert price", value=f"{n}% in 1d", **options)) for n in range(5, 11)]
    assert "as many as you may have" in answers[-1], "five are allowed"
