"""Just enough of the XLSX format to read one sheet of plain cells as text. No formulas, dates or styles.

ECMA-376 part 1: a zip of XML; §18.3 sheets, §18.4 shared strings. Sizes are checked before anything is unpacked.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import TYPE_CHECKING, Final

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, iterparse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

MAX_UNPACKED: Final = 40 * 1024 * 1024
_MAIN: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_REL: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


class NotASpreadsheet(ValueError):
    """The bytes are no XLSX file, or hold no sheet of that name."""


def read_sheet(body: bytes, name: str) -> list[dict[str, str]]:
    """Rows of the sheet as {column letters: text}, empty cells left out. Raises NotASpreadsheet."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            if sum(info.file_size for info in archive.infolist()) > MAX_UNPACKED:
                raise NotASpreadsheet("the file unpacks to more than a price list can hold")
            path = _sheet_path(archive, name)
            shared = _shared_strings(archive)
            return list(_rows(archive, path, shared))
    except (zipfile.BadZipFile, KeyError, ParseError, DefusedXmlException, IndexError, zlib.error) as error:
        raise NotASpreadsheet("the answer was not a spreadsheet") from error
    except (EOFError, NotImplementedError, RuntimeError) as error:  # cut short; exotic compression; encrypted
        raise NotASpreadsheet("the spreadsheet cannot be unpacked") from error


def _elements(archive: zipfile.ZipFile, path: str, tag: str) -> Iterator[Element]:
    """Each finished element of that tag, emptied afterwards so that memory stays small."""
    with archive.open(path) as stream:
        for _event, element in iterparse(stream, forbid_dtd=True):
            if element.tag.endswith(tag):
                yield element
                element.clear()


def _sheet_path(archive: zipfile.ZipFile, name: str) -> str:
    relation = next(
        (sheet.get(_REL) for sheet in _elements(archive, "xl/workbook.xml", "}sheet") if sheet.get("name") == name),
        None,
    )
    if relation is None:
        raise NotASpreadsheet(f"the spreadsheet has no sheet {name}")
    for item in _elements(archive, "xl/_rels/workbook.xml.rels", "}Relationship"):
        if item.get("Id") == relation:
            target = (item.get("Target") or "").lstrip("/")
            return target if target.startswith("xl/") else f"xl/{target}"
    raise NotASpreadsheet(f"the spreadsheet has lost its sheet {name}")


def _shared_strings(archive: zipfile.ZipFile) -> list[str]:
    if "xl/sharedStrings.xml" not in archive.namelist():
        return []
    return [_text(item) for item in _elements(archive, "xl/sharedStrings.xml", f"{_MAIN}si")]


def _text(element: Element) -> str:
    return "".join(part.text or "" for part in element.iter(f"{_MAIN}t"))


def _rows(archive: zipfile.ZipFile, path: str, shared: list[str]) -> Iterator[dict[str, str]]:
    for row in _elements(archive, path, f"{_MAIN}row"):
        cells: dict[str, str] = {}
        for cell in row.iter(f"{_MAIN}c"):
            column = (cell.get("r") or "").rstrip("0123456789")
            text = _cell_text(cell, shared)
            if column and text:
                cells[column] = text
        yield cells


def _cell_text(cell: Element, shared: list[str]) -> str:
    if cell.get("t") == "inlineStr":
        return _text(cell)
    value = cell.findtext(f"{_MAIN}v") or ""
    if cell.get("t") == "s":
        return shared[int(value)] if value.isdecimal() else ""
    return value
