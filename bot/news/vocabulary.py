"""The names an alert may use after a field: minerals, groups, critical lists, topics, directions, sources, tickers.

Turns what a person wrote ("Aluminum", "REE", "M&A", "https://www.mining.com/feed") into a facet ("mineral:aluminium",
"topic:deals", "source:mining.com"), and closes a mineral over its groups and lists. It reads no headline and parses
no query.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal, get_args

from bot.news import text

if TYPE_CHECKING:
    from collections.abc import Mapping

Field = Literal["mineral", "list", "topic", "direction", "source", "ticker"]
FIELDS: Final[tuple[Field, ...]] = get_args(Field)

# The fields as people also write them. `site:` is what search engines call a source.
FIELD_ALIASES: Final[Mapping[str, Field]] = {
    **{field: field for field in FIELDS},
    "minerals": "mineral", "metal": "mineral", "metals": "mineral", "commodity": "mineral", "group": "mineral",
    "lists": "list", "topics": "topic", "dir": "direction", "move": "direction",
    "sources": "source", "site": "source", "feed": "source", "tickers": "ticker", "symbol": "ticker", "stock": "ticker",
}  # fmt: skip

TOPICS: Final = frozenset(
    ("earnings", "guidance", "exploration", "resource-estimate", "production", "supply-disruption",
     "supply-demand", "labour", "accident", "permits-courts", "policy", "tariffs",
     "export-controls", "deals", "financing", "etf-flows",
     "central-banks", "price-move", "price-target", "esg")
)  # fmt: skip
_TOPIC_ALIASES: Final = {
    "earnings": "results, profit", "guidance": "outlook, forecast", "exploration": "drilling, drill results, drill",
    "resource-estimate": "resources, reserves, reserve", "production": "output", "labour": "labor, strike, union",
    "supply-disruption": "supply, disruption, outage, force majeure", "accident": "safety, disaster",
    "supply-demand": "stocks, inventories, stockpiles, deficit, surplus, demand, balance",
    "permits-courts": "permits, courts, permitting, legal, lawsuit", "policy": "regulation, government",
    "tariffs": "duties, duty", "export-controls": "exports, export ban, export curbs",
    "deals": "m&a, mergers, takeover, acquisition", "financing": "funding, fundraising", "etf-flows": "etf",
    "central-banks": "central bank", "price-move": "moves, price moves", "price-target": "targets, target price",
    "esg": "environment, sustainability",
}  # fmt: skip
_DIRECTIONS: Final = {
    "up": "rise, rises, rising, higher, gain", "down": "fall, falls, falling, lower, loss",
    "flat": "steady, unchanged, sideways",
}  # fmt: skip

EXCHANGES: Final = frozenset(
    ("tsx", "tsxv", "cve", "nyse", "nysearca", "nasdaq", "amex", "asx", "lse", "lon", "aim", "otc", "otcqb", "otcqx",
     "otcmkts", "cse", "jse", "hkex")
)  # fmt: skip
# Second-level labels that belong to the registry, not to the publisher ("bbc.co.uk", "abc.net.au").
_REGISTRY: Final = frozenset(("co", "com", "net", "org", "gov", "ac", "edu"))
_HOST: Final = re.compile(r"(?:[a-z][a-z0-9+.-]*://)?(?:[^/@\s]*@)?([\w-]+(?:\.[\w-]+)+)(?:[:/?#]\S*)?")


class Vocabulary:
    """Names known to the alert language.

    minerals: name, symbol or synonym → slug; groups: group name → member slugs; lists: list slug → member slugs or
    group names; topics: topic slugs. All immutable after construction and safe to share.
    """

    __slots__ = ("_about", "_keys", "_prefixes", "groups", "lists", "slugs", "topics")

    def __init__(
        self,
        minerals: Mapping[str, str],
        groups: Mapping[str, frozenset[str]],
        lists: Mapping[str, frozenset[str]],
        topics: frozenset[str] = TOPICS,
    ) -> None:
        self.slugs = frozenset(minerals.values())
        self.groups = dict(groups)
        self.lists = dict(lists)
        self.topics = topics
        topic_names = {slug: slug for slug in topics}
        for slug, aliases in _TOPIC_ALIASES.items():
            if slug in topics:
                topic_names |= dict.fromkeys(aliases.split(", "), slug)
        # Later entries win: a slug or group means itself, whatever else is spelt the same.
        mineral_names = dict(minerals) | {name: name for name in (*sorted(self.slugs), *self.groups)}
        directions = {name: to for to, names in _DIRECTIONS.items() for name in (to, *names.split(", "))}
        self._keys: dict[Field, dict[str, str]] = {
            "mineral": _keyed(mineral_names),
            "list": _keyed({slug: slug for slug in self.lists}),
            "topic": _keyed(topic_names),
            "direction": _keyed(directions),
        }
        self._about = {slug: self._facets(slug) for slug in (*self.slugs, *self.groups)}

    def resolve(self, field: Field, value: str) -> str | None:
        """The facet a value means in a field ("topic", "m&a" → "topic:deals"), or None when the name is unknown.

        A topic may be shortened as far as it stays unambiguous (three letters at least). Sources and tickers are open
        sets: every value that holds a letter or digit is known.
        """
        if field == "source":
            name = source_name(value)
            return f"source:{name}" if name else None
        if field == "ticker":
            symbol = ticker_symbol(value)
            return f"ticker:{symbol}" if symbol else None
        names = self._keys[field]
        key = _key(value)
        slug = names.get(key)
        if slug is None and field == "topic" and len(key) >= 3:
            begun = {to for name, to in names.items() if name.startswith(key)}
            slug = begun.pop() if len(begun) == 1 else None
        return f"{field}:{slug}" if slug else None

    def suggest(self, field: Field, value: str, limit: int = 2) -> list[str]:
        """Known values that look like an unknown one, best first; at most `limit`."""
        names = self._keys.get(field)
        key = _key(value)
        if not names or not key:
            return []
        begun = {names[name] for name in names if len(key) > 1 and name.startswith(key)}
        if begun:  # newest list first: "us" most likely means the list in force
            return sorted(begun, reverse=field == "list")[:limit]
        return [names[name] for name in get_close_matches(key, names, n=1, cutoff=0.65)] if len(key) > 2 else []

    def values(self, field: Field) -> list[str]:
        """Every canonical value of a closed field, sorted (for autocomplete); empty for sources and tickers."""
        return sorted(set(self._keys.get(field, {}).values()))

    def about(self, slug: str) -> frozenset[str]:
        """The facets of a headline about this mineral: itself, its groups, and the lists it is on."""
        return self._about.get(slug) or frozenset({f"mineral:{slug}"})

    def _facets(self, slug: str) -> frozenset[str]:
        groups = {name for name, members in self.groups.items() if slug in members}
        # A list may name the group ("platinum group metals") where the headline names a member, and the other way
        # round ("rare earths" in the headline, neodymium on the list).
        listed_as = {slug, *groups, *self.groups.get(slug, ())}
        lists = {name for name, members in self.lists.items() if not listed_as.isdisjoint(members)}
        return frozenset({f"mineral:{name}" for name in {slug, *groups}} | {f"list:{name}" for name in lists})


def source_name(value: str) -> str:
    """A source as it is compared: the host of an address without "www.", else the folded name; may be empty."""
    folded = text.fold(value).strip()
    host = _HOST.fullmatch(folded)
    if host:
        return host[1].removeprefix("www.").strip(".")
    return " ".join(text.raw_words(folded.replace(",", " ")))


def source_facets(value: str) -> frozenset[str]:
    """What a source answers to: "https://feeds.mining.com/x" is feeds.mining.com, mining.com and mining."""
    name = source_name(value)
    if "." not in name:
        return frozenset({f"source:{name}"}) if name else frozenset()
    labels = name.split(".")
    own = 3 if len(labels) > 2 and labels[-2] in _REGISTRY and len(labels[-1]) == 2 else 2
    hosts = {".".join(labels[start:]) for start in range(max(1, len(labels) - own + 1))}
    return frozenset(f"source:{host}" for host in {*hosts, labels[-own]})


def ticker_symbol(value: str) -> str:
    """A ticker as it is compared: "TSX: ABX", "$abx" and "ABX" are abx; "BRK.B" keeps its class. Empty if no symbol."""
    last = text.fold(value).rpartition(":")[2]
    return re.sub(r"[^\w.-]", "", last).strip(".-_")


@lru_cache(maxsize=1)
def default() -> Vocabulary:
    """The vocabulary of the bundled minerals reference; read once, at first use."""
    from bot.minerals import catalogue  # put off: reading the reference takes longer than starting up should

    book = catalogue.load()
    names: dict[str, set[str]] = {}
    for mineral in book.minerals.values():
        for name in (mineral.name, mineral.symbol, *mineral.synonyms, *mineral.spellings, *mineral.names.values()):
            if name:
                names.setdefault(_key(name), set()).add(mineral.slug)
    # A name of two minerals ("brine", "C") means neither.
    clear = {name: next(iter(slugs)) for name, slugs in names.items() if len(slugs) == 1}
    clear |= {slug: slug for slug in book.minerals}
    lists = {slug: frozenset(critical.minerals) for slug, critical in book.lists.items()}
    return Vocabulary(clear, book.groups, lists, TOPICS)


def _key(name: str) -> str:
    """A name without regard to case, accents, plural, spaces, hyphens and underscores."""
    return "".join(text.words(name.replace("_", " ")))


def _keyed(names: Mapping[str, str]) -> dict[str, str]:
    return {_key(name): to for name, to in names.items() if _key(name)}
