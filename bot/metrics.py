"""Prometheus metrics, /healthz and /readyz on a port of their own (HEADFRAME_METRICS_PORT; off by default).

Figures are read from the parts when they are asked for; nothing is counted twice and nothing costs while nobody looks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from bot.clock import utcnow
from storage import deliveries, feeds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client import Metric

    from bot.looplag import LoopLag
    from bot.services import Services

log = structlog.get_logger(__name__)


class Metrics:
    """`latency`: seconds to the gateway, or None while not connected; `ready`: whether headlines can go out."""

    def __init__(self, services: Services, lag: LoopLag, *, latency: Callable[[], float | None]) -> None:
        self._services = services
        self._lag = lag
        self._latency = latency
        self._registry = CollectorRegistry()
        self._registry.register(self)
        self._stored: dict[str, float] = {}
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def start(self, host: str, port: int) -> None:
        app = web.Application()
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        self.port = self._runner.addresses[0][1]
        log.info("metrics served", address=f"http://{host}:{self.port}/metrics")

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _metrics(self, _request: web.Request) -> web.Response:
        await self._look()
        return web.Response(body=generate_latest(self._registry), content_type="text/plain")

    async def _healthz(self, _request: web.Request) -> web.Response:
        """Alive: the loop turns and the database answers."""
        trouble = await self._services.db.answers()
        return web.json_response({"ok": trouble is None, "database": trouble or "ok"}, status=503 if trouble else 200)

    async def _readyz(self, _request: web.Request) -> web.Response:
        """Ready: alive, and connected to Discord."""
        trouble = await self._services.db.answers()
        connected = self._latency() is not None
        ok = trouble is None and connected
        return web.json_response(
            {"ok": ok, "database": trouble or "ok", "discord": "connected" if connected else "not connected"},
            status=200 if ok else 503,
        )

    async def _look(self) -> None:
        """Read what only the database knows."""
        now = utcnow()
        async with self._services.db.read() as connection:
            totals = await feeds.totals(connection)
            oldest = await deliveries.oldest_pending(connection, now)
        self._stored = {**totals, "age": (now - oldest).total_seconds() if oldest else 0.0}

    def collect(self) -> Iterator[Metric]:
        services = self._services
        polls = CounterMetricFamily("headframe_polls", "Feeds polled, by outcome", labels=["outcome"])
        counts = services.pipeline.counts
        changed = counts["polls"] - counts["unchanged"] - counts["faults"]
        for outcome, value in (("changed", changed), ("unchanged", counts["unchanged"]), ("fault", counts["faults"])):
            polls.add_metric([outcome], value)
        yield polls
        yield CounterMetricFamily("headframe_entries", "New entries stored", value=counts["new"])
        sent = CounterMetricFamily("headframe_deliveries", "Deliveries, by outcome", labels=["outcome"])
        for outcome, value in services.outbox.counts.items():
            sent.add_metric([outcome], value)
        yield sent
        lags = sorted(services.pipeline.lags)
        behind = lags[len(lags) * 95 // 100] if lags else 0.0
        gauges: dict[str, tuple[str, float]] = {
            "headframe_poll_lag_seconds": ("How far behind schedule polls are (95th percentile)", max(behind, 0.0)),
            "headframe_feeds": ("Feeds being read", self._stored.get("feeds", 0)),
            "headframe_feeds_failing": ("Feeds that cannot be read now", self._stored.get("failing", 0)),
            "headframe_outbox_waiting": ("Deliveries waiting", self._stored.get("waiting", 0)),
            "headframe_outbox_age_seconds": ("How long the oldest due delivery has waited", self._stored.get("age", 0)),
            "headframe_routes_lost": ("Channels and people that cannot be reached", len(services.routes.lost)),
            "headframe_subscriptions": ("Queries followed", len(services.book)),
            "headframe_loop_lag_seconds": ("Event loop lag (99th percentile, last minute)", self._lag.percentile(0.99)),
            "headframe_gateway_latency_seconds": ("Gateway heartbeat; -1 when not connected", self._latency() or -1.0),
        }
        for name, (text, value) in gauges.items():
            yield GaugeMetricFamily(name, text, value=value)
        if services.prices is not None:
            prices = GaugeMetricFamily(
                "headframe_price_source_up", "1 when its last answer was good", labels=["source"]
            )
            for line in services.prices.health():
                prices.add_metric([f"{line.source}:{line.metals[0]}"], 0.0 if line.error else 1.0)
            yield prices
