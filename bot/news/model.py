"""What the news package hands to its neighbours: tags with their causes, and a headline ready to be matched."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

Direction = Literal["up", "down", "flat"]
EVERYTHING: Final = "all:headlines"  # a facet that every headline has, so that `*` is indexed like any other term


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag and the words of the headline that caused it (as written there)."""

    slug: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tags:
    """What a headline is about. `direction_words` are the words that decided the direction."""

    minerals: tuple[Tag, ...] = ()
    topics: tuple[Tag, ...] = ()
    direction: Direction | None = None
    direction_words: tuple[str, ...] = ()
    tickers: tuple[Tag, ...] = ()

    @property
    def mineral_slugs(self) -> tuple[str, ...]:
        return tuple(tag.slug for tag in self.minerals)

    @property
    def topic_slugs(self) -> tuple[str, ...]:
        return tuple(tag.slug for tag in self.topics)

    @property
    def ticker_symbols(self) -> tuple[str, ...]:
        return tuple(tag.slug for tag in self.tickers)


@dataclass(frozen=True, slots=True)
class Document:
    """A headline as the matcher sees it.

    words: folded singular words in order (`text.words`); raw: the folded words with their endings, same length,
    for prefix terms; facets: "mineral:gold", "list:us-2025", "topic:policy", "direction:up", "source:mining.com",
    "ticker:NEM" (value folded), closed over groups and lists.
    """

    words: tuple[str, ...]
    raw: tuple[str, ...]
    facets: frozenset[str] = field(default_factory=frozenset)


def tags_to_json(tags: Tags) -> dict[str, object]:
    """Tags as JSON for storage, causes included; empty parts are left out."""

    def pairs(found: tuple[Tag, ...]) -> list[list[object]]:
        return [[tag.slug, list(tag.words)] for tag in found]

    stored: dict[str, object] = {}
    if tags.minerals:
        stored["minerals"] = pairs(tags.minerals)
    if tags.topics:
        stored["topics"] = pairs(tags.topics)
    if tags.tickers:
        stored["tickers"] = pairs(tags.tickers)
    if tags.direction:
        stored["direction"] = [tags.direction, list(tags.direction_words)]
    return stored


def tags_from_json(stored: dict[str, object] | None) -> Tags:
    """The tags that `tags_to_json` made; no tags for None."""

    def tuples(name: str) -> tuple[Tag, ...]:
        found = (stored or {}).get(name)
        rows = found if isinstance(found, list) else []
        return tuple(Tag(str(slug), tuple(map(str, words))) for slug, words in rows)

    direction = (stored or {}).get("direction")
    way: Direction | None = None
    words: tuple[str, ...] = ()
    if isinstance(direction, list) and direction and direction[0] in ("up", "down", "flat"):
        way, words = direction[0], tuple(map(str, direction[1]))
    return Tags(tuples("minerals"), tuples("topics"), way, words, tuples("tickers"))
