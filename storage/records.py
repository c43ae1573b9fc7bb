"""The records storage hands out and takes in: frozen, typed, without behaviour.

Field names are column names (see schema.py for what null means); times are aware UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import datetime

TargetKind = Literal["channel", "user", "owner"]
Mode = Literal["instant", "hourly", "daily"]
DeliveryState = Literal["pending", "sending", "held", "sent", "dropped"]
DeliveryKind = Literal["headline", "sample", "price", "notice", "edit", "publish"]
Style = Literal["line", "embed", "card"]
JsonObject = dict[str, object]


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """Who is to be reached: a channel (or thread), a person, or whoever owns the server of that id then."""

    kind: TargetKind
    id: int


@dataclass(frozen=True, slots=True)
class Feed:
    id: int
    url: str
    title: str | None
    site_url: str | None
    kind: str
    state: str
    etag: str | None
    last_modified: str | None
    body_hash: str | None
    identity_kind: str | None
    zone: str | None
    user_agent: str | None
    rule: str | None
    primed_at: datetime | None
    next_poll_at: datetime
    last_poll_at: datetime | None
    last_success_at: datetime | None
    last_new_at: datetime | None
    interval_seconds: int | None
    hints: JsonObject | None
    failures: int
    failing_since: datetime | None
    fault_kind: str | None
    fault_detail: str | None
    noticed_at: datetime | None
    moved_to: str | None
    moved_since: datetime | None
    hub_url: str | None
    hub_topic: str | None
    hub_secret: str | None
    hub_expires_at: datetime | None
    hub_renew_at: datetime | None
    lease_until: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    id: int
    feed_id: int
    identity: str
    link_key: str | None
    title: str
    url: str | None
    summary: str
    author: str | None
    image: str | None
    published_at: datetime | None
    published_raw: str | None
    first_seen_at: datetime
    edited_at: datetime | None
    silent: bool
    piece: str | None
    tags: JsonObject | None
    story_id: int | None
    story_why: str | None


@dataclass(slots=True)
class NewEntry:
    """An entry about to be stored. story_id: the story it joins or begins; None until that is known."""

    feed_id: int
    identity: str
    link_key: str | None
    title: str
    url: str | None
    summary: str
    author: str | None
    image: str | None
    published_at: datetime | None
    published_raw: str | None
    first_seen_at: datetime
    silent: bool
    piece: str | None
    tags: JsonObject
    facets: tuple[str, ...]
    story_id: int | None = None
    story_why: str | None = None


@dataclass(frozen=True, slots=True)
class KnownEntry:
    """What identity decisions need of a stored entry."""

    id: int
    feed_id: int
    identity: str
    link_key: str | None
    title: str
    piece: str | None
    story_id: int | None


@dataclass(frozen=True, slots=True)
class Story:
    id: int
    title: str
    first_seen_at: datetime
    published_at: datetime
    sources: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One entry of a story with the feed it came by, as posts and `/why` show it."""

    entry_id: int
    story_id: int
    feed_id: int
    feed_title: str | None
    feed_url: str
    title: str
    url: str | None
    image: str | None
    summary: str
    published_at: datetime | None
    first_seen_at: datetime
    tags: JsonObject | None
    story_why: str | None


@dataclass(frozen=True, slots=True)
class Subscription:
    id: int
    scope_guild_id: int
    target_kind: TargetKind
    target_id: int
    owner_id: int | None
    created_by: int | None
    query: str
    canonical: str
    mode: Mode
    digest_hour: int | None
    role_id: int | None
    max_per_hour: int | None
    state: str
    paused_until: datetime | None
    muted_sources: list[object] | None
    created_at: datetime
    updated_at: datetime

    @property
    def target(self) -> Target:
        return Target(self.target_kind, self.target_id)


@dataclass(frozen=True, slots=True)
class NewSubscription:
    scope_guild_id: int
    target_kind: TargetKind
    target_id: int
    query: str
    canonical: str
    owner_id: int | None = None
    created_by: int | None = None
    mode: Mode = "instant"
    digest_hour: int | None = None
    role_id: int | None = None
    max_per_hour: int | None = None


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A row for the outbox; the pair (target, dedupe_key) can exist only once."""

    target: Target
    dedupe_key: str
    kind: DeliveryKind
    order_at: datetime
    due_at: datetime | None
    created_at: datetime
    guild_id: int | None = None
    subscription_id: int | None = None
    story_id: int | None = None
    entry_id: int | None = None
    mode: Mode = "instant"
    state: DeliveryState = "pending"
    reason: str | None = None
    priority: int = 1
    role_id: int | None = None
    payload: JsonObject | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    id: int
    target_kind: TargetKind
    target_id: int
    dedupe_key: str
    kind: DeliveryKind
    guild_id: int | None
    subscription_id: int | None
    story_id: int | None
    entry_id: int | None
    mode: Mode
    state: DeliveryState
    reason: str | None
    error: str | None
    priority: int
    order_at: datetime
    due_at: datetime | None
    attempts: int
    batch_id: int | None
    nonce: str | None
    role_id: int | None
    channel_id: int | None
    message_id: int | None
    payload: JsonObject | None
    created_at: datetime
    claimed_at: datetime | None
    sent_at: datetime | None

    @property
    def target(self) -> Target:
        return Target(self.target_kind, self.target_id)


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    channel_id: int
    guild_id: int
    style: Style = "embed"
    quiet_start: int | None = None
    quiet_end: int | None = None
    webhook: bool = False
    webhook_id: int | None = None
    webhook_token: str | None = None
    publish: bool = True
    weekly: bool = False
    route: str = "ok"
    lost_reason: str | None = None
    lost_since: datetime | None = None
    told_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class GuildSettings:
    guild_id: int
    language: str | None = None
    timezone: str | None = None
    currency: str | None = None
    unit: str | None = None
    notice_channel_id: int | None = None
    setup: JsonObject | None = None
    default_feeds: bool = False
    hello_at: datetime | None = None
    left_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class UserSettings:
    user_id: int
    language: str | None = None
    timezone: str | None = None
    currency: str | None = None
    unit: str | None = None
    quiet_start: int | None = None
    quiet_end: int | None = None
    dm_channel_id: int | None = None
    dm_refused_at: datetime | None = None
    dm_told_at: datetime | None = None
