"""Price alerts as rows: limits, standing, pauses."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from storage import price_alerts
from storage.errors import LimitReached
from tests.bot.prices.conftest import OPEN, an_alert, database

__all__ = ["database"]


async def test_what_is_stored_comes_back_whole(database):
    alert = an_alert(
        condition="moves", level=None, percent=Decimal("2.5"), window_seconds=3600, repeat=True,
        expires_at=OPEN, rearm_percent=Decimal("0.4"), language="fr",
    )  # fmt: skip
    async with database.write() as connection:
        stored = await price_alerts.add(connection, alert)
        assert await price_alerts.get(connection, stored.id) == replace(alert, id=stored.id)
        assert await price_alerts.active(connection) == [stored]


async def test_the_limit_counts_watched_and_paused_alerts_of_that_person(database):
    async with database.write() as connection:
        first = await price_alerts.add(connection, an_alert(), limit=2)
        await price_alerts.pause(connection, first.id)
        await price_alerts.add(connection, an_alert(), limit=2)
        await price_alerts.add(connection, an_alert(owner_id=12), limit=2)
        with pytest.raises(LimitReached, match="2 price alerts"):
            await price_alerts.add(connection, an_alert(), limit=2)
        await price_alerts.remove(connection, first.id)
        await price_alerts.add(connection, an_alert(), limit=2)


async def test_standing_is_written_for_watched_alerts_only(database):
    async with database.write() as connection:
        watched = await price_alerts.add(connection, an_alert())
        paused = await price_alerts.add(connection, an_alert())
        await price_alerts.pause(connection, paused.id)
        fired = [replace(one, armed=False, firings=1, last_fired_at=OPEN, state="done") for one in (watched, paused)]
        await price_alerts.save_standing(connection, fired)
        assert (await price_alerts.get(connection, watched.id)).state == "done"
        assert (await price_alerts.get(connection, paused.id)).state == "paused"
        assert await price_alerts.still_active(connection, [watched.id, paused.id, 99]) == set()


async def test_a_resumed_alert_starts_over(database):
    async with database.write() as connection:
        stored = await price_alerts.add(connection, an_alert(armed=False, firings=3))
        await price_alerts.pause(connection, stored.id, OPEN + timedelta(hours=1))
        assert await price_alerts.due_to_resume(connection, OPEN) == []
        assert await price_alerts.due_to_resume(connection, OPEN + timedelta(hours=1)) == [stored.id]
        back = await price_alerts.resume(connection, stored.id)
    assert (back.state, back.armed, back.firings, back.paused_until) == ("active", None, 3, None)


async def test_an_edit_changes_what_the_owner_may_change(database):
    async with database.write() as connection:
        stored = await price_alerts.add(connection, an_alert(armed=True))
        changed = await price_alerts.edit(connection, stored.id, level=Decimal(4600), repeat=True)
        assert (changed.level, changed.repeat, changed.armed) == (Decimal(4600), True, None)
        with pytest.raises(ValueError, match="owner_id"):
            await price_alerts.edit(connection, stored.id, owner_id=5)
        assert await price_alerts.edit(connection, 99, level=Decimal(1)) is None


async def test_an_alert_that_did_its_work_is_forgotten_after_thirty_days(database):
    async with database.write() as connection:
        names = ("fired", "ran out", "watched", "paused")
        alerts = {name: await price_alerts.add(connection, an_alert(expires_at=OPEN)) for name in names}
        await price_alerts.save_standing(
            connection,
            [
                replace(alerts["fired"], state="done", last_fired_at=OPEN),
                replace(alerts["ran out"], state="expired"),
                replace(alerts["watched"], last_fired_at=OPEN),
            ],
        )
        await price_alerts.pause(connection, alerts["paused"].id)
        assert await price_alerts.forget_done(connection, OPEN + timedelta(days=30)) == 0
        assert await price_alerts.forget_done(connection, OPEN + timedelta(days=31)) == 2
        for name, stays in zip(names, (False, False, True, True), strict=True):
            assert (await price_alerts.get(connection, alerts[name].id) is not None) is stays, name
