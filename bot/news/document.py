"""A headline made ready to be matched: its words, and its tags closed over groups and lists.

Words are those of the title only: a summary is often boilerplate ("gold and silver prices, every day"), and a reader
who is alerted must see in the headline why. What the summary adds reaches alerts through the tags.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.news import text, vocabulary
from bot.news.model import EVERYTHING, Document

if TYPE_CHECKING:
    from bot.news.model import Tags
    from bot.news.vocabulary import Vocabulary

__all__ = ["Document", "Reading", "build"]


def build(title: str, tags: Tags, source: str | None = None, known: Vocabulary | None = None) -> Document:
    """The document of a headline.

    source: the feed's or article's address, host or name ("https://www.mining.com/feed" answers to mining.com and
    mining). known: the vocabulary that closes minerals over groups and lists; the bundled one when None.
    """
    names = known or vocabulary.default()
    facets = {EVERYTHING, *(f"topic:{slug}" for slug in tags.topic_slugs)}
    for slug in tags.mineral_slugs:
        facets |= names.about(slug)
    facets.update(f"ticker:{vocabulary.ticker_symbol(symbol)}" for symbol in tags.ticker_symbols)
    if tags.direction:
        facets.add(f"direction:{tags.direction}")
    if source:
        facets |= vocabulary.source_facets(source)
    raw = text.raw_words(title)
    return Document(tuple(map(text.singular, raw)), tuple(raw), frozenset(facets))


class Reading:
    """A document laid out for testing: sets for membership, spaced lines for phrases. Made once per headline."""

    __slots__ = ("document", "facets", "line", "raw_line", "words")

    def __init__(self, document: Document) -> None:
        self.document = document
        self.words = frozenset(document.words)
        self.facets = document.facets
        # A word holds no space, so " central bank " in the line is exactly the phrase.
        self.line = f" {' '.join(document.words)} "
        self.raw_line = f" {' '.join(document.raw)} "

    def has_phrase(self, phrase: tuple[str, ...], start: str) -> bool:
        """Whether the words stand in a row, followed by a word that begins with `start`."""
        words, raw, length = self.document.words, self.document.raw, len(phrase)
        return any(
            words[at : at + length] == phrase
            and (raw[at + length].startswith(start) or words[at + length].startswith(start))
            for at in range(len(words) - length)
        )
