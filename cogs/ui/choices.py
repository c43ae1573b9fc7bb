"""Options with a few fixed values, whose names Discord shows in the reader's language.

To the type checker each is a Literal; discord.py sees a text with choices, because only those can be localised.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from discord import app_commands
from discord.app_commands import locale_str

if TYPE_CHECKING:
    Mode = Literal["instant", "hourly", "daily"]
    Where = Literal["dm", "here"]
    Style = Literal["line", "embed", "card"]
    Condition = Literal["above", "below", "moves"]
    Theme = Literal["dark", "light"]
    Range = Literal["1d", "1w", "1m", "3m", "1y", "all"]
else:
    Mode = Where = Style = Condition = Theme = Range = str

Choices = list[app_commands.Choice[str]]


def _choices(*pairs: tuple[locale_str, str]) -> Choices:
    return [app_commands.Choice(name=name, value=value) for name, value in pairs]


MODES: Final = _choices(
    (locale_str("instant"), "instant"), (locale_str("hourly"), "hourly"), (locale_str("daily"), "daily")
)
PLACES: Final = _choices((locale_str("direct message"), "dm"), (locale_str("here"), "here"))
STYLES: Final = _choices((locale_str("line"), "line"), (locale_str("embed"), "embed"), (locale_str("card"), "card"))
CONDITIONS: Final = _choices(
    (locale_str("above"), "above"), (locale_str("below"), "below"), (locale_str("moves"), "moves")
)
THEMES: Final = _choices((locale_str("dark"), "dark"), (locale_str("light"), "light"))
RANGES: Final = _choices(
    (locale_str("one day"), "1d"),
    (locale_str("one week"), "1w"),
    (locale_str("one month"), "1m"),
    (locale_str("three months"), "3m"),
    (locale_str("one year"), "1y"),
    (locale_str("all"), "all"),
)
