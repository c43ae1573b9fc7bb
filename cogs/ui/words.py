"""Small phrases that several cogs use."""

from __future__ import annotations

from bot.i18n import _


def mode_text(mode: str) -> str:
    """A subscription's mode in words."""
    return {"instant": _("at once"), "hourly": _("as an hourly digest"), "daily": _("as a daily digest")}.get(
        mode, mode
    )
