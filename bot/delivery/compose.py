"""From outbox rows to a `Post`: loads what a message shows and has it rendered in the target's language and style."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, cast

import discord

from bot.delivery import buttons, lists, pace, render
from bot.delivery.post import Post, view_of
from bot.i18n import use_language
from storage import entries

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.delivery.post import StoryView
    from bot.delivery.tastes import Taste
    from storage.database import Database
    from storage.records import Delivery, JsonObject, SourceLine

_ROLES: Final = 5  # roles one message pings at most
_KEPT: Final = 1.0  # seconds stories are kept in mind: one headline goes to many channels at once


class Composer:
    """`database` is where stories are read.

    `price_line` gives the line under a headline for its minerals; `chart` draws what a price alert asks for; `reaction`
    tells the market's move in the hour after publication, for posts that are out already; `link` makes mentions of the
    commands a notice names.
    """

    def __init__(
        self,
        database: Database,
        *,
        price_line: Callable[[Sequence[str]], str | None] | None = None,
        chart: Callable[[JsonObject], Awaitable[tuple[str, bytes, str] | None]] | None = None,
        reaction: Callable[[Sequence[str], datetime], Awaitable[str | None]] | None = None,
        link: Callable[[str], str] | None = None,
    ) -> None:
        self._database = database
        self.link = link
        self.price_line = price_line
        self.reaction = reaction
        self.chart = chart
        self._lines: dict[int, tuple[float, list[SourceLine]]] = {}  # story → when its reading began, what was read
        self._lines_since = 0.0

    async def compose(
        self, rows: Sequence[Delivery], taste: Taste, *, since: float = 0.0, bare: bool = False
    ) -> Post | None:
        """The message of these rows; None when nothing of it exists any more (its entries were removed).

        since: when the rows were claimed, by time.monotonic(). A headline that was corrected before is read anew; one
        corrected later finds the row on its way and has the post edited. bare: without pictures and links of their own.
        Raises StorageError.
        """
        first = rows[0]
        if first.kind in {"notice", "price"}:
            return await self._from_payload(first)
        if first.message_id is not None:
            taste = taste.of_posted(first)
        views = await self._views(rows, since)
        if not views:
            return None
        if bare:
            views = [replace(view, url=None, image=None) for view in views]
        # Asked for by the follow; an overflow of its cap is not worth a ping.
        roles = () if pace.reason_of(first) == "cap" else _roles(rows)
        with use_language(taste.language):
            if pace.form_of(rows) == "list":
                post = lists.folded(views, pace.reason_of(first), role_ids=roles)
            else:
                post = render.headlines(views, taste.style, role_ids=roles)
        return replace(post, hook=taste.hook if taste.hooked else None)

    async def fitting(self, rows: Sequence[Delivery], taste: Taste, *, since: float) -> int:
        """How many of these rows, from the first on, one message holds with every headline whole; at least one.

        since: as for `compose`. Raises StorageError.
        """
        if len(rows) < 2:
            return len(rows)
        views = {view.delivery_id: view for view in await self._views(rows, since)}
        with use_language(taste.language):
            shown = [views[row.id] for row in rows if row.id in views]
            if pace.form_of(rows) == "list":
                count = lists.fitting(shown)
            else:
                count = render.fitting(shown, taste.style, roles=len(_roles(rows)))
        if count >= len(shown):
            return len(rows)
        # Rows whose entries are gone take no room.
        return next(place for place, row in enumerate(rows) if row.id == shown[count].delivery_id)

    async def _views(self, rows: Sequence[Delivery], since: float) -> list[StoryView]:
        lines = await self._sources(rows, since)
        views = []
        for row in rows:
            found = lines.get(row.story_id) if row.story_id is not None else None
            if not found:
                continue
            view = view_of(row.id, found, price=self._price(found[0].tags))
            if self.reaction is not None and row.message_id is not None and view.tags.minerals:
                view = replace(view, after=await self.reaction(view.tags.mineral_slugs, view.published))
            views.append(view)
        return views

    async def warm(self, connection: AsyncConnection, stories: Iterable[int]) -> None:
        """Read stories that many messages are about to show, once for all of them."""
        await self._read(connection, list(stories))

    async def _sources(self, rows: Sequence[Delivery], since: float) -> dict[int, list[SourceLine]]:
        wanted = {row.story_id for row in rows if row.story_id is not None}
        read = {story: known for story in wanted if (known := self._lines.get(story)) is not None and known[0] >= since}
        missing = [story for story in wanted if story not in read]
        if missing:
            async with self._database.read() as connection:
                read |= await self._read(connection, missing)
        return {story: lines for story, (_began, lines) in read.items()}

    async def _read(
        self, connection: AsyncConnection, stories: Sequence[int]
    ) -> dict[int, tuple[float, list[SourceLine]]]:
        began = time.monotonic()
        if began - self._lines_since > _KEPT:
            self._lines, self._lines_since = {}, began
        found = await entries.sources_of(connection, stories)
        fresh = {story: (began, found.get(story, [])) for story in stories}
        # Another may have read one of them meanwhile, and later: what is newer stays.
        self._lines |= {story: lines for story, lines in fresh.items() if self._lines.get(story, lines)[0] <= lines[0]}
        return fresh

    def _price(self, tags: JsonObject | None) -> str | None:
        return self.price_line(_minerals(tags)) if self.price_line is not None else None

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
        roles = (row.role_id,) if row.role_id is not None else ()
        content = str(payload.get("content", ""))
        if row.kind == "notice" and self.link is not None:
            content = self.link(content)
        label = payload.get("again")
        view = buttons.again_row(row.id, label) if isinstance(label, str) else None
        return Post(content, embeds, view, roles, str(payload.get("name", "")), files)


def _roles(rows: Sequence[Delivery]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(row.role_id for row in rows if row.role_id is not None))[:_ROLES]


def _minerals(tags: JsonObject | None) -> list[str]:
    found = (tags or {}).get("minerals")
    return [str(pair[0]) for pair in found] if isinstance(found, list) else []
