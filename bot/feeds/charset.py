"""Turns a feed's bytes into clean UTF-8 XML text, whatever server, declaration and bytes say of each other.

Decides the encoding and mends what can be mended for certain. It does not parse XML and knows nothing of entries.
"""

from __future__ import annotations

import codecs
import html.entities
import re
from dataclasses import dataclass
from typing import Final

_BOMS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# The first bytes of "<?" or "<r", "<f" … without a byte order mark (XML 1.0, appendix F.1).
_SNIFFS: Final = (
    (re.compile(rb"<\0\0\0"), "utf-32-le"),
    (re.compile(rb"\0\0\0<"), "utf-32-be"),
    (re.compile(rb"<\0[!-~]\0"), "utf-16-le"),
    (re.compile(rb"\0<\0[!-~]"), "utf-16-be"),
)
_DECLARED: Final = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']\s*([A-Za-z0-9._:-]{1,40})""")
_HTTP: Final = re.compile(r"""charset\s*=\s*["']?\s*([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)
_DECLARATION: Final = re.compile(r"<\?xml\b[^>]{0,300}\?>")
_ROOT: Final = re.compile(r"<\?xml\b|<(?:rss|feed|rdf:RDF|urlset|sitemapindex|channel|opml)[\s>]")
_CONTROLS: Final = bytes(set(range(32)) - set(b"\t\n\r"))
_NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_REFERENCE: Final = re.compile(r"&#(?:[xX]([0-9a-fA-F]+)|([0-9]+));?")
_ENTITY: Final = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31});")
_XML_ENTITIES: Final = frozenset({"lt", "gt", "amp", "quot", "apos"})
# Encodings whose name promises less than publishers put in (WHATWG Encoding Standard, §4.2 labels).
_WIDER: Final = {"iso-8859-1": "cp1252", "latin-1": "cp1252", "latin1": "cp1252", "us-ascii": "cp1252",
                 "ascii": "cp1252", "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932",
                 "euc-kr": "cp949", "iso-8859-9": "cp1254", "tis-620": "cp874"}  # fmt: skip
# Encodings written in ASCII bytes only: they would pass as UTF-8 and must be believed when declared.
_ASCII_SHIFTED: Final = ("iso-2022", "iso2022", "hz", "utf-7")

# What UTF-8 read as cp1252 looks like: a lead byte's character, then one to three continuation bytes' characters.
_CONTINUATION: Final = "".join(bytes([b]).decode("cp1252", "ignore") or chr(b) for b in range(0x80, 0xC0))
_RUN: Final = re.compile(
    f"[\u00c2-\u00df][{re.escape(_CONTINUATION)}]|[\u00e0-\u00ef][{re.escape(_CONTINUATION)}]{{2}}"
    f"|[\u00f0-\u00f4][{re.escape(_CONTINUATION)}]{{3}}"
)
# Sequences that no language writes on purpose: Â£, Ã©, â€™ and their kin.
_TELLTALE: Final = re.compile(f"â€|Ã[{re.escape(_CONTINUATION)}]|Â[\u00a0-\u00bf]|ï»¿")


@dataclass(frozen=True, slots=True)
class Decoded:
    """text: without byte order mark, XML declaration, junk before it, or characters XML forbids."""

    text: str
    encoding: str
    warnings: tuple[str, ...] = ()


def decode(body: bytes, content_type: str | None = None) -> Decoded:
    """The text of a feed. Never fails: the last resort is cp1252 with replacements.

    Order: byte order mark; shape of the first bytes; bytes that are valid UTF-8 with something beyond ASCII in them
    (nothing else looks like that by accident, so this outranks both declarations); the XML declaration; the
    server's charset; cp1252. The server's word comes last because it is the one most often wrong.
    """
    text, encoding, warnings = _decode(body, content_type)
    start = _ROOT.search(text, 0, 4096)
    if start and text[: start.start()].strip("\ufeff \t\r\n"):
        if "<" not in text[: start.start()] or start.group() == "<?xml":
            warnings.append("junk before the XML declaration")
            text = text[start.start() :]
    else:
        text = text.lstrip("\ufeff \t\r\n")
    declaration = _DECLARATION.match(text)
    if declaration:
        text = text[declaration.end() :]
    allowed = without_forbidden(text)
    if allowed != text:
        text = allowed
        warnings.append("control characters removed")
    mended = undouble(text)
    if mended != text:
        warnings.append("text was encoded twice; mended")
    return Decoded(mended, encoding, tuple(warnings))


def without_forbidden(text: str) -> str:
    """Text without the characters XML 1.0 (§2.2) does not allow, written plainly or as references."""
    raw = text.encode("utf-8", "surrogatepass")
    # Looks at bytes, a tenth of the cost of one at characters. 0xED begins surrogates, 0xEF U+FFFE and U+FFFF.
    beyond = not text.isascii() and (b"\xed" in raw or b"\xef\xbf" in raw)
    if beyond or len(raw.translate(None, _CONTROLS)) != len(raw):
        text = _NOT_XML.sub("", text)
    return _REFERENCE.sub(_allowed, text) if "&" in text and "&#" in text else text


def _allowed(match: re.Match[str]) -> str:
    hexadecimal, decimal = match.groups()
    if len(hexadecimal or decimal) > 12:
        return ""
    code = int(hexadecimal, 16) if hexadecimal else int(decimal)
    return match.group() if code <= 0x10FFFF and code and not _NOT_XML.match(chr(code)) else ""


def _decode(body: bytes, content_type: str | None) -> tuple[str, str, list[str]]:
    warnings: list[str] = []
    for mark, name in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace"), name, warnings
    head = body[:1024].lstrip()
    for shape, name in _SNIFFS:
        if shape.match(head):
            return body.decode(name, "replace"), name, warnings
    declared = _DECLARED.search(body[:1024])
    in_xml = declared.group(1).decode("ascii").lower() if declared else None
    served = _HTTP.search(content_type or "")
    in_http = served.group(1).lower() if served else None
    if in_xml and in_http and _name(in_xml) != _name(in_http):
        warnings.append(f"the server says {in_http}, the XML declaration {in_xml}")
    shifted = next((n for n in (in_xml, in_http) if n and n.startswith(_ASCII_SHIFTED)), None)
    if not shifted:
        try:
            return body.decode("utf-8"), "utf-8", warnings
        except UnicodeDecodeError:
            pass
    for claim in (shifted, in_xml, in_http):
        if claim and _name(claim) != "utf-8":
            try:
                return body.decode(_WIDER.get(claim, claim)), claim, warnings
            except (UnicodeDecodeError, LookupError):
                warnings.append(f"the text is not {claim}, as declared")
    return _mixed(body, warnings)


def _mixed(body: bytes, warnings: list[str]) -> tuple[str, str, list[str]]:
    """Mostly UTF-8 with a few stray bytes, or a single-byte encoding nobody declared."""
    text = body.decode("utf-8", "replace")
    strays = text.count("\ufffd")
    beyond = sum(1 for _ in re.finditer(rb"[\xc2-\xf4][\x80-\xbf]", body))
    if strays * 4 < beyond:
        warnings.append("some bytes are not UTF-8; replaced")
        return text, "utf-8", warnings
    return body.decode("cp1252", "replace"), "cp1252", warnings


def _name(label: str) -> str:
    try:
        return codecs.lookup(label).name
    except LookupError:
        return label


def undouble(text: str) -> str:
    """UTF-8 that was read as cp1252 and encoded again, undone; the text itself unless it is certain.

    Certain: every character beyond ASCII belongs to such a sequence, the whole turns back into valid UTF-8, and at
    least one sequence is one that no language writes (Ã©, â€™, Â£) or there are eight of them. "CAFÉ\u00a0:" stays.
    """
    if text.isascii():
        return text
    if not _TELLTALE.search(text):
        return text
    runs = _RUN.findall(text)
    if sum(map(len, runs)) != _beyond_ascii(text):
        return text
    try:
        return _sloppy(text).decode("utf-8")
    except (UnicodeDecodeError, UnicodeEncodeError):
        return text


def _beyond_ascii(text: str) -> int:
    return len(text) - len(text.encode("ascii", "ignore"))


def _sloppy(text: str) -> bytes:
    """As cp1252, its five unassigned bytes standing for themselves (WHATWG windows-1252)."""
    try:
        return text.encode("cp1252")
    except UnicodeEncodeError:
        return b"".join(c.encode("latin-1" if "\x80" <= c <= "\x9f" else "cp1252") for c in text)


def name_entities(text: str) -> str:
    """HTML's named entities, unknown to XML without a DTD, as the characters they stand for."""

    def character(match: re.Match[str]) -> str:
        name = match.group(1)
        code = None if name in _XML_ENTITIES else html.entities.name2codepoint.get(name)
        return match.group() if code is None else chr(code)

    return _ENTITY.sub(character, text)
