"""French and Spanish: nothing missing, nothing broken, nothing too long for Discord."""

from __future__ import annotations

import ast
import re
import runpy
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from discord import Locale, app_commands

from bot.i18n import _, ngettext, use_language
from bot.news.names import mineral_name
from bot.prices.instruments import INSTRUMENTS
from bot.translator import GettextTranslator
from cogs import help as help_cog

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

ROOT = Path(__file__).parents[2]
FIELD = re.compile(r"\{[^{}]*\}")
MARKS = re.compile(r"`[^`]*`|<[@#t][^>]*>")
LANGUAGES = ("fr", "es")


@cache
def catalogue(language: str) -> Catalog:
    with (ROOT / "bot" / "locale" / language / "LC_MESSAGES" / "headframe.po").open("rb") as file:
        return read_po(file, locale=language)


@cache
def texts() -> Catalog:
    found: Catalog = runpy.run_path(str(ROOT / "scripts" / "locales.py"))["template"]()
    return found


def strings(value: str | tuple[str, ...] | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated(language: str) -> None:
    known = catalogue(language)
    missing = [
        message.id
        for message in texts()
        if message.id and not (message.id in known and all(strings(known[message.id].string)))
    ]
    assert missing == [], "run `make locales`, translate what is new, run it again"


@pytest.mark.parametrize("language", LANGUAGES)
def test_placeholders_and_commands_survive(language: str) -> None:
    for message in catalogue(language):
        if not message.id:
            continue
        wanted = {frozenset(FIELD.findall(text)) for text in strings(message.id)}
        for text in strings(message.string):
            assert set(FIELD.findall(text)) <= set().union(*wanted), f"{message.id!r} → {text!r}"
            if isinstance(message.id, str):
                assert set(FIELD.findall(text)) == set(FIELD.findall(message.id)), f"{message.id!r} → {text!r}"
                commands = {mark for mark in MARKS.findall(message.id) if mark.startswith("`/")}
                assert commands <= set(MARKS.findall(text)), f"{message.id!r} → {text!r}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_command_texts_fit(language: str) -> None:
    for _file, _line, message, _comments, _context in extract_from_dir(
        ROOT / "cogs", method_map=[("**.py", "python")], keywords={"locale_str": None}
    ):
        with use_language(language):
            assert len(_(str(message))) <= 100, message


def test_the_compiled_catalogues_are_the_ones_beside_them() -> None:
    with use_language("fr"):
        assert _("Nothing was deleted.") == catalogue("fr")["Nothing was deleted."].string
        one, many = (ngettext("{n} headline", "{n} headlines", n) for n in (1, 5))
    assert one != many


@pytest.mark.parametrize(("language", "gold", "rare"), [("fr", "Or", "Néodyme"), ("es", "Oro", "Neodimio")])
def test_names_of_minerals_and_metals_are_those_of_the_reference(language: str, gold: str, rare: str) -> None:
    with use_language(language):
        assert (mineral_name("gold"), INSTRUMENTS["gold"].local_name, mineral_name("neodymium")) == (gold, gold, rare)


def texts_of_controls() -> list[tuple[str, int]]:
    """(English text, Discord's limit) of every button, menu, form and field that cogs/ and bot/delivery make."""
    limits = {
        "label": 80,  # buttons; a select option's is longer
        "placeholder": 150,
        "text": 45,  # of ui.Label
        "description": 100,  # of ui.Label and of a select option
    }
    found: list[tuple[str, int]] = []
    for path in [*(ROOT / "cogs").rglob("*.py"), ROOT / "bot" / "delivery" / "buttons.py"]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func)
            for keyword in node.keywords:
                marked = _marked(keyword.value)
                limit = limits.get(keyword.arg or "")
                if marked is not None and limit is not None and "ui." in name:
                    found.append((marked, limit))
            first = _marked(node.args[0]) if node.args else None
            second = _marked(node.args[1]) if len(node.args) > 1 else None
            if second is not None and name in {"panel.button", "panel.menu", "panel.channels"}:
                found.append((second, 80 if name == "panel.button" else 150))
            if first is not None and name in {"EntryModal", "super().__init__"} and path.name.endswith("modal.py"):
                found.append((first, 45))
    return found


def _marked(node: ast.expr) -> str | None:
    """The text of `_("…")`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_":
        return str(ast.literal_eval(node.args[0]))
    return None


def _is_marked(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "_"
        and isinstance(node.args[0], ast.Constant)
    )


@pytest.mark.parametrize("language", ["en", *LANGUAGES])
def test_controls_fit_discords_limits(language: str) -> None:
    shown = texts_of_controls()
    assert len(shown) > 25, "the search itself works"
    with use_language(language):
        long = [(_(text), limit) for text, limit in shown if len(_(text)) > limit]
    assert long == []


@pytest.mark.parametrize("language", ["en", *LANGUAGES])
def test_help_fits_an_embed_and_every_topic_has_a_name_of_its_own(language: str) -> None:
    with use_language(language):
        pages = [help_cog.page(topic) for topic in help_cog.TOPICS]
    assert len({title for title, _text in pages}) == len(pages)
    assert all(len(title) <= 100 and len(text) <= 4096 for title, text in pages)


async def test_names_and_descriptions_are_those_of_the_readers_language() -> None:
    translator = GettextTranslator()
    where = app_commands.TranslationContextLocation
    text = app_commands.locale_str("Whether everything is well")
    name = app_commands.locale_str("status")
    for locale, translated in ((Locale.french, True), (Locale.latin_american_spanish, True), (Locale.german, False)):
        shown = await translator.translate(
            text, locale, app_commands.TranslationContext(where.command_description, None)
        )
        assert (shown is not None) is translated
        called = await translator.translate(name, locale, app_commands.TranslationContext(where.command_name, None))
        assert called == {"fr": "état", "es": "estado"}.get(locale.value[:2])


def test_no_text_hides_in_an_f_string_where_the_collector_does_not_look() -> None:
    known = {one for message in texts() if message.id for one in strings(message.id)}
    hidden = [
        f"{path.name}:{node.lineno}"
        for folder in ("bot", "cogs")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.expr) and _is_marked(node) and _marked(node) not in known
    ]
    assert hidden == []
