"""What Discord refuses in application commands: names, descriptions, options, choices, counts.

Limits: docs, Interactions → Application Commands.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bot.preview.wire import Form, Json

MOST: Final = {1: 100, 2: 15, 3: 15}  # chat input, user menu, message menu; each scope
TOTAL_CHARACTERS: Final = 8000
_SCRIPTS: Final = re.compile(r"[-_'\w]{1,32}\Z")
Path = tuple[str | int, ...]
LOCALES: Final = frozenset(
    [
        "id",
        "da",
        "de",
        "en-GB",
        "en-US",
        "es-ES",
        "es-419",
        "fr",
        "hr",
        "it",
        "lt",
        "hu",
        "nl",
        "no",
        "pl",
        "pt-BR",
        "ro",
        "fi",
        "sv-SE",
        "vi",
        "tr",
        "cs",
        "el",
        "bg",
        "ru",
        "uk",
        "hi",
        "th",
        "zh-CN",
        "ja",
        "zh-TW",
        "ko",
    ]
)


def _name(form: Form, path: Path, value: object, *, chat: bool) -> None:
    if not form.text(path, value if value is not None else "", 1, 32):
        return
    assert isinstance(value, str)
    if not chat:
        return
    # Indic and Thai vowel signs are combining marks, which \w leaves out and Discord allows.
    plain = "".join(c for c in value if unicodedata.category(c) not in ("Mn", "Mc"))
    if not _SCRIPTS.match(plain or "-") or value != value.lower():
        form.add(path, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")


def _localised(form: Form, path: Path, value: object, limit: int, *, name: bool, chat: bool = True) -> int:
    """Check a dictionary of translations; the longest one's length."""
    longest = 0
    if not isinstance(value, dict):
        return 0
    for locale, text in value.items():
        if locale not in LOCALES:
            form.add((*path, locale), "ENUM_TYPE_COERCE", f'Value "{locale}" is not a valid enum value.')
        elif name and chat and limit == 32:
            _name(form, (*path, locale), text, chat=True)
        else:
            form.text((*path, locale), text, 1, limit)
        longest = max(longest, len(text) if isinstance(text, str) else 0)
    return longest


def _described(form: Form, path: Path, item: Json, *, chat: bool = True) -> int:
    """Check an item's name and description in all languages; the characters that count."""
    _name(form, (*path, "name"), item.get("name"), chat=chat)
    total = max(
        len(item.get("name") or ""),
        _localised(form, (*path, "name_localizations"), item.get("name_localizations"), 32, name=True, chat=chat),
    )
    description = item.get("description") or ""
    if chat:
        form.text((*path, "description"), description, 1, 100)
        longest = _localised(
            form, (*path, "description_localizations"), item.get("description_localizations"), 100, name=False
        )
        total += max(len(description), longest)
    elif description:
        form.add(
            (*path, "description"),
            "APPLICATION_COMMAND_DESCRIPTION_NOT_ALLOWED",
            "Context menu commands cannot have description",
        )
    return total


def _options(form: Form, path: Path, options: object, depth: int) -> int:
    if options is None:
        return 0
    if not isinstance(options, list) or len(options) > 25:
        form.bad_length(path, 0, 25)
        return 0
    total = 0
    seen: set[str] = set()
    optional_before = False
    kinds = {o.get("type") in (1, 2) for o in options if isinstance(o, dict)}
    if len(kinds) > 1:
        form.add(
            path,
            "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
            "Sub-command and sub-command group option types are mutually exclusive to all other types",
        )
    for i, option in enumerate(options):
        where = (*path, i)
        kind = option.get("type")
        if kind not in range(1, 12) or (kind == 1 and depth > 1) or (kind == 2 and depth > 0):
            form.choice((*where, "type"), "(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)")
            continue
        total += _described(form, where, option)
        if option.get("name") in seen:
            form.add(where, "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", "Option name already exists")
        seen.add(str(option.get("name")))
        if kind in (1, 2):
            if kind == 2 and not option.get("options"):
                form.required((*where, "options"))
            total += _options(form, (*where, "options"), option.get("options"), depth + 1)
            continue
        if option.get("required") and optional_before:
            form.add(
                where,
                "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                "Required options must be placed before non-required options",
            )
        optional_before |= not option.get("required")
        total += _choices(form, where, option)
        _bounds(form, where, option)
    return total


