"""Everything the cogs may ask of the newsroom, built once in `bot.app` and handed to the client."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.mentions import Mentions
from bot.minerals import catalogue as reference

if TYPE_CHECKING:
    from datetime import datetime

    from bot.delivery.outbox import Outbox
    from bot.delivery.routes import Routes
    from bot.feeds.fetch import Fetcher
    from bot.feeds.guard import Guard
    from bot.feeds.robots import RobotsCache
    from bot.feeds.worker import ParserPool
    from bot.ingest import Ingest
    from bot.minerals.model import Catalogue
    from bot.pipeline import Pipeline
    from bot.prices.chart_worker import ChartWorker
    from bot.prices.service import PriceService
    from bot.settings import Settings
    from bot.subscriptions import SubscriptionBook
    from storage.database import Database
    from storage.member import Member


@dataclass(slots=True)
class Services:
    settings: Settings
    db: Database
    book: SubscriptionBook
    guard: Guard
    fetcher: Fetcher
    parser: ParserPool
    ingest: Ingest
    robots: RobotsCache
    pipeline: Pipeline
    outbox: Outbox
    routes: Routes
    started_at: datetime
    version: str
    member: Member | None = None  # this process among others; None: in tests without any
    prices: PriceService | None = None
    charts: ChartWorker | None = None  # one process draws every picture
    mentions: Mentions = field(default_factory=Mentions)  # filled by the client
    notes: dict[str, str] = field(default_factory=dict)

    @property
    def catalogue(self) -> Catalogue:
        """The minerals reference; read at first use."""
        return reference.load()
