"""docs/alert-language.md: every example on the page does what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.minerals.catalogue import load
from bot.news import document, query, tagger

PAGE = Path(__file__).parents[3] / "docs" / "alert-language.md"


def rows(columns: int) -> list[list[str]]:
    """The cells of the page's tables of this width, heads left out. A cell in backticks may hold a |."""
    found = []
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in re.findall(r"\|((?: `[^`]+` |[^|`]|`[^`]*`)+)(?=\|)", line)]
        if len(cells) == columns and cells[0].startswith("`"):
            found.append([cells[0].strip("`"), *cells[1:]])
    return found


def matches(alert: str, headline: str) -> bool:
    source = None
    if alert.startswith("source:"):
        source = "kitco.com" if "another" in headline else "mining.com"
    return query.parse(alert).matches(document.build(headline, tagger.tag(headline), source))


@pytest.mark.parametrize(("alert", "found", "_"), rows(3), ids=str)
def test_it_finds(alert: str, found: str, _: str) -> None:
    assert matches(alert, found)


@pytest.mark.parametrize(("alert", "_", "left"), rows(3), ids=str)
def test_it_does_not_find(alert: str, _: str, left: str) -> None:
    assert not matches(alert, left)


@pytest.mark.parametrize(("alert", "answer"), rows(2), ids=str)
def test_it_answers(alert: str, answer: str) -> None:
    with pytest.raises(query.QueryError, match=re.escape(answer)):
        query.parse(alert)


def test_the_page_has_its_examples() -> None:
    assert len(rows(3)) >= 25
    assert len(rows(2)) >= 5


@pytest.mark.parametrize("named", re.findall(r"`([a-z]+:[^`]+)`", PAGE.read_text(encoding="utf-8")))
def test_every_query_named_on_the_page_is_valid(named: str) -> None:
    if named not in {row[0] for row in rows(2)}:
        assert query.parse(named)


def test_the_page_names_every_topic_and_only_known_lists() -> None:
    text = PAGE.read_text(encoding="utf-8")
    known = query.vocabulary.default()
    assert {topic for topic in known.topics if f"`{topic}`" not in text} == set()
    lists = next(line for line in text.splitlines() if line.startswith("- **list:**"))
    assert {name for name in re.findall(r"`([a-z-]+\d{4})`", lists) if name not in known.lists} == set()


def test_the_page_says_which_lists_are_incomplete_here_and_by_how_much() -> None:
    text = PAGE.read_text(encoding="utf-8")
    told = {slug: (int(n), int(of)) for slug, n, of in re.findall(r"`list:([a-z-]+\d{4})`\D+(\d+) of its (\d+)", text)}
    assert told == {one.slug: (len(one.members), one.size) for one in load().lists.values() if not one.complete}
