"""WebSub against a hub on loopback: subscribe, verify, deliver signed news, renew, refuse what is not ours."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import aiohttp
import pytest
from aiohttp import web

from bot.feeds.fetch import Fetcher
from bot.feeds.guard import Guard, parse_networks
from bot.feeds.model import FaultKind
from bot.feeds.websub import (
    MAX_BYTES,
    Subscription,
    callback_app,
    form,
    lease,
    new_subscription,
    renew_at,
    signed,
    subscribe,
)
from tests.feedserver import FeedServer, Reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
TOPIC = "https://example.com/feed?a=b&c=d"
NEWS = b"<feed><entry><title>Copper</title></entry></feed>"


class Store:
    """Subscriptions in memory; notes what was called."""

    def __init__(self) -> None:
        self.rows: dict[str, Subscription] = {}
        self.reasons: list[str] = []
        self.news: list[bytes] = []

    async def find(self, token: str) -> Subscription | None:
        return self.rows.get(token)

    async def verified(self, subscription: Subscription, expires: datetime | None) -> None:
        self.rows[subscription.token] = replace(subscription, pending=None, expires=expires)

    async def denied(self, subscription: Subscription, reason: str) -> None:
        self.reasons.append(reason)

    async def content(self, subscription: Subscription, body: bytes, headers: Mapping[str, str]) -> None:
        self.news.append(body)


class Site:
    """The callback on loopback, and a client that plays the hub."""

    def __init__(self, store: Store, base: str, session: aiohttp.ClientSession) -> None:
        self.store = store
        self.base = base
        self._session = session

    def add(self, subscription: Subscription) -> Subscription:
        self.store.rows[subscription.token] = subscription
        return subscription

    async def verify(self, token: str, **changes: str) -> tuple[int, str]:
        query = {"mode": "subscribe", "topic": TOPIC, "challenge": "c-123", "lease_seconds": "86400", **changes}
        params = {f"hub.{name}": value for name, value in query.items()}
        async with self._session.get(f"{self.base}/{token}", params=params) as response:
            return response.status, await response.text()

    async def deliver(self, token: str, body: bytes, signature: str | None) -> int:
        headers = {"X-Hub-Signature": signature} if signature else {}
        async with self._session.post(f"{self.base}/{token}", data=body, headers=headers) as response:
            return response.status


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    store = Store()
    root = web.Application()
    root.add_subapp("/websub", callback_app(store, lambda: NOW))
    runner = web.AppRunner(root)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with aiohttp.ClientSession() as session:
        yield Site(store, f"http://127.0.0.1:{runner.addresses[0][1]}/websub", session)
    await runner.cleanup()


def sign(secret: str, body: bytes, method: str = "sha256") -> str:
    return f"{method}={hmac.new(secret.encode(), body, getattr(hashlib, method)).hexdigest()}"


def fresh(expires: datetime | None = None) -> Subscription:
    return replace(new_subscription(TOPIC, "https://hub.example.com/"), expires=expires)


async def test_the_whole_round(site: Site) -> None:
    """We ask, the hub verifies, sends signed news, and a renewal extends the lease."""
    async with FeedServer() as hub, Fetcher(Guard(parse_networks("127.0.0.0/8")), user_agent="t") as fetcher:
        hub.script["/"] = Reply(202)
        ours = site.add(new_subscription(TOPIC, hub.url("/")))
        assert await subscribe(fetcher.post, ours, site.base) is None
        asked = parse_qs(hub.requests[0].body.decode())
    assert asked["hub.mode"] == ["subscribe"]
    assert asked["hub.topic"] == [TOPIC]
    assert asked["hub.callback"] == [f"{site.base}/{ours.token}"]
    assert asked["hub.secret"] == [ours.secret]
    assert await site.verify(ours.token) == (200, "c-123")
    granted = site.store.rows[ours.token]
    assert granted.expires == NOW + timedelta(days=1)
    assert renew_at(NOW, granted.expires) == NOW + timedelta(hours=19.2)
    assert await site.deliver(ours.token, NEWS, sign(ours.secret, NEWS)) == 202
    assert site.store.news == [NEWS]
    site.add(replace(granted, pending="subscribe"))
    assert (await site.verify(ours.token, lease_seconds="172800"))[0] == 200
    assert site.store.rows[ours.token].expires == NOW + timedelta(days=2)


async def test_a_hub_that_refuses_is_a_fault() -> None:
    async with FeedServer() as hub, Fetcher(Guard(parse_networks("127.0.0.0/8")), user_agent="t") as fetcher:
        hub.script["/"] = Reply(400)
        fault = await subscribe(fetcher.post, new_subscription(TOPIC, hub.url("/")), "https://us.example.com/w")
        assert fault is not None
        assert fault.kind is FaultKind.HTTP
        inside = await subscribe(fetcher.post, new_subscription(TOPIC, "http://10.0.0.1/"), "https://us.example.com/w")
        assert inside is not None
        assert inside.kind is FaultKind.REFUSED


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("another topic", {"topic": "https://evil.example.com/"}),
        ("another mode", {"mode": "unsubscribe"}),
        ("a mode of its own", {"mode": "publish"}),
        ("no challenge", {"challenge": ""}),
        ("an endless challenge", {"challenge": "x" * 2000}),
    ],
)
async def test_an_intent_that_is_not_ours_is_refused(site: Site, name: str, changes: dict[str, str]) -> None:
    ours = site.add(fresh())
    status, text = await site.verify(ours.token, **changes)
    assert status == 404
    assert "c-123" not in text
    assert site.store.rows[ours.token].expires is None


@pytest.mark.parametrize("token", ["unknown-token-0123456789", "x", "a" * 65, "%2e%2e%2fetc"])
async def test_unknown_tokens(site: Site, token: str) -> None:
    assert (await site.verify(token))[0] == 404
    assert await site.deliver(token, NEWS, None) == 404


async def test_unsubscribing_is_confirmed_and_then_news_is_gone(site: Site) -> None:
    ours = site.add(replace(fresh(NOW), pending="unsubscribe"))
    assert (await site.verify(ours.token))[0] == 404
    assert (await site.verify(ours.token, mode="unsubscribe"))[0] == 200
    assert await site.deliver(ours.token, NEWS, sign(ours.secret, NEWS)) == 410


async def test_a_denial_is_passed_on(site: Site) -> None:
    ours = site.add(fresh())
    assert (await site.verify(ours.token, mode="denied", reason="no"))[0] == 200
    assert site.store.reasons == ["no"]


async def test_the_challenge_is_answered_as_plain_text(site: Site) -> None:
    """It is the hub's text on our address: never a page."""
    ours = site.add(fresh())
    async with (
        aiohttp.ClientSession() as session,
        session.get(
            f"{site.base}/{ours.token}",
            params={"hub.mode": "subscribe", "hub.topic": TOPIC, "hub.challenge": "<script>"},
        ) as response,
    ):
        assert response.content_type == "text/plain"
        assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "signature",
    [None, "", "sha256=", "sha256=00", "md5=00", "sha1=" + "é" * 40, sign("another secret", NEWS), sign("s", NEWS)],
)
async def test_news_without_our_signature_is_dropped_in_silence(site: Site, signature: str | None) -> None:
    ours = site.add(fresh(NOW + timedelta(days=1)))
    assert await site.deliver(ours.token, NEWS, signature) == 202
    assert site.store.news == []


