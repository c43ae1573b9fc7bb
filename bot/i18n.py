"""Languages: mark text with `_()` / `ngettext()`; the language in force is a context variable.

Catalogues are gettext files under bot/locale/LANG/LC_MESSAGES/headframe.mo (made by Babel). English is the source
language. Placeholders are named: `_("{count} feeds").format(count=n)`.
"""

from __future__ import annotations

import gettext as _gettext
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from babel.dates import format_date
from babel.numbers import format_decimal
from babel.units import format_unit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from decimal import Decimal

LANGUAGES: Final = ("en", "fr", "es")
_LOCALE_DIR: Final = Path(__file__).parent / "locale"
_SPANS: Final = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))
_current: ContextVar[str] = ContextVar("headframe_language", default="en")


def normalise(tag: str | None) -> str:
    """The supported language for a tag such as "fr-CA", "es-419" or None; English when it is none of ours."""
    base = (tag or "en").replace("_", "-").split("-")[0].lower()
    return base if base in LANGUAGES else "en"


@lru_cache(maxsize=len(LANGUAGES))
def _catalogue(language: str) -> _gettext.NullTranslations:
    return _gettext.translation("headframe", str(_LOCALE_DIR), [language], fallback=True)


def language() -> str:
    """The language in force in this task: "en", "fr" or "es"."""
    return _current.get()


def set_language(tag: str | None) -> None:
    """Set the language for the rest of this task (an interaction runs in a task of its own)."""
    _current.set(normalise(tag))


@contextmanager
def use_language(tag: str | None) -> Iterator[None]:
    """Render the block in the given language."""
    token = _current.set(normalise(tag))
    try:
        yield
    finally:
        _current.reset(token)


def figure(number: Decimal) -> str:
    """A number with all its decimals and the separators of the language in force: 4,392.00 · 4 392,00 · 4.392,00."""
    if language() == "en":
        return f"{number:,f}"
    exponent = number.as_tuple().exponent
    places = max(-exponent, 0) if isinstance(exponent, int) else 0
    return str(format_decimal(number, format="#,##0" + ("." + "0" * places if places else ""), locale=language()))


def written_day(day: date) -> str:
    """A day as people write it in the language in force: 27 Nov 2026 · 27 nov. 2026 · 27 nov 2026."""
    return format_date(day, "d MMM y", locale=language())


def duration(seconds: int) -> str:
    """A length of time in its largest whole unit: 15 minutes · 1 heure · 3 días."""
    unit, size = next(pair for pair in _SPANS if seconds % pair[1] == 0)
    return str(format_unit(seconds // size, unit, locale=language()))


def _(message: str) -> str:
    """The message in the language in force; the message itself where no translation exists."""
    return _catalogue(_current.get()).gettext(message)


def ngettext(singular: str, plural: str, n: int) -> str:
    """As `_`, choosing the plural form for n."""
    return _catalogue(_current.get()).ngettext(singular, plural, n)
