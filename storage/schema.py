"""The tables. Each nullable column says what null means; times are UTC seconds, prices exact decimals."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.sql import expression

from storage.types import ExactDecimal, JsonText, UtcSeconds

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite counts only INTEGER PRIMARY KEY up by itself; PostgreSQL wants the larger type (peers ran out of SERIAL ids).
RowId = BigInteger().with_variant(Integer, "sqlite")
_FALSE = expression.false()
_TRUE = expression.true()

feeds = Table(
    "feeds",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("url", Text, nullable=False, unique=True),  # as fetched; moved by a permanent redirect
    Column("title", Text),  # null: the publisher gives none
    Column("site_url", Text),  # null: none given
    Column("kind", Text, nullable=False, server_default="feed"),  # feed | json | sitemap | page
    Column("state", Text, nullable=False, server_default="active"),  # active | retired (410 or unfollowed)
    Column("etag", Text),  # exactly as received; null: none
    Column("last_modified", Text),  # exactly as received; null: none
    Column("body_hash", Text),  # null: never read
    Column("identity_kind", Text),  # guid | link | title; decided at the first read; null: never read
    Column("zone", Text),  # IANA name for dates without one; null: UTC
    Column("user_agent", Text),  # the operator's override; null: the default
    Column("rule", Text),  # how a followed news page is read (feeds.page.Rule); null: it is a feed
    Column("primed_at", UtcSeconds),  # first successful read (silent); null: not yet read
    Column("next_poll_at", UtcSeconds, nullable=False),
    Column("last_poll_at", UtcSeconds),
    Column("last_success_at", UtcSeconds),
    Column("last_new_at", UtcSeconds),
    Column("interval_seconds", Integer),  # the last decision of the cadence; null: none yet
    Column("hints", JsonText),  # what the publisher asks (ttl, skipHours …); null: nothing
    Column("failures", Integer, nullable=False, server_default="0"),  # in a row
    Column("failing_since", UtcSeconds),  # null: healthy
    Column("fault_kind", Text),  # feeds.model.FaultKind; null: healthy
    Column("fault_detail", Text),
    Column("noticed_at", UtcSeconds),  # when moderators were told of the present failure; null: not told
    Column("moved_to", Text),  # target of a permanent redirect being watched; null: none
    Column("moved_since", UtcSeconds),
    Column("hub_url", Text),  # WebSub hub; null: none
    Column("hub_topic", Text),  # the address the hub knows the feed by (rel=self); null: no hub
    Column("hub_secret", Text),
    Column("hub_expires_at", UtcSeconds),  # null: not subscribed
    Column("hub_renew_at", UtcSeconds),  # when the hub is asked next; null: at once
    Column("lease_until", UtcSeconds),  # a poller holds it until then; null: free
    Column("lease_owner", BigInteger),  # that process (storage.member); null or 0: the only one
    Column("created_at", UtcSeconds, nullable=False),
    Index("ix_feeds_due", "state", "next_poll_at"),
)

guild_feeds = Table(
    "guild_feeds",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),  # 0: feeds of people without a server
    Column("feed_id", ForeignKey("feeds.id", ondelete="CASCADE"), primary_key=True),
    Column("added_by", BigInteger),  # null: a default feed
    Column("added_at", UtcSeconds, nullable=False),
    Column("muted", Boolean, nullable=False, server_default=_FALSE),  # kept, but not delivered here
    Index("ix_guild_feeds_feed_id", "feed_id"),
)

stories = Table(
    "stories",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("title", Text, nullable=False),  # of the first entry, after corrections
    Column("first_seen_at", UtcSeconds, nullable=False),
    Column("published_at", UtcSeconds, nullable=False),  # order in a channel: publication, else first seen
    Column("sources", Integer, nullable=False, server_default="1"),
    Column("updated_at", UtcSeconds, nullable=False),
    Index("ix_stories_first_seen_at", "first_seen_at"),
)

entries = Table(
    "entries",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("feed_id", ForeignKey("feeds.id", ondelete="CASCADE"), nullable=False),
    Column("identity", Text, nullable=False),  # feeds.identity: hash of guid, link or title and date
    Column("link_key", Text),  # hash of the canonical link; null: no link
    Column("title", Text, nullable=False),
    Column("url", Text),  # null: the publisher gives none
    Column("summary", Text, nullable=False, server_default=""),
    Column("author", Text),
    Column("image", Text),  # https; null: none
    Column("published_at", UtcSeconds),  # null: no usable date
    Column("published_raw", Text),  # the publisher's own text
    Column("first_seen_at", UtcSeconds, nullable=False),
    Column("edited_at", UtcSeconds),  # null: never corrected
    Column("silent", Boolean, nullable=False, server_default=_FALSE),  # seen in the first read, not posted
    Column("piece", Text),  # hash of its source bytes; null: not cut
    Column("tags", JsonText),  # minerals, topics, direction, tickers with the words that caused them
    Column("story_id", ForeignKey("stories.id", ondelete="SET NULL")),  # null: silent entries before stories
    Column("story_why", Text),  # why it joined an earlier story; null: it is the first
    UniqueConstraint("feed_id", "identity"),
    Index("ix_entries_feed_id_link_key", "feed_id", "link_key"),
    Index("ix_entries_story_id", "story_id"),
    Index("ix_entries_first_seen_at", "first_seen_at"),
)

entry_facets = Table(
    "entry_facets",
    metadata,
    Column("facet", Text, primary_key=True),  # "mineral:gold", "topic:policy", "source:mining.com"
    Column("entry_id", ForeignKey("entries.id", ondelete="CASCADE"), primary_key=True),
    Index("ix_entry_facets_entry_id", "entry_id"),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("scope_guild_id", BigInteger, nullable=False),  # whose feeds it covers; 0: those of people without a server
    Column("target_kind", Text, nullable=False),  # channel | user
    Column("target_id", BigInteger, nullable=False),  # channel id or user id
    Column("owner_id", BigInteger),  # the person whose alert it is; null: it belongs to the server
    Column("created_by", BigInteger),  # null: the person asked to be forgotten
    Column("query", Text, nullable=False),  # as typed
    Column("canonical", Text, nullable=False),
    Column("mode", Text, nullable=False, server_default="instant"),  # instant | hourly | daily
    Column("digest_hour", Integer),  # local hour of a daily digest; null: 8
    Column("role_id", BigInteger),  # role to ping; null: none
    Column("max_per_hour", Integer),  # null: no cap
    Column("state", Text, nullable=False, server_default="active"),  # active | paused
    Column("paused_until", UtcSeconds),  # null while paused: until resumed by hand
    Column("muted_sources", JsonText),  # hosts muted here; null: none
    Column("filed", Text),  # where the matcher files the query (bot.news.filing); null: not worked out yet
    Column("created_at", UtcSeconds, nullable=False),
    Column("updated_at", UtcSeconds, nullable=False),
    Column("version", BigInteger, nullable=False, server_default="0"),  # of all subscriptions, when this one changed
    Index("ix_subscriptions_version", "version"),
    Index("ix_subscriptions_scope_guild_id", "scope_guild_id"),
    Index("ix_subscriptions_target", "target_kind", "target_id"),
    Index("ix_subscriptions_owner_id", "owner_id"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("target_kind", Text, nullable=False),  # channel | user | owner (of the server with that id)
    Column("target_id", BigInteger, nullable=False),
    Column("dedupe_key", Text, nullable=False),  # "story:7", "price:3:1", "edit:…", "notice:…": once per target
    Column("kind", Text, nullable=False),  # headline | sample | price | notice | edit | publish
    Column("guild_id", BigInteger),  # null: a direct message
    Column("subscription_id", BigInteger),  # null: a notice or price alert
    Column("story_id", BigInteger),  # null: not a headline
    Column("entry_id", BigInteger),  # null: not a headline
    Column("mode", Text, nullable=False, server_default="instant"),
    Column("state", Text, nullable=False, server_default="pending"),  # pending sending held sent dropped
    Column("reason", Text),  # why held back or dropped (quiet, cap, route …); kept once sent; null: never held
    Column("error", Text),  # how the last attempt failed; null: none failed
    Column("priority", Integer, nullable=False, server_default="1"),  # 0 price alerts, 1 headlines, 2 digests, 3 edits
    Column("order_at", UtcSeconds, nullable=False),  # publication; the order within a target
    Column("due_at", UtcSeconds),  # null: held until something changes (a lost route)
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("batch_id", BigInteger),  # the first delivery of the message it travels in; null: not yet claimed
    Column("nonce", Text),  # of that message; null: not yet claimed
    Column("role_id", BigInteger),  # role to ping; null: none
    Column("channel_id", BigInteger),  # where it was really sent (a DM channel, a thread); null: not sent
    Column("message_id", BigInteger),  # null: not sent
    # What a notice or price alert says; of a sent headline how it was shown; null: rendered from the story, not sent.
    Column("payload", JsonText),
    Column("created_at", UtcSeconds, nullable=False),
    Column("claimed_at", UtcSeconds),
    Column("lease_owner", BigInteger),  # while sending: which process has it (storage.member); null or 0: the only one
    Column("lease_until", UtcSeconds),  # while sending: until then it stays with its owner, as long as that lives
    Column("sent_at", UtcSeconds),
    UniqueConstraint("target_kind", "target_id", "dedupe_key"),
    Index("ix_deliveries_due", "state", "due_at"),
    Index("ix_deliveries_target", "target_kind", "target_id", "state"),
    Index("ix_deliveries_story_id", "story_id"),
    Index("ix_deliveries_message_id", "message_id"),
)

channels = Table(
    "channels",
    metadata,
    Column("channel_id", BigInteger, primary_key=True, autoincrement=False),
    Column("guild_id", BigInteger, nullable=False),
    Column("style", Text, nullable=False, server_default="embed"),  # line | embed | card
    Column("quiet_start", Integer),  # local minutes after midnight; null: no quiet hours
    Column("quiet_end", Integer),
    Column("webhook", Boolean, nullable=False, server_default=_FALSE),  # post through a webhook of the bot's own
    Column("webhook_id", BigInteger),  # null: not created
    Column("webhook_token", Text),
    Column("publish", Boolean, nullable=False, server_default=_TRUE),  # announcement channels: crosspost what is posted
    Column("weekly", Boolean, nullable=False, server_default=_FALSE),  # follows the mineral of the week
    Column("route", Text, nullable=False, server_default="ok"),  # ok | lost
    Column("lost_reason", Text),  # e.g. "missing:send_messages", "unknown-channel"; null: ok
    Column("lost_since", UtcSeconds),
    Column("told_at", UtcSeconds),  # when the loss was reported; null: not yet
    Index("ix_channels_guild_id", "guild_id"),
)

guild_settings = Table(
    "guild_settings",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("language", Text),  # null: the server's own
    Column("timezone", Text),  # IANA; null: UTC
    Column("currency", Text),  # ISO 4217; null: USD
    Column("unit", Text),  # null: as each metal is quoted
    Column("notice_channel_id", BigInteger),  # null: the owner by DM
    Column("setup", JsonText),  # a guided start under way; null: none
    Column("default_feeds", Boolean, nullable=False, server_default=_FALSE),  # whether defaults were given
    Column("hello_at", UtcSeconds),  # the one greeting; null: not said
    Column("left_at", UtcSeconds),  # null: the bot is there
    Column("created_at", UtcSeconds, nullable=False),
)

user_settings = Table(
    "user_settings",
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("language", Text),  # null: that of each interaction
    Column("timezone", Text),
    Column("currency", Text),
    Column("unit", Text),
    Column("quiet_start", Integer),  # local minutes after midnight; null: no quiet hours
    Column("quiet_end", Integer),
    Column("dm_channel_id", BigInteger),  # null: not opened yet
    Column("dm_refused_at", UtcSeconds),  # null: direct messages arrive
    Column("dm_told_at", UtcSeconds),  # the person has been told at a command; null: not yet
    Column("created_at", UtcSeconds, nullable=False),
)

quotes = Table(
    "quotes",
    metadata,
    Column("instrument", Text, primary_key=True),  # mineral slug, or "fx:EUR"
    Column("basis", Text, primary_key=True),  # spot | futures | monthly | daily (currencies)
    Column("at", UtcSeconds, primary_key=True),
    Column("price", ExactDecimal, nullable=False),  # USD per the metal's home unit; currencies: units per EUR
    Column("sources", Text, nullable=False),  # comma-separated names that agreed
    Column("grain", Text, nullable=False, server_default="minute"),  # minute | hour | day; set by thinning
)

price_alerts = Table(
    "price_alerts",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("owner_id", BigInteger, nullable=False),
    Column("scope_guild_id", BigInteger, nullable=False),
    Column("target_kind", Text, nullable=False),
    Column("target_id", BigInteger, nullable=False),
    Column("instrument", Text, nullable=False),
    Column("condition", Text, nullable=False),  # above | below | moves
    Column("level", ExactDecimal),  # in `currency` per `unit`; null for moves
    Column("percent", ExactDecimal),  # null for above and below
    Column("window_seconds", Integer),  # of a move; null for above and below
    Column("currency", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("repeat", Boolean, nullable=False, server_default=_FALSE),
    Column("cooldown_seconds", Integer, nullable=False, server_default="3600"),
    Column("rearm_percent", ExactDecimal),  # how far back the price must go; null: the default band
    Column("armed", Boolean),  # null: not yet decided (no quote seen since it was made)
    Column("language", Text),  # null: English
    Column("state", Text, nullable=False, server_default="active"),  # active | paused | done | expired
    Column("paused_until", UtcSeconds),
    Column("firings", Integer, nullable=False, server_default="0"),
    Column("last_fired_at", UtcSeconds),
    Column("expires_at", UtcSeconds),  # null: never
    Column("created_at", UtcSeconds, nullable=False),
    Index("ix_price_alerts_instrument", "instrument", "state"),
    Index("ix_price_alerts_owner_id", "owner_id"),
)

meta = Table(
    "meta",
    metadata,
    Column("key", Text, primary_key=True),  # e.g. "commands_hash", "subscriptions_version"
    Column("value", Text, nullable=False),
)
