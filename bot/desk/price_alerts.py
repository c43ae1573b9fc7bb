"""Price alerts as their owners meet them: listed, paused, changed, copied, tested, removed.

They are named "p" and a number, so that they stand in the same list as keyword alerts.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bot.clock import utcnow
from bot.desk.people import hours_from
from bot.errors import UserError
from bot.i18n import _, language, ngettext
from bot.prices import plausible
from bot.prices.backtest import distance, firings
from bot.prices.commands import build_alert, describe_alert, parse_condition, value_text
from bot.prices.instruments import INSTRUMENTS
from bot.prices.model import Basis, PriceError, demo_label
from bot.prices.suggest import suggest_values
from storage import deliveries, price_alerts
from storage.errors import LimitReached
from storage.records import Target

if TYPE_CHECKING:
    from datetime import datetime

    from bot.prices.commands import ParsedCondition
    from bot.prices.service import PriceService
    from bot.services import Services
    from storage.price_alerts import PriceAlert

_LOOK_BACK: Final = timedelta(days=30)
_MONTHLY_LOOK_BACK: Final = timedelta(days=3653)
_MOMENTS: Final = 2880  # prices a test replays: a quarter of an hour apart over thirty days
_SHOWN: Final = 5
_OVER_SHOWN: Final = timedelta(days=7)  # how long a fired alert stays in its owner's list


@dataclass(frozen=True, slots=True)
class Row:
    """A price alert for lists. key: "p" and its number, as the commands take it."""

    key: str
    label: str
    line: str
    paused: bool
    alert: PriceAlert


async def rows(services: Services, user_id: int) -> list[Row]:
    """A person's alerts that are watched or paused, newest first."""
    async with services.db.read() as connection:
        mine = await price_alerts.of_owner(connection, user_id)
    return [row(alert) for alert in mine if not is_over(alert)]


async def rows_over(services: Services, user_id: int) -> list[Row]:
    """Those of the last week that fired or ran out, the latest first: they can be set again."""
    async with services.db.read() as connection:
        mine = await price_alerts.of_owner(connection, user_id)
    since = utcnow() - _OVER_SHOWN
    ended = [(at, alert) for alert in mine if is_over(alert) and (at := over_at(alert)) is not None and at >= since]
    return [row(alert) for _at, alert in sorted(ended, key=lambda pair: pair[0], reverse=True)]


async def rows_of_members(services: Services, guild_id: int) -> list[Row]:
    """Price alerts that members let post in channels of the server: its moderators may stop them."""
    async with services.db.read() as connection:
        return [row(alert) for alert in await price_alerts.of_members(connection, guild_id)]


def paused_text(until: datetime | None) -> str:
    """ "paused, goes on in 8 hours": the time is rendered by the reader's own client."""
    if until is None:
        return "⏸ " + _("paused")
    return "⏸ " + _("paused, goes on {when}").format(when=f"<t:{int(until.timestamp())}:R>")


def is_over(alert: PriceAlert) -> bool:
    """Whether it watches no longer: it fired its once, or its days are up."""
    return alert.state in {"done", "expired"}


def over_at(alert: PriceAlert) -> datetime | None:
    """When an alert that is over fired, or ran out."""
    return alert.last_fired_at if alert.state == "done" else alert.expires_at


def over_text(alert: PriceAlert) -> str:
    """ "It fired today at 21:34 and is done": the time is rendered by the reader's own client."""
    at = over_at(alert)
    when = f"<t:{int(at.timestamp())}:f>" if at is not None else "—"
    if alert.state == "done":
        return _("It fired {when} and is done.").format(when=when)
    return _("It ran out {when}.").format(when=when)


def row(alert: PriceAlert) -> Row:
    """As lists show it."""
    label, parts = describe_alert(alert), []
    parts.append(_("direct message") if alert.target_kind == "user" else f"<#{alert.target_id}>")
    if alert.repeat:
        parts.append(_("each time"))
    if is_over(alert):
        parts.append(("🔔 " if alert.state == "done" else "⌛ ") + over_text(alert))
    elif alert.expires_at is not None:
        parts.append(_("until {day}").format(day=f"<t:{int(alert.expires_at.timestamp())}:d>"))
    if alert.state == "paused":
        parts.append(paused_text(alert.paused_until))
    return Row(f"p{alert.id}", label, f"- {' · '.join([label, *parts])}", alert.state == "paused", alert)


