"""Cuts a feed's XML into its <item>/<entry> pieces, so that only pieces never seen before need parsing.

The cut is made by expat's own reading of the document (linear, and exact about CDATA, comments and quotes), and only
for documents of the three usual shapes: rss/channel/item, rdf:RDF/item, feed/entry. Anything else is `Odd` and must
be parsed whole. xml:base, wherever it stands, does no harm: the start tags around the pieces stay. Meaning is left to
feedparser: `Cut.document` is a smaller document of the same shape for it.

Pieces that are known are not read again: their text is replaced by a marker before expat reads the rest, and expat
says whether each marker stands where a piece may stand. Where it does not (in a comment, in another piece), the
document is read as it came.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from xml.parsers import expat

if TYPE_CHECKING:
    from collections.abc import Collection

_MARKER: Final = "headframe-known"
_MARK: Final = b"<?headframe-known %d?>"  # how many known pieces in a row it stands for
_DIGEST: Final = 12  # bytes: with 10^9 pieces the chance of any two alike is under 10^-10
_CONTAINER: Final = {"rss": "channel", "rdf:RDF": "rdf:RDF", "feed": "feed"}
_PIECE: Final = {"rss": "item", "rdf:RDF": "item", "feed": "entry"}


@dataclass(frozen=True, slots=True)
class Odd:
    """Why a document was not cut. well_formed: False when expat could not read it to the end."""

    reason: str
    well_formed: bool


@dataclass(frozen=True, slots=True)
class Cut:
    """A document and where its pieces lie. Offsets are bytes; spans in document order, as are hashes (hex).

    The span of a known piece may hold a marker instead of it, or be empty where one before it marks several.
    """

    data: bytes
    spans: tuple[tuple[int, int], ...]
    hashes: tuple[str, ...]
    opened: int  # end of the container's start tag and what text follows it
    closed: int  # start of the container's end tag

    def document(self, wanted: Collection[int], *, around: bool) -> bytes:
        """The document with only the pieces of these indices; around: with everything that is not a piece."""
        chosen = sorted(wanted)
        if not around:
            inner = b"".join(self.data[start:end] for start, end in (self.spans[i] for i in chosen))
            return self.data[: self.opened] + inner + self.data[self.closed :]
        parts: list[bytes] = []
        position = 0
        keep = set(chosen)
        for index, (start, end) in enumerate(self.spans):
            if index not in keep:
                parts.append(self.data[position:start])
                position = end
        parts.append(self.data[position:])
        return b"".join(parts)

    def shell(self) -> bytes:
        """What is left without any piece: the feed's own title, links and hints."""
        return self.document((), around=True)


class _NotOrdinaryError(Exception):
    """Raised inside expat's callbacks to stop at the first thing that forbids cutting."""


def cut(data: bytes, known: Collection[str] = frozenset()) -> Cut | Odd:
    """The pieces of UTF-8 XML without declaration. Time linear in its length; never raises.

    known: hashes of pieces whose text is not needed; the answer is the same but for their spans and the blanks
    between them.
    """
    if known:
        short, hashes = _without(data, known)
        if hashes:
            found = _scan(short, hashes)
            if isinstance(found, Cut):
                return found
    return _scan(data, [])


def _scan(data: bytes, marked: list[str]) -> Cut | Odd:
    try:
        return _Scan(data, marked).run()
    except _NotOrdinaryError as odd:
        return Odd(str(odd), well_formed=True)
    except expat.ExpatError as error:
        return Odd(f"line {error.lineno}: {expat.ErrorString(error.code)}", well_formed=False)


def _without(data: bytes, known: Collection[str]) -> tuple[bytes, list[str]]:
    """The document with a marker for each run of pieces that are known, and the hashes of these in order.

    Pieces are a run when nothing but blanks stands between them.
    """
    name = b"entry" if b"<feed" in data[:4096] else b"item"
    opening, closing = b"<" + name, b"</" + name
    parts: list[bytes] = []
    hashes: list[str] = []
    kept = position = run = 0
    while (start := data.find(opening, position)) >= 0:
        end = data.find(closing, start)
        end = data.find(b">", end) + 1 if end >= 0 else 0
        if not end:
            break
        position = end
        found = _hash(data[start:end])
        if found not in known:
            continue
        if run and not data[kept:start].strip():
            run += 1
            parts[-1] = _MARK % run
        else:
            run = 1
            parts += (data[kept:start], _MARK % run)
        hashes.append(found)
        kept = end
    parts.append(data[kept:])
    return b"".join(parts), hashes


