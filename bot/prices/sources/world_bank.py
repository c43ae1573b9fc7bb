"""The World Bank's monthly commodity prices (the "Pink Sheet"): month averages of base metals, bulk and fertiliser.

Its page: https://www.worldbank.org/en/research/commodity-markets. Terms: CC BY 4.0, to be credited to the
World Bank. The file's address changes each year; when it answers 404 the operator puts the new one (the link "Monthly
prices" on that page) into the price source list. Figures are for whole months and appear in the month after.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

from bot.prices.instruments import INSTRUMENTS
from bot.prices.model import Basis
from bot.prices.sources.base import BadAnswer, Parsed, Request, reading
from bot.prices.sources.xlsx import NotASpreadsheet, read_sheet
from bot.prices.units import UnknownUnit, convert_price, parse_unit

if TYPE_CHECKING:
    from collections.abc import Sequence

URL: Final = (
    "https://thedocs.worldbank.org/en/doc/74e8be41ceb20fa0da750cda2f6b9e4e-0050012026"
    "/related/CMO-Historical-Data-Monthly.xlsx"
)
SHEET: Final = "Monthly Prices"
# Column headings of the sheet, without the asterisks that mark revisions.
COLUMNS: Final = {
    "gold": "Gold",
    "silver": "Silver",
    "platinum": "Platinum",
    "copper": "Copper",
    "aluminium": "Aluminum",
    "nickel": "Nickel",
    "zinc": "Zinc",
    "lead": "Lead",
    "tin": "Tin",
    "iron_ore": "Iron ore, cfr spot",
    "coal": "Coal, Australian",
    "potash": "Potassium chloride",
    "phosphate_rock": "Phosphate rock",
}
_MONTH: Final = re.compile(r"(\d{4})M(\d{2})")


def requests(metals: Sequence[str], url: str = URL) -> list[Request]:
    wanted = tuple(metal for metal in metals if metal in COLUMNS)
    return [Request(url, wanted)] if wanted else []


def parse(request: Request, body: bytes, fetched_at: datetime, source: str) -> Parsed:
    """The newest month of each metal, and every month as history. Slow (most of a second): call it in a thread.

    Raises BadAnswer.
    """
    try:
        rows = read_sheet(body, SHEET)
    except NotASpreadsheet as error:
        raise BadAnswer(f"{error}; if the file has moved, put its new address into the price source list") from error
    names_at = next((index for index, row in enumerate(rows) if "Copper" in _headings(row)), None)
    if names_at is None or names_at + 1 >= len(rows):
        raise BadAnswer(f"the sheet {SHEET} has no row of commodity names")
    names, units = _headings(rows[names_at]), rows[names_at + 1]
    readings, history = [], []
    for metal in request.metals:
        column = names.get(COLUMNS[metal])
        if column is None:
            continue
        series = _series(rows[names_at + 2 :], column, metal, units.get(column, ""))
        if not series:
            continue
        history += [(metal, month, price) for month, price in series]
        month, price = series[-1]
        instrument = INSTRUMENTS[metal]
        readings.append(
            reading(
                instrument, price, instrument.unit, source=source, as_of=month, fetched_at=fetched_at,
                basis=Basis.MONTHLY,
            )
        )  # fmt: skip
    if not readings:
        raise BadAnswer(f"the sheet {SHEET} holds none of the metals asked for")
    return Parsed(tuple(readings), history=tuple(history))


def _headings(row: dict[str, str]) -> dict[str, str]:
    """Commodity name → column letter."""
    return {text.replace("*", "").strip(): column for column, text in row.items()}


def _series(rows: list[dict[str, str]], column: str, metal: str, unit_text: str) -> list[tuple[datetime, Decimal]]:
    """(first day of the month, price per home unit), oldest first; "…" means not available and is left out."""
    try:
        unit = parse_unit(unit_text.strip().strip("()"))
    except UnknownUnit as error:
        raise BadAnswer(f'the unit of {metal} is "{unit_text[:20]}", which is not known') from error
    series = []
    for row in rows:
        month = _MONTH.fullmatch(row.get("A", "").strip())
        if month is None or not 1 <= int(month[2]) <= 12:
            continue
        try:
            price = Decimal(row.get(column, ""))
        except InvalidOperation:
            continue
        if price.is_finite() and price > 0:
            start = datetime(int(month[1]), int(month[2]), 1, tzinfo=UTC)
            series.append((start, convert_price(price, unit, INSTRUMENTS[metal].unit)))
    return sorted(series)
