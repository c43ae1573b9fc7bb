"""WebSub (W3C Recommendation, 2018): a hub tells us of news at once, and polling is left as the safety net.

The pure parts build and judge the messages; `subscribe` sends one; `callback_app` answers the hub. Which feeds are
subscribed, under which token and until when, is stored by the caller, through `Subscriptions`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal, Protocol

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from bot.feeds.model import Fault, Fetched

Mode = Literal["subscribe", "unsubscribe"]

LEASE_SECONDS: Final = 10 * 86_400  # asked for; hubs may grant another
MIN_LEASE: Final = 300
MAX_LEASE: Final = 90 * 86_400
MAX_BYTES: Final = 5 * 1024 * 1024
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{16,64}\Z")
_METHODS: Final[Mapping[str, Callable[..., hashlib._Hash]]] = {
    "sha1": hashlib.sha1,  # what most hubs still send (§8); HMAC-SHA1 is not broken
    "sha256": hashlib.sha256,
    "sha384": hashlib.sha384,
    "sha512": hashlib.sha512,
}


@dataclass(frozen=True, slots=True)
class Subscription:
    """token: the unguessable last part of the callback's address; secret: signs what the hub sends."""

    token: str
    topic: str  # the feed's own address, as its rel=self says
    hub: str
    secret: str
    pending: Mode | None = None  # what we asked for and the hub has not yet verified
    expires: datetime | None = None  # aware UTC; None while not verified


class Subscriptions(Protocol):
    """What the callback needs of the rest of the bot."""

    async def find(self, token: str) -> Subscription | None: ...
    async def verified(self, subscription: Subscription, expires: datetime | None) -> None:
        """The hub confirmed; expires None means unsubscribed."""

    async def denied(self, subscription: Subscription, reason: str) -> None:
        """The hub will not serve this topic: poll as before."""

    async def content(self, subscription: Subscription, body: bytes, headers: Mapping[str, str]) -> None:
        """News, signed by the hub: the feed or the part of it that changed. Must return soon: hand it to a queue."""


_LINK: Final = re.compile(r'<([^<>\s]+)>\s*((?:;\s*[\w*-]+\s*=\s*(?:"[^"]*"|[^\s,;"]+)\s*)+)')
_REL: Final = re.compile(r';\s*rel\s*=\s*(?:"([^"]*)"|([^\s,;"]+))', re.IGNORECASE)


def links(header: str | None) -> dict[str, str]:
    """The hub and the topic (self) that a Link header names (RFC 8288, WebSub §4): absolute http(s) addresses only."""
    found: dict[str, str] = {}
    for target, parameters in _LINK.findall((header or "")[:4000]):
        relation = _REL.search(parameters)
        names = (relation[1] or relation[2] or "").lower().split() if relation else []
        for name in ("hub", "self"):
            if name in names and target.startswith(("http://", "https://")):
                found.setdefault(name, target)
    return found


def new_subscription(topic: str, hub: str) -> Subscription:
    """A subscription with a fresh token and secret, not yet asked for."""
    return Subscription(secrets.token_urlsafe(24), topic, hub, secrets.token_urlsafe(32), pending="subscribe")


def form(subscription: Subscription, callback: str, mode: Mode = "subscribe") -> dict[str, str]:
    """The form that is posted to the hub (§5.1). callback: the public address of `callback_app`'s route."""
    fields = {
        "hub.callback": f"{callback.rstrip('/')}/{subscription.token}",
        "hub.mode": mode,
        "hub.topic": subscription.topic,
    }
    if mode == "subscribe":
        fields["hub.lease_seconds"] = str(LEASE_SECONDS)
        fields["hub.secret"] = subscription.secret  # always: news without a signature is never believed
    return fields


async def subscribe(
    post: Callable[[str, Mapping[str, str]], Awaitable[Fetched]],
    subscription: Subscription,
    callback: str,
    mode: Mode = "subscribe",
) -> Fault | None:
    """Ask the hub (post: a Fetcher's method); None when it took the request and will verify it (§5.2)."""
    return (await post(subscription.hub, form(subscription, callback, mode))).fault


def renew_at(granted: datetime, expires: datetime) -> datetime:
    """When to ask again: after four fifths of the lease, so that a failed try leaves time for more."""
    return granted + (expires - granted) * 4 / 5


def lease(value: str | None, now: datetime) -> datetime:
    """The end of a lease the hub granted; without a readable figure, the one that was asked for."""
    seconds = int(value) if value and value.isascii() and value.isdigit() and len(value) < 12 else LEASE_SECONDS
    return now + timedelta(seconds=min(max(seconds, MIN_LEASE), MAX_LEASE))


def signed(secret: str, header: str | None, body: bytes) -> bool:
    """Whether X-Hub-Signature ("sha256=<hex>") was made with our secret over exactly these bytes (§7.1)."""
    method, equals, digest = (header or "").strip().partition("=")
    maker = _METHODS.get(method.strip().lower())
    if not equals or maker is None or not digest.isascii():
        return False
    return hmac.compare_digest(hmac.new(secret.encode(), body, maker).hexdigest(), digest.strip().lower())


def callback_app(store: Subscriptions, now: Callable[[], datetime]) -> web.Application:
    """An aiohttp application for the hubs, with one route `/{token}`; mount it under HEADFRAME_PUBLIC_URL.

    News without a valid signature is dropped, and answered like any other: nobody can try signatures out (§7.1).
    """

    async def find(request: web.Request) -> Subscription:
        token = request.match_info["token"]
        subscription = await store.find(token) if _TOKEN.match(token) else None
        if subscription is None:
            raise web.HTTPNotFound(text="no such subscription")
        return subscription

    async def verify(request: web.Request) -> web.Response:
        subscription = await find(request)
        query = request.query
        if query.get("hub.topic") != subscription.topic:
            raise web.HTTPNotFound(text="not the topic that was asked for")
        mode = query.get("hub.mode")
        if mode == "denied":
            await store.denied(subscription, query.get("hub.reason", "")[:200])
            return web.Response(text="")
        challenge = query.get("hub.challenge", "")
        expected = mode in {"subscribe", "unsubscribe"} and mode == (subscription.pending or "subscribe")
        if not expected or not 0 < len(challenge) <= 1000:
            raise web.HTTPNotFound(text="not what was asked for")  # §5.3: an intent that is not ours
        await store.verified(
            subscription, lease(query.get("hub.lease_seconds"), now()) if mode == "subscribe" else None
        )
        headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'"}
        return web.Response(text=challenge, headers=headers)

    async def deliver(request: web.Request) -> web.Response:
        subscription = await find(request)
        if subscription.expires is None:
            raise web.HTTPGone(text="no longer subscribed")  # §7: the hub may end the subscription
        body = await _body(request)
        if signed(subscription.secret, request.headers.get("X-Hub-Signature"), body):
            headers = {name.lower(): value for name, value in request.headers.items()}
            await store.content(subscription, body, headers)
        return web.Response(status=202)

    app = web.Application(client_max_size=MAX_BYTES)
    app.router.add_get("/{token}", verify)
    app.router.add_post("/{token}", deliver)
    return app


async def _body(request: web.Request) -> bytes:
    """The message as it is read, given up when it passes the cap; a bomb is never held whole."""
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > MAX_BYTES:
            raise web.HTTPRequestEntityTooLarge(MAX_BYTES, len(body))
    return bytes(body)
