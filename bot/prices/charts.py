"""Charts on request: history and headlines from the database, drawn by the worker, with words beside the picture."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from bot.clock import utcnow
from bot.i18n import use_language
from bot.prices import chart
from bot.prices.chart import MAX_POINTS, Chart, Marker, Theme
from bot.prices.history import RANGES
from bot.prices.instruments import INSTRUMENTS, instrument
from bot.prices.message import basis_name
from bot.prices.model import Basis, Point, PriceError
from bot.prices.units import EXACT, UNITS, Unit, convert_price
from storage import entries

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.prices.chart_worker import ChartWorker
    from bot.prices.service import PriceService
    from storage.database import Database

_LOOKED_AT: Final = 60  # headlines considered for the markers


@dataclass(frozen=True, slots=True)
class Drawn:
    """png: the picture. chart: its alt text, table and markers."""

    png: bytes
    chart: Chart
    name: str


class Charts:
    """`draw` for a person, `for_alert` for the outbox."""

    def __init__(self, service: PriceService, database: Database, worker: ChartWorker, *, demo: bool = False) -> None:
        self._service = service
        self._database = database
        self.worker = worker
        self._demo = demo

    async def draw(
        self,
        metal: str,
        span: str,
        *,
        now: datetime,
        currency: str = "USD",
        unit: Unit | None = None,
        guild_id: int = 0,
        theme: Theme = "dark",
        markers: Sequence[Marker] | None = None,
        level: Decimal | None = None,
        last: Point | None = None,
        first: Point | None = None,
    ) -> Drawn:
        """guild_id: whose feeds the headlines on the line come from; 0: those of people without a server.

        markers: instead of those headlines. level: a line across; last: where the line ends, instead of the present
        quote; first: where it begins; all in the chart's terms.

        Raises UnknownMetal, UnknownCurrency, NoHistory, ChartError.
        """
        item = instrument(metal)
        chosen = unit or item.unit
        start = chart.start_of(span, now)
        points = await self._service.history(item.slug, start, now + timedelta(seconds=1), MAX_POINTS)
        # Today's exchange rate for the whole line: the picture shows the metal's moves, not the currency's.
        factor = self._service.rates.convert(convert_price(Decimal(1), item.unit, chosen), "USD", currency)
        shown = [Point(point.at, EXACT.multiply(point.price, factor)) for point in points]
        # What is stored may be a minute old: the line ends where the words beside it say the price is.
        end = last or self._present(item.slug, now, factor)
        if end is not None:
            shown = [*(point for point in shown if point.at < end.at), end]
        if first is None and last is None and span == "1d":
            # A day's change is one figure wherever it is told: the line begins where `/price now` counts from.
            since = self._service.changes(item.slug, now).start
            first = None if since is None else Point(since.at, EXACT.multiply(since.price, factor))
        if first is not None:
            shown = [first, *(point for point in shown if point.at > first.at)]
        built = chart.build(
            item,
            shown,
            span,
            currency=currency,
            unit=chosen,
            markers=await self._markers(item.slug, points, guild_id) if markers is None else markers,
            level=level,
            theme=theme,
            source=self._source(item.slug, now),
            demo=self._demo,
        )
        png = await self.worker.draw(built.key, built.drawing)
        return Drawn(png, built, f"{item.slug}-{span}.png")

    def _present(self, slug: str, now: datetime, factor: Decimal) -> Point | None:
        found = self._service.quote(slug, now)
        if found is None or found.price is None or not (found.good and found.market_open):
            return None
        if found.basis is Basis.MONTHLY or found.basis is not INSTRUMENTS[slug].basis:
            return None  # another kind of price is no end of this line
        # As quotes are stored: by the minute in which they were looked at, whatever a source's own clock says.
        return Point(now.replace(second=0, microsecond=0), EXACT.multiply(found.price, factor))

    def _source(self, slug: str, now: datetime) -> str:
        found = self._service.quote(slug, now)
        if found is None:
            return ""
        names = ", ".join(found.sources)
        credit = "World Bank" if found.basis is Basis.MONTHLY else names
        return f"{basis_name(found.basis)}: {credit}" if credit else basis_name(found.basis)

    async def _markers(self, slug: str, points: list[Point], guild_id: int) -> list[Marker]:
        if not points:
            return []
        async with self._database.read() as connection:
            found = await entries.latest(
                connection, guild_id, facets=[f"mineral:{slug}"], since=points[0].at, limit=_LOOKED_AT
            )
        return [Marker(entry.published_at or entry.first_seen_at, entry.title, entry.url) for entry in found]

    async def close(self) -> None:
        await self.worker.close()

    async def for_alert(self, wanted: Mapping[str, object]) -> tuple[str, bytes, str] | None:
        """(file name, PNG, alt text) for the "chart" of `message.alert_payload`; None where it cannot
        be drawn: the alert goes out without it."""
        metal, span, unit = str(wanted.get("metal")), str(wanted.get("range")), str(wanted.get("unit"))
        if metal not in INSTRUMENTS or span not in RANGES or unit not in UNITS:
            return None
        level, times = wanted.get("level"), wanted.get("headlines")
        marked = [at for at in times if isinstance(at, int)] if isinstance(times, list) else []
        price, at = wanted.get("price"), wanted.get("at")
        last = None
        if isinstance(price, str) and isinstance(at, int):
            last = Point(datetime.fromtimestamp(at, UTC), Decimal(price))
        first = _point(wanted.get("since"))
        markers = [Marker(datetime.fromtimestamp(at, UTC), "", number=number) for number, at in enumerate(marked, 1)]
        language = wanted.get("language")
        try:
            with use_language(language if isinstance(language, str) else None):
                drawn = await self.draw(
                    metal,
                    span,
                    now=last.at if last is not None else utcnow(),
                    last=last,
                    first=first,
                    currency=str(wanted.get("currency", "USD")),
                    unit=UNITS[unit],
                    markers=markers,
                    level=Decimal(level) if isinstance(level, str) else None,
                )
        except PriceError:
            return None
        return drawn.name, drawn.png, drawn.chart.alt


def _point(stored: object) -> Point | None:
    """[Unix time, price as text] of a payload."""
    match stored:
        case [int(at), str(price)]:
            return Point(datetime.fromtimestamp(at, UTC), Decimal(price))
    return None
