"""Matching: the index of matcher.py against a plain loop over every query, compiled, on the same headlines.

Queries and headlines are made up from a seed: the head of the vocabulary is what fills mining headlines, the tail is
invented names of companies, mines and places, since that is what most alerts name. One query in eight is on tags alone
or begins with a prefix; ORs, phrases and exclusions are in the mix.
"""

from __future__ import annotations

import gc
import re
from itertools import islice
from math import inf
from random import Random
from statistics import median, quantiles
from time import thread_time
from typing import TYPE_CHECKING, Final

from bot.bench.model import Row
from bot.news import query, tree, vocabulary
from bot.news.document import Reading
from bot.news.matcher import Matcher
from bot.news.model import Document
from bot.news.rarity import rate
from bot.news.text import raw_words, singular

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bot.news.query import Query

_HEAD: Final = [
    "gold", "price", "mining", "copper", "mine", "miner", "market", "silver", "stock", "share", "china",
    "record", "high", "low", "rise", "fall", "drop", "rally", "demand", "supply", "deal", "project", "output",
    "production", "lithium", "uranium", "nickel", "zinc", "iron", "ore", "strike", "tariff", "export", "ban",
    "bank", "central", "fed", "rate", "dollar", "profit", "loss", "drill", "result", "permit", "court", "stake",
    "merger", "offer", "plant", "smelter", "ounce", "ton", "tonne", "forecast", "guidance", "quarter", "chile",
    "peru", "indonesia", "canada", "australia", "russia", "congo", "zambia", "mexico", "brazil", "africa",
]  # fmt: skip
_SMALL: Final = ["the", "of", "to", "in", "for", "and", "on", "as", "at", "with", "from", "by"]
_MINERALS: Final = [
    "gold", "silver", "copper", "lithium", "uranium", "nickel", "zinc", "iron_ore", "platinum", "palladium",
    "cobalt", "graphite", "tin", "aluminium",
]  # fmt: skip
_TAIL_SIZE: Final = 20_000
_HEADLINES: Final = 2_000
_WARM_UP: Final = 10  # calls before the interpreter has specialised a function
_ROUNDS: Final = 5


