"""Small repairs to XML that is not well-formed, made only after expat refused it. Every step is linear in its length.

What these do not mend goes to feedparser's loose parser, which reads nearly anything; they spare it the inputs it is
slow on, and keep the strict parser (and cutting into pieces) for feeds with one common fault.
"""

from __future__ import annotations

import re
from typing import Final

from bot.feeds import charset

_CLOSING: Final = re.compile(r"</(?:rss|feed|rdf:RDF|RDF|channel)\s*>", re.IGNORECASE)
_SECTION: Final = re.compile(r"<!--|<!\[CDATA\[")


def mend(text: str) -> tuple[str, tuple[str, ...]]:
    """(mended text, one warning per repair): junk after the end, entities XML does not know, comments."""
    warnings: list[str] = []
    end = max((closing.end() for closing in _CLOSING.finditer(text)), default=len(text))
    if text[end:].strip():
        text = text[:end]
        warnings.append("junk after the closing tag")
    named = charset.name_entities(text)
    if named != text:
        text = named
        warnings.append("entities that XML does not know")
    if "<!--" in text:
        text, unclosed = uncommented(text)
        if unclosed:
            warnings.append("a comment that does not end")
    return text, tuple(warnings)


def uncommented(text: str) -> tuple[str, bool]:
    """(text without comments, whether one did not end). CDATA is left alone; an unclosed "<!--" is shown as text."""
    parts: list[str] = []
    position = 0
    unclosed = False
    while section := _SECTION.search(text, position):
        start = section.start()
        ending = "-->" if section.group() == "<!--" else "]]>"
        end = text.find(ending, section.end())
        if end < 0:
            # No later section of this kind ends either, so the rest is dealt with at once.
            rest = text[start:]
            unclosed = True
            parts.append(text[position:start])
            parts.append(rest.replace("<!--", "&lt;!--") if ending == "-->" else rest)
            return "".join(parts), unclosed
        if ending == "-->":
            parts.append(text[position:start])
        else:
            parts.append(text[position : end + 3])
        position = end + 3
    parts.append(text[position:])
    return "".join(parts), unclosed
