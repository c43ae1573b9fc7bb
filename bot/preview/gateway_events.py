"""Which events a session hears, and in what words: intents, visibility, and message content.

Rules: Discord docs, Topics → Gateway ("List of Intents", "Message Content Intent").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.preview import payloads
from bot.preview.wire import Json, as_id

if TYPE_CHECKING:
    from bot.preview.model import Event, Guild
    from bot.preview.world import World

GUILDS: Final = 1 << 0
MEMBERS: Final = 1 << 1
WEBHOOKS: Final = 1 << 5
MESSAGE_CONTENT: Final = 1 << 15
# Event name prefix: intent in guilds, intent in DMs (None: no intent is asked).
_INTENTS: Final[tuple[tuple[str, int | None, int | None], ...]] = (
    ("MESSAGE_REACTION_", 1 << 10, 1 << 13),
    ("MESSAGE_", 1 << 9, 1 << 12),
    ("TYPING_START", 1 << 11, 1 << 14),
    ("CHANNEL_PINS_UPDATE", GUILDS, 1 << 12),
    ("GUILD_MEMBER_", MEMBERS, None),
    ("GUILD_", GUILDS, None),
    ("CHANNEL_", GUILDS, None),
    ("THREAD_", GUILDS, None),
    ("WEBHOOKS_UPDATE", WEBHOOKS, None),
)
_SEEN_ONLY: Final = ("MESSAGE_", "TYPING_START", "THREAD_", "CHANNEL_PINS_UPDATE")


def for_session(world: World, event: Event, intents: int) -> Json | None:
    """An event's data for a session with these intents; None when it does not hear of it."""
    if event.only_for is not None or event.name.startswith("LOCAL_"):
        return None
    own_member = event.name == "GUILD_MEMBER_UPDATE" and event.data["user"]["id"] == str(world.bot.id)
    if not own_member and not _asked(event, intents):
        return None
    if event.name == "GUILD_CREATE":
        guild = world.guilds.get(event.guild_id or 0)
        if guild is None:
            return None
        whole = guild_create(world, guild, intents)
        if event.data.get("join"):
            # Discord leaves the key out where the bot is new: so libraries tell a join from the end of an outage.
            whole = {name: value for name, value in whole.items() if name != "unavailable"}
        return whole
    if event.channel_id and event.name.startswith(_SEEN_ONLY):
        channel = world.channels.get(event.channel_id)
        if channel is not None and not world.can_see(world.bot.id, channel):
            return None
    if event.name in ("MESSAGE_CREATE", "MESSAGE_UPDATE"):
        return _message(world, event, intents)
    return {**event.data, **event.extra} if event.extra else event.data


def _asked(event: Event, intents: int) -> bool:
    for prefix, in_guild, in_dm in _INTENTS:
        if event.name.startswith(prefix):
            needed = in_guild if event.guild_id else in_dm
            return needed is None or bool(intents & needed)
    return True


def _message(world: World, event: Event, intents: int) -> Json:
    """Without the message content intent a bot reads only its own, direct and mentioning messages."""
    data = {**event.data, **event.extra}
    bot = str(world.bot.id)
    open_to_it = (
        intents & MESSAGE_CONTENT
        or event.guild_id is None
        or data["author"]["id"] == bot
        or any(u["id"] == bot for u in data["mentions"])
    )
    if not open_to_it:
        data |= {"content": "", "embeds": [], "attachments": [], "components": []}
    return data


def guild_create(world: World, guild: Guild, intents: int) -> Json:
    return payloads.gateway_guild(world, guild, all_members=bool(intents & MEMBERS))


def members_chunk(world: World, guild: Guild, asked: Json, intents: int) -> Json:
    """The answer to "request guild members": by ids or by the start of a name; all only with the members intent."""
    wanted = asked.get("user_ids")
    ids = [as_id(i) for i in (wanted if isinstance(wanted, list) else [wanted])] if wanted else None
    query = str(asked.get("query") or "").lower()
    found = []
    for member in guild.members.values():
        if ids is not None:
            hit = member.user_id in ids
        else:
            hit = bool(query or intents & MEMBERS) and world.users[member.user_id].name.lower().startswith(query)
        if hit:
            found.append(payloads.with_user(world, member))
    limit = asked.get("limit") or len(found)
    chunk: Json = {
        "guild_id": str(guild.id),
        "members": found[:limit],
        "chunk_index": 0,
        "chunk_count": 1,
        "not_found": [str(i) for i in ids or [] if i not in guild.members],
    }
    if asked.get("nonce"):
        chunk["nonce"] = asked["nonce"]
    return chunk
