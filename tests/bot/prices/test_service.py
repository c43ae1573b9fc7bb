"""The price service over a loopback server and a real database: quotes, alerts, restarts, failures."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.prices import outbox
from bot.prices.model import Basis, Standing
from bot.prices.polling import Poller
from bot.prices.service import PriceService
from bot.prices.source_list import load
from storage import price_alerts
from storage.errors import LimitReached
from storage.schema import deliveries as outbox_table
from tests.bot.prices.conftest import OPEN, an_alert
from tests.bot.prices.priceserver import price_server
from tests.bot.prices.test_consensus import SATURDAY
from tests.bot.prices.xlsx_file import pink_sheet
from tests.corpus import shared

MINUTE = timedelta(minutes=1)


class Desk:
    """Two sources on a loopback server, a service over a database, and a clock that only the test moves."""

    def __init__(self, server, database, path):
        self.server, self.database, self.path = server, database, path
        self.now = OPEN
        self.service = None

    async def start(self, sink=outbox.enqueue):
        self.service = PriceService(self.database, Poller(load(self.path), self.server.get, self.now), sink)
        await self.service.start(self.now)
        return self

    def say(self, one, two=None, metal="XAU"):
        for name, price in (("one", one), ("two", two if two is not None else one)):
            body = {"price": str(price), "time": self.now.isoformat()}
            self.server.say(f"/{name}/{metal}", json.dumps(body))

    async def tick(self, one, two=None, step=MINUTE):
        self.now += step
        self.say(one, two)
        return await self.service.tick(self.now)

    async def outbox(self):
        async with self.database.read() as connection:
            rows = await connection.execute(outbox_table.select().order_by(outbox_table.c.id))
            return rows.mappings().all()


LIST = """
builtin = false
[[source]]
name = "one"
url = "{url}/one/{{symbol}}"
time_path = "time"
every = 1
[[source]]
name = "two"
url = "{url}/two/{{symbol}}"
time_path = "time"
every = 1
"""


@pytest.fixture
async def desk(database, tmp_path):
    async with price_server() as server:
        path = tmp_path / "sources.toml"
        path.write_text(LIST.format(url=server.url), "utf-8")
        yield await Desk(server, database, path).start()


async def test_a_quote_is_answered_from_memory_and_stored_once_a_minute(desk):
    assert desk.service.quote("gold", desk.now) is None
    await desk.tick(4392, "4389.38")
    found = desk.service.quote("gold", desk.now)
    assert (found.price, found.sources, found.standing) == (Decimal("4390.69"), ("one", "two"), Standing.AGREED)
    asked = len(desk.server.asked)
    for _ in range(5):
        await desk.tick(4392, step=timedelta(seconds=10))
    assert desk.service.quote("XAU", desk.now).price == 4392
    history = await desk.service.history("gold", None)
    assert len(history) == 1, "quotes are kept once a minute"
    assert len(desk.server.asked) > asked


async def test_an_alert_fires_once_into_the_outbox(desk):
    await desk.tick(4490)
    stored = await desk.service.alerts.add(an_alert())
    assert await desk.tick(4495) == []
    (fired,) = await desk.tick(4502)
    assert (fired.alert.id, fired.price, fired.late) == (stored.id, Decimal(4502), False)
    assert await desk.tick(4510) == []
    (row,) = await desk.outbox()
    assert (row["dedupe_key"], row["kind"], row["target_id"], row["priority"]) == (
        f"price:{stored.id}:1",
        "price",
        11,
        0,
    )
    assert row["payload"]["price"] == "4502"
    assert "title" not in row["payload"]["embed"], "what the text says is not said again"
    assert "4,502" not in row["payload"]["embed"]["description"]
    assert "Spot: one, two" in row["payload"]["embed"]["description"]
    assert row["payload"]["content"] == "🔔 Gold above 4,500.00 USD/oz t · Now 4,502.00 USD/oz t"
    assert row["payload"]["chart"] == {
        "metal": "gold", "range": "1d", "currency": "USD", "unit": "oz t", "level": "4500", "headlines": [],
        "language": None, "price": "4502", "at": int((OPEN + MINUTE * 3).timestamp()),
        "since": None,
    }  # fmt: skip
    async with desk.database.read() as connection:
        assert (await price_alerts.get(connection, stored.id)).state == "done"


async def test_one_bad_tick_of_one_source_fires_nothing(desk):
    await desk.tick(4490)
    await desk.service.alerts.add(an_alert())
    assert await desk.tick(4600, 4490) == []
    assert desk.service.quote("gold", desk.now).standing is Standing.DISAGREE
    assert await desk.tick(4490) == []


async def test_a_level_already_passed_waits_for_the_price_to_come_back(desk):
    await desk.tick(4600)
    await desk.service.alerts.add(an_alert(repeat=True, cooldown_seconds=0))
    assert await desk.tick(4601) == []
    assert await desk.tick(4499) == [], "not yet behind the re-arm band"
    assert await desk.tick(4502) == []
    assert await desk.tick(4480) == []
    assert len(await desk.tick(4502)) == 1


async def test_the_level_does_not_flap(desk):
    await desk.tick(4490)
    await desk.service.alerts.add(an_alert(repeat=True, cooldown_seconds=0))
    fired = [len(await desk.tick(price)) for price in (4501, 4499, 4501, 4499, 4501, 4485, 4501)]
    assert fired == [1, 0, 0, 0, 0, 0, 1]


async def test_a_restart_forgets_nothing_and_says_what_was_missed(desk):
    await desk.tick(4490)
    await desk.service.alerts.add(an_alert())
    await desk.tick(4491)
    desk.now += timedelta(hours=2)
    await desk.start()
    remembered = desk.service.quote("gold", desk.now)
    assert (remembered.standing, remembered.price) == (Standing.STALE, Decimal(4491))
    (fired,) = await desk.tick(4550)
    assert fired.late
    assert (await desk.outbox())[0]["payload"]["late"] is True


async def test_a_weekend_is_no_absence(desk):
    desk.now = SATURDAY - timedelta(hours=15, minutes=5)  # Friday, five minutes before the close
    await desk.start()
    await desk.tick(4490)
    await desk.service.alerts.add(an_alert())
    await desk.tick(4491)
    desk.now = SATURDAY
    assert await desk.tick(4600) == [], "alerts freeze while the market is closed"
    desk.now = SATURDAY + timedelta(days=1, hours=10)  # Sunday 18:00 in New York
    (fired,) = await desk.tick(4600)
    assert not fired.late


async def test_killed_between_the_crossing_and_the_commit_it_fires_once_after_the_restart(desk):
    class PowerCut(Exception):
        pass

    async def cut(connection, fired, now):
        await outbox.enqueue(connection, fired, now)
        raise PowerCut

    await desk.tick(4490)
    await desk.service.alerts.add(an_alert())
    await desk.tick(4491)
    await desk.start(sink=cut)
    with pytest.raises(PowerCut):
        await desk.tick(4502)
    assert await desk.outbox() == []
    await desk.start()
    assert len(await desk.tick(4503)) == 1
    await desk.start()
    assert await desk.tick(4504) == []
    assert len(await desk.outbox()) == 1


async def test_a_failed_transaction_is_fired_by_the_next_tick_of_the_same_process(desk):
    failures = [RuntimeError("disk is full")]

    async def flaky(connection, fired, now):
        if failures:
            raise failures.pop()
        await outbox.enqueue(connection, fired, now)

    await desk.start(sink=flaky)
    await desk.tick(4490)
    await desk.service.alerts.add(an_alert())
    await desk.tick(4491)
    with pytest.raises(RuntimeError):
        await desk.tick(4502)
    assert len(await desk.tick(4502)) == 1
    assert len(await desk.outbox()) == 1


async def test_an_alert_deleted_behind_our_back_is_not_sent(desk):
    await desk.tick(4490)
    stored = await desk.service.alerts.add(an_alert())
    await desk.tick(4491)
    async with desk.database.write() as connection:
        await price_alerts.remove(connection, stored.id)
    assert await desk.tick(4502) == []
    assert await desk.outbox() == []
    assert desk.service.alerts.get(stored.id) is None


async def test_a_move_within_an_hour_fires(desk):
    await desk.tick(4400)
    await desk.service.alerts.add(an_alert(condition="moves", level=None, percent=Decimal(2), window_seconds=3600))
    assert await desk.tick(4440) == []
    (fired,) = await desk.tick(4490)
    assert round(fired.move, 4) == Decimal("0.0205")


async def test_a_move_watched_in_a_currency_without_a_rate_is_told_in_dollars_and_says_so(desk):
    await desk.tick(4400)
    moves = {"condition": "moves", "level": None, "percent": Decimal(2), "window_seconds": 3600}
    await desk.service.alerts.add(an_alert(currency="EUR", **moves))
    (fired,) = await desk.tick(4490)
    assert (fired.price, fired.currency, fired.rates_day) == (Decimal(4490), "USD", None)
    assert (await desk.outbox())[0]["payload"]["content"].endswith("Now 4,490.00 USD/oz t")


async def test_pause_resume_edit_and_remove(desk):
    await desk.tick(4490)
    stored = await desk.service.alerts.add(an_alert(repeat=True, cooldown_seconds=0))
    await desk.tick(4490)
    await desk.service.alerts.pause(stored.id)
    assert await desk.tick(4502) == []
    await desk.service.alerts.resume(stored.id)
    assert await desk.tick(4503) == [], "what happened meanwhile does not fire it"
    await desk.service.alerts.edit(stored.id, level=Decimal(4550))
    await desk.tick(4504)
    assert len(await desk.tick(4551)) == 1
    assert await desk.service.alerts.remove(stored.id)
    assert not await desk.service.alerts.remove(stored.id)
    assert await desk.tick(4400) == []


async def test_a_pause_ends_by_itself(desk):
    await desk.tick(4490)
    stored = await desk.service.alerts.add(an_alert())
    await desk.service.alerts.pause(stored.id, desk.now + timedelta(minutes=30))
    await desk.service.housekeep(desk.now + timedelta(minutes=29))
    assert desk.service.alerts.get(stored.id) is None
    await desk.service.housekeep(desk.now + timedelta(minutes=30))
    assert desk.service.alerts.get(stored.id).state == "active"


async def test_a_person_has_so_many_alerts_and_no_more(desk):
    for _ in range(3):
        await desk.service.alerts.add(an_alert(), limit=3)
    with pytest.raises(LimitReached, match="remove one first"):
        await desk.service.alerts.add(an_alert(), limit=3)


async def test_alerts_in_another_currency_and_unit(desk, tmp_path):
    body = shared("data", "price_samples", "ecb_eurofxref_daily_2026-09-08_excerpt.xml").read_bytes()
    desk.server.say("/ecb", body)
    with desk.path.open("a", encoding="utf-8") as file:
        file.write(f'[[source]]\nname = "ecb"\nreader = "ecb"\nurl = "{desk.server.url}/ecb"\n')
    await desk.start()
    await desk.tick(4490)
    assert desk.service.rates.per_euro["USD"] == Decimal("1.1614")
    # 125 EUR/g is 125 × 31.1034768 × 1.1614 = 4515.45 USD/oz t.
    await desk.service.alerts.add(an_alert(level=Decimal(125), currency="EUR", unit="g"))
    await desk.tick(4510)
    assert await desk.tick(4515) == []
    (fired,) = await desk.tick(4516)
    assert round(fired.price, 2) == Decimal("125.02")
    said = (await desk.outbox())[0]["payload"]
    assert said["content"].endswith("Now 125.02 EUR/g")
    assert "Exchange rates: ECB, 2026-09-08" in said["embed"]["description"]
    await desk.start()
    assert desk.service.rates.per_euro["USD"] == Decimal("1.1614"), "rates survive a restart"


async def test_months_of_the_pink_sheet_are_stored_once_and_can_be_watched(desk):
    desk.server.say("/pink.xlsx", pink_sheet())
    with desk.path.open("a", encoding="utf-8") as file:
        file.write(f'[[source]]\nname = "wb"\nreader = "world-bank"\nurl = "{desk.server.url}/pink.xlsx"\n')
    await desk.start()
    desk.now = OPEN + timedelta(days=24)
    await desk.tick(4490)
    found = desk.service.quote("iron_ore", desk.now)
    assert (found.price, found.basis, found.market_open) == (Decimal(101), Basis.MONTHLY, True)
    assert [point.price for point in await desk.service.history("coal", None)] == [
        Decimal("130.5"), Decimal("131.25"), Decimal(129)
    ]  # fmt: skip
    # Gold has a spot price; its months fill the chart before the first spot quote.
    assert [round(point.price, 1) for point in await desk.service.history("gold", None)] == [
        Decimal("4100.5"), Decimal(4300), Decimal(4200), Decimal(4490)
    ]  # fmt: skip


async def test_a_failing_source_is_left_alone_for_a_while_and_reported(desk):
    desk.server.say("/one/XAU", "<html>enable JavaScript</html>")
    desk.server.say("/two/XAU", b"busy", 429, {"Retry-After": "600"})
    desk.now += MINUTE
    await desk.service.tick(desk.now)
    errors = {(line.source, line.metals): line.error for line in desk.service.health()}
    assert "JavaScript" in errors["one", ("gold",)]
    assert "429" in errors["two", ("gold",)]
    for seconds in range(1, 11):
        await desk.service.tick(desk.now + timedelta(seconds=seconds * 59))
    assert desk.server.asked.count("/two/XAU") == 1, "Retry-After is kept"
    await desk.service.tick(desk.now + timedelta(seconds=601))
    assert desk.server.asked.count("/two/XAU") == 2


async def test_an_unreachable_source_does_not_stop_the_other(desk):
    with desk.path.open("a", encoding="utf-8") as file:
        file.write('[[source]]\nname = "gone"\nurl = "http://127.0.0.1:1/x"\nmetal = "gold"\n')

    async def get(url, headers, seconds):
        if ":1/" in url:
            raise ConnectionRefusedError("connection refused")
        return await desk.server.get(url, headers, seconds)

    service = PriceService(desk.database, Poller(load(desk.path), get, desk.now), outbox.enqueue)
    await service.start(desk.now)
    desk.say(4490)
    await service.tick(desk.now)
    assert service.quote("gold", desk.now).price == 4490


async def test_a_slow_source_does_not_hold_up_the_others(desk, monkeypatch):
    monkeypatch.setattr("bot.prices.service._PATIENCE", 0.2)
    answered = asyncio.Event()

    async def get(url, headers, seconds):
        if "/two/" in url:
            await answered.wait()
        return await desk.server.get(url, headers, seconds)

    service = PriceService(desk.database, Poller(load(desk.path), get, desk.now), outbox.enqueue)
    await service.start(desk.now)
    desk.say(4490)
    await service.tick(desk.now)
    assert service.quote("gold", desk.now).sources == ("one",)
    answered.set()
    while service.quote("gold", desk.now).sources != ("one", "two"):
        await service.tick(desk.now)
    assert desk.server.asked.count("/two/XAU") == 1
    answered.clear()
    desk.now += MINUTE
    await service.tick(desk.now)
    await service.close()
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("price source")]


async def test_changes_over_an_hour_and_a_day(desk):
    await desk.tick(4400)
    desk.now += timedelta(hours=23)
    await desk.tick(4450)
    desk.now += timedelta(minutes=59)
    await desk.tick(4500)
    changes = desk.service.changes("gold", desk.now)
    assert round(changes.hour, 4) == Decimal("0.0112")
    assert round(changes.day, 4) == Decimal("0.0227")


async def test_the_outbox_takes_a_firing_only_once(desk):
    await desk.tick(4490)
    stored = await desk.service.alerts.add(an_alert())
    await desk.tick(4490)
    (fired,) = await desk.tick(4502)
    async with desk.database.write() as connection:
        await outbox.enqueue(connection, [fired], desk.now)
    assert len(await desk.outbox()) == 1
    again = replace(fired, alert=replace(fired.alert, firings=2))
    async with desk.database.write() as connection:
        await outbox.enqueue(connection, [again], desk.now)
        assert stored.id == fired.alert.id
    assert len(await desk.outbox()) == 2
