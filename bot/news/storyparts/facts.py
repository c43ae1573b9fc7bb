"""Reads a headline into facts: who, what, to which mineral, how much, when, which way. Compares nothing.

A reading is shallow: a main clause (what happened) is told from what follows "as", "after", "amid" … (why it happened),
because "copper jumps as miners strike" and "miners strike" are two events.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from bot.news.storyparts import numbers, periods
from bot.news.storyparts.clauses import BLANK, WORD, Clauses, read_clauses, tokens
from bot.news.storyparts.lexicon import lexicon, stem
from bot.news.storyparts.titles import clean
from bot.news.text import fold

Subject = Literal["price", "shares", "other"]
Way = Literal["up", "down", "flat"]

_WAYS: Final[dict[str, Way]] = {"up": "up", "down": "down", "flat": "flat"}
_ABBREVIATIONS: Final = re.compile(r"\b([A-Za-z])\.([A-Za-z])\.?(?=[\s,;:)'-]|$)")
_FILLING: Final = re.compile(
    r"\b(?:year-end|end-(?=\d{4})|end of (?:the )?(?:year|month|quarter|decade))"
    r"|\b(?:(?:three|3)-months?|one-day)\b(?! (?:high|low|peak))",
    re.IGNORECASE,
)
_HOLE: Final = re.compile(r"\b[A-Z]{1,6}-?\d{1,4}[A-Z]?(?:-\d{1,4}[A-Z]?)*\b")
_NOT_HOLE: Final = re.compile(
    r"^(?:Q[1-4]|H[12]|FY\d+|[1-4]Q\d*|U3O8|3E|4E|6E|WTI\d?|CO2|P[1-5]|G7|G20|B2|S32|EV\d?|COP\d+|RC|M23|BB+\d?|BAA\d"
    r"|NI?\d{2}-\d+|O3)$",
    re.IGNORECASE,
)
# What numbers a series: "Part II", "episode 12", "6.0.3b1". Read as a name of its own, not as a figure.
_SERIAL: Final = re.compile(
    r"\b(?:(?:part|episode|ep|chapter|vol|volume|issue|week|day|no|series|season|edition)"
    r"\.?\s+#?([ivx]{1,5}|\d{1,4}|one|two|three|four)\b|(v?\d+\.\d+(?:\.\d+)+[a-z0-9]*|\d+\.\d+[ab]\d+)\b)"
)
# Several words for one kind of happening: a retelling may choose another of the family.
_FAMILY: Final = {
    **dict.fromkeys(("blast", "collapse", "fire", "flood", "casualty", "rescue", "accident"), "accident"),
    **dict.fromkeys(("acquire", "sell", "stake", "invest", "partner"), "deal"),
    **dict.fromkeys(("strike", "labour"), "labour"),
    **dict.fromkeys(("tax", "tariff"), "tariff"),
    **dict.fromkeys(("curb", "quota"), "curb"),
    **dict.fromkeys(("halt", "fm"), "halt"),
}
_RELEASES: Final = frozenset(
    ("lift", "end", "eas", "remov", "scrap", "revers", "relax", "replac", "loosen", "revok", "paus", "suspend")
)
_BANS: Final = frozenset(("ban", "curb", "restriction", "control", "embargo", "moratorium", "sanction", "tariff"))
_REVOKES: Final = frozenset(("revok", "cancel", "withdraw", "strip", "terminat"))
_LICENCES: Final = frozenset(("licenc", "licens", "permit", "concession"))
_NOT_PRICE: Final = frozenset([
    "output", "export", "import", "inventory", "earnings", "guidance", "drill", "resource", "premium",
    "cbank", "etf", "tariff", "quota", "cost", "jobs", "dividend", "finance", "stockpile", "demand",
    "surplus", "rating", "study", "tax",
])  # fmt: skip
_EQUITY: Final = frozenset(("shar", "stock"))
_PRODUCERS: Final = frozenset(("miner", "producer", "explorer"))
_PRICED: Final = frozenset(("pric", "futur", "spot"))
_OUTCOMES: Final = frozenset(("ending", "averting"))
_NAME_WEIGHTS: Final = {
    "org": 3.0,
    "mine": 3.0,
    "bank": 3.0,
    "cbank": 2.5,
    "unknown": 2.0,
    "body": 2.0,
    "person": 1.5,
    "place": 1.5,
    "country": 1.2,
    "exchange": 1.0,
    "event": 1.0,
}


@dataclass(frozen=True, slots=True)
class Facts:
    """A headline's facts. Sets hold ids of the lexicon.

    key: the cleaned, folded words in order (equal keys are equal headlines). subject: whose doing it reports, a
    market's or not. main, stages, marks, main_minerals: of the main clause; frames, all_stages, minerals: of the whole.
    families: the kinds of `main`. way: the first direction of the main clause. names: ids and unknown names with their
    kind; implied: what the names say besides themselves. words: stems no rule explains; stems: all that say something.
    labels: the facts other than figures as "kind:id", with what each weighs as evidence; weight: of all of them.
    naming: the names that tell two events apart; excused: what may stand in another's naming, said or implied here.
    countries: those named. dated: the periods by their kind. handles: the keys a headline can be found by.
    """

    key: str
    subject: Subject
    main: frozenset[str]
    frames: frozenset[str]
    families: frozenset[str]
    stages: frozenset[str]
    all_stages: frozenset[str]
    way: Way | None
    marks: frozenset[str]
    minerals: frozenset[str]
    main_minerals: frozenset[str]
    names: dict[str, str]
    implied: frozenset[str]
    quantities: tuple[numbers.Quantity, ...]
    periods: frozenset[str]
    holes: frozenset[str]
    ideas: frozenset[str]
    words: frozenset[str]
    stems: frozenset[str]
    labels: dict[str, float]
    weight: float
    naming: frozenset[str]
    excused: frozenset[str]
    countries: frozenset[str]
    dated: dict[str, frozenset[str]]
    handles: tuple[str, ...]


@lru_cache(maxsize=4096)
def read(title: str) -> Facts:
    """The facts of a headline as the feed gave it; never raises, whatever the text."""
    original = clean(title)
    if "." in original:
        original = _ABBREVIATIONS.sub(r"\1\2", original)
    original = _FILLING.sub("", original)
    folded = fold(original)
    if len(folded) != len(original):
        original = folded
    holes = frozenset(match[0] for match in _HOLE.finditer(original) if not _NOT_HOLE.match(match[0]))
    masked, told_periods = _mask(folded, original, holes)
    masked, serials = _mask_serials(masked)
    quantities = numbers.find(masked)
    clauses = read_clauses(tokens(masked, original, quantities))
    return _assemble(folded, clauses, tuple(found for *_, found in quantities), told_periods | serials, holes)


def _mask(folded: str, original: str, holes: frozenset[str]) -> tuple[str, frozenset[str]]:
    """Blanks out periods and hole names, which would else be read as figures ("third-quarter", "2025")."""
    masked = folded
    found: set[str] = set()
    for start, end, period in periods.find(folded, original):
        since = folded[max(0, start - 6) : start] == "since "
        if folded[max(0, start - 5) : start] == "from " and found:
            continue  # "slip in October from September": what it is compared with
        found.add(f"since {period}" if since else period)
        masked = masked[:start] + BLANK * (end - start) + masked[end:]
    for hole in holes:
        masked = masked.replace(fold(hole), BLANK * len(hole))
    return masked, frozenset(found)


def _mask_serials(masked: str) -> tuple[str, frozenset[str]]:
    """Blanks out what numbers a series; "no. 1" and "week two" are kept as periods "serial:…" that must be equal."""
    serials = frozenset(f"serial:{match[1] or match[2]}" for match in _SERIAL.finditer(masked))
    return (_SERIAL.sub(lambda match: BLANK * len(match[0]), masked), serials) if serials else (masked, serials)


def _assemble(
    folded: str,
    clauses: Clauses,
    quantities: tuple[numbers.Quantity, ...],
    told_periods: frozenset[str],
    holes: frozenset[str],
) -> Facts:
    frames = _with_compounds(clauses.pick("frames"), clauses)
    told = _with_compounds(clauses.pick("frames", main=True), clauses)
    main = told if clauses.cut else frames
    stages, all_stages = clauses.pick("stages", main=True), clauses.pick("stages")
    if main & {"strike", "labour"}:
        stages |= all_stages & _OUTCOMES
    if "clos" in clauses.main_stems and (
        told & {"acquire", "sell", "stake", "finance"} or "deal" in clauses.main_stems
    ):
        stages |= {"completing"}  # "BHP, Lundin close Filo acquisition"
        main -= {"halt"}
    if _acts_on(clauses.main_stems, _REVOKES, _LICENCES):
        main = main - {"approval", "halt"} | {"seize"}
        stages -= {"approving", "abandoning"}
    if _acts_on(clauses.main_stems, _RELEASES, _BANS):
        stages = (stages - {"stopping", "appointing"}) | {"releasing"}
    all_stages |= stages
    minerals, main_minerals = clauses.pick("minerals"), clauses.pick("minerals", main=True)
    families = frozenset(_FAMILY.get(frame, frame) for frame in main)
    way = None if "releasing" in stages else _WAYS.get(clauses.way or "")
    marks, ideas = clauses.pick("marks", main=True), clauses.pick("ideas")
    names, words, subject = clauses.names, frozenset(clauses.words), _subject(clauses, way, marks)
    implied = frozenset().union(*(lexicon().implied.get(name, ()) for name in names))
    main_minerals = main_minerals or minerals
    if subject == "price":
        together = "+".join(sorted(main_minerals))
        crossed = {f"{together} {way}", *(f"{together} {idea}" for idea in ideas)}
    else:
        crossed = {f"{mineral} {frame}" for mineral in minerals for frame in main}
    figures = {f"{quantity.dimension}{quantity.value:.2g}" for quantity in quantities}
    written = WORD.findall(folded)
    labels = {f"{kind}:{name}": _NAME_WEIGHTS[kind] for name, kind in names.items()}
    for frame in frames:
        family = _FAMILY.get(frame, frame)
        labels[f"event:{family}"] = 1.5 if family in families else 0.6
    for kind, weight, told_ids in (
        ("minerals", 1.2, minerals),
        ("stage", 1.0, stages),
        ("mark", 0.8, marks),
        ("period", 1.2, told_periods),
        ("idea", 1.0, ideas),
        ("word", 1.0, words),
        ("hole", 2.0, holes),
        ("way", 1.0, (way,) if way else ()),
    ):
        for identity in told_ids:
            labels[f"{kind}:{identity}"] = weight
    return Facts(
        key=" ".join(written),
        subject=subject,
        main=main,
        frames=frames,
        families=families,
        stages=stages,
        all_stages=all_stages,
        way=way,
        marks=marks,
        minerals=minerals,
        main_minerals=main_minerals,
        names=names,
        implied=implied,
        quantities=quantities,
        periods=told_periods,
        holes=holes,
        ideas=ideas,
        words=words,
        stems=frozenset(map(stem, written)) - lexicon().small,
        labels=labels,
        weight=sum(labels.values()) + sum(quantity.weight for quantity in quantities),
        naming=frozenset(name for name, kind in names.items() if kind != "event"),
        excused=implied.union(names, words),
        countries=frozenset(name for name, kind in names.items() if kind == "country"),
        dated=_dated(told_periods),
        handles=(*names, *sorted(holes | crossed | figures), *[f"w {word}" for word in sorted(words)]),
    )


def _dated(told_periods: frozenset[str]) -> dict[str, frozenset[str]]:
    kinds: dict[str, frozenset[str]] = {}
    for period in told_periods:
        kind, _, value = period.partition(":")
        kinds[kind] = kinds.get(kind, frozenset()) | {value}
    return kinds


def _with_compounds(frames: frozenset[str], clauses: Clauses) -> frozenset[str]:
    """Adds what only words together say: halted exports are a curb, a central bank's purchase its own kind of news."""
    if {"halt", "export"} <= frames:
        frames |= {"curb"}
    return frames | {"cbank"} if "cbank" in clauses.names.values() else frames


