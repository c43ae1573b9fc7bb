"""Follows a news listing page that has no feed: finds its repeated link blocks, and reads them by an accepted rule.

A rule is proposed from one reading of the page, previewed to a moderator, stored as text, and watched: when it stops
finding what it found, the page counts as changed (FeedError NOT_A_FEED) rather than as silent. robots.txt and fetching
are others' business.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from bot.feeds import charset, clean, dates
from bot.feeds.links import canonical
from bot.feeds.model import Fault, FaultKind, FeedError, ParsedEntry, ParsedFeed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from selectolax.lexbor import LexborHTMLParser, LexborNode

_MOST_LINKS: Final = 3000
_MOST_ENTRIES: Final = 200
_LEAST_BLOCKS: Final = 3
_ANCESTORS: Final = 4
_SHORTEST, _LONGEST = 18, 220  # characters of a title that could be a headline; "Read more" and paragraphs are not
_PREVIEW: Final = 5
_PROPOSALS: Final = 3
_FEWER: Final = 0.34  # of the blocks found when the rule was accepted: less means the page has changed
_FURNITURE: Final = frozenset({"nav", "footer", "header", "form"})
_FURNITURE_NAME: Final = re.compile(
    r"(?:^|[-_ ])(?:nav|navbar|menu|footer|breadcrumbs?|cookie|sidebar|social|tags?|pagination|pager)(?:$|[-_ ])",
    re.IGNORECASE,
)
_CLASS: Final = re.compile(r"[A-Za-z][A-Za-z_-]{1,40}\Z")
_SELECTOR: Final = re.compile(r"[a-z][a-z0-9]*(?:\.[A-Za-z_-]+)*(?: > [a-z][a-z0-9]*(?:\.[A-Za-z_-]+)*){0,8}\Z")
_DATE_IN_TEXT: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2})?|\d{1,2}\.\d{1,2}\.\d{4}"
    r"|\d{1,2}(?:st|nd|rd|th)?\.? (?:de )?[^\W\d_]{3,10}\.?,? (?:de )?\d{4}"
    r"|[^\W\d_]{3,10}\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4}"
)


@dataclass(frozen=True, slots=True)
class Rule:
    """css: selects the title links; blocks and length: how many and how long (median) when the rule was accepted."""

    css: str
    blocks: int
    length: int

    def dumps(self) -> str:
        return json.dumps({"css": self.css, "blocks": self.blocks, "length": self.length})

    @classmethod
    def loads(cls, stored: str) -> Rule:
        """From `dumps`. Raises FeedError (NOT_A_FEED) when it is something else."""
        try:
            found = json.loads(stored)
            rule = cls(str(found["css"]), int(found["blocks"]), int(found["length"]))
        except (ValueError, KeyError, TypeError) as error:
            raise _not_a_feed("The stored rule for this page cannot be read; add the page again.") from error
        if not _SELECTOR.match(rule.css):
            raise _not_a_feed("The stored rule for this page is not one of ours; add the page again.")
        return rule


@dataclass(frozen=True, slots=True)
class Proposal:
    """A rule and the first headlines it finds, as (title, address), for a person to accept or refuse."""

    rule: Rule
    preview: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Link:
    node: LexborNode
    title: str
    url: str


def propose(body: bytes | str, url: str, *, content_type: str | None = None) -> list[Proposal]:
    """At most three rules for a page, likeliest first; empty when nothing on it repeats like a list of headlines."""
    tree = _tree(body, content_type)
    groups: defaultdict[str, dict[str, _Link]] = defaultdict(dict)
    for link in _links(tree, url):
        signature = _signature(link.node)
        if signature:
            groups[signature].setdefault(canonical(link.url), link)
    ranked = sorted(
        ((score, css) for css, links in groups.items() if (score := _score(list(links.values()), url)) > 0),
        reverse=True,
    )
    proposals: list[Proposal] = []
    for _, css in ranked[:_PROPOSALS]:
        found = list(groups[css].values())
        rule = Rule(css, len(found), int(median(len(link.title) for link in found)))
        proposals.append(Proposal(rule, tuple((link.title, link.url) for link in found[:_PREVIEW])))
    return proposals


def parse(
    body: bytes | str, *, rule: Rule, url: str, zone: str | None = None, now: datetime | None = None
) -> ParsedFeed:
    """The page's headlines by an accepted rule. Raises FeedError (NOT_A_FEED) when the page has drifted from it."""
    tree = _tree(body, None)
    found: dict[str, _Link] = {}
    for link in _links(tree, url, rule.css):
        if len(found) >= _MOST_ENTRIES:
            break
        found.setdefault(canonical(link.url), link)
    links = list(found.values())
    drift = drifted(rule, [link.title for link in links])
    if drift:
        raise _not_a_feed(drift)
    own = {link.node.mem_id for link in links}
    heading = tree.css_first("title")
    return ParsedFeed(
        kind="page",
        title=clean.text(heading.text(), 300) or None if heading else None,
        site_url=url or None,
        entries=tuple(_entry(link, own, url, zone, now) for link in links),
        total=len(links),
    )


