"""Alerts as people write them: text in, a query out that a headline either matches or not.

The face of the alert language: `parse`, `Query`, `QueryError`. How text is read is grammar.py, what names exist is
vocabulary.py; finding the few queries that concern a headline among many is matcher.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.i18n import _
from bot.news import grammar, tree, vocabulary
from bot.news.document import Reading
from bot.news.fault import QueryError
from bot.news.grammar import MAX_LENGTH, MAX_TERMS

if TYPE_CHECKING:
    from bot.news.model import Document
    from bot.news.vocabulary import Vocabulary

__all__ = ["MAX_LENGTH", "MAX_TERMS", "Query", "QueryError", "parse"]


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """A parsed alert. Two queries are equal when their canonical texts are.

    text: as written, for showing to its owner; canonical: the same meaning in one spelling, itself a valid query.
    """

    text: str
    canonical: str
    root: tree.Node
    test: tree.Test

    def matches(self, document: Document) -> bool:
        return self.test(Reading(document))

    def explain(self, document: Document) -> tuple[str, ...]:
        """The terms that made the document match, as in the canonical text; empty when it does not match."""
        return tuple(map(str, tree.causes(self.root, Reading(document))))

    def __eq__(self, other: object) -> bool:
        return self.canonical == other.canonical if isinstance(other, Query) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.canonical)

    def __str__(self) -> str:
        return self.canonical


def parse(text: str, known: Vocabulary | None = None) -> Query:
    """Read an alert (contract.md, "Alert language"; docs/alert-language.md for people).

    known: the names that fields accept; the bundled minerals reference when None. Raises QueryError, which says what
    is wrong, where, and what to write instead. `parse(query.canonical)` always succeeds and means the same.
    """
    root = grammar.read(text, known or vocabulary.default)
    if not tree.is_anchored(root):
        raise QueryError(
            _("nothing to look for: all of it, or one side of an OR, only excludes; add a word that must be there"),
            text,
            0,
            len(text),
        )
    canonical = str(root)
    if len(canonical) > MAX_LENGTH:
        raise QueryError(
            _("this is {n} characters when written out in full; at most {most} fit, so make two alerts of it").format(
                n=len(canonical), most=MAX_LENGTH
            ),
            text,
            MAX_LENGTH,
            max(1, len(text) - MAX_LENGTH),
        )
    return Query(text.strip(), canonical, root, tree.compiled(root))
