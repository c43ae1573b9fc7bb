"""Reads the text of an alert into a tree, or says where and why it cannot. It matches nothing itself.

    either = all { "OR" all }                                        AND binds tighter than OR
    all    = one { [ "AND" ] one }
    one    = { "NOT" | "-" } ( "(" either ")" | field ":" value | field ":" "(" either ")" | phrase
                              | word [ "*" ] | "*" )

Written by hand rather than in a grammar tool: half of its worth is in its errors (position, cause and correction for
each way people go wrong), it is five short functions, and it costs nothing at start-up.
Every reader of the text below keeps positions: characters are replaced one for one, so a caret always lands right.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from bot.i18n import _
from bot.news import text as words
from bot.news import tree
from bot.news.fault import QueryError
from bot.news.model import EVERYTHING
from bot.news.vocabulary import EXCHANGES, FIELD_ALIASES, FIELDS, Vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.news.vocabulary import Field

MAX_LENGTH: Final = 500
MAX_TERMS: Final = 50
MAX_DEPTH: Final = 20
_SHOWN: Final = 40  # characters of the writer's own text repeated in a message

# What keyboards and phones make of the signs of the language.
_SIGNS: Final = str.maketrans(
    {
        **dict.fromkeys("“”„‟«»「」『』〝〞＂", '"'),
        **dict.fromkeys("‘’‚‛＇", "'"),
        **dict.fromkeys("–—−‐‑‒―－", "-"),
        **dict.fromkeys("\u200b\u200e\u200f\u2060\ufeff", " "),
        "（": "(", "）": ")", "：": ":", "＊": "*", "｜": "|", "＆": "&", "，": ",", "、": ",",
    }
)  # fmt: skip
_TOKEN: Final = re.compile(
    r"""(?P<space>\s+)
      | (?P<open>\() | (?P<close>\))
      | "(?P<quoted>[^"]*)"
      | (?<![^\s(|:])'(?P<single>[^'"]*)'(?![^\s)|])     # 'central bank', but not the apostrophe of 'til or miners'
      | (?P<or>\|+)
      | (?<![^\s(|:])(?P<minus>-+)
      | (?P<field>[^\W\d_]+):(?!//)
      | (?P<chunk>(?:[^\s()"|])+)
      | (?P<unclosed>")""",
    re.VERBOSE,
)
_OPERATORS: Final = {"and": "and", "&": "and", "&&": "and", "or": "or", "not": "minus"}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # open close quoted chunk field and or minus end
    text: str
    start: int
    end: int


def read(text: str, known: Vocabulary | Callable[[], Vocabulary]) -> tree.Node:
    """The tree of an alert. A vocabulary may be given as a function: it is called at the first field only.

    Raises QueryError.
    """
    if len(text) > MAX_LENGTH:
        message = _("an alert holds at most {most} characters; this one has {n}, so make two of it")
        raise QueryError(message.format(most=MAX_LENGTH, n=len(text)), text, MAX_LENGTH, len(text) - MAX_LENGTH)
    return _Parser(text, known).whole()


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    plain = text.translate(_SIGNS)
    for found in _TOKEN.finditer(plain):
        kind, part, start = found.lastgroup or "", found[0], found.start()
        match kind:
            case "space":
                continue
            case "unclosed":
                raise QueryError(_("this quotation mark is not closed; add one after the phrase"), text, start)
            case "quoted" | "single":
                tokens.append(_Token("quoted", found[kind], start, found.end()))
            case "field":
                tokens.append(_Token(kind, found[kind], start, found.end()))
            case "chunk":
                tokens.append(_Token(_OPERATORS.get(words.fold(part), kind), part, start, found.end()))
            case _:
                tokens.append(_Token(kind, part, start, found.end()))
    tokens.append(_Token("end", "", len(text), len(text)))
    return tokens


class _Parser:
    def __init__(self, text: str, known: Vocabulary | Callable[[], Vocabulary]) -> None:
        self.text = text
        self.known = known
        self.tokens = _tokens(text)
        self.at = 0
        self.depth = 0
        self.terms = 0

    def whole(self) -> tree.Node:
        if self.next.kind == "end":
            raise self.fault(_("an alert needs at least one word, such as gold or mineral:copper"), self.next)
        root = self.either(None)
        if self.next.kind != "end":
            raise self.fault(_("this bracket closes nothing; remove it or open one before"), self.next)
        return root

    @property
    def next(self) -> _Token:
        return self.tokens[self.at]

    def touches(self, before: _Token) -> bool:
        return self.next.start == before.end

    def take(self) -> _Token:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def either(self, field: Field | None) -> tree.Node:
        sides = [self.all(field)]
        while self.next.kind == "or":
            self.take()
            sides.append(self.all(field))
        return tree.any_of(sides)

    def all(self, field: Field | None) -> tree.Node:
        parts = [self.one(field)]
        while self.next.kind not in ("or", "close", "end"):
            if self.next.kind == "and":
                self.take()
            parts.append(self.one(field))
        return tree.all_of(parts)

    def one(self, field: Field | None) -> tree.Node:
        negative = False
        while self.next.kind == "minus":
            minus = self.take()
            negative = not negative
            if minus.text.startswith("-") and self.next.start > minus.end:
                message = _("a minus touches the word it excludes, as in -chile; without one, leave it out")
                raise self.fault(message, minus)
        token = self.take()
        match token.kind:
            case "open":
                node = self.bracket(token, field)
            case "field":
                node = self.field(token)
            case "quoted" | "chunk":
                node = self.value(field, token) if field else self.words(token)
            case "close" | "end":
                raise self.missing(token)
            case _:
                word = token.text
                message = _(
                    '`{word}` stands between two terms; to look for the word itself, write it in quotes: "{word}"'
                )
                raise self.fault(message.format(word=word), token, f'"{word}"')
        return tree.negated(node) if negative else node

    def bracket(self, opening: _Token, field: Field | None) -> tree.Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            message = _("brackets go at most {n} deep; take some away")
            raise self.fault(message.format(n=MAX_DEPTH), opening)
        node = self.either(field)
        if self.next.kind != "close":
            raise self.fault(_("this bracket is not closed; add ) where the group ends"), opening)
        self.take()
        self.depth -= 1
        return node

    def field(self, token: _Token) -> tree.Node:
        field = FIELD_ALIASES.get(words.fold(token.text))
        if field is None:
            raise self.unknown_field(token)
        if self.next.kind == "open":
            return self.bracket(self.take(), field)
        # Right after a colon `or` is no operator but French for gold.
        word = self.next.kind in ("and", "or", "minus") and self.touches(token) and self.next.text.isalpha()
        if word or self.next.kind in ("quoted", "chunk"):
            values = [self.value(field, self.take())]
            while self.next.text == "|" and self.touches(self.tokens[self.at - 1]):  # mineral:gold|silver
                self.take()
                values.append(self.one(field))
            return tree.any_of(values)
        if self.next.kind == "field":  # "ticker:TSX:ABX", "source:https://…" is one chunk already
            exchange = self.take()
            if field == "ticker" and self.next.kind == "chunk":
                return self.value(field, self.take())
            raise self.fault(_("after a field comes its value, not another field"), exchange)
        message = _("{field}: needs a value after the colon, such as {example}")
        raise self.fault(message.format(field=field, example=_EXAMPLES[field]), token)

    def value(self, field: Field, token: _Token) -> tree.Node:
        """One value, or several joined by commas, of which any will do."""
        values: list[tree.Node] = []
        inside = token.start + (token.kind == "quoted")
        for part in re.finditer(r"[^,\s](?:[^,]*[^,\s])?", token.text):
            self.count(token)
            name = part[0]
            here = _Token("value", name, inside + part.start(), inside + part.end())
            if "*" in name:
                raise self.fault(
                    _("* ends a word of the headline; after {field}: write the whole name").format(field=field), here
                )
            facet = self.vocabulary.resolve(field, name)
            if facet is None:
                raise self.unknown_value(field, here)
            values.append(tree.Facet(facet))
        if not values:
            message = _("{field}: needs a value after the colon, such as {example}")
            raise self.fault(message.format(field=field, example=_EXAMPLES[field]), token)
        return tree.any_of(values)

    def words(self, token: _Token) -> tree.Node:
        """A word, a prefix, or a phrase: whatever is written together or quoted must stand together."""
        self.count(token)
        if token.kind == "chunk" and token.text == "*":
            return tree.Facet(EVERYTHING)
        body = token.text.rstrip()
        starred = body.endswith("*")
        body = body.rstrip("*")
        if "*" in body:
            raise self.fault(_("* stands at the end of a word, as in tariff*"), token)
        raw = words.raw_words(body)
        if not raw:
            raise self.fault(
                _("there is no word in `{text}`; write letters or digits").format(text=_clamp(token.text)), token
            )
        start = ""
        if starred and not words.by_character(raw[-1]) and not body[-1].isspace():
            start = raw.pop()
            if len(start) < 2 and not raw:
                raise self.fault(_("at least two letters must stand before *"), token)
        folded = tuple(map(words.singular, raw))
        if start:
            return tree.Phrase(folded, start) if folded else tree.Prefix(start)
        return tree.Phrase(folded) if len(folded) > 1 else tree.Word(folded[0])

    @property
    def vocabulary(self) -> Vocabulary:
        if not isinstance(self.known, Vocabulary):
            self.known = self.known()
        return self.known

    def count(self, token: _Token) -> None:
        self.terms += 1
        if self.terms > MAX_TERMS:
            raise self.fault(_("an alert holds at most {n} terms; make two of it").format(n=MAX_TERMS), token)

    def fault(self, message: str, token: _Token, suggestion: str | None = None) -> QueryError:
        return QueryError(message, self.text, token.start, token.end - token.start, suggestion)

    def missing(self, token: _Token) -> QueryError:
        before = self.tokens[self.at - 2] if self.at > 1 else token
        match before.kind:
            case "open":
                return self.fault(_("there is nothing between these brackets; write a word or remove them"), before)
            case "or" | "and" | "minus":
                message = _(
                    'a term is missing after `{word}`; to look for the word itself, write it in quotes: "{word}"'
                )
                return self.fault(message.format(word=before.text), before)
            case _:
                return self.fault(_("a term is missing here; remove the bracket or write one"), token)

    def unknown_field(self, token: _Token) -> QueryError:
        name = token.text
        after = self.text[token.end :].split()
        if name.lower() in EXCHANGES and after:
            message = _("unknown field `{name}`; for a share write ticker:{symbol}")
            return self.fault(message.format(name=name, symbol=_clamp(after[0])), token, "ticker:")
        close = get_close_matches(name.lower(), FIELD_ALIASES, n=1, cutoff=0.6)
        if close:
            field = FIELD_ALIASES[close[0]]
            message = _("unknown field `{name}`; did you mean {field}:?")
            return self.fault(message.format(name=_clamp(name), field=field), token, f"{field}:")
        message = _("unknown field `{name}`; fields are {fields}. To look for the text itself, write it in quotes")
        return self.fault(message.format(name=_clamp(name), fields=", ".join(FIELDS)), token)

    def unknown_value(self, field: Field, token: _Token) -> QueryError:
        near = self.vocabulary.suggest(field, token.text)
        if near:
            message = _("unknown {field} `{name}`; did you mean {near}?")
            shown = _(" or ").join(near)
            return self.fault(message.format(field=field, name=_clamp(token.text), near=shown), token, near[0])
        choices = self.vocabulary.values(field)
        some = ", ".join(choices[:20]) + (", …" if len(choices) > 20 else "")
        message = _("unknown {field} `{name}`; known are {some}")
        return self.fault(message.format(field=field, name=_clamp(token.text), some=some), token)


_EXAMPLES: Final[dict[Field, str]] = {
    "mineral": "mineral:lithium", "list": "list:us-2025", "topic": "topic:earnings", "direction": "direction:up",
    "source": "source:mining.com", "ticker": "ticker:NEM",
}  # fmt: skip


def _clamp(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
