"""A headline cut into words, with what stands between them. It knows nothing of minerals or markets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from bot.news.text import fold

_TOKEN: Final = re.compile(
    r"(?!(?:free|sell)\b)[^\W\d_]++(?=[\s,]|$)"  # most words; what follows is for the others
    r"|(?:[^\W\d_]\.){2,}"  # U.S., U.K.
    r"|\b(?:sell-offs?|pull-backs?|set-backs?|come-backs?|break-(?:out|down)s?|melt-(?:down|up)s?|up-(?:trend|tick)s?"
    r"|down-(?:trend|tick)s?|run-ups?|wash-outs?|shake-outs?|nose-dives?d?|free-?\s?fall|see-?saw(?:s|ed|ing)?"
    r"|yo-yo(?:s|ed|ing)?|bounce-backs?|range-bound|sell off(?=\s(?:in|deepens|continues|accelerates)))\b"
    r"|(?:us|a|c|nz|hk)?[$£€₹¥]\s?\d+(?:[.,]\d+)*[a-z]*"  # $1,320.50, US$4bn, $2k
    r"|[+-]?\d+(?:[.,]\d+)*%?"  # 1,320.5 0.7%
    r"(?:[^\W\d_]+\d*(?!\w))?"  # 5pc, 3rd, 20p
    r"|\w+(?:['’](?:s|t|re|ll|ve|d|m)\b)?",
    re.IGNORECASE,
)
_HASH_ENTITY: Final = re.compile(r"\s?&?#(3[69]);")  # AP's mangled "&#39;" and "&#36;", still seen in old feeds
_QUOTES: Final = str.maketrans({"’": "'", "‘": "'", "`": "'"})
_HARD: Final = re.compile(r"[;:!?|…]|\.(?=\s|$)|--|[–—]|\s-\s|\s-$|\.\.+")
_LONGER: Final = 4  # letters: shorter words are written small in titles too
_SINGLE_QUOTED: Final = "'\"“”«»"


@dataclass(frozen=True, slots=True)
class Line:
    """words: folded, possessive ending dropped; spans: where they stand in `text`; gaps: what stands before each
    word, as "" (joined by hyphen, slash or nothing), " ", "," or ";" (any harder stop); owned: had a possessive.
    """

    text: str
    words: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]
    gaps: tuple[str, ...]
    owned: tuple[bool, ...]

    def written(self, start: int, end: int) -> str:
        """The words start..end (end excluded) as the headline has them, without a possessive ending."""
        shown = self.text[self.spans[start][0] : self.spans[end - 1][1]]
        return shown[:-2] if self.owned[end - 1] and shown[-2:-1] in "'’" else shown

    @property
    def sentence_case(self) -> bool:
        """Whether most longer words after the first are written small, so that a capital marks a name."""
        longer = [self.text[start] for start, end in self.spans[1:] if end - start >= _LONGER]
        return sum(map(str.islower, longer)) > sum(map(str.isupper, longer))

    def capital(self, index: int) -> bool:
        """Whether the word begins with a capital letter."""
        return self.text[self.spans[index][0]].isupper()


def _gap(between: str) -> str:
    if between in (" ", "", "-"):
        return " " if between == " " else ""
    if _HARD.search(between):
        return ";"
    if "," in between or "(" in between or ")" in between:
        return ","
    return " " if " " in between or between in _SINGLE_QUOTED else ""


def read(text: str) -> Line:
    """Cut a headline (plain text) into a Line."""
    if "#" in text:
        text = _HASH_ENTITY.sub(lambda m: "'" if m[1] == "39" else "$", text)
    words: list[str] = []
    spans: list[tuple[int, int]] = []
    gaps: list[str] = []
    owned: list[bool] = []
    last = 0
    folded = fold(text) if text.isascii() else ""  # letter by letter, so that its words stand where those of text do
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        word = folded[start:end] if folded else fold(match[0])
        possessive = False
        if not word.isalpha() or word[:4] in ("free", "sell"):
            if ("-" in word and word[0].isalpha()) or word[:4] in ("free", "sell"):
                word = word.replace("-", "").replace(" ", "")  # one spelling: selloff, freefall
            if "’" in word or "'" in word:
                word = word.translate(_QUOTES)
                possessive = word.endswith("'s")
                word = word[:-2] if possessive else word
            if "." in word:
                word = word.rstrip(".")
        words.append(word)
        owned.append(possessive)
        spans.append((start, end))
        between = text[last:start]
        gaps.append(" " if between == " " and len(words) > 1 else _gap(between) if len(words) > 1 else ";")
        last = end
    return Line(text, tuple(words), tuple(spans), tuple(gaps), tuple(owned))
