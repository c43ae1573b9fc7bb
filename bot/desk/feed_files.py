"""A server's feeds as OPML, both ways."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.desk import feeds as desk
from bot.errors import UserError
from bot.feeds import opml
from bot.i18n import _
from bot.tasks import end

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.services import Services


@dataclass(frozen=True, slots=True)
class ImportLine:
    """How one line of an import went: state is added, already or failed; detail says why, and not once more of what."""

    url: str
    state: str
    detail: str = ""


async def import_opml(
    services: Services, guild_id: int, data: bytes, *, by: int | None
) -> AsyncIterator[tuple[ImportLine, int, int]]:
    """Add every feed of an OPML file, four at a time; yields (line, done, total). Raises UserError for no OPML."""
    try:
        report = opml.read(data)
    except opml.OpmlError as error:
        raise UserError(str(error)) from error
    total = len(report.feeds) + len(report.problems)
    done = 0
    for problem in report.problems:
        done += 1
        where = _("line {n}").format(n=problem.line) if problem.line else "OPML"
        yield ImportLine(where, "already" if problem.repeated else "failed", problem.text), done, total
    slots = asyncio.Semaphore(4)

    async def one(url: str) -> ImportLine:
        async with slots:
            try:
                result = await desk.add(services, guild_id, url, by=by, explore=False)
            except UserError as error:
                return ImportLine(url, "failed", str(error).removeprefix(desk.unread(url)).lstrip())
            if isinstance(result, desk.Added):
                return ImportLine(url, "already" if result.already else "added")
            return ImportLine(url, "failed", _("It is not a feed."))

    tasks = [asyncio.create_task(one(feed.url)) for feed in report.feeds]
    try:
        for task in asyncio.as_completed(tasks):
            line = await task
            done += 1
            yield line, done, total
    finally:
        await end(*tasks)


async def export_opml(services: Services, guild_id: int) -> bytes:
    """The server's feeds as OPML 2.0."""
    mine = await desk.of_guild(services, guild_id)
    return opml.write([opml.OpmlFeed(one.feed.url, one.feed.title or "", site_url=one.feed.site_url) for one in mine])
