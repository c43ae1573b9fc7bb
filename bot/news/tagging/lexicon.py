"""Which minerals a headline names: looks the names up, then decides the ambiguous ones by their company.

Data: data/lexicon.csv (names; "=" before one that counts only in just these capitals), data/lexicon_metals.toml and
lexicon_others.toml (when an ambiguous name means the mineral), data/lexicon_cues.toml (the words around it).
"""

from __future__ import annotations

import csv
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from bot.news.tagging.phrases import Hit, Phrases, split
from bot.news.tagging.verbs import price_moves, vocabulary
from bot.news.text import fold

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.news.tagging.line import Line

DATA: Final = files("bot.news") / "data"


_TRADED: Final = frozenset({"gold", "silver", "platinum", "palladium", "copper", "nickel", "tin"})


_ORDINARY: Final = frozenset({"new", "gold"})  # "New Gold" is a company, "in new gold colour" is not


@dataclass(frozen=True, slots=True)
class Mention:
    """A mineral named by the words start..end (end excluded); `why` says what decided an ambiguous name."""

    slugs: tuple[str, ...]
    start: int
    end: int
    why: str = ""


@dataclass(frozen=True, slots=True)
class _Name:
    slugs: tuple[str, ...]
    sense: str
    exact: str = ""  # the only spelling that counts, for abbreviations that are words in lower case


@dataclass(frozen=True, slots=True)
class _Verdict:
    sense: str
    means_mineral: bool
    proper: bool  # a proper name, which no right-hand noun makes a mineral: "Chevy Cobalt probe"


@dataclass(frozen=True, slots=True)
class _Lexicon:
    names: Phrases[_Name]
    verdicts: Phrases[_Verdict]
    cues: Mapping[str, tuple[str, ...]]  # word → cue groups
    priors: Mapping[str, int]
    weights: Mapping[str, Mapping[str, int]]  # sense → cue group → weight
    beside: Mapping[str, int]


def _toml(name: str) -> dict[str, Any]:
    with (DATA / name).open("rb") as file:
        return tomllib.load(file)


@cache
def _lexicon() -> _Lexicon:
    cues = _toml("lexicon_cues.toml")
    senses = {**_toml("lexicon_metals.toml")["sense"], **_toml("lexicon_others.toml")["sense"]}
    sets = {name: frozenset(text.split()) for name, text in cues["sets"].items()}
    sets |= {"pricemove": price_moves(), "undo": vocabulary().undo, "reach": vocabulary().reach}
    groups: dict[str, list[str]] = {}
    for group, text in cues["cues"].items():
        for word in text.split():
            if group not in groups.setdefault(word, []):
                groups[word].append(group)
    names = []
    for row in csv.DictReader((DATA / "lexicon.csv").read_text(encoding="utf-8").splitlines()):
        for term in row["terms"].split(";"):
            exact = term[1:] if term.startswith("=") else ""
            name = _Name(tuple(row["slug"].split("|")), row["sense"], exact)
            names.append((fold(exact or term).replace("-", " "), name))
    verdicts = [
        (phrase, _Verdict(sense, answer == "always", answer == "names"))
        for sense, spec in senses.items()
        for answer in ("always", "never", "names")
        for phrase in split(spec.get(answer, ""))
    ]
    verdicts += _companies(frozenset(senses))
    return _Lexicon(
        Phrases(names, {}),
        Phrases(verdicts, sets),
        {word: tuple(found) for word, found in groups.items()},
        {sense: spec["prior"] for sense, spec in senses.items()},
        {sense: spec.get("cues", {}) for sense, spec in senses.items()},
        {sense: spec.get("beside", 3) for sense, spec in senses.items()},
    )


def _companies(senses: frozenset[str]) -> list[tuple[str, _Verdict]]:
    """Names of companies that say what they mine: "Royal Gold" is about gold as "royal gold" need not be."""
    rows = csv.DictReader((DATA / "stories_names.csv").read_text(encoding="utf-8").splitlines())
    names = [name.split() for row in rows if row["kind"] == "org" for name in row["aliases"].split(";")]
    return [
        (" ".join(name), _Verdict(name[-1], means_mineral=True, proper=False))
        for name in names
        if len(name) > 1 and name[-1] in senses and name[0] not in _ORDINARY
    ]


def _longest(hits: list[Hit[_Name]]) -> list[Hit[_Name]]:
    """Without the hits that lie inside a longer one."""
    kept: list[Hit[_Name]] = []
    end = 0
    for hit in sorted(hits, key=lambda hit: (hit.start, -hit.end)):
        if hit.start >= end:
            kept.append(hit)
            end = hit.end
    return kept


def _by_phrase(name: Hit[_Name], verdicts: list[Hit[_Verdict]]) -> Hit[_Verdict] | None:
    """The phrase that decides: a proper name, else the longest; of equal ones that which begins with the name, because
    the last noun of an English compound says what it is ("third gold mine" is a mine); then the one against.
    """
    best: Hit[_Verdict] | None = None
    best_rank: tuple[bool, int, bool, bool] = (False, 0, False, False)
    for hit in verdicts:
        if hit.value.sense == name.value.sense and hit.start <= name.start and hit.end >= name.end:
            rank = (hit.value.proper, hit.end - hit.start, hit.start == name.start, not hit.value.means_mineral)
            if best is None or rank > best_rank:
                best, best_rank = hit, rank
    return best


