"""A server's own settings: language, time zone, currency, unit, where notices go. Checks, the table, words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.clock import utcnow
from bot.desk.people import read_zone
from bot.errors import UserError
from bot.i18n import LANGUAGES, _
from bot.prices.currency import NAMES, UnknownCurrency, parse_currency
from bot.prices.units import UnknownUnit, parse_unit
from storage import deliveries, guilds
from storage.records import NewDelivery, Target

if TYPE_CHECKING:
    from bot.services import Services
    from storage.records import GuildSettings, UserSettings

LANGUAGE_NAMES = {"en": "English", "fr": "Français", "es": "Español"}


async def settings(services: Services, guild_id: int) -> GuildSettings:
    async with services.db.read() as connection:
        return await guilds.guild(connection, guild_id)


async def change(
    services: Services,
    guild_id: int,
    *,
    language: str | None = None,
    timezone: str | None = None,
    currency: str | None = None,
    unit: str | None = None,
    notices: int | None = None,
) -> GuildSettings:
    """Change what is given, and only that. Raises UserError for a value that cannot be used."""
    changes = _read(language=language, timezone=timezone, currency=currency, unit=unit)
    if notices is not None:
        changes["notice_channel_id"] = notices
    async with services.db.write() as connection:
        return await guilds.set_guild(connection, guild_id, now=utcnow(), **changes)


async def own(services: Services, user_id: int) -> UserSettings:
    async with services.db.read() as connection:
        return await guilds.user(connection, user_id)


async def change_own(
    services: Services,
    user_id: int,
    *,
    language: str | None = None,
    timezone: str | None = None,
    currency: str | None = None,
    unit: str | None = None,
) -> UserSettings:
    """As `change`, for one person; without any value nothing is stored. Raises UserError."""
    changes = _read(language=language, timezone=timezone, currency=currency, unit=unit)
    if not changes:
        return await own(services, user_id)
    async with services.db.write() as connection:
        return await guilds.set_user(connection, user_id, now=utcnow(), **changes)


def _read(*, language: str | None, timezone: str | None, currency: str | None, unit: str | None) -> dict[str, Any]:
    """What was given, as it is stored."""
    changes: dict[str, Any] = {}
    if language is not None:
        if language not in LANGUAGES:
            raise UserError(_("I speak English, French and Spanish. Pick one of the suggestions."))
        changes["language"] = language
    if timezone is not None:
        changes["timezone"] = read_zone(timezone)
    if currency is not None:
        try:
            changes["currency"] = parse_currency(currency)
            if changes["currency"] not in NAMES:
                raise UnknownCurrency(
                    _("“{text}” is not a currency I have rates for; use one of {known}.").format(
                        text=currency[:30], known=", ".join(sorted(NAMES))
                    )
                )
        except UnknownCurrency as error:
            raise UserError(str(error)) from error
    if unit is not None:
        try:
            changes["unit"] = parse_unit(unit).code
        except UnknownUnit as error:
            raise UserError(str(error)) from error
    return changes


async def greet(services: Services, guild_id: int, channel_id: int | None) -> None:
    """One short hello on joining a server, once, where the bot may write; through the outbox like everything else."""
    now = utcnow()
    async with services.db.write() as connection:
        before = await guilds.guild(connection, guild_id)
        await guilds.set_guild(connection, guild_id, now=now, left_at=None)
        if before.hello_at is not None or channel_id is None:
            return
        await guilds.set_guild(connection, guild_id, now=now, hello_at=now)
        text = _(
            "Hello! I post mining and metals headlines where you want them. A moderator begins with `/setup`; "
            "everyone can use `/news latest`, `/mineral info`, `/price now` and `/alert keyword`."
        )
        row = NewDelivery(
            Target("channel", channel_id), "notice:hello", "notice", now, now, now,
            guild_id=guild_id, priority=2, payload={"content": text},
        )  # fmt: skip
        await deliveries.enqueue(connection, [row])
    services.outbox.wake()


async def left(services: Services, guild_id: int) -> None:
    """The bot was removed: what the server set up is kept for 30 days, should it come back."""
    async with services.db.write() as connection:
        await guilds.set_guild(connection, guild_id, now=utcnow(), left_at=utcnow())


def show(now: GuildSettings) -> list[tuple[str, str]]:
    """(name, value) pairs for people."""
    return [
        (_("Language"), LANGUAGE_NAMES.get(now.language or "", _("each reader's own; posts in English"))),
        (_("Time zone"), now.timezone or "UTC"),
        (_("Currency"), now.currency or "USD"),
        (_("Unit"), now.unit or _("as each metal is quoted")),
        (_("Notices go to"), f"<#{now.notice_channel_id}>" if now.notice_channel_id else _("the owner, by message")),
    ]


def show_own(now: UserSettings) -> list[tuple[str, str]]:
    """(name, value) pairs for the person."""
    return [
        (_("Language"), LANGUAGE_NAMES.get(now.language or "", _("that of your Discord"))),
        (_("Time zone"), now.timezone or "UTC"),
        (_("Currency"), now.currency or _("the server's")),
        (_("Unit"), now.unit or _("the server's")),
    ]
