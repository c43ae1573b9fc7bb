"""Turns the body of an answer into a ParsedFeed: RSS, Atom and RDF by feedparser, the other kinds by their own modules.

Synchronous and without a time limit of its own: the program calls it through `worker.ParserPool`. It opens nothing
and fetches nothing.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

import feedparser

from bot.feeds import charset, entry, jsonfeed, page, pieces, sitemap
from bot.feeds import shell as shells
from bot.feeds.mend import mend
from bot.feeds.model import Fault, FaultKind, FeedError, ParsedEntry, ParsedFeed

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

_FIRST: Final = re.compile(r"<([A-Za-z_][\w.:-]*)")
_SKIPPED: Final = re.compile(r"\s+|<\?[^>]*>|<!--.*?-->|<!DOCTYPE(?:[^\[>]|\[[^\]]*\])*>", re.DOTALL | re.IGNORECASE)
_HTML: Final = frozenset(
    {"html", "head", "body", "div", "script", "meta", "title", "p", "br", "b", "table", "h1", "center", "style"}
)
# A feed wrapped into a page, as one recorded publisher serves it.
_EMBEDDED: Final = re.compile(r"<(?:rss\s[^<>]*version|feed\s[^<>]*xmlns|rdf:RDF\s[^<>]*xmlns)\s*=", re.IGNORECASE)
_STAMP: Final = re.compile(rb"<(lastBuildDate|pubDate|updated|dc:date)>[^<]{0,80}</\1>")
_SHELLS: Final[OrderedDict[bytes, shells.Shell]] = OrderedDict()
_SHELLS_KEPT: Final = 4096


def parse(
    body: bytes,
    *,
    content_type: str | None = None,
    url: str = "",
    known: Collection[str] = frozenset(),
    zone: str | None = None,
    now: datetime | None = None,
    rule: str | None = None,
) -> ParsedFeed:
    """The feed in `body`.

    url: the final address, from which relative links start. known: piece hashes already stored; entries of these
    pieces are left out. zone: IANA name for dates without one. now: aware; dates over a day after it are dropped.
    rule: a listing page's rule (`page.Rule.dumps`); without it HTML is not a feed. Raises FeedError: NOT_A_FEED, or
    PARSE where even the loose parser gives up.
    """
    if not body.strip():
        raise not_a_feed("The answer is empty; check the address.")
    decoded = charset.decode(body, content_type)
    start = decoded.text[:1].strip() or decoded.text.lstrip()[:1]
    if start == "{":
        return jsonfeed.parse(decoded.text, url=url, zone=zone, now=now)
    name = _first_element(decoded.text)
    local = name.rpartition(":")[2].lower()
    if local in {"urlset", "sitemapindex"}:
        return sitemap.parse(decoded.text.encode(), url=url, zone=zone, now=now)
    if local in _HTML and not _EMBEDDED.search(decoded.text, 0, 20_000):
        if rule:
            return page.parse(decoded.text, rule=page.Rule.loads(rule), url=url, zone=zone, now=now)
        raise not_a_feed("That is a web page, not a feed; give the feed's own address, or let discovery look for one.")
    if local == "opml":
        raise not_a_feed("That is an OPML list of feeds; import it instead of adding it.")
    return _Xml(decoded, url, zone, now, known).parse()


def not_a_feed(detail: str) -> FeedError:
    return FeedError(Fault(FaultKind.NOT_A_FEED, detail))


def _first_element(text: str) -> str:
    position = 0
    while skipped := _SKIPPED.match(text, position):
        position = skipped.end()
    first = _FIRST.search(text, position, position + 4096)
    return first.group(1) if first else ""


class _Xml:
    """One RSS, Atom or RDF body on its way through feedparser."""

    def __init__(
        self, decoded: charset.Decoded, url: str, zone: str | None, now: datetime | None, known: Collection[str]
    ) -> None:
        self.url = url
        self.zone = zone
        self.now = now
        self.warnings = list(decoded.warnings)
        self.known = known
        self.data = decoded.text.encode("utf-8", "ignore")
        self.cut = pieces.cut(self.data, known)
        if isinstance(self.cut, pieces.Odd) and not self.cut.well_formed:
            text, repairs = mend(decoded.text)
            if repairs:
                self.warnings += repairs
                self.data = text.encode("utf-8", "ignore")
                self.cut = pieces.cut(self.data, known)

    def parse(self) -> ParsedFeed:
        cut = self.cut
        if isinstance(cut, pieces.Cut) and self.known:
            unknown = [i for i, h in enumerate(cut.hashes) if h not in self.known]
            if len(unknown) < len(cut.hashes):
                found = self._some(cut, unknown)
                if found:
                    return found
        return self._whole()

    def _some(self, cut: pieces.Cut, unknown: Sequence[int]) -> ParsedFeed | None:
        """Only the unknown pieces; None when feedparser sees them otherwise than we cut them."""
        source = cut.shell()
        # Without its time stamps, and without the blanks between pieces: what stays the same from poll to poll.
        lasting = b" ".join(_STAMP.sub(b"", source).split())
        key = hashlib.blake2b(lasting + self.url.encode("utf-8", "replace"), digest_size=16).digest()
        shell = _SHELLS.get(key)
        raw: list[dict[str, Any]] = []
        if shell is None or unknown:
            result = _feedparser(cut.document(unknown, around=shell is None))
            raw = result["entries"]
            if result.get("bozo") or len(raw) != len(unknown):
                return None
            if shell is None:
                shell = shells.read(result.get("version") or "", result["feed"], source, self.url)
                _remember(key, shell)
        entries = self._entries(raw, [cut.hashes[i] for i in unknown], shell)
        return self._feed(shell, entries, frozenset(cut.hashes), len(cut.hashes), whole=False)

    def _whole(self) -> ParsedFeed:
        result = _feedparser(self.data)
        raw: list[dict[str, Any]] = result["entries"]
        version = result.get("version") or ""
        if not raw and not version and not result["feed"].get("title"):
            raise not_a_feed("No feed was found in the answer; check the address.")
        cut = self.cut
        if isinstance(cut, pieces.Odd) and not cut.well_formed:
            self.warnings.append(f"the XML is not well-formed ({cut.reason}); read all the same")
        hashes: Sequence[str | None] = [None] * len(raw)
        source = self.data
        if isinstance(cut, pieces.Cut):
            source = cut.shell()
            if len(cut.hashes) == len(raw) and not result.get("bozo"):
                hashes = cut.hashes
        shell = shells.read(version, result["feed"], source[:200_000], self.url)
        entries = self._entries(raw, hashes, shell)
        return self._feed(shell, entries, frozenset(h for h in hashes if h), len(raw), whole=True)

    def _entries(
        self, raw: Sequence[dict[str, Any]], hashes: Sequence[str | None], shell: shells.Shell
    ) -> tuple[ParsedEntry, ...]:
        base = self.url or shell.site_url or ""
        return tuple(
            entry.convert(one, base=base, zone=self.zone, now=self.now, piece=piece)
            for one, piece in zip(raw, hashes, strict=True)
        )

    def _feed(
        self, shell: shells.Shell, entries: tuple[ParsedEntry, ...], hashes: frozenset[str], total: int, *, whole: bool
    ) -> ParsedFeed:
        return ParsedFeed(
            kind=shell.kind,
            title=shell.title,
            site_url=shell.site_url,
            entries=entries,
            pieces=hashes,
            total=total,
            whole=whole,
            hints=shell.hints,
            hub_url=shell.hub_url,
            self_url=shell.self_url,
            language=shell.language,
            warnings=tuple(dict.fromkeys(self.warnings)),
        )


# feedparser asks for a parser that has not existed since Python 2, and pays for a failed import at every call.
feedparser.api.PREFERRED_XML_PARSERS[:] = []


def _feedparser(data: bytes) -> dict[str, Any]:
    # A stream, always: feedparser opens byte strings as local files and fetches text strings that look like URLs.
    # Its HTML sanitiser is quadratic on unclosed comments, and posts are plain text anyway.
    try:
        result: dict[str, Any] = feedparser.parse(
            io.BytesIO(b"<?xml version='1.0' encoding='utf-8'?>\n" + data),
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except MemoryError:
        raise
    except Exception as error:
        # feedparser's loose parser raises many kinds on text that no publisher writes; each found is mended upstream
        # of it (charset.without_forbidden), and the rest must read as a fault of the feed.
        raise FeedError(Fault(FaultKind.PARSE, "The feed is too badly formed to be read.")) from error
    return result


def _remember(key: bytes, shell: shells.Shell) -> None:
    _SHELLS[key] = shell
    while len(_SHELLS) > _SHELLS_KEPT:
        _SHELLS.popitem(last=False)
