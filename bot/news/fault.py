"""What is wrong with an alert, where, and what to write instead. grammar.py finds the faults; callers show them."""

from __future__ import annotations

import unicodedata


class QueryError(ValueError):
    """An alert that cannot be read.

    message: one sentence; position, length: the fault in `text`, in characters; suggestion: what to write in its place,
    or None.
    """

    def __init__(self, message: str, text: str, position: int, length: int = 1, suggestion: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.text = text
        self.position = min(max(position, 0), len(text))
        self.length = max(1, min(length, len(text) - self.position))
        self.suggestion = suggestion

    @property
    def mended(self) -> str | None:
        """The whole alert with the suggestion in place, for a "use this" button; None without a suggestion."""
        if self.suggestion is None:
            return None
        return self.text[: self.position] + self.suggestion + self.text[self.position + self.length :]

    def caret(self, width: int = 76) -> str:
        """Two lines for a fixed-width font: the text around the fault, and carets under it (wide letters get two)."""
        start = 0 if len(self.text) <= width else max(0, self.position - width // 2)
        line = "".join(_printable(sign) for sign in self.text[start : start + width])
        at = self.position - start
        under = line[at : at + self.length]
        return f"{line}\n{' ' * _columns(line[:at])}{'^' * max(1, _columns(under))}"


def _printable(sign: str) -> str:
    return sign if sign.isprintable() else " "


def _columns(text: str) -> int:
    """Columns a fixed-width font gives to a text: two for wide letters, none for combining marks."""
    wide = sum(unicodedata.east_asian_width(sign) in "WF" for sign in text)
    return len(text) + wide - sum(unicodedata.combining(sign) > 0 for sign in text)
