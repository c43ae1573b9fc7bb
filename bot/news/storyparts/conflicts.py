"""Says why two headlines cannot tell one event. Any one reason keeps them apart, however alike their words.

A wrong merge hides news, so every rule leans to keeping apart: a fact that each side has and the other lacks is a
conflict; a fact that only one side tells is not, unless it is news of its own (a strike that ended, a new lawsuit).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bot.news.storyparts.facts import Facts
    from bot.news.storyparts.numbers import Quantity

SESSION_HOURS: Final = 9.0
"""A market report is told again within a session; the next session's is another event."""
SAME_DAY_HOURS: Final = 16.0
"""A market report with the very same words is the same one within this time; tomorrow's "Gold steady" is not."""
TEMPLATE_SHARE: Final = 0.5
"""From this share of equal words on, two headlines are fillings of one form rather than tellings of one event."""

_OWN_NEWS: Final = frozenset(("rebounding", "weekly", "monthly"))  # marks that make a market report one of its own
_NONE: Final[frozenset[str]] = frozenset()
_REACTION: Final = frozenset(("price", "shares"))
# Stages that colour an event without being one; every other stage that one headline's main clause tells must stand
# somewhere in the other.
_SOFT_STAGES: Final = frozenset(("beating", "warning", "fresh", "preview", "declaring"))
# Happenings that, told by one headline's main clause, must stand somewhere in the other: each is news of its own.
_HARD_FRAMES: Final = frozenset([
    "crime", "court", "chief", "dividend", "buyback", "finance", "jobs", "rating", "rescue", "seize",
    "resume", "study", "drill", "resource", "spill", "talks", "list_exchange", "etf", "premium",
    "stockpile", "protest", "attack", "earnings", "inventory", "tariff", "cbank",
])  # fmt: skip
# What states do: two of them doing it to the same company are two events.
_BY_A_STATE: Final = frozenset(("approval", "court", "curb", "tariff", "tax", "seize", "crime"))
# What stands still: said by one in other words, it need not be called a stop.
_STOPS: Final = frozenset(
    ("halt", "curb", "fm", "strike", "labour", "accident", "protest", "fire", "collapse", "quake")
)
_ACCIDENTS: Final = frozenset(("blast", "collapse", "fire", "flood", "attack"))
_COUNTED: Final = frozenset(("output", "import", "export", "inventory"))
_COLLECTIVE: Final = frozenset(("base_metals", "precious_metals", "critical_minerals", "pgm"))
_PARTICULAR: Final = frozenset(("org", "mine", "unknown", "bank"))
_MAGNETS: Final = "rare_earth_magnets"
_WHERE: Final = frozenset(("country", "place"))
# How an event is told rather than what is told; the other guards compare these.
_MANNER: Final = frozenset(("event", "stage", "way", "mark"))
_ACTORS: Final = frozenset(("government", "minister", "investors", "first", "biggest"))


def conflict(first: Facts, second: Facts, hours: float) -> str | None:
    """The reason why two headlines, `hours` apart, cannot be one event; None when nothing speaks against it."""
    if first.subject != second.subject and (first.subject in _REACTION or second.subject in _REACTION):
        return "an event and the market's reaction to it"
    if first.holes and second.holes and not first.holes & second.holes:
        return "different drill holes"
    return (
        _names(first, second)
        or _minerals(first, second)
        or _periods(first, second)
        or _quantities(first, second)
        or _stages(first, second)
        or _ways(first, second)
        or (_session(first, second, hours) if first.subject in _REACTION else _events(first, second))
        or _template(first, second)
    )


def agreeing(first: Facts, second: Facts) -> list[Quantity]:
    """The first headline's quantities that the second one has too."""
    return [one for one in first.quantities if any(one.agrees(two) for two in second.quantities)]


def _names(first: Facts, second: Facts) -> str | None:
    one, two = first.countries, second.countries
    if one and two and one.isdisjoint(two) and first.main & second.main & _BY_A_STATE:
        return "different states"
    only_first = first.naming - second.excused
    only_second = only_first and second.naming - first.excused
    if not only_first or not only_second or _one_person(first, second, only_first | only_second):
        return None
    # "its German project" and "its Lionheart project": a place against a name can be one thing, if the figure is one.
    in_first, in_second = ({facts.names[name] in _WHERE for name in only} for facts, only in (
        (first, only_first), (second, only_second),
    ))  # fmt: skip
    placed = (False in in_first) != (False in in_second) and not (True in in_first and True in in_second)
    return None if placed and _digits(first, second) > 1 else "different names"


