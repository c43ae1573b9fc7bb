"""What a feed says about itself: title, links, language, and how often it wants to be read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.feeds import clean
from bot.feeds.model import PublisherHints

if TYPE_CHECKING:
    from collections.abc import Mapping

_DAYS: Final = {d: n for n, d in enumerate(["mon", "tue", "wed", "thu", "fri", "sat", "sun"])}
_TTL: Final = re.compile(rb"<ttl>\s*(?:<!\[CDATA\[)?\s*(\d{1,6})", re.IGNORECASE)
_SKIP_HOURS: Final = re.compile(rb"<skipHours>(.{0,2000}?)</skipHours>", re.IGNORECASE | re.DOTALL)
_SKIP_DAYS: Final = re.compile(rb"<skipDays>(.{0,1000}?)</skipDays>", re.IGNORECASE | re.DOTALL)
_HOUR: Final = re.compile(rb"<hour>\s*(\d{1,2})\s*</hour>", re.IGNORECASE)
_DAY: Final = re.compile(rb"<day>\s*([A-Za-z]{3})[a-z]*\s*</day>", re.IGNORECASE)
_PERIOD: Final = re.compile(rb"<\w{1,20}:updatePeriod>\s*(?:<!\[CDATA\[)?\s*(\w+)", re.IGNORECASE)
_FREQUENCY: Final = re.compile(rb"<\w{1,20}:updateFrequency>\s*(?:<!\[CDATA\[)?\s*(\d{1,4})", re.IGNORECASE)
# RSS 1.0 syndication module, http://purl.org/rss/1.0/modules/syndication/
_PERIODS: Final = {"hourly": 3600, "daily": 86_400, "weekly": 604_800, "monthly": 2_592_000, "yearly": 31_536_000}
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*\Z")
_KINDS: Final = {"atom": "atom", "rss10": "rdf", "rss090": "rdf"}


@dataclass(frozen=True, slots=True)
class Shell:
    """The fields of ParsedFeed that do not depend on its entries. version: feedparser's name of the format, or ""."""

    kind: str
    version: str
    title: str | None
    site_url: str | None
    hints: PublisherHints
    hub_url: str | None
    self_url: str | None
    language: str | None


def read(version: str, feed: Mapping[str, object], source: bytes, url: str) -> Shell:
    """From feedparser's `feed` dictionary and the source around the entries."""
    links = [link for link in _list(feed.get("links")) if isinstance(link, dict)]
    relations = {rel: _text(link.get("href")) for link in reversed(links) if (rel := _text(link.get("rel")))}
    title = clean.text(_text(feed.get("title")), 300)
    language = _text(feed.get("language")).strip()
    return Shell(
        kind=_KINDS.get(version) or ("atom" if version.startswith("atom") else "rss"),
        version=version,
        title=title or None,
        site_url=clean.address(_text(feed.get("link")), url),
        hints=hints(source),
        hub_url=clean.address(relations.get("hub"), url),
        self_url=clean.address(relations.get("self"), url),
        language=language if _LANGUAGE.match(language) else None,
    )


def hints(source: bytes) -> PublisherHints:
    """ttl (minutes in RSS 2.0), skipHours, skipDays and sy:updatePeriod; what cannot be read is not a wish."""
    ttl = _TTL.search(source)
    hours = _SKIP_HOURS.search(source)
    days = _SKIP_DAYS.search(source)
    period = _PERIOD.search(source)
    frequency = _FREQUENCY.search(source)
    seconds = _PERIODS.get(period.group(1).decode("ascii", "ignore").lower()) if period else None
    times = max(1, int(frequency.group(1))) if frequency else 1
    return PublisherHints(
        ttl=int(ttl.group(1)) * 60 if ttl and int(ttl.group(1)) else None,
        # Hour 24 is midnight in RSS 0.91 (1–24), hour 0 in RSS 2.0 (0–23).
        skip_hours=frozenset(int(h) % 24 for h in _HOUR.findall(hours.group(1)) if int(h) <= 24)
        if hours
        else frozenset(),
        skip_days=frozenset(
            _DAYS[name] for d in _DAY.findall(days.group(1)) if (name := d.decode("ascii").lower()) in _DAYS
        )
        if days
        else frozenset(),
        update_period=seconds // times if seconds else None,
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
