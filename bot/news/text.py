"""Folding and splitting of headline text; the one place that decides when two words are the same word.

Pure functions. A *word* is a maximal run of letters and digits; CJK, kana, Hangul syllables and Thai are split by
character because they are written without spaces. It knows nothing of minerals or of the alert language.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

# Only the general combining diacritics are dropped: dropping every combining mark would turn the kana "が" into "か".
_DIACRITICS: Final = dict.fromkeys(range(0x0300, 0x0370))
_CJK: Final = (
    "\u0e00-\u0e7f"  # Thai
    "\u1100-\u11ff\u3130-\u318f\uac00-\ud7af"  # Hangul
    "\u3040-\u30ff\u31f0-\u31ff"  # kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # Han
    "\U00020000-\U0002ffff"
)
_WORD: Final = re.compile(rf"[{_CJK}]|[^\W_{_CJK}]+(?:[.,](?=\d)[^\W_{_CJK}]+)*(?:['’](?!\s)[^\W_{_CJK}]+)*")
_BY_CHARACTER: Final = re.compile(rf"[{_CJK}]")
_APOSTROPHES: Final = str.maketrans({"’": "'", "ʼ": "'", "‘": "'", "`": "'", "´": "'"})

# "U.S.", "u.k", "J.P." are written with and without dots: the dots go, so that both spellings are one word.
_DOTTED: Final = re.compile(rf"(?<![^\W_{_CJK}])((?:[^\W\d_]\.)+[^\W\d_])(?![^\W_{_CJK}])(?:\.(?![^\W_]))?")
# A comma between groups of three digits is typography: "$4,500" and "4500" are the same number.
_THOUSANDS: Final = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")
# French elision: in "l'or" and "Côte d'Ivoire" the noun is a word of its own.
_ELISION: Final = re.compile(rf"(?<![^\W_{_CJK}])([cdjlmnst]|qu)'(?=[aeiouyhœæ])")

# Words whose last s is not a plural, though no rule tells.
_NOT_PLURAL: Final = frozenset(
    ("news", "lens", "mars", "texas", "kansas", "arkansas", "laos", "chaos", "atlas", "canvas", "christmas", "always")
)
# Plurals whose singular the endings below would miss.
_IRREGULAR: Final = {
    plural: one
    for one, plurals in {
        "gas": "gases", "bus": "buses", "bonus": "bonuses", "virus": "viruses", "surplus": "surpluses",
        "status": "statuses", "crisis": "crises", "lens": "lenses", "half": "halves", "ache": "aches",
        "avalanche": "avalanches", "cache": "caches", "niche": "niches", "movie": "movies", "calorie": "calories",
        "cookie": "cookies", "rookie": "rookies", "prairie": "prairies", "aussie": "aussies",
    }.items()
    for plural in plurals.split()
}  # fmt: skip


def fold(text: str) -> str:
    """Text without regard to case, accents and full-width forms: casefold, NFKD, drop U+0300–036F, NFKC."""
    if text.isascii():
        return text.lower().replace("`", "'")
    decomposed = unicodedata.normalize("NFKD", text.translate(_APOSTROPHES).casefold())
    return unicodedata.normalize("NFKC", decomposed.translate(_DIACRITICS)).casefold()


@lru_cache(maxsize=65536)
def singular(word: str) -> str:
    """A folded English word without its plural or possessive ending; other words unchanged.

    A light rule, used on both sides of every comparison, so it need only be consistent: "mines", "mine's" and
    "mines'" meet; "gas", "class" and "tennis" keep their s; "batteries" becomes "battery".
    """
    while word.endswith("'s"):
        word = word[:-2]
    if len(word) < 4 or not word.isascii() or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word in _NOT_PLURAL:
        return word
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "sses", "xes", "zzes")):
        return word[:-2]
    if len(word) > 5 and word.endswith(("goes", "toes", "roes", "does")):  # embargoes, vetoes, zeroes, tornadoes
        return word[:-2]
    return word[:-1]


def words(text: str) -> list[str]:
    """The folded, singular words of a text, in order: "Miners' U.S. tariffs" gives miner, us, tariff."""
    return [singular(word) for word in raw_words(text)]


def raw_words(text: str) -> list[str]:
    """The folded words of a text in order, endings kept (for prefix terms and display of causes)."""
    folded = fold(text)
    if "." in folded:
        folded = _DOTTED.sub(_without_dots, folded)
    if "," in folded:
        folded = _THOUSANDS.sub(_without_commas, folded)
    if "'" in folded:
        folded = _ELISION.sub(r"\1 ", folded)
    return _WORD.findall(folded)


def by_character(word: str) -> bool:
    """Whether a folded word is one character of a script that is split by character (CJK, kana, Hangul, Thai)."""
    return len(word) == 1 and _BY_CHARACTER.match(word) is not None


def _without_dots(match: re.Match[str]) -> str:
    return match[1].replace(".", "")


def _without_commas(match: re.Match[str]) -> str:
    return match[0].replace(",", "")