def _one_person(first: Facts, second: Facts, apart: frozenset[str]) -> bool:
    """ "names Natascha Viljoen", "names Viljoen to succeed Palmer": one name shared, another told by one only."""
    if "chief" not in first.main or "chief" not in second.main:
        return False
    shared = any(kind == "unknown" and name in second.names for name, kind in first.names.items())
    return shared and all((first.names.get(name) or second.names[name]) == "unknown" for name in apart)


def _minerals(first: Facts, second: Facts) -> str | None:
    one, two = first.main_minerals, second.main_minerals
    if not one or not two:
        told = (one - second.implied) | (two - first.implied)
        if told and first.main & second.main & _COUNTED:
            return "a figure of one mineral and of none"
        other, named = (second, first) if one else (first, second)
        # "a tariff on copper cathode", "a tariff on Brazilian pig iron": what has no mineral has words of its own.
        one_name = any(kind in _PARTICULAR and name in second.names for name, kind in first.names.items())
        apart = told and not one_name and other.words - named.words and "accident" not in first.families
        return "a mineral and something else" if apart else None
    if first.subject == "price" and one != two:
        return "different minerals"
    if _MAGNETS in one ^ two:  # their words contain "rare earth"
        return "different minerals"
    if not one & second.minerals and not two & first.minerals and not (one | two) & _COLLECTIVE:
        return "different minerals"
    if one - second.minerals - second.implied - _COLLECTIVE and two - first.minerals - first.implied - _COLLECTIVE:
        return "different minerals"
    return None


def _periods(first: Facts, second: Facts) -> str | None:
    one, two = first.dated, second.dated
    if not one and not two:
        return None
    if one.get("serial") != two.get("serial"):
        return "different parts of a series"
    for kind in one.keys() & two.keys() - {"serial"}:
        here, there = one[kind], two[kind]
        if here - there and there - here:
            return "different periods"
    if "curb" in first.main & second.main and one.get("year") != two.get("year"):
        return "a year that only one names"  # a ban and the plan of one
    for kinds, others in ((one, two), (two, one)):
        if "month" in kinds and "span" not in kinds and "span" in others and "month" not in others:
            return "different periods"
    if first.main & second.main & _COUNTED and _digits(first, second) < 3:
        months = [told.get("span", _NONE) - {"fy"} | told.get("month", _NONE) for told in (one, two)]
        if months[0] != months[1]:
            return "periods that do not meet"
    return None


def _digits(first: Facts, second: Facts) -> int:
    """The digits of the most telling figure two headlines share."""
    if not first.quantities or not second.quantities:
        return 0
    return max((quantity.digits for quantity in agreeing(first, second)), default=0)


def _quantities(first: Facts, second: Facts) -> str | None:
    if not first.quantities or not second.quantities:
        return None
    for here, there in ((first, second), (second, first)):
        for dimension, leading in _leading(here).items():
            theirs = [quantity for quantity in there.quantities if quantity.dimension == dimension]
            if theirs and not any(leading.agrees(quantity) for quantity in theirs):
                return f"different figures ({leading.value:g} {dimension} only in one)"
    one, two = _unmet(first, second), _unmet(second, first)
    for dimension in one.keys() & two.keys():
        return f"different figures ({one[dimension]:g} / {two[dimension]:g} {dimension})"
    return None


def _leading(facts: Facts) -> dict[str, Quantity]:
    """The first quantity of each dimension: "two found dead, five missing" is not "finds remaining five"."""
    found: dict[str, Quantity] = {}
    for quantity in facts.quantities:
        found.setdefault(quantity.dimension, quantity)
    return found


def _unmet(one: Facts, other: Facts) -> dict[str, float]:
    """By dimension, a quantity of one that the other does not have."""
    return {
        quantity.dimension: quantity.value
        for quantity in one.quantities
        if not any(quantity.agrees(theirs) for theirs in other.quantities)
    }


def _stages(first: Facts, second: Facts) -> str | None:
    one, two = first.stages, second.stages
    if not one and not two:
        return None
    loose = _loose_stages(first, second)
    alone = ((one - second.all_stages) | (two - first.all_stages)) - loose
    if alone - _SOFT_STAGES or (alone and one - loose and two - loose and not one & two):
        return f"different stages ({', '.join(sorted(one)) or 'none'} / {', '.join(sorted(two)) or 'none'})"
    if "earnings" in first.main & second.main and {"beating", "missing_estimates"} <= one ^ two:
        return "estimates beaten and missed"
    return None


