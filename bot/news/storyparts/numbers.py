"""Finds the quantities of a headline, in one unit per dimension, so that "$1.2bn" meets "1,200 million".

Dimensions: `$` money (any currency, millions and cents resolved), `%`, `t` tonnes, `oz` ounces, `m` metres, `g/t`
grade, `day` durations, `ord` ordinals, `n` plain counts. No currency conversion: C$5 and US$5 share a
dimension, because agencies drop the letter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number of a headline: dimension, value in the dimension's unit, digits written, and whether it is hedged."""

    dimension: str
    value: float
    digits: int
    rough: bool = False

    @property
    def weight(self) -> float:
        """What it weighs as evidence: the more digits, the less likely it is shared by chance."""
        return 1.2 + 0.5 * min(self.digits, 3)

    def agrees(self, other: Quantity) -> bool:
        """Same quantity, allowing for a rounding ("nearly 2%" and "1.9%", "$1.2bn" and "$1.23 billion")."""
        if self.dimension != other.dimension:
            # "up 2,400 tonnes to 250,000": a bare number may leave its unit to the context.
            return "n" in (self.dimension, other.dimension) and self.value == other.value and self.value >= 10
        if self.value == other.value:
            return True
        gap = abs(self.value - other.value)
        scale = max(abs(self.value), abs(other.value))
        if self.rough != other.rough:
            return gap <= 0.055 * scale
        if self.rough or self.dimension == "n":
            return False
        digits = min(self.digits, other.digits)
        return digits >= 2 and self.digits != other.digits and _round(self.value, digits) == _round(other.value, digits)


def _round(value: float, digits: int) -> str:
    return f"{value:.{digits - 1}e}"


_UNITS: Final = {
    **dict.fromkeys(("dozen",), 12.0),
    **dict.fromkeys(("hundred",), 1e2),
    **dict.fromkeys(("k", "thousand", "thou"), 1e3),
    **dict.fromkeys(("m", "mn", "mln", "mio", "million"), 1e6),
    **dict.fromkeys(("b", "bn", "bln", "billion"), 1e9),
    **dict.fromkeys(("tn", "trn", "trillion"), 1e12),
}
_MEASURES: Final[dict[str, tuple[str, float]]] = {
    **dict.fromkeys(("%", "pct", "percent", "per cent", "percentage points"), ("%", 1.0)),
    **dict.fromkeys(("bps", "bp", "basis points", "basis point"), ("%", 0.01)),
    **dict.fromkeys(("t", "tonne", "tonnes", "ton", "tons", "metric tons", "metric tonnes"), ("t", 1.0)),
    **dict.fromkeys(("kt", "ktpa"), ("t", 1e3)),
    **dict.fromkeys(("mt", "mtpa"), ("t", 1e6)),
    **dict.fromkeys(("oz", "ounce", "ounces", "troy ounces"), ("oz", 1.0)),
    **dict.fromkeys(("koz",), ("oz", 1e3)),
    **dict.fromkeys(("moz",), ("oz", 1e6)),
    **dict.fromkeys(("lb", "lbs", "pound", "pounds"), ("lb", 1.0)),
    **dict.fromkeys(("mlb", "mlbs"), ("lb", 1e6)),
    **dict.fromkeys(("m", "metre", "metres", "meter", "meters"), ("m", 1.0)),
    **dict.fromkeys(("km",), ("m", 1e3)),
    **dict.fromkeys(("ft", "foot", "feet"), ("m", 0.3048)),
    **dict.fromkeys(("g/t", "gpt", "grams per tonne", "grams", "gram"), ("g/t", 1.0)),
    **dict.fromkeys(("hour", "hours"), ("day", 1 / 24)),
    **dict.fromkeys(("day", "days"), ("day", 1.0)),
    **dict.fromkeys(("week", "weeks"), ("day", 7.0)),
    **dict.fromkeys(("month", "months"), ("day", 30.0)),
    **dict.fromkeys(("year", "years"), ("day", 365.0)),
    **dict.fromkeys(("cent", "cents", "pence"), ("$", 0.01)),
    **dict.fromkeys(("dollars", "euro", "euros", "yuan", "usd", "eur"), ("$", 1.0)),
}
_WORDS: Final = {
    word: float(value)
    for value, word in enumerate(
        [
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
            "twenty",
        ],
        start=1,
    )
} | {"thirty": 30.0, "forty": 40.0, "fifty": 50.0, "sixty": 60.0, "hundred": 100.0, "dozen": 12.0, "a dozen": 12.0}
_ORDINALS: Final = {
    word: float(value)
    for value, word in enumerate(
        ["third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth"], start=3
    )
}
_SCALE: Final = "|".join(sorted((*_UNITS,), key=len, reverse=True))
_MEASURE: Final = "|".join(re.escape(unit) for unit in sorted(_MEASURES, key=len, reverse=True))
_VERBAL: Final = "|".join(sorted(_WORDS, key=len, reverse=True))
_PATTERN: Final = re.compile(
    rf"""(?<![\w.,])(?P<sign>(?:us|c|a|au|ca|nz|hk|s)?\$|€|£|¥|₹|r(?=\d)|rs\.?\s?)?\s?
    (?:(?P<number>\d+(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)|(?P<verbal>(?:{_VERBAL})\b))
    (?P<ordinal>(?:st|nd|rd|th)\b)?
    (?:[\s-]?(?P<scale>{_SCALE})(?![\w/]))?
    (?:[\s-]?(?P<measure>{_MEASURE})(?![\w]))?
    (?:(?=-\s?(?:us|c|a)?[$€£]?\d)|(?![\d]))""",
    re.VERBOSE,
)
_COUNTING_WORD: Final = re.compile(
    r"\b(first|second)[\s-](?:(?:straight|consecutive|successive)\s)?(?:(?:daily|weekly|monthly|session|day|week|month)"
    r"(?:ly)?\s(?:gain|rise|advance|climb|loss|drop|fall|decline|in a row|running)|session\b|day\b)"
    r"|\b(second)\s(?:straight|consecutive|successive)\s"
)
_ORDINAL_WORD: Final = re.compile(rf"\b({'|'.join(_ORDINALS)})\b")
_HEDGE: Final = re.compile(
    r"(?:nearly|almost|about|around|some|roughly|approximately|over|more than|at least|up to|close to|above|past|under"
    r"|below|less than|as much as|tops?|topping|surpass\w*|~|c\.)\s*(?:us|c|a)?[$€£]?\s?$"
)
_TOLL_BEFORE: Final = re.compile(r"(?:kill(?:s|ed|ing)?|trap(?:s|ped)?|leaves?|toll (?:rises|climbs|at)(?: to)?|to)\s$")
_TOLL_AFTER: Final = re.compile(
    r"\s(?:dead|killed|dies?|missing|trapped|more|workers?|people|persons?|miners?|body|injured|hurt|drop)\b"
)


