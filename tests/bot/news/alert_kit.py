"""What the alert tests share: a small vocabulary, headlines with tags, and strategies for queries and headlines."""

from __future__ import annotations

from hypothesis import strategies as st

from bot.news import document, query
from bot.news.model import Document, Tag, Tags
from bot.news.vocabulary import Vocabulary

KNOWN = Vocabulary(
    minerals={
        "gold": "gold", "au": "gold", "bullion": "gold", "or": "gold", "silver": "silver", "copper": "copper",
        "lithium": "lithium", "aluminium": "aluminium", "aluminum": "aluminium", "neodymium": "neodymium",
        "rare earths": "rare_earths", "REE": "rare_earths", "platinum": "platinum", "palladium": "palladium",
        "PGM": "platinum",
    },
    groups={
        "pgm": frozenset({"platinum", "palladium"}),
        "rare_earths": frozenset({"neodymium"}),
    },
    lists={
        "us-2025": frozenset({"copper", "neodymium"}),
        "us-2022": frozenset({"neodymium"}),
        "canada-2024": frozenset({"rare_earths", "pgm"}),
    },
)  # fmt: skip


def headline(
    title: str,
    minerals: str = "",
    topics: str = "",
    direction: str | None = None,
    tickers: str = "",
    source: str | None = None,
) -> Document:
    """A document; minerals, topics and tickers are slugs parted by spaces."""

    def tags(slugs: str) -> tuple[Tag, ...]:
        return tuple(Tag(slug, (slug,)) for slug in slugs.split())

    assert direction in ("up", "down", "flat", None)
    return document.build(
        title, Tags(tags(minerals), tags(topics), direction, (), tags(tickers)), source, KNOWN
    )  # fmt: skip


def parse(text: str) -> query.Query:
    return query.parse(text, KNOWN)


# Few words, so that random queries often match random headlines; some are prefixes of others, some meet as plurals.
WORDS = ["gold", "golden", "mine", "mines", "miner", "central", "bank", "banks", "copper", "co", "é", "黄", "金", "us"]
FACETS = ["mineral:gold", "mineral:pgm", "mineral:rare_earths", "list:us-2025", "topic:deals", "direction:up",
          "source:mining.com", "ticker:nem"]  # fmt: skip

_terms = st.one_of(
    st.sampled_from(WORDS),
    st.sampled_from(FACETS),
    st.sampled_from(["go*", "min*", "mine*", "golde*", "banks*", "copper*"]),
    st.lists(st.sampled_from(WORDS), min_size=2, max_size=5).map(lambda words: f'"{" ".join(words)}"'),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=2).map(lambda words: f'"{" ".join(words)} mi*"'),
)
# Any shape, excluded parts included; those that require nothing are for parse() to refuse.
query_texts = st.recursive(
    _terms,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=4).map(" ".join),
        st.lists(inner, min_size=2, max_size=4).map(lambda parts: f"({' OR '.join(parts)})"),
        inner.map(lambda part: f"NOT ({part})"),
    ),
    max_leaves=8,
)
documents = st.builds(
    lambda words, minerals, topics, direction, tickers, source: headline(
        " ".join(words), " ".join(minerals), " ".join(topics), direction, " ".join(tickers), source
    ),
    st.lists(st.sampled_from(WORDS), max_size=9),
    st.lists(st.sampled_from(["gold", "platinum", "neodymium", "copper"]), max_size=2),
    st.lists(st.sampled_from(["deals", "policy"]), max_size=1),
    st.sampled_from(["up", "down", None]),
    st.lists(st.sampled_from(["NEM", "ABX"]), max_size=1),
    st.sampled_from([None, "https://www.mining.com/feed", "kitco.com"]),
)


def parsed(text: str) -> query.Query | None:
    """The query, or None where parse() refuses it."""
    try:
        return parse(text)
    except query.QueryError:
        return None


queries = query_texts.map(parsed).filter(lambda one: one is not None)
