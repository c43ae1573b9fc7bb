"""Builds a small XLSX by hand, in the shape of the World Bank's monthly sheet, for the tests of its reader."""

from __future__ import annotations

import io
import zipfile
from xml.sax.saxutils import escape

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def build(rows: list[list[str | float | None]], sheet: str = "Monthly Prices", *, extra: bytes = b"") -> bytes:
    """Texts become shared strings, as spreadsheets write them; None leaves the cell out."""
    strings: list[str] = []
    lines = []
    for number, row in enumerate(rows, 1):
        cells = []
        for place, value in enumerate(row):
            name = f"{chr(65 + place)}{number}"
            if value is None:
                continue
            if isinstance(value, str):
                strings.append(value)
                cells.append(f'<c r="{name}" t="s"><v>{len(strings) - 1}</v></c>')
            else:
                cells.append(f'<c r="{name}"><v>{value}</v></c>')
        lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    shared = "".join(f"<si><t>{escape(text)}</t></si>" for text in strings)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets><sheet name="AFOSHEET" sheetId="1" r:id="rId1"/>'
            f'<sheet name="{sheet}" sheetId="2" r:id="rId2"/></sheets></workbook>',
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            '<Relationship Id="rId1" Target="worksheets/sheet1.xml"/>'
            '<Relationship Id="rId2" Target="worksheets/sheet2.xml"/></Relationships>',
        )
        archive.writestr("xl/sharedStrings.xml", f'<sst xmlns="{_MAIN}">{shared}</sst>')
        archive.writestr(
            "xl/worksheets/sheet2.xml",
            f'<worksheet xmlns="{_MAIN}"><sheetData>{"".join(lines)}</sheetData></worksheet>',
        )
        if extra:
            archive.writestr("xl/bomb.bin", extra)
    return target.getvalue()


def pink_sheet() -> bytes:
    return build(
        [
            ["World Bank Commodity Price Data (The Pink Sheet)"],
            ["monthly prices in nominal US dollars, 1960 to present"],
            [None],
            ["Updated on October 02, 2026"],
            [None, "Coal, Australian", "Aluminum", "Iron ore, cfr spot", "Copper", "Potassium chloride **", "Gold"],
            [None, "($/mt)", "($/mt)", "($/dmtu)", "($/mt)", "($/mt)", "($/troy oz)"],
            ["2026M07", 130.5, 2600, 98.25, 13228, 350, 4100.5],
            ["2026M08", 131.25, "…", 100.8, 13448.204879, 351.5, 4300],
            ["2026M09", 129, 2650.5, 101, "…", 352, 4200],
        ]
    )
