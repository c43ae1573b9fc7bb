"""How a channel's posts look and when they come: style, own name and picture, publishing, quiet hours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import discord

from bot.clock import utcnow
from bot.delivery.hooks import NAME, Hook, Hooks, may_make
from bot.desk.people import read_clock, show_clock
from bot.errors import UserError
from bot.i18n import _
from storage import guilds, held
from storage.records import Target

if TYPE_CHECKING:
    from bot.delivery.hooks import Parent
    from bot.services import Services
    from storage.records import ChannelSettings, Style

_OFF: Final = "-"  # typed as a name: post as the bot again


@dataclass(frozen=True, slots=True)
class Look:
    """What to change; None leaves it. name: "-" ends the webhook; quiet: "22:00-07:00" or "off"."""

    style: Style | None = None
    name: str | None = None
    picture: bytes | None = None
    publish: bool | None = None
    quiet: str | None = None


async def change(
    services: Services, client: discord.Client, channel_id: int, guild_id: int, look: Look
) -> ChannelSettings:
    """Store and apply; how the channel stands then. Raises UserError."""

    async def keep(channel_id: int, guild_id: int, webhook_id: int | None, token: str | None) -> None:
        async with services.db.write() as connection:
            await guilds.set_channel(connection, channel_id, guild_id, webhook_id=webhook_id, webhook_token=token)

    now = utcnow()
    fields: dict[str, Any] = {}
    if look.style is not None:
        fields["style"] = look.style
    if look.publish is not None:
        fields["publish"] = look.publish
    if look.quiet is not None:
        fields["quiet_start"], fields["quiet_end"] = read_quiet(look.quiet)
    if look.name == _OFF:
        fields["webhook"] = False
    elif look.name is not None or look.picture is not None:
        await _dress(services, Hooks(client, keep), channel_id, look)
        fields["webhook"] = True
    async with services.db.write() as connection:
        stored = await guilds.set_channel(connection, channel_id, guild_id, **fields)
        if look.quiet is not None and stored.quiet_start is None:
            await held.end_quiet(connection, Target("channel", channel_id), now=now)
    services.outbox.wake()
    return stored


async def _dress(services: Services, hooks: Hooks, channel_id: int, look: Look) -> None:
    """Find or make the webhook and give it its name and picture."""
    parent = hooks.parent(channel_id)
    if parent is None or not may_make(parent):
        raise UserError(
            _("A name of its own needs the permission Manage Webhooks there. Grant it to me and try again.")
        )
    async with services.db.read() as connection:
        settings = await guilds.channel(connection, channel_id)
    known = Hook(settings.webhook_id, settings.webhook_token) if settings else Hook()
    try:
        hook = await _present(parent, known) or await hooks.get(channel_id, Hook())
        if hook is None:
            raise UserError(_("This channel can't take another webhook. Remove one in its settings and try again."))
        changes: dict[str, Any] = {"name": (look.name or NAME).strip()[:80]} if look.name else {}
        if look.picture is not None:
            changes["avatar"] = look.picture
        if changes:
            await hook.edit(**changes)
    except (discord.HTTPException, ValueError) as error:
        raise UserError(
            _("Discord does not take this name or picture: {reason}. Choose another.").format(reason=str(error)[:200])
        ) from error


async def _present(parent: Parent, hook: Hook) -> discord.Webhook | None:
    """The stored webhook, if it still is among the channel's."""
    return next((one for one in await parent.webhooks() if one.id == hook.id), None) if hook.id is not None else None


def read_quiet(text: str) -> tuple[int | None, int | None]:
    """ "22:00-07:00" as minutes after midnight; "off" as (None, None). Raises UserError."""
    cleaned = text.strip().replace("–", "-")
    if cleaned.casefold() in {"off", "none", "-", ""}:
        return None, None
    start, dash, end = cleaned.partition("-")
    if not dash:
        raise UserError(_("Write quiet hours as `22:00-07:00`, or `off`."))
    found = read_clock(start), read_clock(end)
    if found[0] == found[1]:
        raise UserError(_("Start and end are the same; quiet hours need two different times."))
    return found


def text(settings: ChannelSettings) -> str:
    """How a channel stands, in a sentence or two."""
    styles = {"line": _("compact lines"), "embed": _("embeds"), "card": _("cards")}
    parts = [_("Posts in <#{channel}> are {style}").format(channel=settings.channel_id, style=styles[settings.style])]
    if settings.webhook:
        parts.append(_("under a name of their own"))
    if settings.quiet_start is not None and settings.quiet_end is not None:
        hours = f"{show_clock(settings.quiet_start)}–{show_clock(settings.quiet_end)}"
        parts.append(_("quiet {hours} (the server's time zone)").format(hours=hours))
    if not settings.publish:
        parts.append(_("not published to followers"))
    return ", ".join(parts) + "."
