"""Records as the raw Discord JSON that goes over the wire, complete to Discord's published API description."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.preview.permissions import in_guild
from bot.preview.wire import Json, iso

if TYPE_CHECKING:
    from bot.preview import model as m
    from bot.preview.places import Places


def user(user_id: int, username: str, *, global_name: str | None = None, bot: bool = False) -> Json:
    data: Json = {
        "id": str(user_id),
        "username": username,
        "discriminator": "0",
        "global_name": global_name,
        "avatar": None,
        "banner": None,
        "accent_color": None,
        "avatar_decoration_data": None,
        "collectibles": None,
        "primary_guild": None,
        "public_flags": 0,
        "flags": 0,
    }
    if bot:
        data["bot"] = True
    return data


def role(role_id: int, name: str, permissions: int, position: int, *, color: int = 0) -> Json:
    return {
        "id": str(role_id),
        "name": name,
        "description": None,
        "permissions": str(permissions),
        "position": position,
        "color": color,
        "colors": {"primary_color": color, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": False,
        "mentionable": False,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }


def member(joined_at: float, roles: list[int]) -> Json:
    return {
        "avatar": None,
        "banner": None,
        "communication_disabled_until": None,
        "flags": 0,
        "joined_at": iso(joined_at),
        "nick": None,
        "pending": False,
        "premium_since": None,
        "roles": [str(r) for r in roles],
        "mute": False,
        "deaf": False,
    }


def guild(guild_id: int, name: str, owner_id: int, description: str | None) -> Json:
    """A guild's own fields; roles, channels and members are added by `full_guild`."""
    return {
        "id": str(guild_id),
        "name": name,
        "icon": None,
        "description": description,
        "home_header": None,
        "splash": None,
        "discovery_splash": None,
        "features": ["COMMUNITY", "NEWS"],
        "banner": None,
        "owner_id": str(owner_id),
        "application_id": None,
        "region": "us-east",
        "afk_channel_id": None,
        "afk_timeout": 300,
        "system_channel_id": None,
        "system_channel_flags": 0,
        "widget_enabled": False,
        "widget_channel_id": None,
        "verification_level": 1,
        "default_message_notifications": 1,
        "mfa_level": 0,
        "explicit_content_filter": 0,
        "max_presences": None,
        "max_members": 500000,
        "max_stage_video_channel_users": 50,
        "max_video_channel_users": 25,
        "vanity_url_code": None,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "preferred_locale": "en-US",
        "rules_channel_id": None,
        "safety_alerts_channel_id": None,
        "public_updates_channel_id": None,
        "premium_progress_bar_enabled": False,
        "nsfw": False,
        "nsfw_level": 0,
        "emojis": [],
        "stickers": [],
        "incidents_data": None,
        "inventory_settings": None,
    }


def rest_guild(found: m.Guild) -> Json:
    """A guild as REST answers it."""
    return {**found.data, "roles": [r.data for r in found.roles.values()]}


def with_user(world: Places, found: m.Member) -> Json:
    """A member with its user, as REST and the gateway give it."""
    return {**found.data, "user": world.users[found.user_id].data}


def gateway_guild(world: Places, found: m.Guild, *, all_members: bool) -> Json:
    """A guild as GUILD_CREATE carries it: the bot's own member always, the others only with the members intent."""
    bot_id = world.bot.id
    members = found.members.values() if all_members else [found.members[bot_id]]
    return {
        **rest_guild(found),
        "joined_at": found.members[bot_id].data["joined_at"],
        "large": False,
        "unavailable": False,
        "member_count": len(found.members),
        "voice_states": [],
        "members": [with_user(world, member) for member in members],
        "channels": [c.data for c in found.channels.values() if not c.is_thread],
        "threads": [
            c.data for c in found.channels.values() if c.is_thread and not c.data["thread_metadata"]["archived"]
        ],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def application(world: Places) -> Json:
    """The bot's application, as /applications/@me and /oauth2/applications/@me give it."""
    owner = next((p.user for p in world.people.values()), world.bot)
    return {
        "id": str(world.application_id),
        "name": world.bot.data["username"],
        "icon": None,
        "description": "",
        "summary": "",
        "type": None,
        "bot": world.bot.data,
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "flags": 0,
        "flags_new": "0",
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "owner": {k: v for k, v in owner.data.items() if k != "bot"},
        "approximate_guild_count": len(world.guilds),
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "eligible_oauth2_scopes": [],
        "team": None,
        "integration_types_config": {"0": {}, "1": {}},
        "hook": True,
        "is_monetized": False,
        "is_verified": False,
        "is_discoverable": False,
        "storefront_available": False,
        "max_participants": 0,
    }


def member_bits(found: m.Guild, one: m.Member) -> int:
    """A member's server-wide permissions, for `resolved` members."""
    return in_guild(found, one)