def drifted(rule: Rule, titles: list[str]) -> str | None:
    """Why the page no longer looks as it did when the rule was accepted, for a moderator; None while it does."""
    if len(titles) < max(1, round(rule.blocks * _FEWER)):
        return (
            f"The page has changed: {len(titles)} headlines where there were {rule.blocks}. "
            "Remove and add it again to follow its new layout."
        )
    length = median(map(len, titles))
    if length > rule.length * 3 or length * 3 < rule.length:
        return "The page has changed: what stood where its headlines were is of another kind. Remove and add it again."
    return None


def _tree(body: bytes | str, content_type: str | None) -> LexborHTMLParser:
    from selectolax.lexbor import LexborHTMLParser  # needed in the parser's process only

    return LexborHTMLParser(charset.decode(body, content_type).text if isinstance(body, bytes) else body)


def _links(tree: LexborHTMLParser, url: str, css: str = "a") -> Iterator[_Link]:
    here = canonical(url)
    for number, node in enumerate(tree.css(css)):
        if number >= _MOST_LINKS:
            return
        address = clean.address(node.attributes.get("href"), url)
        if not address or canonical(address) == here:
            continue
        title = clean.visible(node.text(separator=" ") or node.attributes.get("title") or "")
        if _SHORTEST <= len(title) <= _LONGEST and " " in title:
            yield _Link(node, title, address)


def _signature(node: LexborNode) -> str | None:
    """The link's place in the page as a selector; None inside navigation, footers and forms."""
    steps: list[str] = []
    current: LexborNode | None = node
    depth = 0
    while current is not None and current.tag not in ("html", None):
        names = (current.attributes.get("class") or "").split()
        marker = " ".join([current.tag or "", *names, current.attributes.get("id") or ""])
        if current.tag in _FURNITURE or _FURNITURE_NAME.search(marker):
            return None
        if depth <= _ANCESTORS and re.fullmatch(r"[a-z][a-z0-9]*", current.tag or ""):
            stable = sorted(name for name in names if _CLASS.match(name))[:3]
            steps.append(".".join([current.tag or "", *stable]))
        current = current.parent
        depth += 1
        if depth > 40:
            break
    return " > ".join(reversed(steps))


def _score(links: list[_Link], url: str) -> float:
    """More blocks, headline-like lengths, addresses like articles' on the page's own host; 0 when it is no list."""
    if len(links) < _LEAST_BLOCKS:
        return 0.0
    host = urlsplit(url).hostname or ""
    length = median(len(link.title) for link in links)
    own = sum(1 for link in links if (urlsplit(link.url).hostname or "").endswith(host.removeprefix("www.")))
    deep = sum(1 for link in links if re.search(r"\d{3,}|[a-z]+-[a-z]+-[a-z]+", urlsplit(link.url).path.lower()))
    shape = 1.0 if 30 <= length <= 130 else 0.4
    headed = 1.5 if any(step in _signature_tags(links[0].node) for step in ("h1", "h2", "h3", "h4", "article")) else 1.0
    count = min(len(links), 30)
    return count * shape * headed * (0.2 + own / len(links)) * (0.3 + deep / len(links))


def _signature_tags(node: LexborNode) -> set[str]:
    tags: set[str] = set()
    current: LexborNode | None = node
    for _ in range(_ANCESTORS + 1):
        if current is None:
            break
        tags.add(current.tag or "")
        current = current.parent
    return tags | {child.tag or "" for child in node.iter()}


def _entry(link: _Link, own: set[int], url: str, zone: str | None, now: datetime | None) -> ParsedEntry:
    block = _block(link.node, own)
    written = _date(block, link.title)
    paragraphs = [clean.text(p.text(separator=" "), clean.SUMMARY_LIMIT) for p in block.css("p")[:10]]
    images = (clean.picture(img.attributes.get("src"), url) for img in block.css("img")[:5])
    return ParsedEntry(
        guid=None,
        url=link.url,
        title=clean.title(link.title, link.url),
        summary=max((p for p in paragraphs if link.title not in p), key=len, default=""),
        image=next((image for image in images if image), None),
        published=dates.parse(written, zone=zone, now=now),
        published_raw=written or None,
    )


def _block(node: LexborNode, own: set[int]) -> LexborNode:
    """The largest ancestor that holds this headline only."""
    block = node
    for _ in range(_ANCESTORS + 2):
        parent = block.parent
        if parent is None or parent.tag in ("body", "html"):
            break
        if sum(1 for a in parent.css("a")[:100] if a.mem_id in own) > 1:
            break
        block = parent
    return block


def _date(block: LexborNode, title: str) -> str:
    stamp = block.css_first("time[datetime]")
    if stamp is not None:
        return clean.visible(stamp.attributes.get("datetime") or "")[:60]
    found = _DATE_IN_TEXT.search(block.text(separator=" ")[:3000].replace(title, " "))
    return re.sub(r"(?<=\d)(?:st|nd|rd|th)\b", "", clean.visible(found.group())) if found else ""


def _not_a_feed(detail: str) -> FeedError:
    return FeedError(Fault(FaultKind.NOT_A_FEED, detail))
