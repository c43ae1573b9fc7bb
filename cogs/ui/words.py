"""Small phrases that several cogs use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.delivery.hours import DEFAULT_DIGEST_HOUR
from bot.delivery.losses import reason_text
from bot.delivery.markdown import clamp_plain
from bot.desk.people import show_clock
from bot.desk.price_alerts import paused_text
from bot.errors import UserError
from bot.i18n import _, ngettext
from bot.prices.alert_rules import rest_over

if TYPE_CHECKING:
    from bot.desk.follows import Trial
    from storage.price_alerts import PriceAlert
    from storage.records import Subscription

NOISY: Final = 12  # headlines a day from which on a query is called noisy


def mode_text(mode: str, hour: int | None, zone: str) -> str:
    """A subscription's mode in words. hour: of a daily digest, None: the usual one. zone: of whoever reads it."""
    if mode == "daily":
        at = show_clock(60 * (DEFAULT_DIGEST_HOUR if hour is None else hour))
        return _("as a daily digest at {time} ({zone})").format(time=at, zone=zone)
    return {"instant": _("at once"), "hourly": _("as an hourly digest")}.get(mode, mode)


def where_text(kind: str, target_id: int) -> str:
    """Where an alert goes, inside a sentence."""
    return _("by direct message") if kind == "user" else _("in <#{channel}>").format(channel=target_id)


def check_hour(mode: str, hour: int | None) -> None:
    """Raises UserError when an hour is chosen for what is no daily digest."""
    if hour is not None and mode != "daily":
        raise UserError(_("Only a daily digest has an hour: add `mode: daily`."))


def passed_text(alert: PriceAlert) -> str:
    """A warning when the price is past an alert's level already, or has made its move; else empty."""
    if alert.armed is not False:
        return ""
    if alert.level is None:
        return _("It rests until {time}.").format(time=f"<t:{int(rest_over(alert).timestamp())}:f>")
    return "⚠️ " + _("The price is past this level already: the alert waits until it has come back.")


def again_text(alert: PriceAlert) -> str:
    """An alert that was over is watched again."""
    return "\n".join(filter(None, [_("It is set again."), passed_text(alert)]))


def code(text: str) -> str:
    """Text for the inside of a code span."""
    return text.replace("`", "'")[:300]


def named(one: Subscription) -> str:
    """What a line of a list begins with."""
    return f"`{code(one.query)}`"


def placed(one: Subscription) -> str:
    """As `named`, of what a channel follows."""
    return f"<#{one.target_id}> {named(one)}"


def alert_line(one: Subscription, zone: str) -> str:
    """A person's alert in one line of a list. zone: see `follows.zones`."""
    there = _("direct message") if one.target_kind == "user" else f"<#{one.target_id}>"
    return "- " + " · ".join([named(one), there, mode_text(one.mode, one.digest_hour, zone), *_state(one)])


def follow_line(one: Subscription, lost: str | None, zone: str) -> str:
    """What a channel follows in one line of a list. lost: why the channel cannot be reached, None when it can."""
    parts = [placed(one), mode_text(one.mode, one.digest_hour, zone)]
    if one.role_id:
        parts.append(f"<@&{one.role_id}>")
    if one.max_per_hour:
        parts.append(_("at most {n} an hour").format(n=one.max_per_hour))
    parts += _state(one)
    if lost:
        parts.append("⚠ " + _("stopped: {reason}").format(reason=reason_text(lost)))
    return "- " + " · ".join(parts)


def test_text(query: str | None, trial: Trial) -> str:
    """What a query would have brought in seven days: how many, from whom, what to do if it is too much, the newest.

    query None: it is named above already.
    """
    lines = [count_text(query, trial)]
    if len(trial.sources) > 1:
        named = ", ".join(f"{clamp_plain(host, 40)} ({n})" for host, n in trial.sources)
        lines.append(_("Most from: {sources}").format(sources=named))
    if noisy := noise_text(trial):
        lines.append(noisy)
    lines += [f"- {clamp_plain(entry.title, 150)}" for entry in trial.newest]
    return "\n".join(lines)[:2000]


def count_text(query: str | None, trial: Trial) -> str:
    """How many a query would have brought, and what it cannot find because a list is incomplete here."""
    if query is None:
        count = ngettext(
            "It would have brought {n} headline in the last 7 days.",
            "It would have brought {n} headlines in the last 7 days.",
            trial.total,
        ).format(n=trial.total)
    else:
        count = ngettext(
            "`{query}` would have brought {n} headline in the last 7 days.",
            "`{query}` would have brought {n} headlines in the last 7 days.",
            trial.total,
        ).format(query=code(query), n=trial.total)
    return f"{count}\n{trial.gaps}" if trial.gaps else count


def newest_text(trial: Trial) -> str:
    if not trial.newest:
        return _("New headlines are posted as they come.")
    return _("The newest: {title}").format(title=clamp_plain(trial.newest[0].title, 250))


def noise_text(trial: Trial) -> str:
    """A warning when a query brings many headlines a day, and what to do about it; else empty."""
    if trial.per_day < NOISY:
        return ""
    return "⚠ " + _(
        "That is about {n} a day. Make it a digest, or narrow it with another word, `-word` or `topic:`."
    ).format(n=round(trial.per_day))


def _state(one: Subscription) -> list[str]:
    found = []
    if one.state == "paused":
        found.append(paused_text(one.paused_until))
    if one.muted_sources:
        found.append(_("without {sources}").format(sources=", ".join(map(str, one.muted_sources[:5]))))
    return found
