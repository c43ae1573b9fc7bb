"""Figures on a port of their own; health and readiness tell the truth about the database and Discord."""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from bot.client import HeadframeBot
from bot.errors import StartError
from bot.metrics import Metrics
from storage import meta
from storage.errors import Unavailable
from tests.house import eventually, house

if TYPE_CHECKING:
    from pathlib import Path


PROMISED = {
    "headframe_polls_total", "headframe_poll_lag_seconds", "headframe_entries_total", "headframe_match_seconds_sum",
    "headframe_deliveries_total", "headframe_outbox_age_seconds", "headframe_loop_lag_seconds",
    "headframe_rate_limited_total", "headframe_price_source_up",
    "process_resident_memory_bytes", "process_cpu_seconds_total",
}  # fmt: skip


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def get(port: int, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as answer:
        return answer.status, await answer.text()


async def figures(port: int) -> dict[str, float]:
    """name{label="value"} → value, as Prometheus itself reads them."""
    status, body = await get(port, "/metrics")
    assert status == 200
    found = {}
    for family in text_string_to_metric_families(body):
        for sample in family.samples:
            labels = ",".join(f"{key}={value}" for key, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


async def test_a_headlines_journey_shows_in_the_figures(tmp_path: Path) -> None:
    port = free_port()
    async with house(tmp_path, headframe_metrics_port=port) as h:
        wire = h.wire("/wire.xml", "A quiet first headline")
        await h.use("moderator", "lounge", "feed add", url=wire.url)
        await h.use("moderator", "gold-silver", "channel follow", query="gold")
        before = await figures(port)
        wire.publish("Gold mine opens in Chile")
        await eventually(lambda: h.posts("gold-silver"))
        await eventually(lambda: h.app.services.outbox.counts["sent"] == 1)
        after = await figures(port)
        ready = await get(port, "/readyz")
    assert (before["headframe_feeds"], before["headframe_subscriptions"], before["headframe_up"]) == (1, 1, 1)
    assert after["headframe_deliveries_total{outcome=sent}"] == 1
    assert after["headframe_entries_total"] == before["headframe_entries_total"] + 1
    assert after["headframe_polls_total{outcome=changed}"] > before["headframe_polls_total{outcome=changed}"]
    assert after["headframe_match_seconds_count"] == before["headframe_match_seconds_count"] + 1
    assert after["headframe_outbox_waiting"] == 0
    assert after["headframe_gateway_connected"] == 1
    assert after["headframe_disk_free_bytes"] > 0
    assert ready[0] == 200
    assert {name.partition("{")[0] for name in after} >= PROMISED


async def test_health_follows_the_database_and_readiness_discord_too(tmp_path: Path) -> None:
    port = free_port()
    async with house(tmp_path, headframe_metrics_port=port) as h:
        db = h.app.services.db
        assert (await get(port, "/healthz"))[0] == 200
        async with db.write() as connection:
            pages = (await connection.execute(text("PRAGMA page_count"))).scalar_one()
            await connection.execute(text(f"PRAGMA max_page_count = {pages}"))
        with pytest.raises(Unavailable):
            async with db.write() as connection:
                await meta.put(connection, "big", "x" * 1_000_000)
        for path in ("/healthz", "/readyz"):
            status, body = await get(port, path)
            assert status == 503
            assert "the disk is full" in body
        assert (await figures(port))["headframe_up"] == 0
        told = await h.use("moderator", "lounge", "status")
        assert "database" in told.lower(), "people are told as well"
        async with db.write() as connection:
            await connection.execute(text("PRAGMA max_page_count = 1000000"))
        assert (await get(port, "/healthz"))[0] == 200
        await h.local.go_down()
        await eventually(lambda: h.app._latency() is None)
        assert (await get(port, "/healthz"))[0] == 200, "Discord's outage is no reason to restart"
        status, body = await get(port, "/readyz")
        assert (status, "not connected" in body) == (503, True)
        assert "headframe_gateway_latency_seconds" not in await figures(port)
        await h.local.come_up()


async def test_a_latency_that_means_nothing_is_a_dash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    async with house(tmp_path, headframe_metrics_port=port) as h:
        monkeypatch.setattr(HeadframeBot, "latency", 41.251)
        assert re.search(r"Discord latency\W+—", await h.use("moderator", "lounge", "status"))
        now = await figures(port)
        assert now["headframe_gateway_connected"] == 1
        assert "headframe_gateway_latency_seconds" not in now
        monkeypatch.setattr(HeadframeBot, "latency", 0.04)
        assert re.search(r"Discord latency\W+40 ms", await h.use("moderator", "lounge", "status"))
        assert (await figures(port))["headframe_gateway_latency_seconds"] == 0.04


async def test_a_taken_port_is_one_sentence() -> None:
    parts: Any = object()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        metrics = Metrics(parts, parts, parts, parts, latency=lambda: None, ready=lambda: False)
        with pytest.raises(StartError, match="cannot be listened on .* HEADFRAME_METRICS_PORT"):
            await metrics.start("127.0.0.1", taken.getsockname()[1])
