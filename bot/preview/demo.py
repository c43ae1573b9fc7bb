"""The furnished world of the preview: one server a newcomer could imagine joining, and three people to be in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.preview import model as m
from bot.preview.permissions import EVERYONE_DEFAULT, P

if TYPE_CHECKING:
    from bot.preview.world import World

# What the README's invite link asks for: enough to post, open forum posts and crosspost; no management rights.
BOT_PERMISSIONS: Final = int(
    EVERYONE_DEFAULT | P.MENTION_EVERYONE | P.CREATE_PUBLIC_THREADS | P.SEND_MESSAGES_IN_THREADS
)


def furnish(world: World) -> None:
    """Fill an empty world: the Copperline Mining Club."""
    member = world.add_person("member", "ines.r", "Inès", "Member", "follows the headlines, asks about minerals")
    trader = world.add_person("trader", "tomasz.w", "Tomasz", "Trader", "lives by alerts, charts and quiet hours")
    moderator = world.add_person("moderator", "rosa.q", "Rosa", "Moderator", "owns the server and keeps the noise down")
    guild = world.add_guild(
        "Copperline Mining Club",
        moderator,
        bot_permissions=BOT_PERMISSIONS,
        description="Mining and metals, one headline at a time.",
    )
    traders = world.add_role(guild, "Traders", color=0xC27C2C, mentionable=True)
    moderators = world.add_role(
        guild,
        "Moderators",
        int(P.MANAGE_GUILD | P.MANAGE_CHANNELS | P.MANAGE_MESSAGES | P.MANAGE_ROLES | P.MENTION_EVERYONE),
        color=0x3BA55D,
    )
    for role in (traders, moderators):
        role.data["hoist"] = True
    world.add_member(guild, member)
    world.add_member(guild, trader, traders)
    world.set_member_roles(guild, moderator, [moderators])

    news = world.add_channel(guild, "News", m.CATEGORY)
    talk = world.add_channel(guild, "Club", m.CATEGORY)
    for name, topic in (
        ("headlines", "Every headline, as it is hoisted"),
        ("gold-silver", "Gold, silver and the platinum group"),
        ("battery-metals", "Lithium, nickel, cobalt, graphite and friends"),
        ("policy", "Tariffs, export controls, permits and courts"),
        ("alerts", "Alerts that are shared with the club"),
    ):
        world.add_channel(guild, name, topic=topic, parent=news)
    world.add_channel(guild, "announcements", m.ANNOUNCEMENT, topic="The big ones, for followers", parent=news)
    forum = world.add_channel(guild, "deep-dives", m.FORUM, topic="One story, one post", parent=talk)
    forum.data["available_tags"] = [
        {"id": str(world.new_id()), "name": name, "moderated": False, "emoji_id": None, "emoji_name": None}
        for name in ("Copper", "Lithium", "Nickel", "Uranium")
    ]
    world.add_channel(guild, "lounge", topic="Anything else", parent=talk)
    mods = world.add_channel(guild, "mods", topic="For moderators: notices and health", parent=talk)
    world.set_overwrite(mods, guild.roles[guild.id], deny=P.VIEW_CHANNEL)
    world.set_overwrite(mods, moderators, allow=P.VIEW_CHANNEL)
    world.set_overwrite(mods, world.bot, allow=P.VIEW_CHANNEL | P.SEND_MESSAGES | P.EMBED_LINKS)
