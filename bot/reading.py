"""What one poll of one feed brought, and what that means for the feed's row. Pure: `now` is passed in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.feeds import cadence, identity, websub
from bot.feeds.model import FaultKind, PublisherHints

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from bot.feeds.model import Fault, Fetched, ParsedFeed
    from storage.records import Feed


@dataclass(frozen=True, slots=True)
class Reading:
    """parsed: None for a fault and for a body that has not changed. silent: entries count as seen, not as news."""

    feed: Feed
    fetched: Fetched
    at: datetime
    parsed: ParsedFeed | None = None
    body_hash: str | None = None
    fault: Fault | None = None
    pushed: bool = False  # sent by a WebSub hub: maybe only what is new, and no word on validators or cadence
    kind: identity.Kind | None = None  # what tells its entries apart, judged by the whole where this is a part
    more: bool = False  # a part that others follow: the feed's row is written with the last of them

    @property
    def silent(self) -> bool:
        return self.feed.primed_at is None

    def parts(self, size: int) -> list[Reading]:
        """Readings of at most `size` entries, to be stored in this order: what stands lowest, the oldest, comes first.

        Each may be stored by itself: until the last one is, the feed's row says that the body is still to be read,
        and what is stored of it by then is known.
        """
        if self.parsed is None or len(self.parsed.entries) <= size:
            return [self]
        kind = self.kind or kind_of(self)
        entries = self.parsed.entries
        starts = range(0, len(entries), size)
        return [
            replace(self, parsed=replace(self.parsed, entries=entries[start : start + size]), kind=kind, more=start > 0)
            for start in reversed(starts)
        ]


def kind_of(reading: Reading) -> identity.Kind:
    """What tells this feed's entries apart: as stored, else judged by what it holds now."""
    match reading.feed.identity_kind:
        case "guid":
            return "guid"
        case "link":
            return "link"
        case "title":
            return "title"
    if reading.kind is not None:
        return reading.kind
    return identity.choose_kind(reading.parsed.entries if reading.parsed else ()) or "title"


def hints_to_json(hints: PublisherHints) -> dict[str, object] | None:
    """The hints as JSON; None when the publisher asks nothing."""
    stored: dict[str, object] = {}
    if hints.ttl:
        stored["ttl"] = hints.ttl
    if hints.skip_hours:
        stored["skip_hours"] = sorted(hints.skip_hours)
    if hints.skip_days:
        stored["skip_days"] = sorted(hints.skip_days)
    if hints.update_period:
        stored["update_period"] = hints.update_period
    return stored or None


def hints_from_json(stored: dict[str, object] | None) -> PublisherHints:
    def numbers(name: str) -> frozenset[int]:
        found = (stored or {}).get(name)
        return frozenset(int(n) for n in found) if isinstance(found, list) else frozenset()

    def number(name: str) -> int | None:
        found = (stored or {}).get(name)
        return found if isinstance(found, int) else None

    return PublisherHints(number("ttl"), numbers("skip_hours"), numbers("skip_days"), number("update_period"))


def outcome(
    reading: Reading,
    recent: Sequence[datetime],
    *,
    new_entries: int,
    settings: cadence.CadenceSettings,
    rng: random.Random,
) -> dict[str, object]:
    """The columns of the feed's row after this poll (`id` included): the next poll, validators, health.

    A 304 leaves the body hash and all entries as they are. Validators are stored exactly as received.
    """
    feed, fetched, now, parsed = reading.feed, reading.fetched, reading.at, reading.parsed
    if reading.pushed:
        return {"id": feed.id, "last_success_at": now, **({"last_new_at": now} if new_entries else {})}
    hints = parsed.hints if parsed is not None else hints_from_json(feed.hints)
    decision = cadence.next_poll(
        cadence.CadenceState(recent, feed.failures, pushed=bool(feed.hub_expires_at and feed.hub_expires_at > now)),
        reading.fault,
        hints,
        fetched.headers,
        now,
        settings,
        rng,
    )
    row: dict[str, object] = {
        "id": feed.id,
        "next_poll_at": _whole(decision.at),
        "last_poll_at": now,
        "lease_until": None,
        "failures": decision.failures,
        "interval_seconds": max(int((decision.at - now).total_seconds()), 0),
    }
    if reading.fault is not None:
        row |= {
            "failing_since": feed.failing_since or now,
            "fault_kind": reading.fault.kind.value,
            "fault_detail": reading.fault.detail,
        }
        if reading.fault.kind is FaultKind.GONE:
            row["state"] = "retired"
        return row
    row |= {"failing_since": None, "fault_kind": None, "fault_detail": None, "last_success_at": now}
    row |= _move(feed, fetched, now)
    if fetched.not_modified:
        # RFC 9110 §15.4.5: a 304 may carry newer validators, never fewer.
        row |= {"etag": fetched.etag or feed.etag, "last_modified": fetched.last_modified or feed.last_modified}
        return row
    row |= {"etag": fetched.etag, "last_modified": fetched.last_modified}
    if parsed is not None:
        row |= {
            "body_hash": reading.body_hash,
            "kind": "feed" if parsed.kind in {"rss", "atom", "rdf"} else parsed.kind,
            "title": (parsed.title or feed.title or "")[:300] or None,
            "site_url": parsed.site_url or feed.site_url,
            "hints": hints_to_json(parsed.hints),
            "primed_at": feed.primed_at or now,
        }
        row |= _hub(feed, fetched, parsed)
        if new_entries:
            row["last_new_at"] = now
    return row


def _hub(feed: Feed, fetched: Fetched, parsed: ParsedFeed) -> dict[str, object]:
    """The WebSub hub the feed names now: headers before the body (WebSub §4). Another hub is subscribed afresh."""
    links = websub.links(fetched.headers.get("link"))
    hub = links.get("hub") or parsed.hub_url
    topic = (links.get("self") or parsed.self_url or feed.url) if hub else None
    if (hub, topic) == (feed.hub_url, feed.hub_topic):
        return {}
    return {"hub_url": hub, "hub_topic": topic, "hub_secret": None, "hub_expires_at": None, "hub_renew_at": None}


def _move(feed: Feed, fetched: Fetched, now: datetime) -> dict[str, object]:
    pending = (
        cadence.PendingMove(feed.moved_to, feed.moved_since) if feed.moved_to and feed.moved_since is not None else None
    )
    move = cadence.moved(feed.url, fetched.moved_to, pending, now)
    if move.adopt is not None:
        return {"adopt": move.adopt}
    return {
        "moved_to": move.pending.url if move.pending else None,
        "moved_since": move.pending.since if move.pending else None,
    }


def _whole(moment: datetime) -> datetime:
    """The next whole second: stored times have no fraction, and a poll may never be early."""
    return datetime.fromtimestamp(-(-moment.timestamp() // 1), UTC)
