"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage import types

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# SQLite counts only INTEGER PRIMARY KEY up by itself.
RowId = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "channels",
        sa.Column("channel_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("style", sa.Text(), server_default="embed", nullable=False),
        sa.Column("quiet_start", sa.Integer(), nullable=True),
        sa.Column("quiet_end", sa.Integer(), nullable=True),
        sa.Column("webhook", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("webhook_id", sa.BigInteger(), nullable=True),
        sa.Column("webhook_token", sa.Text(), nullable=True),
        sa.Column("publish", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("weekly", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("route", sa.Text(), server_default="ok", nullable=False),
        sa.Column("lost_reason", sa.Text(), nullable=True),
        sa.Column("lost_since", types.UtcSeconds(), nullable=True),
        sa.Column("told_at", types.UtcSeconds(), nullable=True),
        sa.PrimaryKeyConstraint("channel_id", name=op.f("pk_channels")),
    )
    op.create_index("ix_channels_guild_id", "channels", ["guild_id"], unique=False)
    op.create_table(
        "deliveries",
        sa.Column("id", RowId, nullable=False),
        sa.Column("target_kind", sa.Text(), nullable=False),
        sa.Column("target_id", sa.BigInteger(), nullable=False),
        sa.Column("dedupe_key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=True),
        sa.Column("subscription_id", sa.BigInteger(), nullable=True),
        sa.Column("story_id", sa.BigInteger(), nullable=True),
        sa.Column("entry_id", sa.BigInteger(), nullable=True),
        sa.Column("mode", sa.Text(), server_default="instant", nullable=False),
        sa.Column("state", sa.Text(), server_default="pending", nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("priority", sa.Integer(), server_default="1", nullable=False),
        sa.Column("order_at", types.UtcSeconds(), nullable=False),
        sa.Column("due_at", types.UtcSeconds(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=True),
        sa.Column("nonce", sa.Text(), nullable=True),
        sa.Column("role_id", sa.BigInteger(), nullable=True),
        sa.Column("channel_id", sa.BigInteger(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("payload", types.JsonText(), nullable=True),
        sa.Column("created_at", types.UtcSeconds(), nullable=False),
        sa.Column("claimed_at", types.UtcSeconds(), nullable=True),
        sa.Column("sent_at", types.UtcSeconds(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint(
            "target_kind", "target_id", "dedupe_key", name=op.f("uq_deliveries_target_kind_target_id_dedupe_key")
        ),
    )
    op.create_index("ix_deliveries_due", "deliveries", ["state", "due_at"], unique=False)
    op.create_index("ix_deliveries_message_id", "deliveries", ["message_id"], unique=False)
    op.create_index("ix_deliveries_story_id", "deliveries", ["story_id"], unique=False)
    op.create_index("ix_deliveries_target", "deliveries", ["target_kind", "target_id", "state"], unique=False)
    op.create_table(
        "feeds",
        sa.Column("id", RowId, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("site_url", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), server_default="feed", nullable=False),
        sa.Column("state", sa.Text(), server_default="active", nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("body_hash", sa.Text(), nullable=True),
        sa.Column("identity_kind", sa.Text(), nullable=True),
        sa.Column("zone", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=True),
        sa.Column("primed_at", types.UtcSeconds(), nullable=True),
        sa.Column("next_poll_at", types.UtcSeconds(), nullable=False),
        sa.Column("last_poll_at", types.UtcSeconds(), nullable=True),
        sa.Column("last_success_at", types.UtcSeconds(), nullable=True),
        sa.Column("last_new_at", types.UtcSeconds(), nullable=True),
        sa.Column("interval_seconds", sa.Integer(), nullable=True),
        sa.Column("hints", types.JsonText(), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failing_since", types.UtcSeconds(), nullable=True),
        sa.Column("fault_kind", sa.Text(), nullable=True),
        sa.Column("fault_detail", sa.Text(), nullable=True),
        sa.Column("noticed_at", types.UtcSeconds(), nullable=True),
        sa.Column("moved_to", sa.Text(), nullable=True),
        sa.Column("moved_since", types.UtcSeconds(), nullable=True),
        sa.Column("hub_url", sa.Text(), nullable=True),
        sa.Column("hub_topic", sa.Text(), nullable=True),
        sa.Column("hub_secret", sa.Text(), nullable=True),
        sa.Column("hub_expires_at", types.UtcSeconds(), nullable=True),
        sa.Column("hub_renew_at", types.UtcSeconds(), nullable=True),
        sa.Column("lease_until", types.UtcSeconds(), nullable=True),
        sa.Column("created_at", types.UtcSeconds(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feeds")),
        sa.UniqueConstraint("url", name=op.f("uq_feeds_url")),
    )
    op.create_index("ix_feeds_due", "feeds", ["state", "next_poll_at"], unique=False)
    op.create_table(
        "guild_settings",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("timezone", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("notice_channel_id", sa.BigInteger(), nullable=True),
        sa.Column("setup", types.JsonText(), nullable=True),
        sa.Column("default_feeds", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("hello_at", types.UtcSeconds(), nullable=True),
        sa.Column("left_at", types.UtcSeconds(), nullable=True),
        sa.Column("created_at", types.UtcSeconds(), nullable=False),
        sa.PrimaryKeyConstraint("guild_id", name=op.f("pk_guild_settings")),
    )
    op.create_table(
        "meta",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_meta")),
    )
    op.create_table(
        "price_alerts",
        sa.Column("id", RowId, nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("scope_guild_id", sa.BigInteger(), nullable=False),
        sa.Column("target_kind", sa.Text(), nullable=False),
        sa.Column("target_id", sa.BigInteger(), nullable=False),
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("level", types.ExactDecimal(), nullable=True),
        sa.Column("percent", types.ExactDecimal(), nullable=True),
        sa.Column("window_seconds", sa.Integer(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("repeat", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("cooldown_seconds", sa.Integer(), server_default="3600", nullable=False),
        sa.Column("rearm_percent", types.ExactDecimal(), nullable=True),
        sa.Column("armed", sa.Boolean(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default="active", nullable=False),
        sa.Column("paused_until", types.UtcSeconds(), nullable=True),
        sa.Column("firings", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_fired_at", types.UtcSeconds(), nullable=True),
        sa.Column("expires_at", types.UtcSeconds(), nullable=True),
        sa.Column("created_at", types.UtcSeconds(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_alerts")),
    )
    op.create_index("ix_price_alerts_instrument", "price_alerts", ["instrument", "state"], unique=False)
    op.create_index("ix_price_alerts_owner_id", "price_alerts", ["owner_id"], unique=False)
    op.create_table(
        "quotes",
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("at", types.UtcSeconds(), nullable=False),
        sa.Column("price", types.ExactDecimal(), nullable=False),
        sa.Column("sources", sa.Text(), nullable=False),
        sa.Column("grain", sa.Text(), server_default="minute", nullable=False),
        sa.PrimaryKeyConstraint("instrument", "basis", "at", name=op.f("pk_quotes")),
    )
    op.create_table(
        "stories",
        sa.Column("id", RowId, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("first_seen_at", types.UtcSeconds(), nullable=False),
        sa.Column("published_at", types.UtcSeconds(), nullable=False),
        sa.Column("sources", sa.Integer(), server_default="1", nullable=False),
        sa.Column("updated_at", types.UtcSeconds(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stories")),
    )
    op.create_index("ix_stories_first_seen_at", "stories", ["first_seen_at"], unique=False)
    op.create_table(
        "subscriptions",
        sa.Column("id", RowId, nullable=False),
        sa.Column("scope_guild_id", sa.BigInteger(), nullable=False),
        sa.Column("target_kind", sa.Text(), nullable=False),
        sa.Column("target_id", sa.BigInteger(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("canonical", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), server_default="instant", nullable=False),
        sa.Column("digest_hour", sa.Integer(), nullable=True),
        sa.Column("role_id", sa.BigInteger(), nullable=True),
        sa.Column("max_per_hour", sa.Integer(), nullable=True),
        sa.Column("state", sa.Text(), server_default="active", nullable=False),
        sa.Column("paused_until", types.UtcSeconds(), nullable=True),
        sa.Column("muted_sources", types.JsonText(), nullable=True),
        sa.Column("created_at", types.UtcSeconds(), nullable=False),
        sa.Column("updated_at", types.UtcSeconds(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
    )
    op.create_index("ix_subscriptions_owner_id", "subscriptions", ["owner_id"], unique=False)
    op.create_index("ix_subscriptions_scope_guild_id", "subscriptions", ["scope_guild_id"], unique=False)
    op.create_index("ix_subscriptions_target", "subscriptions", ["target_kind", "target_id"], unique=False)
    op.create_table(
        "user_settings",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("timezone", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("quiet_start", sa.Integer(), nullable=True),
        sa.Column("quiet_end", sa.Integer(), nullable=True),
        sa.Column("dm_channel_id", sa.BigInteger(), nullable=True),
        sa.Column("dm_refused_at", types.UtcSeconds(), nullable=True),
        sa.Column("dm_told_at", types.UtcSeconds(), nullable=True),
        sa.Column("created_at", types.UtcSeconds(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_user_settings")),
    )
    op.create_table(
        "entries",
        sa.Column("id", RowId, nullable=False),
        sa.Column("feed_id", RowId, nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("link_key", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("summary", sa.Text(), server_default="", nullable=False),
        sa.Column("author", sa.Text(), nullable=True),
        sa.Column("image", sa.Text(), nullable=True),
        sa.Column("published_at", types.UtcSeconds(), nullable=True),
        sa.Column("published_raw", sa.Text(), nullable=True),
        sa.Column("first_seen_at", types.UtcSeconds(), nullable=False),
        sa.Column("edited_at", types.UtcSeconds(), nullable=True),
        sa.Column("silent", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("piece", sa.Text(), nullable=True),
        sa.Column("tags", types.JsonText(), nullable=True),
        sa.Column("story_id", RowId, nullable=True),
        sa.Column("story_why", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["feed_id"], ["feeds.id"], name=op.f("fk_entries_feed_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["story_id"], ["stories.id"], name=op.f("fk_entries_story_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entries")),
        sa.UniqueConstraint("feed_id", "identity", name=op.f("uq_entries_feed_id_identity")),
    )
    op.create_index("ix_entries_feed_id_link_key", "entries", ["feed_id", "link_key"], unique=False)
    op.create_index("ix_entries_first_seen_at", "entries", ["first_seen_at"], unique=False)
    op.create_index("ix_entries_story_id", "entries", ["story_id"], unique=False)
    op.create_table(
        "guild_feeds",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("feed_id", RowId, nullable=False),
        sa.Column("added_by", sa.BigInteger(), nullable=True),
        sa.Column("added_at", types.UtcSeconds(), nullable=False),
        sa.Column("muted", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["feed_id"], ["feeds.id"], name=op.f("fk_guild_feeds_feed_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("guild_id", "feed_id", name=op.f("pk_guild_feeds")),
    )
    op.create_index("ix_guild_feeds_feed_id", "guild_feeds", ["feed_id"], unique=False)
    op.create_table(
        "entry_facets",
        sa.Column("facet", sa.Text(), nullable=False),
        sa.Column("entry_id", RowId, nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["entries.id"], name=op.f("fk_entry_facets_entry_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("facet", "entry_id", name=op.f("pk_entry_facets")),
    )
    op.create_index("ix_entry_facets_entry_id", "entry_facets", ["entry_id"], unique=False)
