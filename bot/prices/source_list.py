"""Which price sources are asked: the built-in list and the operator's file over it. Reads files; asks nothing.

The form is described in docs/price-sources.md. Every fault is reported with the source and the key it stands in.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, replace
from importlib.resources import files
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from bot.prices.currency import parse_currency
from bot.prices.instruments import INSTRUMENTS, instrument
from bot.prices.model import Basis, PriceError
from bot.prices.sources.path import parse_path
from bot.prices.sources.readers import READERS
from bot.prices.sources.template import Template
from bot.prices.units import parse_unit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FLOOR: Final = 30.0  # seconds between two questions to a public source, whatever the file says
OWN_FLOOR: Final = 1.0  # to a server of the operator's own (a private or loopback address)
_PUBLIC_DEFAULT, _OWN_DEFAULT = 60.0, 5.0
_TOP: Final = {"builtin", "order", "on", "off", "source", "sources"}
_COMMON: Final = {"name", "enabled", "every", "timeout", "metals", "url", "key"}
_TEMPLATE: Final = {
    "path", "bid_path", "ask_path", "time_path", "unit", "currency", "basis", "inverse", "metal", "symbol", "headers",
}  # fmt: skip


class BadSourceList(PriceError):
    """The file of price sources cannot be used."""


@dataclass(frozen=True, slots=True)
class Source:
    """One source to ask. Either reader (a name in READERS) or template. every, timeout: seconds."""

    name: str
    metals: tuple[str, ...]
    every: float
    timeout: float
    enabled: bool
    url: str
    reader: str | None = None
    template: Template | None = None
    key: str = ""


def load(path: Path | None, keys: Mapping[str, str] | None = None) -> list[Source]:
    """The enabled sources, most preferred first. keys: reader name → API key. Raises BadSourceList."""
    keys = keys or {}
    builtin = _read_all(tomllib.loads(files("bot.prices").joinpath("sources.toml").read_text("utf-8")), keys, {})
    chosen = builtin if path is None else _overlay(_open(path), builtin, keys, path)
    usable = [source for source in chosen.values() if source.enabled]
    return [source for source in usable if source.key or not (source.reader and READERS[source.reader].needs_key)]


def _open(path: Path) -> Mapping[str, object]:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadSourceList(f"{path} cannot be read ({error}); check HEADFRAME_PRICE_SOURCES.") from error
    try:
        loaded: object = tomllib.loads(text) if _is_toml(text) else json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadSourceList(f"{path} is neither TOML nor JSON ({error}); see docs/price-sources.md.") from error
    if isinstance(loaded, list):
        return {"builtin": False, "source": loaded}  # a bare list is the whole list
    if not isinstance(loaded, dict):
        raise BadSourceList(f"{path} should hold a table of sources; see docs/price-sources.md.")
    return loaded


def _is_toml(text: str) -> bool:
    """Whether a text is TOML and not JSON: it begins with neither a brace nor a list (but maybe a table header)."""
    first = (text.lstrip().splitlines() or [""])[0].split("#")[0].strip()
    table = first.startswith("[") and first.endswith("]") and not first.startswith(("[{", "[]"))
    return table or first[:1] not in ("{", "[")


def _overlay(
    data: Mapping[str, object], builtin: dict[str, Source], keys: Mapping[str, str], path: Path
) -> dict[str, Source]:
    try:
        unknown = data.keys() - _TOP
        if unknown:
            raise BadSourceList(f'unknown key "{min(unknown)}"; there are {", ".join(sorted(_TOP))}')
        keep = _flag(data, "builtin", default=True)
        sources = _read_all(data, keys, builtin)
        merged = (builtin if keep else {}) | sources
        for key, enabled in (("on", True), ("off", False)):
            for name in _names(data, key, merged):
                merged[name] = replace(merged[name], enabled=enabled)
        order = _names(data, "order", merged)
        # Sources of the file come before the built-in ones they stand beside, unless an order is given.
        ranked = [*order, *(name for name in sources if name not in order)]
        return {name: merged[name] for name in (*ranked, *(name for name in merged if name not in ranked))}
    except PriceError as error:
        raise BadSourceList(f"{path}: {str(error).rstrip('.')}. See docs/price-sources.md.") from error


def _names(data: Mapping[str, object], key: str, known: Mapping[str, Source]) -> list[str]:
    value = data.get(key, [])
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise BadSourceList(f"{key} should be a list of names")
    for name in value:
        if name not in known:
            raise BadSourceList(f'{key} names "{name}", which is not a source; there are {", ".join(known)}')
    return value


def _read_all(data: Mapping[str, object], keys: Mapping[str, str], builtin: Mapping[str, Source]) -> dict[str, Source]:
    tables = data.get("source", data.get("sources", []))
    if not isinstance(tables, list):
        raise BadSourceList("source should be a list of tables, each begun by [[source]]")
    found: dict[str, Source] = {}
    for number, table in enumerate(tables, 1):
        if not isinstance(table, dict):
            raise BadSourceList(f"source {number} should be a table")
        name = table.get("name") or f"source-{number}"
        if not isinstance(name, str) or len(name) > 40 or not name.isprintable() or "," in name:
            raise BadSourceList(f"source {number}: name should be a short text without commas")
        if name in found:
            raise BadSourceList(f'two sources are called "{name}"')
        try:
            found[name] = _read(name, table, keys, builtin)
        except (PriceError, ValueError) as error:
            raise BadSourceList(f'source "{name}": {error}') from error
    return found


def _read(name: str, table: Mapping[str, object], keys: Mapping[str, str], builtin: Mapping[str, Source]) -> Source:
    if "json_path" in table:
        table = {("path" if key == "json_path" else key): value for key, value in table.items()}
    base = builtin.get(name)
    described = table.keys() & (_TEMPLATE - {"metal"})
    reader = _text(table, "reader") or (base.reader if base and not described else None)
    allowed = _COMMON | {"reader"} | (set() if reader else _TEMPLATE)
    unknown = table.keys() - allowed
    if unknown:
        raise BadSourceList(f'unknown key "{min(unknown)}"; there are {", ".join(sorted(allowed))}')
    if reader and reader not in READERS:
        raise BadSourceList(f'reader "{reader}" is not known; there are {", ".join(READERS)}')
    key = _text(table, "key") or keys.get(reader or name, "")
    url = _text(table, "url") or (base.url if base else READERS[reader].url if reader else "")
    own = _check_url(url)
    default = base.every if base else _OWN_DEFAULT if own else _PUBLIC_DEFAULT
    every = _seconds(table, "every", default)
    symbols = _symbols(table, READERS[reader].metals if reader else None, url)
    return Source(
        name=name,
        metals=tuple(symbols),
        every=max(every, OWN_FLOOR if own else FLOOR),
        timeout=min(max(_seconds(table, "timeout", base.timeout if base else 8.0), 1.0), 120.0),
        enabled=_flag(table, "enabled", default=base.enabled if base else True),
        url=url,
        reader=reader,
        template=None if reader else _template(table, url, symbols, key),
        key=key,
    )


def _template(table: Mapping[str, object], url: str, symbols: Mapping[str, str], key: str) -> Template:
    path, bid, ask = _text(table, "path"), _text(table, "bid_path"), _text(table, "ask_path")
    if bool(bid) != bool(ask):
        raise BadSourceList("bid_path and ask_path go together")
    if path is None and bid is None:
        path = "price"
    time_path = _text(table, "time_path")
    for text in (path, bid, ask, time_path):
        if text:
            parse_path(text)
    unit, currency, basis = _text(table, "unit"), _text(table, "currency") or "USD", _text(table, "basis") or "spot"
    if basis not in (Basis.SPOT, Basis.FUTURES, Basis.MONTHLY):
        raise BadSourceList(f'basis should be spot, futures or monthly, not "{basis}"')
    headers = table.get("headers", {})
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        raise BadSourceList("headers should be a table of texts")
    return Template(
        url=url,
        symbols=symbols,
        path=path,
        bid_path=bid,
        ask_path=ask,
        time_path=time_path,
        unit=parse_unit(unit) if unit else None,
        currency=parse_currency(currency),
        basis=Basis(basis),
        inverse=_flag(table, "inverse", default=False),
        headers=headers,
        key=key,
    )


def _symbols(table: Mapping[str, object], offered: tuple[str, ...] | None, url: str) -> dict[str, str]:
    """Metal → symbol, from `metals` (a list, or a table with the symbols) or `metal`."""
    value = table.get("metals", table.get("metal"))
    if value is None:
        if offered is not None:
            return dict.fromkeys(offered, "")
        if "{symbol}" not in url and "{metal}" not in url:
            raise BadSourceList('metals is missing: write metals = ["gold"], or {symbol} into the url for all of them')
        return {slug: item.symbol for slug, item in INSTRUMENTS.items() if item.symbol}
    if isinstance(value, str):
        value = [value]
    if isinstance(value, list):
        pairs: list[tuple[object, object]] = [(item, None) for item in value]
    else:
        pairs = list(value.items()) if isinstance(value, dict) else []
    symbols: dict[str, str] = {}
    for metal, symbol in pairs:
        if not isinstance(metal, str) or not isinstance(symbol, (str, type(None))):
            raise BadSourceList('metals should be a list such as ["gold"] or a table such as {gold = "XAU"}')
        if metal == "fx" and offered == ("fx",):
            symbols["fx"] = ""
            continue
        item = instrument(metal)
        if offered is not None and item.slug not in offered:
            raise BadSourceList(f"it has no {item.slug}; it has {', '.join(offered)}")
        symbols[item.slug] = symbol or _text(table, "symbol") or item.symbol or item.slug
    if not symbols:
        raise BadSourceList('metals should be a list such as ["gold"] or a table such as {gold = "XAU"}')
    return symbols


def _check_url(url: str) -> bool:
    """Whether the address is one of the operator's own network. Raises BadSourceList for no usable URL."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError as error:
        raise BadSourceList(f'url "{url[:60]}" cannot be read') from error
    if parts.scheme not in ("http", "https") or not host:
        raise BadSourceList('url should be an http or https address, e.g. "https://example.org/price/{symbol}"')
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_private
    except ValueError:
        return False


def _text(table: Mapping[str, object], key: str) -> str | None:
    value = table.get(key)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > 500:
        raise BadSourceList(f"{key} should be a text")
    return value


def _flag(table: Mapping[str, object], key: str, *, default: bool) -> bool:
    value = table.get(key, default)
    if not isinstance(value, bool):
        raise BadSourceList(f"{key} should be true or false")
    return value


def _seconds(table: Mapping[str, object], key: str, default: float) -> float:
    value = table.get(key, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 10_000_000:
        raise BadSourceList(f"{key} should be a number of seconds")
    return float(value)