def line(alert: PriceAlert) -> str:
    """An alert in one line of a list."""
    return row(alert).line


async def named(services: Services, user_id: int, text: str) -> PriceAlert | None:
    """The alert a person named "p12"; None when the text names none. Raises UserError for one that is not theirs."""
    wanted = text.strip().casefold()
    mine = await rows(services, user_id)
    for one in mine:
        if wanted in (one.key, one.label.casefold()):
            return one.alert
    if re.fullmatch(r"p\d{1,18}", wanted):
        async with services.db.read() as connection:
            alert = await price_alerts.get(connection, int(wanted[1:]))
        if alert is not None and alert.owner_id == user_id and is_over(alert):
            raise UserError(f"{over_text(alert)} " + _("Choose it in `/alert list` to set it again."))
        raise UserError(_("There is no such entry in your list. Pick one of the suggestions."))
    return None


def _prices(services: Services) -> PriceService:
    if services.prices is None:
        raise UserError(_("Prices are switched off here; the operator can tell you why."))
    return services.prices


def _still(alert: PriceAlert | None) -> PriceAlert:
    if alert is None:
        raise UserError(_("That entry is gone. Use the command again for the list as it is now."))
    return alert


async def pause(services: Services, alert: PriceAlert, hours: int | None) -> PriceAlert:
    """hours None: until resumed by hand."""
    return _still(await _prices(services).alerts.pause(alert.id, hours_from(utcnow(), hours)))


async def resume(services: Services, alert: PriceAlert) -> PriceAlert:
    return _still(await _prices(services).alerts.resume(alert.id))


async def remove(services: Services, alert: PriceAlert) -> None:
    await _prices(services).alerts.remove(alert.id)


def read(alert: PriceAlert, condition: str | None, value: str | None) -> ParsedCondition:
    """A new condition or value for an alert, in its own currency and unit where the text names none.

    Raises UserError, also where a level would become a move or the other way round without a new value.
    """
    wanted = condition or alert.condition
    if value is None and (wanted == "moves") != (alert.condition == "moves"):
        raise UserError(_("A level and a move are written differently: give the new value too."))
    try:
        parsed = parse_condition(
            alert.instrument, wanted, value or value_text(alert), currency=alert.currency, unit=alert.unit
        )
    except PriceError as error:
        raise UserError(str(error)) from error
    return parsed


def suggested(services: Services, alert: PriceAlert, condition: str | None, typed: str) -> list[tuple[str, str]]:
    """(label, value) pairs for a new value of an alert; none for an alert whose price is not known."""
    service = _prices(services)
    found = service.quote(alert.instrument, utcnow())
    try:
        return suggest_values(
            alert.instrument, condition or alert.condition, typed, found, service.rates, alert.currency, alert.unit
        )
    except PriceError:
        return []


async def change(
    services: Services, alert: PriceAlert, parsed: ParsedCondition | None = None, **fields: object
) -> PriceAlert:
    """It starts over: which side of the level the price is on is decided anew. Raises UserError."""
    service = _prices(services)
    changes = dict(fields)
    if parsed is not None:
        _check(service, parsed)
        changes |= {
            "condition": parsed.condition, "level": parsed.level, "percent": parsed.percent,
            "window_seconds": parsed.window_seconds, "currency": parsed.currency, "unit": parsed.unit,
        }  # fmt: skip
    return _still(await service.alerts.edit(alert.id, **changes))


async def copy(services: Services, alert: PriceAlert, parsed: ParsedCondition, **fields: object) -> PriceAlert:
    """A new alert like this one but for what is given. Raises UserError."""
    _check(_prices(services), parsed)
    made = build_alert(
        parsed, owner_id=alert.owner_id, scope_guild_id=alert.scope_guild_id, target_kind=alert.target_kind,
        target_id=alert.target_id, now=utcnow(), repeat=alert.repeat, cooldown_seconds=alert.cooldown_seconds,
        expires_at=still_to_come(alert), language=language(),
    )  # fmt: skip
    return await add(services, price_alerts.changed(made, **fields))


async def add(services: Services, alert: PriceAlert) -> PriceAlert:
    """Store and watch a new alert. Raises UserError when the person has the same one, or as many as they may."""
    _check_new(alert, await rows(services, alert.owner_id))
    limit = services.settings.headframe_max_alerts_per_person
    try:
        return await _prices(services).alerts.add(alert, limit)
    except LimitReached as error:
        raise _too_many(limit) from error


