"""How Headframe is doing, for `/status`: feeds, deliveries, lag, version."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.clock import utcnow
from bot.delivery.markdown import escape
from bot.i18n import _, ngettext
from storage import deliveries, feeds, price_alerts, subscriptions

if TYPE_CHECKING:
    from bot.services import Services


@dataclass(frozen=True, slots=True)
class Report:
    """lines: for everyone; details: (name, value) pairs for moderators."""

    well: bool
    lines: tuple[str, ...]
    details: tuple[tuple[str, str], ...]


async def report(services: Services, guild_id: int | None, *, latency: float) -> Report:
    """The state now; about one server when asked there."""
    now = utcnow()
    async with services.db.read() as connection:
        mine = await feeds.of_guild(connection, guild_id or 0, since=now - timedelta(days=7))
        follows = await subscriptions.of_guild(connection, guild_id) if guild_id else []
        members: list[object] = []
        if guild_id:
            members += await subscriptions.of_members(connection, guild_id)
            if services.prices is not None:
                members += await price_alerts.of_members(connection, guild_id)
        oldest = await deliveries.oldest_pending(connection, now)
        last = await deliveries.last_sent_at(connection)
        next_poll = await feeds.next_due_at(connection)
        states = await deliveries.of_guild_since(connection, guild_id or 0, now - timedelta(days=1))
        dropped = await deliveries.dropped_since(connection, guild_id or 0, now - timedelta(days=1))
    failing = [one for one in mine if one.feed.failing_since is not None or one.feed.state != "active"]
    lost = [one for one in follows if one.target in services.routes.lost]
    late = (now - oldest).total_seconds() if oldest else 0.0
    lags = sorted(services.pipeline.lags)
    if not lags and next_poll is not None:  # other processes poll: how long the next feed has been due
        lags = [(now - next_poll).total_seconds()]
    lag = lags[len(lags) * 95 // 100] if lags else 0.0
    lines = [
        ngettext("Reading {n} feed.", "Reading {n} feeds.", len(mine)).format(n=len(mine)),
        _("Started <t:{at}:R>.").format(at=int(services.started_at.timestamp())),
    ]
    if failing:
        lines.append(
            ngettext(
                "⚠ {n} feed can't be read now; `/feed health` says why.",
                "⚠ {n} feeds can't be read now; `/feed health` says why.",
                len(failing),
            ).format(n=len(failing))
        )
    if lost:
        lines.append(
            ngettext(
                "⚠ {n} channel can't be reached; `/channel list` says why.",
                "⚠ {n} channels can't be reached; `/channel list` says why.",
                len({one.target_id for one in lost}),
            ).format(n=len({one.target_id for one in lost}))
        )
    if services.db.trouble is not None:
        lines.append(_("⚠ My database can't be written now. News waits and comes once it can."))
    if late > 60:
        lines.append(_("⚠ Posts are {n} seconds late.").format(n=int(late)))
    details = (
        (_("Feeds"), f"{len(mine)} ({_('failing')}: {len(failing)})"),
        (_("Queries followed"), " · ".join([str(len(follows)), *members_text(len(members))])),
        (_("Posted in 24 h"), str(states.get("sent", 0))),
        (_("Waiting"), str(states.get("pending", 0) + states.get("sending", 0) + states.get("held", 0))),
        (_("Dropped in 24 h"), _dropped(dropped)),
        (_("Last post"), f"<t:{int(last.timestamp())}:R>" if last else "—"),
        (_("Polls behind schedule (p95)"), f"{max(lag, 0):.1f} s"),
        (_("Discord latency"), f"{latency * 1000:.0f} ms" if math.isfinite(latency) else "—"),
    )
    return Report(services.db.trouble is None and not failing and not lost and late <= 60, tuple(lines), details)


def members_text(count: int) -> list[str]:
    """ "1 member's alert", which posts in a server's channel by no moderator's wish; nothing where there is none."""
    return [ngettext("{n} member's alert", "{n} members' alerts", count).format(n=count)] if count else []


def _dropped(reasons: dict[str, int]) -> str:
    """ "0", or how many with the commonest reason."""
    if not reasons:
        return "0"
    return f"{sum(reasons.values())} ({escape(next(iter(reasons)))[:80]})"
