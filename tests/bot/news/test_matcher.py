"""The index finds exactly what a loop over all queries finds, and stays right as queries come and go."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bot.bench import match as bench
from bot.news import matcher as matcher_module
from bot.news.matcher import Matcher
from tests.bot.news.alert_kit import documents, headline, parse, queries

if TYPE_CHECKING:
    from bot.news.model import Document
    from bot.news.query import Query


def found(index: Matcher, document: Document) -> set[object]:
    hits = index.match(document)
    assert len({hit.query for hit in hits}) == len(hits), "a query was found twice"
    return {key for hit in hits for key in hit.keys}


HARD_CASES = [
    # query, headlines that match, headlines that nearly do: one row for each way the index files a query
    ("gold -silver", ["gold"], ["gold silver", "silver"]),
    ("gold -(silver OR tin)", ["gold lead"], ["gold tin", "gold silver"]),
    ("gold -(silver tin)", ["gold", "gold tin"], ["gold silver tin"]),
    ('gold -"central bank governor of chile"', ["gold central bank governor"], ["gold central bank governor of chile"]),
    ("gold silver OR gold tin", ["gold silver", "gold tin"], ["gold", "silver tin"]),
    ("gold OR gold silver", ["gold", "gold silver"], ["silver"]),
    ("(gold OR silver) (tin OR lead)", ["gold lead", "silver tin"], ["gold silver", "tin lead"]),
    ("(a1 OR b1 OR c1) (a2 OR b2 OR c2) (a3 OR b3)", ["c1 b2 a3"], ["a1 b1 c1 a2 b2", "a3 a2"]),
    ('"one two three four five"', ["so one two three four five"], ["one two three four", "two three four five one"]),
    ('"central ban*"', ["central bank"], ["central", "bank central"]),
    ("explorat*", ["gold exploration"], ["explorer"]),
    ("mi*", ["miners"], ["m", "gold"]),
    ("batteries*", ["batteries"], ["battery"]),
    ("mineral:gold", [], ["gold"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "matching", "missing"), HARD_CASES, ids=[case[0] for case in HARD_CASES])
def test_every_way_of_filing(text: str, matching: list[str], missing: list[str]) -> None:
    index = Matcher()
    index.add("it", parse(text))
    assert [title for title in [*matching, *missing] if found(index, headline(title))] == matching


def test_nothing_is_left_of_queries_that_went() -> None:
    index = Matcher()
    for key, (text, _, _) in enumerate(HARD_CASES):
        index.add(key, parse(text))
    for key in range(len(HARD_CASES)):
        assert index.remove(key)
    assert not index._root.deeper


@settings(max_examples=300, deadline=None)
@given(st.lists(queries, max_size=40), st.lists(documents, min_size=1, max_size=8), st.sampled_from([1, 2, 4]))
def test_the_index_agrees_with_the_loop(many: list[Query], headlines: list[Document], full: int) -> None:
    original = matcher_module._FULL
    matcher_module._FULL = full  # type: ignore[misc]  # small branches split early, so few queries reach every path
    try:
        index = Matcher()
        for key, one in enumerate(many):
            index.add(key, one)
    finally:
        matcher_module._FULL = original  # type: ignore[misc]
    for document in headlines:
        assert found(index, document) == {key for key, one in enumerate(many) if one.matches(document)}


class ComingAndGoing(RuleBasedStateMachine):
    """Adds, removes and replaces in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.index = Matcher()
        self.model: dict[int, Query] = {}

    @rule(key=st.integers(0, 9), one=queries)
    def put(self, key: int, one: Query) -> None:
        if key in self.model:
            self.index.replace(key, one)
        else:
            self.index.add(key, one)
        self.model[key] = one

    @rule(key=st.integers(0, 9))
    def take_away(self, key: int) -> None:
        assert self.index.remove(key) is (self.model.pop(key, None) is not None)

    @rule(document=documents)
    def ask(self, document: Document) -> None:
        assert found(self.index, document) == {key for key, one in self.model.items() if one.matches(document)}

    @invariant()
    def nothing_is_left_behind(self) -> None:
        assert len(self.index) == len(self.model)
        assert self.index.distinct == len(set(self.model.values()))
        if not self.model:
            assert not self.index._root.deeper


TestComingAndGoing = ComingAndGoing.TestCase
TestComingAndGoing.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_equal_queries_are_one_and_their_keys_keep_their_order() -> None:
    index = Matcher()
    for key, text in {"c": "gold silver", "a": "silver gold", "b": "Silver AND golds"}.items():
        index.add(key, parse(text))
    (hit,) = index.match(headline("Silver and gold"))
    assert index.distinct == 1
    assert list(hit.keys) == ["c", "a", "b"]


def test_chunks_survive_changes_between_them() -> None:
    index = Matcher()
    for key in range(10):
        index.add(key, parse("gold"))
    (hit,) = index.match(headline("Gold"))
    chunks = hit.chunks(4)
    first = next(chunks)
    index.remove(9)
    index.add(10, parse("gold"))
    assert [first, *chunks] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_a_key_is_added_once() -> None:
    index = Matcher()
    index.add("a", parse("gold"))
    with pytest.raises(ValueError, match="replace"):
        index.add("a", parse("silver"))
    assert index.query("a") == parse("gold")


def test_replace_moves_a_key() -> None:
    index = Matcher()
    index.replace("a", parse("gold"))
    index.replace("a", parse("silver"))
    assert "a" in index
    assert found(index, headline("Gold")) == set()
    assert found(index, headline("Silver")) == {"a"}


def test_an_unknown_key_is_no_error_to_remove() -> None:
    assert Matcher().remove("a") is False
    assert Matcher().query("a") is None


def test_common_words_spread_over_the_tree() -> None:
    """However many alerts share their words, a headline tests few that it does not match."""
    words = [f"word{n}" for n in range(24)]
    index = Matcher()
    many = [parse(" ".join(three)) for three in combinations(words, 3)]
    for key, one in enumerate(many):
        index.add(key, one)
    visited = 0
    branches = [index._root]
    atoms = set(words[:4])
    while branches:
        branch = branches.pop()
        visited += len(branch.here)
        branches += [below for atom, below in branch.deeper.items() if atom in atoms]
    assert len(many) == 2_024
    assert visited <= 4 * 4 + 4 * 6 + 4  # four first words, their pairs, and the four triples
    assert len(found(index, headline(" ".join(words[:4])))) == 4


def test_the_bench_runs_and_its_index_agrees_with_its_loop() -> None:
    maker = bench._Maker(seed=1)
    many = [one for one, _ in zip(maker.queries(), range(2_000), strict=False)]
    index = bench._filled(many)
    loops = [bench._loop(many), bench._expression_loop(many)]
    matches = 0
    for _ in range(50):
        document = maker.headline()
        for loop in loops:
            assert set(loop(document)) == {one for one in many if one.matches(document)}
        expected = {key for key, one in enumerate(many) if one.matches(document)}
        assert found(index, document) == expected
        matches += len(expected)
    assert matches > 0
