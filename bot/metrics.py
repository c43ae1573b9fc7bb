"""Prometheus metrics, /healthz and /readyz on a port of their own (HEADFRAME_METRICS_PORT; off by default).

Figures are read from the parts when they are asked for; nothing is counted twice and nothing costs while nobody looks.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, SummaryMetricFamily

from bot.clock import utcnow
from bot.errors import StartError
from storage import deliveries, feeds
from storage.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client import Metric

    from bot.delivery.gate import Gate
    from bot.housekeeping import Keeper
    from bot.looplag import LoopLag
    from bot.services import Services

log = structlog.get_logger(__name__)
_STORED: Final = {
    "headframe_feeds": "Feeds being read",
    "headframe_feeds_failing": "Feeds that cannot be read now",
    "headframe_outbox_waiting": "Deliveries waiting",
    "headframe_outbox_age_seconds": "How long the oldest due delivery has waited",
}  # what only the database knows; absent while it does not answer


class Metrics:
    """`latency`: seconds to the gateway (NaN: not known), or None while not connected. ready: can this process work?"""

    def __init__(
        self,
        services: Services,
        lag: LoopLag,
        keeper: Keeper,
        gate: Gate,
        *,
        latency: Callable[[], float | None],
        ready: Callable[[], bool] | None = None,
    ) -> None:
        self._services = services
        self._lag = lag
        self._keeper = keeper
        self._gate = gate
        self._latency = latency
        self._ready = ready or (lambda: latency() is not None)
        self._stored: dict[str, float] = {}
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)  # memory, processor time, open files
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def start(self, host: str, port: int) -> None:
        """Listen. Raises StartError when the port is taken."""
        app = web.Application()
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError as error:
            await self._runner.cleanup()
            raise StartError(
                f"{host}:{port} cannot be listened on ({error.strerror}); change HEADFRAME_METRICS_PORT."
            ) from error
        self.port = self._runner.addresses[0][1]
        log.info("metrics served", address=f"http://{host}:{self.port}/metrics")

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _metrics(self, _request: web.Request) -> web.Response:
        await self._look()
        return web.Response(body=generate_latest(self._registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _healthz(self, _request: web.Request) -> web.Response:
        """Alive: the loop turns, and the database can be read and written."""
        trouble = await self._services.db.answers()
        return web.json_response({"ok": trouble is None, "database": trouble or "ok"}, status=503 if trouble else 200)

    async def _readyz(self, _request: web.Request) -> web.Response:
        """Ready: alive, connected to Discord, and every alert and recent story in memory."""
        trouble = await self._services.db.answers()
        connected = self._ready()
        services = self._services
        settings = services.settings
        remembers = (services.book.is_whole or not settings.has("poll")) and (
            services.ingest.is_loaded or not settings.stores
        )
        ok = trouble is None and connected and remembers
        said = {
            "ok": ok,
            "database": trouble or "ok",
            "discord": "connected" if connected else "not connected",
            "newsroom": "ready" if remembers else "reading alerts and recent stories",
        }
        return web.json_response(said, status=200 if ok else 503)

    async def _look(self) -> None:
        """Read what only the database knows."""
        now = utcnow()
        try:
            async with self._services.db.read() as connection:
                totals = await feeds.totals(connection)
                oldest = await deliveries.oldest_pending(connection, now)
        except StorageError:
            self._stored = {}
            return
        age = (now - oldest).total_seconds() if oldest else 0.0
        self._stored = dict(zip(_STORED, (totals["feeds"], totals["failing"], totals["waiting"], age), strict=True))

    def collect(self) -> Iterator[Metric]:
        """All families; called by the registry for each scrape."""
        yield from self._counters()
        yield from self._gauges()
        services = self._services
        if services.prices is not None:
            prices = GaugeMetricFamily(
                "headframe_price_source_up", "1 when its last answer was good", labels=["source", "first_metal"]
            )
            for line in services.prices.health():
                prices.add_metric([line.source, line.metals[0] if line.metals else ""], 0.0 if line.error else 1.0)
            yield prices

    def _counters(self) -> Iterator[Metric]:
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
        limited = CounterMetricFamily("headframe_rate_limited", "Answers 429 of Discord, by scope", labels=["scope"])
        for scope, value in self._gate.limited.items():
            limited.add_metric([scope], value)
        yield limited
        yield SummaryMetricFamily(
            "headframe_match_seconds",
            "Finding the subscriptions of a headline",
            count_value=services.book.matched,
            sum_value=services.book.match_seconds,
        )

    def _gauges(self) -> Iterator[Metric]:
        services = self._services
        lags = sorted(services.pipeline.lags)
        behind = lags[len(lags) * 95 // 100] if lags else 0.0
        latency = self._latency()
        gauges: dict[str, tuple[str, float]] = {
            "headframe_up": ("1 while the database can be read and written", float(services.db.trouble is None)),
            "headframe_poll_lag_seconds": ("How far behind schedule polls are (95th percentile)", max(behind, 0.0)),
            "headframe_discord_refusals": (
                "Answers 401, 403 and 429 of the last ten minutes (Discord bans at 10,000)",
                self._gate.invalid_requests,
            ),
            "headframe_routes_lost": ("Channels and people that cannot be reached", len(services.routes.lost)),
            "headframe_subscriptions": ("Queries followed", len(services.book)),
            "headframe_loop_lag_seconds": ("Event loop lag (99th percentile, last minute)", self._lag.percentile(0.99)),
        }
        if services.settings.has("gateway"):  # a process without would be "not connected" for good
            gauges["headframe_gateway_connected"] = ("1 while connected to Discord", float(latency is not None))
        if latency is not None and math.isfinite(latency):
            gauges["headframe_gateway_latency_seconds"] = ("Gateway heartbeat and back", latency)
        free = self._keeper.free_space()
        if free is not None:
            gauges["headframe_disk_free_bytes"] = ("Free where the database lies", free)
        for name, value in self._stored.items():
            gauges[name] = (_STORED[name], value)
        for name, (text, value) in gauges.items():
            yield GaugeMetricFamily(name, text, value=value)