def _choices(form: Form, path: Path, option: Json) -> int:
    choices = option.get("choices")
    if not choices:
        return 0
    if option.get("autocomplete"):
        form.add(
            (*path, "autocomplete"),
            "APPLICATION_COMMAND_OPTION_AUTOCOMPLETE_CHOICES",
            "Autocomplete and choices cannot both be set",
        )
    if option["type"] not in (3, 4, 10):
        form.add(
            (*path, "choices"), "APPLICATION_COMMAND_OPTIONS_CHOICES_INVALID", "Choices are not allowed for this type"
        )
    if len(choices) > 25:
        form.bad_length((*path, "choices"), 0, 25)
        return 0
    total = 0
    names: set[str] = set()
    for i, choice in enumerate(choices):
        where = (*path, "choices", i)
        form.text((*where, "name"), choice.get("name") or "", 1, 100)
        _localised(form, (*where, "name_localizations"), choice.get("name_localizations"), 100, name=True)
        value = choice.get("value")
        wants = str if option["type"] == 3 else (int, float)
        if not isinstance(value, wants) or isinstance(value, bool):
            form.add((*where, "value"), "BASE_TYPE_CONVERT", "Could not interpret value as the option's type.")
        elif isinstance(value, str):
            form.text((*where, "value"), value, 1, 100)
        if choice.get("name") in names:
            form.add(
                where, "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_ALREADY_EXISTS", "Option choice name already exists"
            )
        names.add(str(choice.get("name")))
        total += len(str(choice.get("name"))) + len(str(value))
    return total


def _bounds(form: Form, path: Path, option: Json) -> None:
    kind = option["type"]
    if option.get("autocomplete") and kind not in (3, 4, 10):
        form.add(
            (*path, "autocomplete"),
            "APPLICATION_COMMAND_OPTION_AUTOCOMPLETE_TYPE",
            "Autocomplete is not allowed for this type",
        )
    for low, high, kinds in (("min_length", "max_length", (3,)), ("min_value", "max_value", (4, 10))):
        given = [k for k in (low, high) if option.get(k) is not None]
        if given and kind not in kinds:
            form.add(
                (*path, given[0]),
                "APPLICATION_COMMAND_OPTIONS_BOUNDS_INVALID",
                f"{given[0]} is not allowed for this type",
            )
        elif len(given) == 2 and option[low] > option[high]:
            form.add((*path, low), "APPLICATION_COMMAND_OPTIONS_BOUNDS_INVALID", f"{low} must not exceed {high}")


def command(form: Form, body: Json, path: Path = ()) -> None:
    """One command as sent to create it."""
    kind = 1 if body.get("type") is None else body["type"]
    if kind not in (1, 2, 3):
        form.choice((*path, "type"), "(1, 2, 3)")
        return
    chat = kind == 1
    total = _described(form, path, body, chat=chat)
    if not chat and body.get("options"):
        form.add(
            (*path, "options"), "APPLICATION_COMMAND_OPTIONS_NOT_ALLOWED", "Context menu commands cannot have options"
        )
    else:
        total += _options(form, (*path, "options"), body.get("options"), 0)
    if total > TOTAL_CHARACTERS:
        form.add(path, "APPLICATION_COMMAND_TOO_LARGE", f"Command exceeds maximum size ({TOTAL_CHARACTERS})")
    needs = body.get("default_member_permissions")
    if needs is not None and not str(needs).isdecimal():
        form.add((*path, "default_member_permissions"), "BITFIELD_TYPE_CONVERT", "Not a permission bit set.")
    for key, most in (("contexts", 2), ("integration_types", 1)):
        if body.get(key) == []:
            form.bad_length((*path, key), 1, most + 1)
        for i, value in enumerate(body.get(key) or []):
            if value not in range(most + 1):
                form.choice((*path, key, i), tuple(range(most + 1)))


def command_list(form: Form, bodies: list[Json]) -> None:
    """A whole scope's commands: each one, unique names per type, and how many."""
    seen: set[tuple[int, str]] = set()
    counts = dict.fromkeys(MOST, 0)
    for i, body in enumerate(bodies):
        command(form, body, (i,))
        kind = body.get("type") or 1
        key = (kind, str(body.get("name")))
        if key in seen:
            form.add((i, "name"), "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique")
        seen.add(key)
        if kind in counts:
            counts[kind] += 1
            if counts[kind] == MOST[kind] + 1:
                form.add(
                    (i,), "APPLICATION_COMMANDS_LIMIT", f"Maximum number of application commands reached ({MOST[kind]})"
                )
