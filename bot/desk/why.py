"""Why a post came: feed, tags with their words, the subscription, and when it was seen, queued and sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.delivery.markdown import clamp_plain, escape
from bot.delivery.post import host_of, source_name
from bot.i18n import _
from bot.news import document
from bot.news import query as alert_language
from bot.news.model import Tag, tags_from_json
from bot.news.names import mineral_name, topic_name
from storage import deliveries, entries, subscriptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.services import Services
    from storage.records import Delivery, SourceLine, Subscription


@dataclass(frozen=True, slots=True)
class Why:
    """One delivery explained: its row, the story's entries (first one first), the subscription if it still exists."""

    delivery: Delivery
    lines: tuple[SourceLine, ...]
    subscription: Subscription | None


async def of_delivery(services: Services, delivery_id: int) -> list[Why]:
    """The delivery and its companions in the same message; empty when nothing is known of it any more."""
    async with services.db.read() as connection:
        first = await deliveries.get(connection, delivery_id)
        if first is None:
            return []
        rows = await deliveries.batch(connection, first.batch_id) if first.batch_id else [first]
        rows = [row for row in rows if row.kind in {"headline", "sample"}]
        lines = await entries.sources_of(connection, [row.story_id for row in rows if row.story_id is not None])
        wanted = [row.subscription_id for row in rows if row.subscription_id is not None]
        subs = await subscriptions.get_many(connection, wanted)
    return [Why(row, tuple(lines.get(row.story_id or 0, ())), subs.get(row.subscription_id or 0)) for row in rows]


async def of_message(services: Services, message_id: int) -> list[Why]:
    async with services.db.read() as connection:
        rows = await deliveries.of_message(connection, message_id)
    return await of_delivery(services, rows[0].id) if rows else []


def text(why: Why, *, private: bool = True) -> str:
    """The explanation as Discord text. private: whether the reader may see whose alert it was."""
    if not why.lines:
        return _("The entries of this post are older than I remember.")
    first = why.lines[0]
    tags = tags_from_json(first.tags)
    out = [f"**{clamp_plain(first.title, 300)}**"]
    for line in why.lines[:6]:
        seen = int(line.first_seen_at.timestamp())
        note = f" · {escape(line.story_why)}" if line.story_why else ""
        out.append("- " + _("{feed}, seen <t:{at}:T>").format(feed=clamp_plain(source_name(line), 80), at=seen) + note)
    out += _causes(_("Minerals"), tags.minerals, mineral_name)
    out += _causes(_("Topics"), tags.topics, topic_name)
    if tags.direction:
        words = ", ".join(f"“{escape(word)}”" for word in tags.direction_words)
        ways = {"up": _("up"), "down": _("down"), "flat": _("little changed")}
        out.append(_("Direction: {way} ({words})").format(way=ways[tags.direction], words=words))
    out += _causes(_("Tickers"), tags.tickers, str)
    out.append(_subscription(why, private=private))
    row = why.delivery
    times = [_("queued <t:{at}:T>").format(at=int(row.created_at.timestamp()))]
    if row.sent_at:
        times.append(_("sent <t:{at}:T>").format(at=int(row.sent_at.timestamp())))
    if row.attempts > 1:
        times.append(_("attempts: {n}").format(n=row.attempts))
    if row.reason:
        reasons = {
            "quiet": _("quiet hours"),
            "cap": _("the limit per hour"),
            "route": _("the place could not be reached"),
            "hourly": _("as an hourly digest"),
            "daily": _("as a daily digest"),
        }
        times.append(_("held back: {reason}").format(reason=reasons.get(row.reason, row.reason)))
    out.append("-# " + " · ".join(times))
    return "\n".join(out)


def _causes(label: str, tags: tuple[Tag, ...], name: Callable[[str], str]) -> list[str]:
    if not tags:
        return []
    parts = [f"{escape(name(tag.slug))} (" + ", ".join(f"“{escape(word)}”" for word in tag.words) + ")" for tag in tags]
    return [f"{label}: " + ", ".join(parts)]


def _subscription(why: Why, *, private: bool) -> str:
    sub = why.subscription
    if sub is None:
        return _("The subscription it came by has ended.")
    query = sub.query.replace("`", "'")
    if sub.owner_id is not None and not private:
        return _("It came by a member's own alert.")
    found = ""
    try:
        parsed = alert_language.parse(sub.query)
        if parsed.canonical == "*":
            return _("Matched `*`: it follows everything.")
        shown = document.build(why.lines[0].title, tags_from_json(why.lines[0].tags), why.lines[0].url)
        found = ", ".join(parsed.explain(shown))
    except alert_language.QueryError:
        pass
    line = _("Matched `{query}`").format(query=query)
    return f"{line} ({_('by')} {escape(found)})" if found else line


def source_hosts(whys: list[Why]) -> list[str]:
    """Hosts of the entries, for "mute this source"."""
    return list(dict.fromkeys(host_of(line.url or line.feed_url) for why in whys for line in why.lines))