def _hash(piece: bytes) -> str:
    return hashlib.blake2b(piece, digest_size=_DIGEST).hexdigest()


class _Scan:
    """One pass of expat, noting where pieces start and end."""

    def __init__(self, data: bytes, marked: list[str]) -> None:
        self.data = data
        self.marked = marked
        self.parser = expat.ParserCreate("utf-8")
        self.parser.ordered_attributes = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.StartDoctypeDeclHandler = self.doctype
        if marked:
            self.parser.ProcessingInstructionHandler = self.marker
        self.depth = 0
        self.level = 0  # depth of a piece: children of the container
        self.root = ""
        self.piece = ""
        self.inside = False
        self.opened = self.closed = -1
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.markers: set[int] = set()  # places, among the pieces, of those that markers stand for
        self.entryish: dict[str, bool] = {}

    def run(self) -> Cut | Odd:
        self.parser.Parse(self.data, True)
        if not self.starts:
            return Odd("no entries where they belong", well_formed=True)
        if self.closed < 0 or len(self.starts) != len(self.ends):
            return Odd("entries do not pair up", well_formed=True)
        spans = tuple(zip(self.starts, self.ends, strict=True))
        if len(self.markers) != len(self.marked):
            return Odd("known pieces in unusual places", well_formed=True)
        known = iter(self.marked)
        hashes = tuple(
            next(known) if index in self.markers else _hash(self.data[start:end])
            for index, (start, end) in enumerate(spans)
        )
        return Cut(self.data, spans, hashes, self.opened, self.closed)

    def doctype(self, *_: object) -> None:
        raise _NotOrdinaryError("document type declaration")

    def marker(self, target: str, count: str) -> None:
        """Known pieces, if they stand between the other children of the container."""
        if target != _MARKER:
            return
        many = int(count) if len(count) < 8 and count.isdecimal() else 0  # the publisher may have written one
        out_of_place = self.inside or not self.root or self.depth != self.level or self.closed >= 0
        if out_of_place or not 0 < many <= len(self.marked) - len(self.markers):
            raise _NotOrdinaryError("known pieces in unusual places")
        index = self.parser.CurrentByteIndex
        if self.opened < 0:
            self.opened = index
        end = self.data.index(b">", index) + 1
        self.starts += (index, *[end] * (many - 1))
        self.ends += [end] * many
        self.markers.update(range(len(self.starts) - many, len(self.starts)))

    def start(self, name: str, _attributes: list[str]) -> None:
        depth = self.depth
        self.depth = depth + 1
        if depth == self.level and depth:
            if self.opened < 0:
                self.opened = self.parser.CurrentByteIndex
            if name == self.piece:
                self.starts.append(self.parser.CurrentByteIndex)
                self.inside = True
                return
        elif not depth:
            self._root(name)
        elif depth == 1 and self.root == "rss" and (name != "channel" or self.closed >= 0):
            raise _NotOrdinaryError("more than one channel, or something beside it")
        if self._looks_like_entry(name):
            raise _NotOrdinaryError("entries in unusual places")

    def _root(self, name: str) -> None:
        if name not in _CONTAINER:
            raise _NotOrdinaryError(f"unusual root element {name[:40]}")
        self.root = name
        self.piece = _PIECE[name]
        self.level = 2 if name == "rss" else 1

    def _looks_like_entry(self, name: str) -> bool:
        known = self.entryish.get(name)
        if known is None:
            known = self.entryish[name] = name.rpartition(":")[2].lower() in {"item", "entry"}
        return known

    def end(self, _name: str) -> None:
        self.depth -= 1
        if self.depth == self.level and self.inside:
            self.inside = False
            index = self.parser.CurrentByteIndex
            if not self.data.startswith(b"</", index):
                raise _NotOrdinaryError("empty entry")
            self.ends.append(self.data.index(b">", index) + 1)
        elif self.depth == self.level - 1:
            if self.opened < 0:
                raise _NotOrdinaryError("empty feed")
            self.closed = self.parser.CurrentByteIndex
