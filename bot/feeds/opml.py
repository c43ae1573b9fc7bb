"""Reads and writes lists of feeds as OPML 2.0 (opml.org/spec2.opml). Reading forgives and says what it leaves out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.feeds import charset, clean
from bot.feeds.links import canonical
from bot.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lxml import etree

MAX_BYTES: Final = 2 * 1024 * 1024
MAX_FEEDS: Final = 2000
_MAX_DEPTH: Final = 50


class OpmlError(Exception):
    """The file is not OPML at all; the message is for the person who gave it."""


@dataclass(frozen=True, slots=True)
class OpmlFeed:
    """url: absolute http(s); title: "" when there is none; folder: names of the outlines around it, outermost first."""

    url: str
    title: str = ""
    folder: tuple[str, ...] = ()
    site_url: str | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class Problem:
    """What was left out and why, in the language in force. line: in the file, from 1; 0 for the file as a whole.

    repeated: nothing is missing, the feed stands in the file twice.
    """

    line: int
    text: str
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class OpmlReport:
    """feeds in document order, each address once."""

    feeds: tuple[OpmlFeed, ...]
    problems: tuple[Problem, ...] = ()


def read(data: bytes) -> OpmlReport:
    """The feeds of an OPML file of at most 2 MiB. Raises OpmlError when it is no OPML; bad lines are only reported."""
    if len(data) > MAX_BYTES:
        raise OpmlError(_("The file is larger than {limit} MiB; split it.").format(limit=MAX_BYTES // 2**20))
    root = _root(data)
    body = next((child for child in root if _local(child) == "body"), None)
    if _local(root) != "opml" or body is None:
        raise OpmlError(_("The file is not OPML: it has no opml and body elements. Export it again as OPML."))
    reader = _Reader()
    reader.walk(body)
    if not reader.feeds and not reader.problems:
        reader.problems.append(Problem(0, _("The file lists no feeds.")))
    return OpmlReport(tuple(reader.feeds.values()), tuple(reader.problems))


def write(feeds: Iterable[OpmlFeed], *, title: str = "Headframe") -> bytes:
    """An OPML 2.0 document, UTF-8; feeds with a folder are put into nested outlines."""
    from lxml import etree  # 4 MiB that a start does without

    root = etree.Element("opml", version="2.0")
    etree.SubElement(etree.SubElement(root, "head"), "title").text = _xml(title)
    body = etree.SubElement(root, "body")
    folders: dict[tuple[str, ...], etree._Element] = {(): body}
    for feed in feeds:
        for depth in range(1, len(feed.folder) + 1):
            path = feed.folder[:depth]
            if path not in folders:
                name = _xml(path[-1])
                folders[path] = etree.SubElement(folders[path[:-1]], "outline", text=name, title=name)
        name = _xml(feed.title) or feed.url
        outline = etree.SubElement(
            folders[feed.folder], "outline", type="rss", text=name, title=name, xmlUrl=_xml(feed.url)
        )
        if feed.site_url:
            outline.set("htmlUrl", _xml(feed.site_url))
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


class _Reader:
    """Walks the outlines without recursion, so that no nesting can exhaust the stack."""

    def __init__(self) -> None:
        self.feeds: dict[str, OpmlFeed] = {}
        self.problems: list[Problem] = []

    def walk(self, body: etree._Element) -> None:
        pending: list[tuple[etree._Element, tuple[str, ...]]] = [(child, ()) for child in reversed(body)]
        while pending:
            node, folder = pending.pop()
            if _local(node) != "outline":
                continue
            attributes = {str(name).lower(): str(value) for name, value in node.attrib.items()}
            name = clean.text(attributes.get("title") or attributes.get("text") or "", 200)
            if "xmlurl" in attributes:
                self._feed(node, attributes, name, folder)
            elif len(node):
                inner = (*folder, name) if name else folder
                if len(inner) > _MAX_DEPTH:
                    self._problem(node, _("Folders nested too deeply; left out."))
                    continue
                pending += [(child, inner) for child in reversed(node)]
                continue
            elif attributes.get("type", "").lower() in {"rss", "atom"}:
                self._problem(node, _("“{name}” has no address (xmlUrl).").format(name=name or "?"))
            pending += [(child, folder) for child in reversed(node)]

    def _feed(self, node: etree._Element, attributes: dict[str, str], name: str, folder: tuple[str, ...]) -> None:
        written = attributes["xmlurl"].strip()
        if written.startswith("feed:"):
            written = "https://" + written.removeprefix("feed:").removeprefix("//")
        address = clean.address(written)
        shown = clean.shorten(clean.visible(written), 100)
        if address is None:
            self._problem(node, _("“{address}” is not an http(s) address.").format(address=shown))
            return
        key = canonical(address)
        if key in self.feeds:
            said = _("“{address}” was listed before, on line {line}.").format(address=shown, line=self.feeds[key].line)
            self._problem(node, said, repeated=True)
            return
        if len(self.feeds) >= MAX_FEEDS:
            if len(self.feeds) == MAX_FEEDS and not any(p.line == 0 for p in self.problems):
                text = _("Only the first {limit} feeds were read; import the rest from a second file.")
                self.problems.append(Problem(0, text.format(limit=MAX_FEEDS)))
            return
        site = clean.address(attributes.get("htmlurl"))
        self.feeds[key] = OpmlFeed(address, name, folder, site, _line(node))

    def _problem(self, node: etree._Element, text: str, *, repeated: bool = False) -> None:
        if len(self.problems) < MAX_FEEDS:
            self.problems.append(Problem(_line(node), text, repeated))


def _root(data: bytes) -> etree._Element:
    # Neither entities nor DTDs nor the network: what a hostile file could reach for. huge_tree stays off, so libxml2
    # refuses nesting deeper than 256 and single texts over 10 MB.
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, recover=True, huge_tree=False
    )
    decoded = charset.decode(data)
    dropped = data.decode("latin-1").partition("<opml")[0].count("\n") - decoded.text.partition("<opml")[0].count("\n")
    text = "\n" * max(0, dropped) + decoded.text  # keeps the file's own line numbers
    try:
        root = etree.fromstring(text.encode("utf-8", "ignore"), parser) if text.strip() else None
    except (etree.XMLSyntaxError, ValueError):
        root = None
    if root is None:
        raise OpmlError(_("The file is not XML; give an OPML file as feed readers export it."))
    return root


def _local(node: etree._Element) -> str:
    return node.tag.rpartition("}")[2].lower() if isinstance(node.tag, str) else ""


def _line(node: etree._Element) -> int:
    line: object = node.sourceline  # the stubs call it something else
    return line if isinstance(line, int) else 0


def _xml(value: str) -> str:
    """Text that XML can carry."""
    return clean.visible(value)
