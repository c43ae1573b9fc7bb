"""Price alerts as people change them: each change is stored and then watched, one at a time with the ticks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.prices.alert_rules import decided
from bot.prices.alerts import AlertIndex
from storage import price_alerts

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.prices.alert_rules import View
    from storage.database import Database
    from storage.price_alerts import PriceAlert


class AlertBook:
    """`view(metal)` is what the last tick saw of a metal, None before the first. Methods raise StorageError."""

    def __init__(self, database: Database, view: Callable[[str], View | None]) -> None:
        self.index = AlertIndex()
        self.lock = asyncio.Lock()  # alerts change in one place at a time: a tick or a person's command
        self._database = database
        self._view = view

    async def load(self) -> None:
        """Read all alerts: at the start, after `/privacy delete`, or when another process changed the table."""
        async with self.lock, self._database.read() as connection:
            self.index = AlertIndex(await price_alerts.active(connection))

    def get(self, alert_id: int) -> PriceAlert | None:
        """A watched alert as it stands now."""
        return self.index.get(alert_id)

    async def add(self, alert: PriceAlert, limit: int = price_alerts.MAX_PER_PERSON) -> PriceAlert:
        """Store and watch an alert (see `commands.build_alert`). Raises LimitReached."""
        async with self.lock, self._database.write() as connection:
            stored = self._decided(await price_alerts.add(connection, alert, limit))
            await price_alerts.save_standing(connection, [stored])
        self.index.put(stored)
        return stored

    async def edit(self, alert_id: int, **changes: object) -> PriceAlert | None:
        """Change an alert; it starts over. None when it is gone."""
        async with self.lock, self._database.write() as connection:
            stored = await self._begun(connection, await price_alerts.edit(connection, alert_id, **changes))
        return self._follow(alert_id, stored)

    async def pause(self, alert_id: int, until: datetime | None = None) -> PriceAlert | None:
        async with self.lock, self._database.write() as connection:
            stored = await price_alerts.pause(connection, alert_id, until)
        return self._follow(alert_id, stored)

    async def resume(self, alert_id: int) -> PriceAlert | None:
        async with self.lock, self._database.write() as connection:
            stored = await self._begun(connection, await price_alerts.resume(connection, alert_id))
        return self._follow(alert_id, stored)

    async def remove(self, alert_id: int) -> bool:
        async with self.lock, self._database.write() as connection:
            found = await price_alerts.remove(connection, alert_id)
        self.index.remove(alert_id)
        return found

    async def resume_due(self, now: datetime) -> None:
        """Resume the alerts whose pause is over."""
        async with self.lock, self._database.write() as connection:
            resumed = [
                await self._begun(connection, await price_alerts.resume(connection, alert_id))
                for alert_id in await price_alerts.due_to_resume(connection, now)
            ]
        for alert in resumed:
            if alert is not None:
                self.index.put(alert)

    def _decided(self, alert: PriceAlert) -> PriceAlert:
        """With the side of the level it is on now, so that the very next tick may fire it."""
        view = self._view(alert.instrument) if alert.armed is None else None
        return alert if view is None else decided(alert, view)

    async def _begun(self, connection: AsyncConnection, alert: PriceAlert | None) -> PriceAlert | None:
        if alert is None:
            return None
        alert = self._decided(alert)
        await price_alerts.save_standing(connection, [alert])
        return alert

    def _follow(self, alert_id: int, stored: PriceAlert | None) -> PriceAlert | None:
        if stored is None:
            self.index.remove(alert_id)
        else:
            self.index.put(stored)
        return stored
