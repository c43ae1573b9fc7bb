"""Finds the feeds a web page names or hints at, likeliest first. Whether an address answers is not asked here.

Order: what the page declares (link rel=alternate, WHATWG HTML §4.6.7.1), its links that look like feeds, then the
places where common publishing systems keep theirs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urljoin, urlsplit

from bot.feeds import charset, clean
from bot.feeds.links import canonical

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser

How = Literal["declared", "linked", "guessed"]
_TYPES: Final = {
    "application/rss+xml": 0, "application/atom+xml": 0, "application/rdf+xml": 1, "application/feed+json": 1,
    "application/xml": 3, "text/xml": 3, "application/json": 6,
}  # fmt: skip
_LOOKS: Final = re.compile(
    r"(?:^|[/_.-])(?:rss2?|atom|feeds?|rdf)(?:[/_.?-]|$)|\.(?:rss|atom|rdf)$|[?&](?:feed|format)=(?:rss|atom)",
    re.IGNORECASE,
)
_SAYS: Final = re.compile(r"\b(?:rss|atom|news ?feed|feeds?|flux)\b", re.IGNORECASE)
_LESSER: Final = re.compile(r"comment|kommentar|podcast|/tag/|/author/|/category/", re.IGNORECASE)
# Where WordPress, Drupal, Ghost, Hugo, Jekyll, Blogger, Joomla, Squarespace and news systems put theirs.
_PATHS: Final = (
    "feed/", "rss.xml", "feed.xml", "rss", "atom.xml", "index.xml", "rss/", "feed", "feeds/posts/default", "feed.json",
    "?format=feed&type=rss", "?format=rss", "news/feed/", "news/rss", "news-sitemap.xml", "sitemap-news.xml",
)  # fmt: skip
_SERVICES: Final = ("facebook.com", "twitter.com", "x.com", "linkedin.com", "feedly.com", "netvibes.com", "yahoo.com")
_MOST_LINKS: Final = 3000
_MOST_FOUND: Final = 20


@dataclass(frozen=True, slots=True)
class Candidate:
    """url: absolute; title: as the page calls it, or ""; how it was found. In a list, the likelier stands first."""

    url: str
    title: str
    how: How


def discover(body: bytes | str, url: str, *, content_type: str | None = None) -> list[Candidate]:
    """The candidates of one page, at most twenty, each address once: declared, linked, and then guessed ones."""
    from selectolax.lexbor import LexborHTMLParser  # needed in the parser's process only

    tree = LexborHTMLParser(charset.decode(body, content_type).text if isinstance(body, bytes) else body)
    base_node = tree.css_first("base[href]")
    base = clean.address(base_node.attributes.get("href"), url) if base_node else None
    found = [*_declared(tree, base or url), *_linked(tree, base or url)]
    found.sort(key=lambda pair: pair[0])
    unique: dict[str, Candidate] = {}
    for _, candidate in found:
        unique.setdefault(canonical(candidate.url), candidate)
    for candidate in common(url):
        unique.setdefault(canonical(candidate.url), candidate)
    return list(unique.values())[:_MOST_FOUND]


def common(url: str) -> list[Candidate]:
    """The usual places, below the page itself first and then below the site's root; for a page that names no feed."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return []
    root = f"{parts.scheme}://{parts.netloc}/"
    here = urljoin(root, parts.path if parts.path.endswith("/") else parts.path + "/")
    found: dict[str, Candidate] = {}
    for base, paths in ((here, _PATHS[:3]), (root, _PATHS)):
        for path in paths:
            address = urljoin(base, path)
            found.setdefault(address, Candidate(address, "", "guessed"))
    return list(found.values())


def _declared(tree: LexborHTMLParser, base: str) -> list[tuple[int, Candidate]]:
    found: list[tuple[int, Candidate]] = []
    for node in tree.css("link[href]")[:_MOST_LINKS]:
        relations = (node.attributes.get("rel") or "").lower().split()
        kind = (node.attributes.get("type") or "").partition(";")[0].strip().lower()
        rank = _TYPES.get(kind)
        if rank is None or not {"alternate", "feed"} & set(relations) or "stylesheet" in relations:
            continue
        href = node.attributes.get("href") or ""
        address = clean.address(re.sub(r"^feed:(?://)?", "https://", href) if href.startswith("feed:") else href, base)
        if not address or (rank == 6 and not _LOOKS.search(address)) or "oembed" in address:
            continue
        title = clean.text(node.attributes.get("title") or "", 100)
        lesser = 2 if _LESSER.search(address + " " + title) else 0
        found.append((rank + lesser, Candidate(address, title, "declared")))
    return found


def _linked(tree: LexborHTMLParser, base: str) -> list[tuple[int, Candidate]]:
    found: list[tuple[int, Candidate]] = []
    for node in tree.css("a[href]")[:_MOST_LINKS]:
        href = (node.attributes.get("href") or "").strip()
        scheme = href.startswith("feed:")
        address = clean.address(re.sub(r"^feed:(?://)?", "https://", href) if scheme else href, base)
        if not address or address.partition("#")[0] == base:
            continue
        parts = urlsplit(address)
        host = parts.hostname or ""
        if host.endswith(_SERVICES):
            continue
        title = clean.text(node.text(separator=" ") or node.attributes.get("title") or "", 100)
        looks = bool(_LOOKS.search(parts.path + ("?" + parts.query if parts.query else ""))) or host.startswith(
            ("feeds.", "rss.")
        )
        says = bool(_SAYS.search(title)) or "rss" in (node.attributes.get("class") or "").lower()
        if scheme or (looks and says):
            rank = 10
        elif looks:
            rank = 12
        elif says and len(title) < 30:
            rank = 15
        else:
            continue
        if _LESSER.search(address):
            rank += 2
        found.append((rank, Candidate(address, title, "linked")))
    return found