async def test_news_over_the_cap_is_refused(site: Site) -> None:
    ours = site.add(fresh(NOW + timedelta(days=1)))
    body = bytes(MAX_BYTES + 1)
    assert await site.deliver(ours.token, body, sign(ours.secret, body)) == 413
    assert site.store.news == []


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_signatures(method: str) -> None:
    good = sign("secret", NEWS, method)
    assert signed("secret", good, NEWS)
    assert signed("secret", good.upper().replace(method.upper(), method), NEWS)
    assert not signed("secret", good, NEWS + b" ")
    assert not signed("Secret", good, NEWS)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("86400", 86400), ("1", 300), ("99999999999", 90 * 86400), (None, 864000), ("-5", 864000), ("soon", 864000)],
)
def test_leases(value: str | None, seconds: int) -> None:
    assert lease(value, NOW) == NOW + timedelta(seconds=seconds)


def test_tokens_and_secrets_differ_and_unsubscribing_sends_no_secret() -> None:
    one, two = fresh(), fresh()
    assert len({one.token, two.token, one.secret, two.secret}) == 4
    assert "hub.secret" not in form(one, "https://us.example.com/w/", "unsubscribe")
    assert form(one, "https://us.example.com/w/")["hub.callback"] == f"https://us.example.com/w/{one.token}"
