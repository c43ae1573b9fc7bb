"""Command names and descriptions in Discord's own localisation.

Descriptions and choices come from the same catalogues as every other text, names from `bot.command_names`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from discord import Locale, app_commands

from bot.command_names import NAMES
from bot.i18n import _, normalise, use_language

if TYPE_CHECKING:
    from discord.app_commands import TranslationContextTypes, locale_str

_LOCALES: Final = frozenset({Locale.french, Locale.spain_spanish, Locale.latin_american_spanish})
_NAMES: Final = frozenset(
    {
        app_commands.TranslationContextLocation.command_name,
        app_commands.TranslationContextLocation.group_name,
        app_commands.TranslationContextLocation.parameter_name,
    }
)


class GettextTranslator(app_commands.Translator):
    """Slash commands are found by the names of one's own language; menus have sentences for names."""

    async def translate(self, string: locale_str, locale: Locale, context: TranslationContextTypes) -> str | None:
        if locale not in _LOCALES:
            return None
        language = normalise(locale.value)
        if context.location in _NAMES and string.message in NAMES[language]:
            return NAMES[language][string.message]
        with use_language(language):
            translated = _(string.message)
        return translated if translated != string.message else None
