"""How the reference says things: numbers with units, codes in words, names. Decides nothing, knows no page."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from babel.numbers import format_decimal

from bot.i18n import _, language
from bot.minerals.model import Code

if TYPE_CHECKING:
    from bot.minerals.model import Figure, Mineral, Producer, Source

MILLION: Final = Decimal(1_000_000)
# How a published unit is scaled: (multiplier, unit that is shown). Kilograms stay kilograms: USGS counts platinum
# metals, gallium and rhenium in them, and turning them into tonnes would round small producers away.
_SCALE: Final = {
    "metric tons": (1, "t"),
    "thousand metric tons": (1_000, "t"),
    "million metric tons": (1_000_000, "t"),
    "thousand metric dry tons": (1_000, "dry t"),
    "tonnes U": (1, "t U"),
    "kilograms": (1, "kg"),
    "thousands of carats": (1_000, "carats"),
    "million carats": (1_000_000, "carats"),
    "million cubic meters": (1_000_000, "m³"),
    "million liters": (1_000_000, "L"),
}


def number(value: Decimal | int, places: int = 2) -> str:
    """The number with the separators of the language in force, at most `places` decimals, no trailing zeros."""
    pattern = "#,##0." + "#" * places if places else "#,##0"
    return str(format_decimal(value, format=pattern, locale=language()))


def one_decimal(value: Decimal) -> str:
    """A score with exactly one decimal: 51 → "51.0"."""
    return str(format_decimal(value, format="#,##0.0", locale=language()))


def percent(value: Decimal) -> str:
    """A share in whole percent; "<1%" for the very small, never a false zero."""
    if 0 < value < 1:
        return with_percent("<1")
    return with_percent(number(value, 0))


def with_percent(text: str) -> str:
    """French and Spanish set a (non-breaking) space before the sign."""
    return f"{text}%" if language() == "en" else f"{text}\u00a0%"


def quantity(value: Decimal, unit: str) -> str:
    """23000 "thousand metric tons" → "23 million t"; 900000 "kilograms" → "900,000 kg"."""
    factor, shown = _SCALE.get(unit, (1, unit))
    amount = value * factor
    name = {"dry t": _("dry t"), "carats": _("carats")}.get(shown, shown)
    if amount >= MILLION and shown != "kg":
        return _("{number} million {unit}").format(number=number(amount / MILLION), unit=name)
    return f"{number(amount)} {name}"


def price_unit(unit: str) -> str:
    """A published price unit in the reader's language; an unknown one as published."""
    known = {
        "cents per pound": _("US cents per pound"),
        "dollars per carat": _("US dollars per carat"),
        "dollars per dry metric ton unit": _("US dollars per dry metric ton unit"),
        "dollars per gram": _("US dollars per gram"),
        "dollars per kilogram": _("US dollars per kilogram"),
        "dollars per metric ton unit": _("US dollars per metric ton unit"),
        "dollars per metric ton": _("US dollars per metric ton"),
        "dollars per pound": _("US dollars per pound"),
        "dollars per ton": _("US dollars per ton"),
        "dollars per troy ounce": _("US dollars per troy ounce"),
    }
    return known.get(unit, unit)


def coded(code: Code) -> str:
    """What a code without a number says."""
    return {
        Code.WITHHELD: _("withheld by USGS to protect company data"),
        Code.NOT_AVAILABLE: _("not available"),
        Code.NOT_APPLICABLE: _("not applicable"),
        Code.NET_EXPORTER: _("net exporter"),
        Code.SMALL: _("less than half a unit"),
    }.get(code, _("not published"))


def bounded(code: Code, text: str) -> str:
    """ ">" and "<" in front of a number that is only a bound."""
    return f"{code.value}{text}" if code in (Code.ABOVE, Code.BELOW) else text


def reliance(figure: Figure) -> str:
    """US net import reliance: "100%", ">75%", "net exporter", "less than 0.5%" or "not available"."""
    if figure.value is not None:
        return bounded(figure.code, with_percent(number(figure.value)))
    if figure.code is Code.SMALL:
        return _("less than half of one percent")
    return coded(figure.code)


def price(figure: Figure) -> str:
    """An annual average without its unit: "3,300", "890–1,000" or the code in words."""
    if figure.value is not None:
        return bounded(figure.code, number(figure.value))
    if figure.code is Code.RANGE:
        low, _dash, high = figure.span.partition("-")
        return f"{number(Decimal(low))}–{number(Decimal(high))}"
    return coded(figure.code)