def find(folded: str) -> list[tuple[int, int, Quantity]]:
    """The quantities of a folded (lower-case) text as (start, end, quantity), left to right and not overlapping."""
    found: list[tuple[int, int, Quantity]] = []
    for match in _PATTERN.finditer(folded):
        quantity = _quantity(match, folded)
        if quantity is not None:
            found.append((match.start(), match.end(), quantity))
    found.extend(  # "second weekly gain"; elsewhere "first" and "second" count nothing
        (
            match.start(),
            match.start() + len(match[1] or match[2]),
            Quantity("ord", 1.0 if match[1] == "first" else 2.0, 2),
        )
        for match in _COUNTING_WORD.finditer(folded)
    )
    for match in _ORDINAL_WORD.finditer(folded):
        if not any(start < match.end() and match.start() < end for start, end, _ in found):
            found.append((match.start(), match.end(), Quantity("ord", _ORDINALS[match[1]], 2)))
    found.sort(key=lambda item: item[0])
    return _ranges(found, folded)


def _quantity(match: re.Match[str], folded: str) -> Quantity | None:
    written, verbal, scale, measure = match["number"], match["verbal"], match["scale"], match["measure"]
    if verbal is not None:
        toll = _TOLL_BEFORE.search(folded, 0, match.start() + 0) or _TOLL_AFTER.match(folded, match.end())
        if verbal in ("one", "dozen", "a dozen", "hundred") and not (toll or scale or measure):
            return None
        value, digits = _WORDS[verbal], 2
    else:
        plain = written.replace(",", "")
        value = float(plain)
        digits = max(1, len(plain.replace(".", "").lstrip("0").rstrip("0") or "0"))
        if match["ordinal"]:
            return Quantity("ord", value, 2)
    sign = match["sign"]
    if scale == "m" and not sign and measure is None:  # "1,009 m" is metres; "$5m" is money
        scale, measure = None, "m"
    value *= _UNITS[scale] if scale else 1.0
    dimension, factor = ("$", 1.0) if sign else ("n", 1.0)
    if measure is not None and (not sign or measure in ("cent", "cents")):
        dimension, factor = _MEASURES[measure]
    rough = bool(_HEDGE.search(folded, max(0, match.start() - 14), match.start() + (1 if sign else 0)))
    return Quantity(dimension, round(value * factor, 6), digits, rough)


def _ranges(found: list[tuple[int, int, Quantity]], folded: str) -> list[tuple[int, int, Quantity]]:
    """Gives the bare end of a range its other end's dimension: "$190-203" is two amounts of money."""
    result: list[tuple[int, int, Quantity]] = []
    for index, (start, end, quantity) in enumerate(found):
        if quantity.dimension == "n":
            if index and found[index - 1][2].dimension == "$" and folded[found[index - 1][1] : start] == "-":
                quantity = Quantity("$", quantity.value, quantity.digits, quantity.rough)
            elif (
                index + 1 < len(found)
                and folded[end : found[index + 1][0]] == "-"
                and found[index + 1][2].dimension != "ord"
            ):
                quantity = Quantity(found[index + 1][2].dimension, quantity.value, quantity.digits, quantity.rough)
        result.append((start, end, quantity))
    return result