def _acts_on(stems: tuple[str, ...], verbs: frozenset[str], objects: frozenset[str]) -> bool:
    """Whether a verb has its object some words on: "lifts gallium and germanium export ban"."""
    for at, word in enumerate(stems):
        if word in verbs:
            return not objects.isdisjoint(stems[at + 1 : at + 8]) and not (at and stems[at - 1] in ("not", "never"))
    return False


def _subject(clauses: Clauses, way: Way | None, marks: frozenset[str]) -> Subject:
    """Whether the headline reports a market's move (of a metal's price, or of shares) or something that happened."""
    if way is None and not marks:
        return "other"
    stems, main = clauses.main_stems, clauses.pick("frames", main=True)
    companies = any(clauses.names[name] in ("org", "mine", "unknown") for name in clauses.main_names)
    minerals = clauses.pick("minerals", main=True)
    if clauses.leads != "minerals" and not _PRICED.intersection(stems):
        minerals = frozenset()  # "US firm to develop tungsten": what moves is named before its move
    for index, word in enumerate(stems):
        a_share = index > 0 and stems[index - 1] in ("a", "per")
        if (
            word in _EQUITY
            and not a_share
            and not main & {"inventory", "finance", "buyback"}
            and (companies or minerals)
        ):
            return "shares"
    if not minerals or main & _NOT_PRICE:
        return "other"
    if not (companies or main or _PRICED.intersection(stems)) and _PRODUCERS.intersection(stems):
        return "shares"  # "gold miners rally as bullion tops $4,000"
    return "price" if _PRICED.intersection(stems) or not (companies or main) else "other"