def _groups(line: Line, lexicon: _Lexicon, taken: set[int]) -> dict[str, list[str]]:
    """The cue groups of the headline with their words, the mineral names themselves left out."""
    found: dict[str, list[str]] = {}
    for index, word in enumerate(line.words):
        if index in taken:
            continue
        groups = lexicon.cues.get(word, ())
        if not groups and (word[-1] == "%" or word[0] in "$£€₹¥" or "$" in word):
            groups = ("market",)
        for group in groups:
            words = found.setdefault(group, [])
            if word not in words:
                words.append(word)
    return found


def minerals(line: Line) -> tuple[list[Mention], list[Mention]]:
    """The minerals the headline names as commodity or material, in order, one Mention per place; and the doubtful ones:
    names of traded metals with nothing for or against them, which a price verb would settle.

    "critical" and "minerals" apart from each other name the group too ("minerals … classified as 'critical'").
    """
    lexicon = _lexicon()
    names = [
        hit
        for hit in _longest(lexicon.names.scan(line))
        if not hit.value.exact or line.written(hit.start, hit.end) == hit.value.exact
    ]
    mentions: list[Mention] = []
    doubtful: list[Mention] = []
    open_names: list[Hit[_Name]] = []
    verdicts: list[Hit[_Verdict]] | None = None
    for hit in names:
        if hit.value.sense:
            if verdicts is None:
                verdicts = lexicon.verdicts.scan(line)
            decided = _by_phrase(hit, verdicts)
            if decided is None:
                open_names.append(hit)
                continue
            if not decided.value.means_mineral:
                continue
            mentions.append(Mention(hit.value.slugs, hit.start, hit.end, line.written(decided.start, decided.end)))
            continue
        mentions.append(Mention(hit.value.slugs, hit.start, hit.end))
    if open_names:
        taken = {index for hit in names for index in range(hit.start, hit.end)}
        found = _groups(line, lexicon, taken)
        for hit in open_names + open_names[-2::-1]:  # and back, for a neighbour that was decided later
            if all(hit.start != m.start for m in mentions):
                mention, score = _by_company(line, hit, lexicon, found, mentions)
                if score <= 0 and hit.value.sense in _TRADED and _moves(line, hit.end):
                    score = 1
                if any(hit.value.slugs == other.slugs for other in mentions):  # "silver, the poor man's gold"
                    score = 1
                if score > 0:
                    mentions.append(mention)
                elif hit.value.sense in _TRADED and score >= lexicon.priors[hit.value.sense]:
                    doubtful.append(mention)
    if not mentions and "critical" in line.words and "minerals" in line.words:
        at = line.words.index("minerals")
        mentions.append(Mention(("critical_minerals",), at, at + 1, "critical"))
    mentions.sort(key=lambda mention: mention.start)
    return mentions, doubtful


def _moves(line: Line, at: int) -> bool:
    """Whether a phrase of price reports begins right after the name: "gold takes off", "silver on the ropes"."""
    return any(phrase.start == at for phrase in vocabulary().idioms.scan(line))


def _names_something(line: Line, hit: Hit[_Name]) -> bool:
    """Whether capitals make the name the first word of another: "Zinc Media names new chair", "Copper Dog"."""
    after = hit.end
    inside = after < len(line.words) and line.gaps[after] == " " and line.words[after].isalpha()
    return inside and line.capital(hit.start) and line.capital(after) and line.sentence_case


def _bond(line: Line, hit: Hit[_Name], other: Mention, weight: int) -> int:
    """What a mineral near a name says for it: the weight in a list ("zinc, lead", "gold and silver"), at most 3 in a
    row of words, where the name may be a verb ("gold, silver lead gains").
    """
    first, second = (other.end, hit.start) if other.end <= hit.start else (hit.end, other.start)
    if second - first > 1 or (second - first == 1 and line.words[first] not in ("and", "or")):
        return 0
    return weight if second > first or line.gaps[second] != " " else min(weight, 3)


def _by_company(
    line: Line, hit: Hit[_Name], lexicon: _Lexicon, found: Mapping[str, list[str]], sure: list[Mention]
) -> tuple[Mention, int]:
    sense = hit.value.sense
    score = lexicon.priors[sense]
    because: list[str] = []
    if _names_something(line, hit):
        score += lexicon.weights[sense].get("name", 0)
    for group, weight in lexicon.weights[sense].items():
        words = found.get(group)
        if words:
            score += weight * min(len(words), 2)
            if weight > 0:
                because += words
    score += max((_bond(line, hit, other, lexicon.beside[sense]) for other in sure), default=0) + bool(sure)
    return Mention(hit.value.slugs, hit.start, hit.end, ", ".join(because)), score
