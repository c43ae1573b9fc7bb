"""Which topics a headline touches: phrases of data/topics.toml, kept to headlines about minerals or mining."""

from __future__ import annotations

import csv
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from bot.news.model import Tag
from bot.news.tagging.phrases import Phrases, split

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.news.tagging.line import Line

_LONG: Final = 7  # letters: shorter names of mines are mostly words or people as well


@dataclass(frozen=True, slots=True)
class _Topics:
    phrases: Phrases[str]
    order: tuple[str, ...]
    within: Mapping[str, str]  # topic → the topic of which its words may be a part
    own: frozenset[str]  # words of a target that a company sets itself
    overruled: Mapping[str, tuple[str, frozenset[str]]]  # topic → the topic that overrules these words of it
    context_words: frozenset[str]
    context_names: Phrases[str]


@cache
def _topics() -> _Topics:
    with (files("bot.news") / "data" / "topics.toml").open("rb") as file:
        data = tomllib.load(file)
    sets = {name: frozenset(text.split()) for name, text in data["sets"].items()}
    phrases = [(phrase, topic) for topic, text in data["topics"].items() for phrase in split(text)]
    context = data["context"]
    words = frozenset(context["words"].split()) | (_mines() - frozenset(context["no_mines"].split()))
    names = Phrases([(name, name) for name in split(context["names"])], {})
    own = frozenset(data["targets"]["own"].split())
    overruled = {topic: (by["by"], frozenset(by["words"].split())) for topic, by in data["overruled"].items()}
    return _Topics(Phrases(phrases, sets), tuple(data["topics"]), data["within"], own, overruled, words, names)


def _mines() -> frozenset[str]:
    """Mines whose name is one long word, such as Escondida: where one is named, the news is of mining."""
    text = (files("bot.news") / "data" / "stories_names.csv").read_text(encoding="utf-8")
    rows = [row for row in csv.DictReader(text.splitlines()) if row["kind"] == "mine"]
    names = {name for row in rows for name in row["aliases"].split(";")}
    return frozenset(name for name in names if len(name) >= _LONG and name.isalpha())


def about_mining(line: Line) -> bool:
    """Whether a word of the headline is of the mining and metals trade."""
    known = _topics()
    return not known.context_words.isdisjoint(line.words) or bool(known.context_names.scan(line))


def topics(line: Line, *, moved: tuple[str, ...] = ()) -> tuple[Tag, ...]:
    """The topics of a headline about minerals or mining, in the order of the data file, each with its words.

    moved: the words that told a direction; they are a price-move.
    """
    known = _topics()
    found: dict[str, list[str]] = {}
    hits = known.phrases.scan(line)
    for hit in hits:
        whole = known.within.get(hit.value)
        if whole and any(one.value == whole and one.start <= hit.start and hit.end <= one.end for one in hits):
            continue
        words = found.setdefault(hit.value, [])
        written = line.written(hit.start, hit.end)
        if written not in words:
            words.append(written)
    for topic, (by, weak) in known.overruled.items():
        if by in found and all(word.casefold() in weak for word in found.get(topic, ())):
            found.pop(topic, None)
    aimed = " ".join(words for topic in ("guidance", "price-target") for words in found.get(topic, ()))
    if "guidance" in found and "price-target" in found:
        if known.own.isdisjoint(aimed.casefold().split()):
            del found["guidance"]
        elif not any("price" in words.casefold() for words in found["price-target"]):
            del found["price-target"]
    if moved and not all(word in aimed for word in moved):  # a target that was moved is no move of the price
        words = found.setdefault("price-move", [])
        words += [word for word in moved if word not in words]
    return tuple(Tag(topic, tuple(found[topic][:4])) for topic in known.order if topic in found)
