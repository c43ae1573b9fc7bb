"""Command names and descriptions in Discord's own localisation, from the same catalogues as every other text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from discord import Locale, app_commands

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
_SLASH_NAME: Final = re.compile(r"[\w-]{1,32}")


class GettextTranslator(app_commands.Translator):
    """Descriptions are translated; names of slash commands stay as they are, so that help texts are true for all."""

    async def translate(self, string: locale_str, locale: Locale, context: TranslationContextTypes) -> str | None:
        if locale not in _LOCALES:
            return None
        if context.location in _NAMES and _SLASH_NAME.fullmatch(string.message):
            return None
        with use_language(normalise(locale.value)):
            translated = _(string.message)
        return translated if translated != string.message else None
