"""A price alert that fired its once: it says so in the list, on cards that stood open, and can be set again."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from bot.clock import utcnow
from bot.prices import alert_rules, outbox
from bot.prices.demo import DemoWire
from bot.prices.model import FiredAlert
from storage import price_alerts
from tests.cogs.test_manage import alerts
from tests.house import House, eventually, house, said

if TYPE_CHECKING:
    from pathlib import Path

    from storage.price_alerts import PriceAlert


async def stored(h: House, alert_id: int) -> PriceAlert:
    async with h.app.services.db.read() as connection:
        found = await price_alerts.get(connection, alert_id)
    assert found is not None
    return found


async def fire(h: House, alert_id: int) -> PriceAlert:
    """As a tick does it, whatever the market says at this hour."""
    services = h.app.services
    assert services.prices is not None
    found = await eventually(lambda: services.prices.quote("gold", utcnow()))
    async with services.prices.alerts.lock, services.db.write() as connection:
        alert = await price_alerts.get(connection, alert_id)
        assert alert is not None
        after = alert_rules.fired(alert, utcnow())
        await price_alerts.save_standing(connection, [after])
        shown = FiredAlert(after, Decimal(9001), found, services.prices.changes("gold", utcnow()), "USD")
        await outbox.enqueue(connection, [shown], utcnow())
    await services.prices.alerts.load()
    services.outbox.wake()
    return after


async def test_a_fired_alert_stays_in_the_list_and_is_set_again_from_an_open_card_or_its_message(
    tmp_path: Path,
) -> None:
    async with house(tmp_path, demo_prices=DemoWire()) as h:
        await h.use("trader", "lounge", "alert price", metal="gold", condition="above", value="9000")
        desk = await alerts(h)
        await desk.open("p1")
        at = int((await fire(h, 1)).last_fired_at.timestamp())
        await desk.press("Pause", "It fired")  # as the card still shows it
        assert f"It fired <t:{at}:f> and is done." in desk.shown
        assert (await stored(h, 1)).state == "done", "the press on the old card changed nothing"
        assert "Pause" not in desk.shown
        told = await h.use("trader", "lounge", "alert test", alert="p1")
        assert f"It fired <t:{at}:f>" in told
        assert "`/alert list`" in told
        assert "0 alerts · 1 done" in (listed := await h.use("trader", "lounge", "alert list"))
        assert "Gold above 9,000.00 USD/oz t" in listed

        await desk.press("Set again", "It is set again.")
        assert (await stored(h, 1)).state == "active"
        assert h.app.services.prices.alerts.get(1) is not None, "and watched"

        await fire(h, 1)
        await eventually(lambda: len(h.local.dm_messages("trader")) == 2)
        message = h.local.dm_messages("trader")[-1]
        assert "unless you set it again" in said(message)
        await h.restart()
        pressed = await h.local.press(message, "Set again", "trader")
        told = said(await pressed.message(within=15))
        assert "It is set again." in told
        assert "Gold above 9,000.00 USD/oz t" in told
        assert (await stored(h, 1)).state == "active"
        pressed = await h.local.press(message, "Set again", "trader")
        assert "You have this alert already" in said(await pressed.message(within=15))


async def test_in_a_channel_a_fired_alert_has_no_button_that_others_could_press(tmp_path: Path) -> None:
    async with house(tmp_path, demo_prices=DemoWire()) as h:
        await h.use("trader", "lounge", "alert price", metal="gold", condition="above", value="9000", where="here")
        await fire(h, 1)
        await eventually(lambda: any("Gold above" in post for post in h.posts("lounge")))
        assert "Set again" not in h.posts("lounge")[-1]
