"""Finding a mineral from what a person types: names, symbols, synonyms, slips of the keyboard, French and Spanish."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from rapidfuzz import fuzz, process

from bot.i18n import _
from bot.minerals import wording
from bot.minerals.catalogue import load
from bot.minerals.model import UnknownMineralError
from bot.news.text import fold

if TYPE_CHECKING:
    from bot.minerals.model import Mineral

MAX_CHOICES: Final = 25  # Discord's limit for autocomplete
MIN_SCORE: Final = 72.0  # of 100; "alumnium" scores 94, unrelated words stay under 65
SURE_SCORE: Final = 80.0  # from here a single best match is taken without asking
MAX_QUERY: Final = 100


@dataclass(frozen=True, slots=True)
class Hit:
    """A mineral found. score: 0–100, 100 for an exact name; via: the name that matched, as the book writes it."""

    mineral: Mineral
    score: float
    via: str


@dataclass(frozen=True, slots=True)
class _Index:
    keys: tuple[str, ...]  # folded names
    owners: tuple[tuple[str, str, int], ...]  # slug, name as written, weight: 3 name, 2 symbol or spelling, 1 synonym
    exact: dict[str, tuple[int, ...]]  # folded name → places in keys


@lru_cache(maxsize=1)
def _index() -> _Index:
    entries: list[tuple[str, tuple[str, str, int]]] = []
    for slug, mineral in load().minerals.items():
        bare = mineral.name.partition(" (")[0]
        names = [(mineral.name, 3), (bare, 3), (slug.replace("_", " "), 3)]
        names += [(name, 3) for name in mineral.names.values()]
        names += [(name.partition(" (")[0], 3) for name in mineral.names.values()]
        names += [(name, 2) for name in (mineral.symbol, mineral.formula, *mineral.spellings) if name]
        names += [(name, 1) for name in mineral.synonyms]
        seen = set()
        for name, weight in names:
            key = fold(name)
            if key not in seen:
                seen.add(key)
                entries.append((key, (slug, name, weight)))
    exact: dict[str, list[int]] = {}
    for place, (key, _owner) in enumerate(entries):
        exact.setdefault(key, []).append(place)
    return _Index(
        tuple(key for key, _ in entries),
        tuple(owner for _, owner in entries),
        {key: tuple(places) for key, places in exact.items()},
    )


def search(text: str, *, limit: int = MAX_CHOICES) -> list[Hit]:
    """Minerals that the text may mean, best first, at most `limit`; all by name when the text is empty.

    Case, accents and full-width letters do not matter. Exact names come first, then beginnings, then words
    inside, then near spellings.
    """
    minerals = load().minerals
    query = " ".join(fold(text[:MAX_QUERY]).replace("_", " ").split())
    if not query:
        by_name = sorted(minerals.values(), key=lambda mineral: fold(wording.name(mineral)))
        return [Hit(mineral, 100.0, wording.name(mineral)) for mineral in by_name[:limit]]
    index = _index()
    best: dict[str, tuple[float, int, str]] = {}

    def offer(place: int, score: float) -> None:
        slug, name, weight = index.owners[place]
        if slug not in best or (score, weight) > best[slug][:2]:
            best[slug] = (score, weight, name)

    for place in index.exact.get(query, ()):
        offer(place, 100.0)
    for place, key in enumerate(index.keys):
        if key.startswith(query) and key != query:
            offer(place, 97.0)
        elif len(query) >= 3 and f" {query}" in key:
            offer(place, 92.0)
    if len(query) >= 3:  # two letters are near to everything
        near = process.extract(query, index.keys, scorer=fuzz.ratio, score_cutoff=MIN_SCORE, limit=60)
        for _key, score, place in near:
            offer(place, min(score, 96.0))
    ranked = sorted(best.items(), key=lambda item: (-item[1][0], -item[1][1], item[0]))
    return [Hit(minerals[slug], score, name) for slug, (score, _w, name) in ranked[:limit]]


def find(text: str) -> Mineral:
    """The one mineral that the text means. Raises UnknownMineralError with near names when there is none."""
    return hit(text).mineral


def hit(text: str) -> Hit:
    """The same, with how near the text is to the name that it was taken for. Raises UnknownMineralError."""
    if (exact := load().minerals.get(text.strip().lower())) is not None:
        return Hit(exact, 100.0, exact.name)
    hits = search(text, limit=5) if text.strip() else []
    if hits and hits[0].score >= SURE_SCORE:
        return hits[0]
    shown = _short(text)
    if hits:
        names = ", ".join(wording.name(one.mineral) for one in hits)
        message = _("No mineral is called “{text}”. Did you mean {names}?").format(text=shown, names=names)
    else:
        message = _("No mineral is called “{text}”. Try a name, a symbol or a synonym, such as “lithium”.").format(
            text=shown
        )
    raise UnknownMineralError(message, tuple(one.mineral.slug for one in hits))


def _short(text: str) -> str:
    clean = " ".join(text.split())
    return clean if len(clean) <= 40 else clean[:39] + "…"


def choices(text: str) -> list[tuple[str, str]]:
    """(label, slug) pairs for autocomplete, at most 25; the label says which other name matched."""
    out = []
    for one in search(text):
        label = wording.name(one.mineral)
        if one.mineral.symbol:
            label += f" ({one.mineral.symbol})"
        if text.strip() and fold(one.via) not in fold(label):
            label += f" · {one.via}"
        out.append((label[:100], one.mineral.slug))
    return out
