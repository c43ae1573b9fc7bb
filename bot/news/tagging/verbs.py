"""The vocabulary of price reports (data/direction.toml), expanded to word sets once."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, Literal

from bot.news.tagging.phrases import Phrases, forms, plural, split

if TYPE_CHECKING:
    from collections.abc import Mapping

Sign = Literal[1, 0, -1]
_SIGNS: Final[Mapping[str, Sign]] = {"up": 1, "flat": 0, "down": -1}


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Signs: +1 up, 0 flat, -1 down. Sets hold folded words."""

    idioms: Phrases[Sign]
    verbs: Mapping[str, Sign]
    words: Mapping[str, Sign]
    nouns: Mapping[str, Sign]
    extremes: Mapping[str, Sign]
    causes: Mapping[str, Sign]
    sends: frozenset[str]
    reach: frozenset[str]
    adjectives: frozenset[str]
    arrive: frozenset[str]
    undo: frozenset[str]
    fade: frozenset[str]
    pause: frozenset[str]
    price: frozenset[str]
    other: frozenset[str]
    things: frozenset[str]  # `other` without the words for a price
    judged: frozenset[str]  # after these, "on" belongs to the verb
    background: frozenset[str]
    contrast: frozenset[str]
    forecast: frozenset[str]
    negation: frozenset[str]
    price_alone: frozenset[str]
    spans: frozenset[str]
    neutral: frozenset[str]
    withdraw: frozenset[str]
    questions: frozenset[str]
    companies: frozenset[str]
    company_names: frozenset[str]
    drivers: frozenset[str]
    company_tails: frozenset[str]
    steel_names: frozenset[str]
    compound_heads: frozenset[str]
    describes: frozenset[str]
    manner: frozenset[str]
    qualities: frozenset[str]
    linking: frozenset[str]
    choices: frozenset[str]
    assets: frozenset[str]
    verbs_too: frozenset[str]
    glosses: frozenset[str]
    mood: Mapping[str, Sign]
    trades: Mapping[str, Sign]
    superlatives: Mapping[str, Sign]
    owns_off: frozenset[str]
    unpriced: frozenset[str]
    price_adjectives: frozenset[str]
    object_words: frozenset[str]
    verb_tails: frozenset[str]
    opinion_up: frozenset[str]
    opinion_down: frozenset[str]
    boons: frozenset[str]
    blows: frozenset[str]
    crowds: frozenset[str]
    seek: frozenset[str]
    leave: frozenset[str]
    prevail: frozenset[str]
    yield_ground: frozenset[str]
    level_words: frozenset[str]
    views: frozenset[str]
    raise_view: frozenset[str]
    lower_view: frozenset[str]
    price_verbs: frozenset[str]  # every verb a price can have
    after_price: frozenset[str]  # every word that may follow a price without being its head


def _expand(text: str) -> frozenset[str]:
    found: set[str] = set()
    for word in text.split():
        found |= forms(word[:-1]) if word.endswith("~") else {word}
    return frozenset(found)


def _signed(section: Mapping[str, str]) -> dict[str, Sign]:
    return {word: sign for key, sign in _SIGNS.items() if key in section for word in _expand(section[key])}


@cache
def _data(name: str) -> dict[str, Any]:
    with (files("bot.news") / "data" / f"{name}.toml").open("rb") as file:
        return tomllib.load(file)


@cache
def vocabulary() -> Vocabulary:
    """The vocabulary, read once."""
    data = _data("direction")
    lists = {name: _expand(text) for name, text in data["lists"].items()}
    lists["other"] |= {plural(word) for word in lists["other"] - lists["verbs_too"] if not word.endswith("s")}
    verbs, words, nouns, extremes = (_signed(data[name]) for name in ("verbs", "words", "nouns", "extremes"))
    phrases = _data("direction_idioms")
    idioms = [(phrase, _SIGNS[way]) for way, text in phrases["idioms"].items() for phrase in split(text)]
    lists["things"] = lists["other"] - lists["price"]
    lists["judged"] = lists["opinion_up"] | lists["opinion_down"] | lists["boons"] | lists["blows"]
    price_verbs = frozenset(verbs) | lists["reach"] | lists["undo"] | lists["forecast"] | lists["withdraw"]
    causes = _signed(data["causes"])
    told = frozenset((*words, *nouns, *extremes, *causes))
    return Vocabulary(
        idioms=Phrases(idioms, {}),
        price_verbs=price_verbs,
        after_price=price_verbs | told | lists["price"] | lists["neutral"] | lists["contrast"] | lists["negation"],
        verbs=verbs,
        words=words,
        nouns=nouns,
        extremes=extremes,
        causes=causes,
        mood=_signed(phrases["mood"]),
        trades=_signed(data["trades"]),
        superlatives=_signed(data["superlatives"]),
        **lists,
    )


@cache
def price_moves() -> frozenset[str]:
    """Verb forms that, right after a metal's name, say that its price is meant ("gold slips")."""
    data = _data("direction")
    return (frozenset(vocabulary().verbs) - _expand(data["not_price_moves"])) | _expand(data["price_moves_too"])