class _Maker:
    """Endless distinct queries, and headlines that may match them; the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        syllables = [a + b for a in "bcdfgklmnprtvz" for b in ("a", "e", "i", "o", "u", "an", "or", "el")]
        names = {"".join(self.random.choices(syllables, k=3)) for _ in range(_TAIL_SIZE)}
        self.tail = sorted(names)
        self.random.shuffle(self.tail)
        self.middle = [a + b for a in syllables for b in ("ster", "tion", "ment", "ling")] + self.tail[:1_500]
        self.known = vocabulary.default()
        self.topics = sorted(self.known.topics)
        self.lists = sorted(self.known.lists)
        self.minerals = [mineral for mineral in _MINERALS if mineral in self.known.slugs]

    def head(self) -> str:
        return _HEAD[min(int(self.random.expovariate(1 / 18)), len(_HEAD) - 1)]

    def mid(self) -> str:
        return self.random.choice(self.middle)

    def name(self) -> str:
        return self.random.choice(self.tail)

    def text(self) -> str:
        pick, head, name = self.random.choice, self.head, self.name
        mineral, topic = f"mineral:{pick(self.minerals)}", f"topic:{pick(self.topics)}"
        match self.random.randrange(16):
            case 0 | 1:
                return name()
            case 2 | 3 | 4:
                return f"{head()} {name()}"
            case 5 | 6:
                return f'"{name()} {head()}"'
            case 7 | 8:
                return f"{mineral} {name()}"
            case 9:
                return f"{mineral} {topic} direction:{pick(('up', 'down'))} list:{pick(self.lists)}"
            case 10:
                return f"{name()[:5]}* {head()}"
            case 11:
                return f"{mineral} ({name()} OR {self.mid()}) -{head()}"
            case 12:
                return f"{head()} ({name()} OR {name()} OR {name()})"
            case 13:
                return f"{name()} -{head()}"
            case 14:
                return f"{head()} {self.mid()} {head()}"
            case _:
                return f'{topic} "{head()} {self.mid()}" -{name()}'

    def queries(self) -> Iterator[Query]:
        seen: set[Query] = set()
        while True:
            one = query.parse(self.text(), self.known)
            if one not in seen:
                seen.add(one)
                yield one

    def common(self) -> Iterator[Query]:
        """The hard case: nothing but common words, two to four of them."""
        seen: set[Query] = set()
        while True:
            one = query.parse(" ".join(self.head() for _ in range(self.random.randint(2, 4))), self.known)
            if one not in seen:
                seen.add(one)
                yield one

    def headline(self) -> Document:
        pick = self.random
        words = [self.head() for _ in range(pick.randint(2, 4))] + pick.sample(_SMALL, 2)
        words += [self.mid() for _ in range(pick.randint(2, 4))] + [self.name(), self.name()]
        pick.shuffle(words)
        raw = raw_words(" ".join(words))
        facets = {f"topic:{self.random.choice(self.topics)}", "source:mining.com", "source:mining"}
        facets |= self.known.about(self.random.choice(self.minerals))
        facets.add(f"direction:{self.random.choice(('up', 'down', 'flat'))}")
        return Document(tuple(map(singular, raw)), tuple(raw), frozenset(facets))


def run(quick: bool = False) -> list[Row]:
    """Measure. quick: ten times fewer queries, for a smoke test; the full run takes about a minute."""
    size = 10_000 if quick else 100_000
    maker = _Maker(seed=2026)
    headlines = [maker.headline() for _ in range(_HEADLINES)]
    queries = list(islice(maker.queries(), size + 2_000))
    spare, queries = queries[size:], queries[:size]
    gc.collect()
    gc.freeze()  # a hundred thousand trees would otherwise be walked by the collector while the clock runs
    try:
        index = _filled(queries)
        few = headlines[:7]  # a loop asks every query of every headline alike
        small_p50, p50, loop_p50, expression_p50 = _p50s(
            (_filled(queries[: size // 10]).match, headlines),
            (index.match, headlines),
            (_loop(queries), few),
            (_expression_loop(queries), few),
        )
        (regex_p50,) = _p50s((_regex_loop(queries), headlines[:5]))
        add, remove = _churn(index, spare)
        hard = list(islice(maker.common(), size // 10))
        hard_p50, hard_loop = _p50s((_filled(hard).match, headlines), (_loop(hard), headlines[:21]))
    finally:
        gc.unfreeze()
    n = f"{size:,} distinct queries"
    return [
        Row(f"match a headline, {n}", p50, "µs p50", "loop over compiled queries", loop_p50, loop_p50 / p50),
        Row(
            f"match a headline, {n}", p50, "µs p50", "loop over one Python expression per query",
            expression_p50, expression_p50 / p50, "the fastest loop there is: eval once, no calls inside",
        ),
        Row(
            f"match a headline, {n}", p50, "µs p50", "loop over one regex per query", regex_p50, regex_p50 / p50,
            "the regex looks for one required word of the query: less than a match, the usual way of bots",
        ),
        Row(
            "growth with ten times the queries", p50, "µs p50", f"{size // 10:,} queries", small_p50, p50 / small_p50,
            "ratio is growth: at most 3 is the target",
        ),
        Row(
            f"match a headline, {len(hard):,} ANDs of common words", hard_p50, "µs p50",
            "loop over compiled queries", hard_loop, hard_loop / hard_p50,
        ),
        Row(f"add a query, {n}", add, "µs p99", "target", 100.0, 100.0 / add),
        Row(f"remove a query, {n}", remove, "µs p99", "target", 100.0, 100.0 / remove),
        _fan_out(size, headlines[0]),
    ]  # fmt: skip


def _filled(queries: Sequence[Query]) -> Matcher:
    matcher = Matcher()
    for key, one in enumerate(queries):
        matcher.add(key, one)
    return matcher


def _loop(queries: Sequence[Query]) -> Callable[[Document], list[Query]]:
    tests = [(one, one.test) for one in queries]

    def match(document: Document) -> list[Query]:
        reading = Reading(document)
        return [one for one, test in tests if test(reading)]

    return match


def _expression_loop(queries: Sequence[Query]) -> Callable[[Document], list[Query]]:
    tests = [(one, eval(f"lambda words, facets, line: {_expression(one.root)}")) for one in queries]

    def match(document: Document) -> list[Query]:
        reading = Reading(document)
        words, facets, line = reading.words, reading.facets, reading.line
        return [one for one, test in tests if test(words, facets, line)]

    return match


def _expression(node: tree.Node) -> str:
    match node:
        case tree.Not(leaf):
            return f"not {_expression(leaf)}"
        case tree.And(parts):
            return f"({' and '.join(map(_expression, parts))})"
        case tree.Or(parts):
            return f"({' or '.join(map(_expression, parts))})"
        case tree.Word(word):
            return f"{word!r} in words"
        case tree.Facet(facet):
            return f"{facet!r} in facets"
        case tree.Prefix(start):
            return f"{' ' + start!r} in line"
        case tree.Phrase(words):
            return f"{f' {chr(32).join(words)} '!r} in line"


def _regex_loop(queries: Sequence[Query]) -> Callable[[Document], int]:
    terms = (str(next(tree.leaves(one.root))) for one in queries)
    first = [re.compile(rf"\b{re.escape(raw_words(term)[-1])}\b") for term in terms]
    return lambda document: sum(1 for pattern in first if pattern.search(" ".join(document.words)))


def _p50s(*contenders: tuple[Callable[[Document], object], Sequence[Document]]) -> list[float]:
    """The median CPU microseconds for one headline, of each contender with its headlines.

    They take turns, in rounds, and of each headline the best round counts. A lookup reads memory all over the place, a
    loop from front to back: when a neighbour's work empties the processor's caches, the one loses twofold and the other
    little, so that a single pass measured the neighbour (ratios from 750 to 2,000). Between two rounds of one headline
    lie all the others: what it left in the caches is gone, as it is when headlines come from feeds.
    """
    best = [[inf] * len(headlines) for _, headlines in contenders]
    for match, headlines in contenders:
        for document in headlines[:_WARM_UP]:
            match(document)
    for _ in range(_ROUNDS):
        for (match, headlines), times in zip(contenders, best, strict=True):
            for at, document in enumerate(headlines):
                start = thread_time()
                match(document)
                times[at] = min(times[at], thread_time() - start)
    return [median(times) * 1e6 for times in best]


def _churn(index: Matcher, queries: Sequence[Query]) -> tuple[float, float]:
    """The 99th percentile of adding and of removing, in microseconds; of each query the best round counts.

    One call in a hundred is interrupted on a busy machine, and that is all a 99th percentile of single calls shows.
    """
    adding, removing = [inf] * len(queries), [inf] * len(queries)
    for _ in range(_ROUNDS):
        rate.cache_clear()  # a new alert's words are new
        for key, one in enumerate(queries):
            start = thread_time()
            index.add(("spare", key), one)
            adding[key] = min(adding[key], thread_time() - start)
        for key in range(len(queries)):
            start = thread_time()
            index.remove(("spare", key))
            removing[key] = min(removing[key], thread_time() - start)
    return quantiles(adding, n=100)[98] * 1e6, quantiles(removing, n=100)[98] * 1e6


def _fan_out(size: int, document: Document) -> Row:
    """One query that everybody asked: one match and a walk over the keys, against a test for each subscription."""
    everybody = query.parse(document.words[0])
    index = Matcher()
    for key in range(size):
        index.add(key, everybody)

    def indexed(one: Document) -> int:
        return sum(len(part) for hit in index.match(one) for part in hit.chunks(1_000))

    value, naive = _p50s((indexed, [document] * 11), (_loop([everybody] * size), [document] * 11))
    return Row(f"fan out one query to {size:,}", value, "µs p50", "a test for each", naive, naive / value)
