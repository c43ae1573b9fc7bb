"""A guess at how often a term stands in a mining headline, so that the matcher files each query under its rarest.

A guess only costs time when it is wrong, never a match: the numbers are editorial, in tiers, and need no upkeep.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

_UNKNOWN: Final = 0.2  # per thousand headlines
# Per thousand headlines: the words that fill mining headlines. Folded singulars, as in `text.words`.
_TIERS: Final = {
    200.0: "the of to in for and a on as at with from by it is u s",
    60.0: "gold price mining copper mine miner market stock share after up over new year us china silver be ha will "
    "amid",
    20.0: "iron ore oil metal steel coal lithium uranium nickel zinc rise fall high low record billion million percent "
    "company project deal demand supply trade tariff dollar fed rate resource mineral canada australia india "
    "russia chile peru indonesia africa future rally drop gain hit say report world global investor production "
    "output first q1 q2 q3 q4 out off down more but not into than are an that this can may could week day month "
    "quarter 2024 2025 2026 2027 1 2 3 4 5 10",
    5.0: "bhp rio tinto barrick newmont glencore vale codelco anglo american fortescue freeport etf bank central "
    "inflation strike union export import ban government president trump court permit drill drilling result "
    "intersect gram grade estimate feasibility study financing placement announce close complete earning profit "
    "loss revenue guidance cut raise buy sell sale stake acquisition acquire takeover offer merger spot ounce ton "
    "tonne bullion platinum palladium cobalt aluminium aluminum tin lead rare earth graphite potash diamond "
    "critical battery electric vehicle energy power plant smelter refinery exploration corp inc ltd group limited "
    "congo zambia mexico brazil argentina mali ghana guinea kazakhstan mongolia ceo cost tax royalty war iran "
    "ukraine safe haven rebound slip climb jump surge soar tumble slide steady ease edge ahead analyst forecast "
    "outlook target bull bear",
}
_WORDS: Final = {word: rate for rate, words in sorted(_TIERS.items()) for word in words.split()}
_FACETS: Final = {"list": 300.0, "direction": 150.0, "topic": 60.0, "source": 30.0, "mineral": 10.0, "ticker": 0.3}
_COMMON_MINERALS: Final = {
    "mineral:gold": 200.0, "mineral:copper": 80.0, "mineral:silver": 80.0, "mineral:precious": 200.0,
    "mineral:base": 150.0, "mineral:battery": 100.0, "mineral:lithium": 40.0, "mineral:iron_ore": 40.0,
    "mineral:uranium": 40.0, "mineral:rare_earths": 40.0, "mineral:nickel": 40.0,
}  # fmt: skip
# A word beginning like this, by the number of letters given.
_PREFIXES: Final = {2: 100.0, 3: 20.0, 4: 8.0}
_LONG_PREFIX: Final = 3.0


@lru_cache(maxsize=65536)
def rate(atom: str) -> float:
    """Expected headlines per thousand that hold this index atom (matcher.py says what atoms look like)."""
    if atom.endswith("*"):
        return _PREFIXES.get(len(atom) - 1, _LONG_PREFIX)
    field, colon, _ = atom.partition(":")
    if colon:
        return _COMMON_MINERALS.get(atom, _FACETS.get(field, _UNKNOWN))
    words = atom.split()
    if len(words) == 1:
        return _WORDS.get(atom, _UNKNOWN)
    return min(_WORDS.get(word, _UNKNOWN) for word in words) / 5
