"""From outbox rows to a `Post`: loads what a message shows and has it rendered in the target's language and style."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import discord

from bot.delivery import pace, render
from bot.delivery.post import Post, view_of
from bot.i18n import use_language
from storage import entries, guilds

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from storage.records import Delivery, JsonObject, Style


class Composer:
    """`price_line` gives the line under a headline for its minerals; `chart` draws what a price alert asks for."""

    def __init__(
        self,
        *,
        price_line: Callable[[Sequence[str]], str | None] | None = None,
        chart: Callable[[JsonObject], Awaitable[tuple[str, bytes, str] | None]] | None = None,
    ) -> None:
        self.price_line = price_line
        self.chart = chart

    async def compose(self, connection: AsyncConnection, rows: Sequence[Delivery]) -> Post | None:
        """The message of these rows; None when nothing of it exists any more (its entries were removed)."""
        first = rows[0]
        style: Style = "embed"
        if first.target_kind == "channel":
            settings = await guilds.channel(connection, first.target_id)
            style = settings.style if settings else "embed"
            language = (await guilds.guild(connection, first.guild_id)).language if first.guild_id else None
        else:
            language = (await guilds.user(connection, first.target_id)).language
        if first.kind in {"notice", "price"}:
            return await self._from_payload(first)
        lines = await entries.sources_of(connection, [row.story_id for row in rows if row.story_id is not None])
        with use_language(language):
            views = [
                view_of(
                    row.id,
                    found,
                    price=self.price_line([str(slug) for slug in _minerals(found[0].tags)])
                    if self.price_line
                    else None,
                )
                for row in rows
                if row.story_id is not None and (found := lines.get(row.story_id))
            ]
            if not views:
                return None
            if pace.form_of(rows) == "list":
                reason = first.reason if first.reason in {"quiet", "cap"} else first.mode
                return render.folded(views, reason)
            role = next((row.role_id for row in rows if row.role_id), None)
            return render.headlines(views, style, role_id=role)

    async def _from_payload(self, row: Delivery) -> Post:
        payload = row.payload or {}
        embeds: tuple[discord.Embed, ...] = ()
        if isinstance(embed := payload.get("embed"), dict):
            embeds = (discord.Embed.from_dict(cast("dict[str, Any]", embed)),)
        files: tuple[tuple[str, bytes, str], ...] = ()
        if self.chart is not None and isinstance(wanted := payload.get("chart"), dict):
            drawn = await self.chart(wanted)
            if drawn is not None and embeds:
                embeds[0].set_image(url=f"attachment://{drawn[0]}")
                files = (drawn,)
        return Post(str(payload.get("content", "")), embeds, None, row.role_id, str(payload.get("name", "")), files)


def _minerals(tags: JsonObject | None) -> list[str]:
    found = (tags or {}).get("minerals")
    return [str(pair[0]) for pair in found] if isinstance(found, list) else []
