"""Names of months in the languages feeds write dates in: English at hand, the others read from CLDR when needed."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final

_NAMES: Final = "january february march april may june july august september october november december"
ENGLISH: Final = {
    name[:length]: number for number, name in enumerate(_NAMES.split(), start=1) for length in range(3, len(name) + 1)
}
# Where two languages give one word to different months (Polish and Croatian "listopad"), the earlier one here wins.
_LANGUAGES: Final = (
    "fr", "es", "de", "pt", "it", "nl", "ru", "uk", "pl", "cs", "sk", "sv", "da", "nb", "fi", "tr", "el", "hu", "ro",
    "ca", "id", "hr", "sr_Latn", "bg", "lt", "lv", "et", "sl", "vi",
)  # fmt: skip


def find(word: str) -> int | None:
    """1–12 for a month's name, whole or shortened, in any known language; None for any other word."""
    folded = _fold(word)
    if len(folded) < 3:
        return None
    return ENGLISH.get(folded) or _others().get(folded)


@lru_cache(maxsize=1)
def _others() -> dict[str, int]:
    from babel import Locale  # here, because most processes never need what loading it costs

    found: dict[str, int] = {}
    for language in _LANGUAGES:
        months = Locale.parse(language).months
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for number, name in months[context][width].items():
                    folded = _fold(name)
                    if len(folded) >= 3 and folded.isalpha():
                        found.setdefault(folded, number)
                        if width == "wide" and len(folded) > 4:
                            found.setdefault(folded[:3], number)
                            found.setdefault(folded[:4], number)
    return found


def _fold(word: str) -> str:
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c)).strip(". ")