def _one_bid(first: Facts, second: Facts) -> bool:
    """Whether both tell of the same sum between the same two, and neither of an answer to it."""
    parties = [name for name, kind in first.names.items() if kind in ("org", "unknown") and name in second.names]
    answered = "accept" in first.words ^ second.words
    return len(parties) > 1 and _digits(first, second) > 1 and not answered


def _loose_stages(first: Facts, second: Facts) -> set[str]:
    """Stages whose words mean little beside these events: an offered loan is no bid, a kept listing no guidance."""
    families = first.families | second.families
    stopped = all(facts.frames & _STOPS for facts in (first, second))
    rules = (
        (first.subject in _REACTION, ("preview", "fresh", "extending", "abandoning")),
        ("cbank" in families, ("extending",)),
        ("deal" not in families or "refusing" in first.stages & second.stages or _one_bid(first, second), ("bidding",)),
        ("guidance" not in families, ("keeping",)),
        (not ("strike" in first.frames and "strike" in second.frames), ("beginning",)),
        ("chief" not in families, ("exiting", "appointing")),
        ("approval" in first.frames & second.frames, ("approving",)),
        ("accident" in families and any(q.dimension == "n" for q in agreeing(first, second)), ("finding",)),
        ("earnings" in families, ("missing_estimates",)),
        ("deal" in first.families & second.families, ("ending",)),
        ("abandoning" in first.stages & second.stages, ("talking",)),
        (bool(first.stages & second.stages & {"threat", "ending"}), ("voting",)),
        (not (first.stages and second.stages) and stopped, ("stopping",)),
    )
    return {stage for holds, stages in rules if holds for stage in stages}


def _ways(first: Facts, second: Facts) -> str | None:
    if first.way and second.way and first.way != second.way and "accident" not in first.families:
        return f"different directions ({first.way} / {second.way})"
    return None


def _events(first: Facts, second: Facts) -> str | None:
    one, two = first.families, second.families
    if not one or not two:
        follows = (one and second.frames) or (two and first.frames)
        return "an event and what came of it" if follows else None
    if "acquire" in first.main ^ second.main and "sell" in first.main ^ second.main:
        leading = [next(iter(facts.names), None) for facts in (first, second)]
        if leading[0] == leading[1] and not first.main & second.main:
            return "the same one buys and sells"
    accidents = (first.frames & _ACCIDENTS, second.frames & _ACCIDENTS)
    if all(accidents) and not accidents[0] & accidents[1]:
        return "different accidents"
    alone = ((first.main - second.frames) | (second.main - first.frames)) & _HARD_FRAMES
    beaten = "earnings" in first.main & second.main  # "tops forecasts" is no guidance
    if "guidance" in first.main ^ second.main and not beaten and not agreeing(first, second):
        alone |= {"guidance"}
    if one & two and not alone:
        return None
    return f"different events ({', '.join(sorted(one))} / {', '.join(sorted(two))})"


def _template(first: Facts, second: Facts) -> str | None:
    """Two fillings of one form of words. A retelling chooses other words throughout; where most words are the very
    same, the few that differ in meaning are the news ("copper output" / "manufacturing output").
    """
    if len(first.stems & second.stems) < TEMPLATE_SHARE * len(first.stems | second.stems):
        return None
    only_first = [label for label in first.labels if label not in second.labels and _fills(label, second)]
    only_second = [label for label in second.labels if label not in first.labels and _fills(label, first)]
    if only_first and only_second:
        return f"the same form of words, otherwise filled ({only_first[0]} / {only_second[0]})".replace("_", " ")
    return None


def _fills(label: str, other: Facts) -> bool:
    """Whether a fact is one that fills a form (what is told, not how), and the other headline does not imply it."""
    kind, _, name = label.partition(":")
    if kind in _MANNER or name in _ACTORS or (kind == "country" and other.names):
        return False
    return name not in other.implied and name not in other.words and name not in other.names


def _session(first: Facts, second: Facts, hours: float) -> str | None:
    if hours > SESSION_HOURS:
        return "another session"
    same = agreeing(first, second)
    if first.quantities and second.quantities and not same:
        return "figures that do not meet"
    apart = first.marks ^ second.marks
    if any(quantity.dimension == "ord" for quantity in same):
        apart -= {"rebounding"}  # "extends gains to third day" is "rises for third day"
    if apart & _OWN_NEWS or (apart and not same):
        return "different extremes"
    if first.subject == "price" and ("preview" in first.all_stages) != ("preview" in second.all_stages):
        return "before and after the same occasion"
    if first.ideas - second.ideas and second.ideas - first.ideas and not same:
        return "different causes"
    return None