async def again(services: Services, user_id: int, alert_id: int) -> PriceAlert:
    """Watch anew an alert that is over; it starts over. Raises UserError, also for one that is not theirs."""
    async with services.db.read() as connection:
        found = await price_alerts.get(connection, alert_id)
    alert = _still(found if found is not None and found.owner_id == user_id else None)
    mine = await rows(services, user_id)
    _check_new(alert, mine)
    limit = services.settings.headframe_max_alerts_per_person
    if len(mine) >= limit:
        raise _too_many(limit)
    return _still(await _prices(services).alerts.edit(alert.id, expires_at=still_to_come(alert)))


async def fired_by(services: Services, user_id: int, delivery_id: int) -> int:
    """The alert whose message a delivery to this person was. Raises UserError."""
    async with services.db.read() as connection:
        found = await deliveries.get(connection, delivery_id)
    alert_id = (found.payload or {}).get("alert_id") if found is not None else None
    if found is None or found.target != Target("user", user_id) or not isinstance(alert_id, int):
        raise UserError(_("That message is older than I remember. Make the alert anew with `/alert price`."))
    return alert_id


def still_to_come(alert: PriceAlert) -> datetime | None:
    """When it runs out; None also where that is past."""
    return alert.expires_at if alert.expires_at is not None and alert.expires_at > utcnow() else None


def _check_new(alert: PriceAlert, mine: list[Row]) -> None:
    for one in mine:
        if _same(one.alert, alert):
            way_on = _("Change it with `/alert edit`, or give another value.")
            raise UserError("\n".join([_("You have this alert already:"), one.line, way_on]))


def _too_many(limit: int) -> UserError:
    text = _("You have {n} price alerts, as many as you may have. Remove one with `/alert remove` first.")
    return UserError(text.format(n=limit))


def _same(one: PriceAlert, other: PriceAlert) -> bool:
    """Whether two alerts say the same in the same place."""
    fields = ("instrument", "condition", "level", "percent", "window_seconds", "currency", "unit", "target_kind",
              "target_id", "repeat")  # fmt: skip
    return all(getattr(one, name) == getattr(other, name) for name in fields)


def _check(service: PriceService, parsed: ParsedCondition) -> None:
    """Without an exchange rate the alert would wait for ever, and so it would for a level in the wrong unit."""
    try:
        plausible.check(parsed, service.quote(parsed.instrument.slug, utcnow()), service.rates)
        service.rates.convert(INSTRUMENTS["gold"].normal, "USD", parsed.currency)
    except PriceError as error:
        raise UserError(str(error)) from error


async def tested(services: Services, alert: PriceAlert) -> str:
    """Where the price stands to the alert, and when it would have gone off in the stored history."""
    service, now = _prices(services), utcnow()
    item = INSTRUMENTS[alert.instrument]
    back = _MONTHLY_LOOK_BACK if item.basis is Basis.MONTHLY else _LOOK_BACK
    points = await service.history(alert.instrument, now - back, most=_MOMENTS)
    moments = await asyncio.to_thread(firings, alert, points, service.rates.per_dollar())
    move = service.move(alert.instrument, alert.window_seconds, now)
    try:
        stands = distance(alert, service.quote(alert.instrument, now), service.rates, move, now)
    except PriceError as error:
        raise UserError(str(error)) from error
    lines = [f"**{describe_alert(alert)}**", *stands]
    if alert.state == "paused":
        lines.append("⏸ " + _("It is paused."))
    if len(points) < 2:
        lines.append(_("There are no stored prices to try it on yet."))
    else:
        since = f"<t:{int(points[0].at.timestamp())}:D>"
        if not moments:
            lines.append(_("On the prices stored since {day} it would not have gone off.").format(day=since))
        else:
            text = ngettext(
                "On the prices stored since {day} it would have gone off {n} time:",
                "On the prices stored since {day} it would have gone off {n} times:",
                len(moments),
            )
            shown = " · ".join(f"<t:{int(at.timestamp())}:f>" for at in moments[: -_SHOWN - 1 : -1])
            lines.append(
                text.format(day=since, n=len(moments)) + f" {shown}" + (" · …" if len(moments) > _SHOWN else "")
            )
            if not alert.repeat:
                lines.append(_("It is set to go off once; after the first of them it would have been done."))
    if service.demo:
        lines.append(demo_label())
    return "\n".join(lines)
