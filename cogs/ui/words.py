"""Small phrases that several cogs use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.delivery.losses import reason_text
from bot.delivery.markdown import clamp_plain
from bot.errors import UserError
from bot.i18n import _, ngettext

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.records import Subscription


def mode_text(mode: str, hour: int | None = None) -> str:
    """A subscription's mode in words. hour: of a daily digest, where one was chosen."""
    if mode == "daily" and hour is not None:
        return _("as a daily digest at {hour}:00").format(hour=hour)
    return {"instant": _("at once"), "hourly": _("as an hourly digest"), "daily": _("as a daily digest")}.get(
        mode, mode
    )


def check_hour(mode: str, hour: int | None) -> None:
    """Raises UserError when an hour is chosen for what is no daily digest."""
    if hour is not None and mode != "daily":
        raise UserError(_("Only a daily digest has an hour: add `mode: daily`."))


def code(text: str) -> str:
    """Text for the inside of a code span."""
    return text.replace("`", "'")[:300]


def alert_line(one: Subscription) -> str:
    """A person's alert in one line of a list."""
    there = _("direct message") if one.target_kind == "user" else f"<#{one.target_id}>"
    return "- " + " · ".join([f"`{code(one.query)}`", there, mode_text(one.mode, one.digest_hour), *_state(one)])


def follow_line(one: Subscription, lost: str | None) -> str:
    """What a channel follows in one line of a list. lost: why the channel cannot be reached, None when it can."""
    parts = [f"<#{one.target_id}> `{code(one.query)}`", mode_text(one.mode, one.digest_hour)]
    if one.role_id:
        parts.append(f"<@&{one.role_id}>")
    if one.max_per_hour:
        parts.append(_("at most {n} an hour").format(n=one.max_per_hour))
    parts += _state(one)
    if lost:
        parts.append("⚠ " + _("stopped: {reason}").format(reason=reason_text(lost)))
    return "- " + " · ".join(parts)


def test_text(query: str, titles: Sequence[str], total: int) -> str:
    """What a query would have brought in seven days: how many, and the newest of them."""
    head = ngettext(
        "`{query}` would have brought {n} headline in the last 7 days.",
        "`{query}` would have brought {n} headlines in the last 7 days.",
        total,
    ).format(query=code(query), n=total)
    return "\n".join([head, *(f"- {clamp_plain(title, 150)}" for title in titles)])[:2000]


def _state(one: Subscription) -> list[str]:
    found = []
    if one.state == "paused":
        until = f" <t:{int(one.paused_until.timestamp())}:R>" if one.paused_until else ""
        found.append("⏸ " + _("paused") + until)
    if one.muted_sources:
        found.append(_("without {sources}").format(sources=", ".join(map(str, one.muted_sources[:5]))))
    return found
