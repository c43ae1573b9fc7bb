"""What the feeds package hands to its neighbours: requests, answers, faults and parsed feeds. No behaviour."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.news.model import Tags


class FaultKind(StrEnum):
    """Why a feed could not be read. The value is stored and shown; keep it stable."""

    REFUSED = "refused"  # our guard: private address, odd URL, port, scheme
    DNS = "dns"
    TLS = "tls"
    CONNECT = "connect"
    TIMEOUT = "timeout"
    TOO_LARGE = "too-large"
    ENCODING = "encoding"  # truncated, doubled or unknown Content-Encoding
    REDIRECTS = "redirects"  # too many, or a loop
    HTTP = "http"  # any other status
    RATE_LIMITED = "rate-limited"  # 429, or 503 with Retry-After
    FORBIDDEN = "forbidden"  # 401/403 without a challenge page
    BLOCKED = "blocked"  # a bot challenge page, whatever its status
    LOGIN = "login"  # a login or consent form
    GONE = "gone"  # 410
    NOT_A_FEED = "not-a-feed"
    PARSE = "parse"  # parser killed: time or memory
    ROBOTS = "robots"  # robots.txt forbids the page


@dataclass(frozen=True, slots=True)
class Fault:
    """kind; detail: one short English sentence for a moderator; retry_after: the publisher's wish, aware UTC."""

    kind: FaultKind
    detail: str
    status: int | None = None
    retry_after: datetime | None = None


class FeedError(Exception):
    """Base of the package's errors; carries a Fault."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.detail)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class FetchRequest:
    url: str
    etag: str | None = None  # sent back exactly as received (If-None-Match)
    last_modified: str | None = None  # likewise (If-Modified-Since)
    user_agent: str | None = None  # the operator's override for this feed


@dataclass(frozen=True, slots=True)
class Fetched:
    """The answer to a FetchRequest. Exactly one of these holds: fault, not_modified, body is not None."""

    url: str  # the final address
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case; of the final response
    body: bytes | None = None  # decoded, at most the cap
    not_modified: bool = False
    moved_to: str | None = None  # where an unbroken chain of 301/308 leads, else None
    fault: Fault | None = None
    seconds: float = 0.0

    @property
    def etag(self) -> str | None:
        return self.headers.get("etag")

    @property
    def last_modified(self) -> str | None:
        return self.headers.get("last-modified")


@dataclass(frozen=True, slots=True)
class ParsedEntry:
    """One entry as the publisher gave it, cleaned to plain text. piece: hash of its source bytes (hex) or None."""

    guid: str | None
    url: str | None  # http(s) only, absolute
    title: str  # plain text, whitespace collapsed, never empty (falls back to summary's start, then the url)
    summary: str  # plain text, at most 2000 characters
    author: str | None = None
    image: str | None = None  # https only
    published: datetime | None = None  # aware UTC
    published_raw: str | None = None
    categories: tuple[str, ...] = ()
    piece: str | None = None
    tags: Tags | None = None  # what its headline is about; None where whoever read the feed was not asked


@dataclass(frozen=True, slots=True)
class PublisherHints:
    """What the feed itself asks of pollers. ttl and update_period in seconds; hours in UTC, days 0 = Monday."""

    ttl: int | None = None
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[int] = frozenset()
    update_period: int | None = None  # sy:updatePeriod / sy:updateFrequency


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """entries: in document order; with known pieces given, only those whose piece is not known."""

    kind: str  # "rss" | "atom" | "rdf" | "json" | "sitemap" | "page"
    title: str | None
    site_url: str | None
    entries: tuple[ParsedEntry, ...]
    pieces: frozenset[str] = frozenset()  # hashes of all pieces in the body, known ones included
    total: int = 0  # entries in the body, known ones included
    whole: bool = True  # False when only the unknown pieces were parsed
    hints: PublisherHints = field(default_factory=PublisherHints)
    hub_url: str | None = None  # WebSub
    self_url: str | None = None
    language: str | None = None
    warnings: tuple[str, ...] = ()  # short English sentences, e.g. "junk after the closing tag"