def output(producer: Producer, unit: str) -> str:
    """A country's output with its unit, or the code in words."""
    if producer.value is None:
        return coded(producer.code)
    return quantity(producer.value, unit)


def estimated(text: str, *, estimate: bool) -> str:
    """The text with "(estimate)" behind it when the publisher estimates it."""
    return _("{figure} (estimate)").format(figure=text) if estimate else text


def name(mineral: Mineral) -> str:
    """The mineral's name in the language in force."""
    return mineral.names.get(language(), mineral.name)


def title(mineral: Mineral) -> str:
    """ "Gold · Au" in the language in force."""
    return " · ".join(part for part in (name(mineral), mineral.symbol) if part)


def in_sentence(mineral: Mineral) -> str:
    """The name inside a sentence: small letters, without the remark in brackets ("Coal (thermal)" → "coal")."""
    return name(mineral).partition(" (")[0].lower()


def labelled(label: str, text: str) -> str:
    """ "Label: text"; French sets a no-break space before the colon. A text may begin on a line of its own."""
    colon = "\u00a0:" if language() == "fr" else ":"
    return f"{label}{colon}{text}" if text.startswith("\n") else f"{label}{colon} {text}"


def in_english(label: str) -> str:
    """The label of a text that the publisher has in English only; in another language it says so."""
    return label if language() == "en" else _("{label} (in English)").format(label=label)


def category(text: str) -> str:
    """The book's category in the reader's language."""
    return {
        "base": _("base metal"),
        "base (intermediate)": _("base metal (intermediate)"),
        "base (ore)": _("base metal (ore)"),
        "base / battery": _("base and battery metal"),
        "battery": _("battery material"),
        "construction": _("construction material"),
        "energy": _("energy"),
        "energy / ferrous": _("energy and steelmaking"),
        "ferro-alloy": _("ferro-alloy metal"),
        "ferro-alloy / battery": _("ferro-alloy and battery metal"),
        "ferrous": _("iron and steel"),
        "fertiliser": _("fertiliser"),
        "gas": _("gas"),
        "gemstone": _("gemstone"),
        "industrial": _("industrial mineral"),
        "light metal": _("light metal"),
        "minor": _("minor metal"),
        "minor / ferro-alloy": _("minor and ferro-alloy metal"),
        "precious": _("precious metal"),
        "precious (PGM)": _("precious metal (platinum group)"),
        "rare earth": _("rare earths"),
        "rare earth (heavy)": _("rare earth (heavy)"),
        "rare earth (heavy/medium)": _("rare earth (heavy/medium)"),
        "rare earth (light)": _("rare earth (light)"),
        "rare earth (related)": _("rare earth (related)"),
    }.get(text, text)


def stage(text: str) -> str:
    """At which stage output is counted, in the reader's language."""
    return {
        "Helium production": _("helium production"),
        "Mine production": _("mine production"),
        "Mine production: Ilmenite": _("mine production of ilmenite"),
        "Mine production: Palladium": _("mine production of palladium"),
        "Mine production: Platinum": _("mine production of platinum"),
        "Mine production: Usable ore": _("mine production of usable ore"),
        "Mine production: zirconium mineral concentrates": _("mine production of zirconium concentrates"),
        "Primary production": _("primary production"),
        "Production": _("production"),
        "Production (arsenic trioxide)": _("production of arsenic trioxide"),
        "Production, all forms": _("production in all forms"),
        "Production: raw steel": _("production of raw steel"),
        "Production: silicon metal": _("production of silicon metal"),
        "Rare-gas production: neon": _("production of neon"),
        "Refinery production": _("refinery production"),
        "Smelter production": _("smelter production"),
    }.get(text, text)


def lines_of(sources: list[Source]) -> list[tuple[Source, tuple[int, ...]]]:
    """Sources told apart by title and address, each with the lines read, in order of first use."""
    found: dict[tuple[str, str], tuple[Source, set[int]]] = {}
    for source in sources:
        _known, lines = found.setdefault((source.title, source.url), (source, set()))
        if source.line is not None:
            lines.add(source.line)
    return [(source, tuple(sorted(lines))) for source, lines in found.values()]
